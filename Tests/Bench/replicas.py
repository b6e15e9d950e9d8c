"""Rows about several replicas of Beckon on one PostgreSQL, and about a store with many logins."""

import concurrent.futures
import contextlib
import json
import os
import statistics
import sys
import threading
import time
import urllib.request

from measure import busy, progress, ready, show, spread, wrk
from postgres import COLUMNS, Postgres

# Where the load plays the authorization server and receives the notifications.
BACKEND = 18217
# The users of the load.
PEOPLE = """INSERT INTO users
SELECT 'person-' || lpad(CAST(number AS text), 6, '0'), active, channels, language, time_zone, documents,
    addresses, created_at, changed_at
FROM users, generate_series(0, 999) AS number"""


class ReplicaRows:
    """Of `Bench`."""

    def replica(self, postgres, place=0, database="beckon", **config):
        """One of several with the same configuration. The first makes the database and its users."""
        peer = self.beckon(
            f"replica {place + 1} on {database}", 18120 + place, f"http://127.0.0.1:{BACKEND}",
            lambda: postgres.make(database),
            public_url="http://127.0.0.1:18120", store={"postgres": {"url": postgres.url(database)}},
            channels={"phone": {"kind": "webhook", "url": f"http://127.0.0.1:{BACKEND}/prompts",
                                "secrets": ["whsec_" + "A" * 40], "allow_internal": True}}, **config)
        empty = peer.before

        def fresh():
            empty()
            postgres.psql(database, PEOPLE)

        peer.before = (lambda: None) if place else fresh
        return peer

    @contextlib.contextmanager
    def serving(self, peers):
        with contextlib.ExitStack() as stack:
            for peer in peers:
                stack.enter_context(peer)
            yield peers

    def logins(self, postgres, peers, callers, delay=0, database="beckon"):
        """Whole logins: the start goes to one replica, the decision to the next. Each answer of the
        authorization server takes `delay` milliseconds."""
        addresses = ",".join(f"127.0.0.1:{peer.port}" for peer in peers)
        written = "SELECT highest, pg_current_wal_lsn() - '0/0', pg_database_size(current_database())" \
                  " FROM writer"

        def used():
            return [sum(peer.cpu() for peer in peers), postgres.cpu(), busy(), time.monotonic()]

        with self.devices("logins", addresses, BACKEND, callers, self.options.seconds, delay) as load:
            if load.stdout.readline() != "MEASURING\n":
                raise SystemExit("the logins do not begin")
            stored, before = postgres.numbers(database, written), used()
            line = load.stdout.readline()
            beckon, server, all_cores, took = (now - then for now, then in zip(used(), before))
            logins, log, disk = (now - then for now, then in
                                 zip(postgres.numbers(database, written), stored))
        if load.returncode:
            raise SystemExit("the logins failed")
        row = json.loads(line)
        if not row["count"]:
            raise SystemExit("no login has ended in time")
        each = 1e6 / row["count"]
        return {**row, "rate": row["count"] / row["micros"] * 1e6, "p50": row["login"],
                "p99": row["login99"], "cpu": beckon * each, "postgres": server * each,
                "load": row["cpu"] / 1e6 * each, "cores": all_cores / took, "log": log / logins,
                "disk": disk / logins, "memory": max(peer.resident() for peer in peers) / 1e6}

    def replicas(self):
        """Whole logins with one and with three replicas. First everything is as fast as this machine is,
        so that its cores are the limit: replicas on the same cores cannot add to it. Then a server
        that takes its time, and `engine.concurrency`, are the limit: three replicas may have three
        times as much under way."""
        with Postgres(self.work) as postgres:
            if not postgres.conninfo:
                return
            for title, delay, config in (
                    ("", 0, {}),
                    (", answers of the server take 200 ms, engine.concurrency 8", 200,
                     {"engine": {"concurrency": 8}})):
                peers = [self.replica(postgres, place, **config) for place in range(3)]
                rows = {"three replicas": [], "one replica": []}
                for number in range(self.options.rounds):
                    for count, (name, samples) in zip((3, 1), rows.items()):
                        progress(f"round {number + 1}/{self.options.rounds}: {name}{title}")
                        with self.serving(peers[:count]):
                            samples.append(self.logins(postgres, peers[:count], 64, delay))
                progress("")
                show(f"Whole logins (start, notify, decide, report), 64 at once{title}", rows,
                     "three replicas", {"one replica": ">= 1.5"})
                self.show_use(rows)
            # Without what updates leave behind until it is used again.
            postgres.psql("beckon", "VACUUM FULL login", "VACUUM FULL audit")
            size, logins = postgres.numbers("beckon", PACKED)
            print(f"  disk of a settled login with its entries of the audit, packed:"
                  f" {size / logins:,.0f} bytes")
            sys.stdout.flush()

    def show_use(self, rows):
        print(f"  {'CPU of a login in us':28} {'Beckon':>11} {'PostgreSQL':>11} {'load':>9}"
              f" {'cores busy':>11} {'MB each':>8} {'disk':>8} {'WAL':>8}")
        for name, samples in rows.items():
            def middle(key):
                return statistics.median(sample[key] for sample in samples)
            print(f"  {name:28} {middle('cpu'):11,.0f} {middle('postgres'):11,.0f}"
                  f" {middle('load'):9,.0f} {middle('cores'):6.2f} of {os.cpu_count()}"
                  f" {middle('memory'):8.0f} {middle('disk'):8,.0f} {middle('log'):8,.0f}")
        sys.stdout.flush()

    def across(self):
        """Logins over three replicas, one at a time: the start goes to one replica, the decision to
        another."""
        rows = []
        with Postgres(self.work) as postgres:
            if not postgres.conninfo:
                return
            peers = [self.replica(postgres, place) for place in range(3)]
            with self.serving(peers):
                for number in range(self.options.rounds):
                    progress(f"round {number + 1}/{self.options.rounds}: across replicas")
                    rows.append(self.logins(postgres, peers, 1))
        progress("")
        print(f"\nLatency across three replicas, one login at a time,"
              f" {sum(row['count'] for row in rows):,} logins in {len(rows)} rounds")
        for name, key in (("start until the phone has it", "phone"),
                          ("approval until the server has it", "report")):
            print(f"  {name:40} median {spread([row[key] / 1e3 for row in rows], 2)} ms"
                  f"   p99 {spread([row[key + '99'] / 1e3 for row in rows], 2)} ms   goal < 10 ms")
        sys.stdout.flush()

    # Many logins

    SIZES = {"10,000": 10_000, "1,000,000": 1_000_000}

    def million(self):
        """What 1,000,000 pending logins in the store change: nearly all are copies of one that Beckon has
        stored and of which its user was notified."""
        names = list(self.SIZES)
        databases = dict(zip(names, ("small", "large")))
        rows, disk = {name: [] for name in names}, {}
        with Postgres(self.work, shared_preload_libraries="pg_stat_statements",
                      max_wal_size="8GB") as postgres:
            if not postgres.conninfo:
                return
            self.pending(postgres, "small")
            postgres.psql("postgres", "CREATE DATABASE large TEMPLATE small")
            for name, database in databases.items():
                progress(f"{name} pending logins")
                disk[name] = self.fill(postgres, database, self.SIZES[name])
            for number in range(self.options.rounds):
                for name, database in databases.items():
                    progress(f"round {number + 1}/{self.options.rounds}: {name} pending logins")
                    rows[name].append(self.among(postgres, database))
        progress("")
        print(f"\n{'With pending logins':34} {names[0]:>26} {names[1]:>26} {'ratio':>7}  goal")
        for what, key, digits, goal in (
                ("start, us", "start", 0, "<= 1.25"),
                ("start until the phone has it, us", "phone", 0, "<= 1.25"),
                ("approval until it is reported, us", "report", 0, "<= 1.25"),
                ("whole login, us", "login", 0, "<= 1.25"),
                ("/user/verify, us", "verify", 0, "<= 1.25"),
                ("look for due work, us", "queue", 0, "<= 1.25"),
                ("/metrics, us", "metrics", 0, "<= 1.25"),
                ("memory of Beckon, MB", "memory", 1, "<= 1.25"),
                ("from the start until it answers, ms", "begin", 0, "")):
            few, many = ([row[key] for row in rows[name]] for name in names)
            print(f"  {what:34} {spread(few, digits):>26} {spread(many, digits):>26}"
                  f" {statistics.median(many) / statistics.median(few):7.2f}  {goal}")
        print(f"  disk of {names[1]} pending logins: {disk[names[1]] / 1e9:.2f} GB,"
              f" {disk[names[1]] / self.SIZES[names[1]]:,.0f} bytes each")
        sys.stdout.flush()

    def pending(self, postgres, database):
        """Makes a database with one login that its user was notified of."""
        driver = self.driver()
        from acp import ACP
        postgres.make(database)
        with driver.Phone() as phone, ACP("http://127.0.0.1:1") as acp, driver.Beckon(
                phone, acp.url, {"store": {"sqlite": None, "postgres": {
                    "url": postgres.url(database)}}}) as beckon:
            beckon.run("users", "add", "--user=customer-01234567890123456")
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{beckon.port}")
            login = acp.start(user="customer-01234567890123456", lifetime=86400,
                              scopes=("openid", "profile", "email", "offline_access"))
            phone.prompt(login.id)
            beckon.logged("login.notified", login_id=login.id)
        postgres.psql(database, PEOPLE, "CREATE EXTENSION pg_stat_statements")

    def fill(self, postgres, database, count):
        """Copies the one login, and what the store counts of logins and users. Returns the bytes that
        the copies need."""
        own = {"number": "writer.highest + copy", "login_id": "md5('login' || copy)",
               "state": "md5('state' || copy)",
               "user_id": "'customer-' || left(md5('user' || copy), 17)",
               "tickets": "sha256(CAST('ticket' || copy AS bytea))",
               "nonce": "substr(sha256(CAST('nonce' || copy AS bytea)), 1, length(nonce))",
               **{name: f"{name} + copy" for name in
                  ("received_at", "expires_at", "report_ends", "prompt_ends", "due_at")}}
        columns = [name for name, in postgres.psql(database, COLUMNS)]
        values = ", ".join(own.get(name, name) for name in columns)
        size = "SELECT pg_database_size(current_database())"
        before, = postgres.numbers(database, size)
        # By two connections, so that both cores work.
        halves = [(1, count // 2), (count // 2 + 1, count)]
        with concurrent.futures.ThreadPoolExecutor(len(halves)) as pool:
            for done in [pool.submit(
                    postgres.psql, database, "SET synchronous_commit = off",
                    f"INSERT INTO login ({', '.join(columns)}) SELECT {values}"
                    f" FROM login, writer, generate_series({first}, {last}) AS copy"
                    " WHERE number <= highest")
                    for first, last in halves]:
                done.result()
        postgres.psql(
            database,
            "INSERT INTO user_conduct (user_id, prompts, prompted_at)"
            " SELECT user_id, 1, received_at FROM login ON CONFLICT DO NOTHING",
            f"UPDATE writer SET highest = highest + {count}",
            f"UPDATE client_live SET count = count + {count}",
            f"UPDATE census SET count = count + {count} WHERE phase = 'waiting'",
            "VACUUM ANALYZE", "CHECKPOINT")
        after, = postgres.numbers(database, size)
        return after - before

    def among(self, postgres, database):
        """What others notice of the logins in a database."""
        peer = self.replica(postgres, database=database, log={"requests": "off"})
        peer.before = lambda: None
        began = time.monotonic()
        with peer:
            ready(peer.port)
            begin = (time.monotonic() - began) * 1e3
            verify = wrk(peer.port, "/user/verify", "verify.lua", 1, 1)["p50"]
            postgres.psql(database, "SELECT pg_stat_statements_reset()")
            row = self.logins(postgres, [peer], 1, database=database)
            queue, = postgres.numbers(database, LOOKS)
            url, scrapes = f"http://127.0.0.1:{peer.port + 50}/metrics", []
            for _ in range(20):
                began = time.monotonic()
                with urllib.request.urlopen(url) as answer:
                    answer.read()
                scrapes.append((time.monotonic() - began) * 1e6)
            return {**row, "begin": begin, "verify": verify, "queue": queue,
                    "metrics": statistics.median(scrapes), "memory": peer.resident() / 1e6}

    # Takeover

    def takeover(self):
        """From the kill of a replica until others have made the reports that it had begun. The
        authorization server leaves the first report of each login without an answer."""
        lease, owed, kills = 2, 20, max(9, 2 * self.options.rounds)
        driver = self.driver()
        from acp import ACP
        first, last, hold = [], [], Hold()
        with contextlib.ExitStack() as stack:
            postgres = stack.enter_context(Postgres(self.work))
            if not postgres.conninfo:
                return
            postgres.make("beckon")
            phone = stack.enter_context(driver.Phone())
            acp = stack.enter_context(ACP("http://127.0.0.1:1"))
            acp.misbehaviour = hold
            replicas = [stack.enter_context(contextlib.closing(driver.Beckon(phone, acp.url, {
                "store": {"sqlite": None, "postgres": {
                    "url": postgres.url("beckon"), "lease": f"{lease}s"}}}))) for _ in range(3)]
            replicas[0].run("migrate")
            replicas[0].run("users", "add", "--user=customer-4711")
            for replica in replicas:
                replica.start()
            for number in range(kills):
                progress(f"kill {number + 1}/{kills}")
                victim = replicas[number % len(replicas)]
                acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{victim.port}")
                logins = [acp.start(lifetime=120) for _ in range(owed)]
                for login in logins:
                    phone.prompt(login.id)
                    phone.decide(victim, login.id, "approve")
                hold.wait(logins)
                # Another replica may have been faster.
                claimed = {name for name, in postgres.psql("beckon", CLAIMED % victim.process.pid)}
                victim.kill()
                killed = time.monotonic()
                for login in logins:
                    if not login.decided.wait(60):
                        raise SystemExit(f"{login.id} was not reported by anybody else")
                times = [hold.again[login.id] - killed for login in logins if login.id in claimed]
                first.append(min(times))
                last.append(max(times))
                victim.start()
        progress("")
        print(f"\nTakeover after kill -9 of one of three replicas with {owed} reports under way,"
              f" lease {lease} s, {kills} kills"
              f"\n  until the first of them is made by another: {spread(first, 2)} s"
              f"\n  until all of them are: {spread(last, 2)} s   goal <= {lease + 1}")
        sys.stdout.flush()


class Hold:
    """What an authorization server does that leaves the first report of each login without an answer."""

    def __init__(self):
        self.changed, self.begun, self.again = threading.Condition(), set(), {}

    def __call__(self, login, verb):
        with self.changed:
            if login.id in self.begun:
                self.again.setdefault(login.id, time.monotonic())
                return None
            self.begun.add(login.id)
            self.changed.notify_all()
        login.decided.wait(120)
        return 503

    def wait(self, logins):
        with self.changed:
            if not self.changed.wait_for(
                    lambda: all(login.id in self.begun for login in logins), 30):
                raise SystemExit("the reports do not begin")


PACKED = """SELECT pg_total_relation_size('login') + pg_total_relation_size('audit'), count(*)
FROM login WHERE phase = 'settled'"""

# The logins that a process works on.
CLAIMED = """SELECT login_id FROM claim JOIN replica ON replica.id = claim.replica
JOIN login ON login.number = claim.number WHERE replica.name LIKE '%%:%d'"""

# How long the statements took on average, in microseconds, with which the engine looks for due work.
LOOKS = """SELECT sum(total_exec_time) / sum(calls) * 1000 FROM pg_stat_statements
JOIN pg_database ON pg_database.oid = dbid AND datname = current_database()
WHERE query LIKE 'WITH RECURSIVE queue%' OR query LIKE 'SELECT number, due_at,%'"""
