"""Measures Beckon beside its peers in one run, interleaved, and prints medians, spread and ratios.

Only the ratios of one run mean anything: the load shares the machine with the servers.

    bench.py [--rounds 5] [--seconds 3] [--only verify,start,...] [--work DIRECTORY]
"""

import argparse
import base64
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from measure import HERE, VERIFY, Peer, load, progress, ready, rounds, show, spread, wrk
from postgres import Postgres, PostgresRows
from replicas import ReplicaRows

ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "BlackBox"))
BECKON = ROOT / ".build/release/beckon"
PASSWORD = "not-a-secret-but-long-enough"


class Bench(PostgresRows, ReplicaRows):
    def __init__(self, options):
        self.options, self.work = options, pathlib.Path(options.work)
        self.build()

    def build(self):
        """The peers, by the compilers of the distribution."""
        go = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
              "GOCACHE": str(self.work / "go-cache")}
        steps = [
            (["cc", "-O2", "-o", "epoll", HERE / "Peers/epoll.c", "-lcrypto", "-lpthread"], None),
            (["go", "build", "-o", "server", HERE / "Peers/server.go"], go),
            (["go", "build", "-o", "client", HERE / "Peers/client.go"], go),
            (["go", "build", "-o", "tokens", HERE / "Peers/tokens.go"], go),
            (["go", "build", "-o", "devices", HERE / "Peers/devices.go", HERE / "Peers/logins.go"], go),
        ]
        for command, environment in steps:
            subprocess.run(command, cwd=self.work, env=environment, check=True)
        certificate = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                       "-days", "2", "-subj", "/CN=localhost", "-addext",
                       "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run(certificate, cwd=self.work, check=True, capture_output=True)

    # Peers

    def beckon(self, name="Beckon", port=18100, acp="http://127.0.0.1:18200", empty=None, **config):
        directory = self.work / name.replace(" ", "-")
        directory.mkdir(exist_ok=True)
        file = directory / "beckon.json5"
        hash_secret = subprocess.run([BECKON, "hash-secret"], input=PASSWORD + "\n", text=True,
                                     capture_output=True, check=True).stdout.strip()
        settings = {
            "development": True, "public_url": "http://127.0.0.1:%d" % port,
            "listen": {"address": f"127.0.0.1:{port}", "loops": 2},
            "management": {"address": f"127.0.0.1:{port + 50}"},
            "store": {"sqlite": {"path": str(directory / "beckon.db")}},
            "channels": {"phone": {"kind": "webhook", "url": "http://127.0.0.1:18200/",
                                   "secrets": ["whsec_" + "A" * 40], "allow_internal": True}},
            "limits_per_user": {"live": 1000000, "starts_per_minute": 1000000},
            "authorization_servers": [{
                "id": "acp",
                "inbound": {"basic": [{"user": "acp", "password_hash": hash_secret}]},
                "outbound": {"acp": acp, "tenant": "bank", "client_id": "beckon",
                             "client_secret": "the-client-secret-of-beckon"},
            }],
            **config,
        }
        file.write_text(json.dumps(settings))

        def fresh():
            for path in directory.glob("beckon.db*"):
                path.unlink()
            if empty:
                empty()
            for command in (["migrate"], ["users", "add", "--user=customer-01234567890123456"]):
                subprocess.run([BECKON, *command, f"--config={file}"], check=True,
                               capture_output=True)

        return Peer(name, port, [BECKON, "serve", f"--config={file}"], fresh)

    def nginx(self):
        conf = self.work / "nginx.conf"
        temporary = "\n".join(f"{kind}_temp_path {self.work}/{kind};" for kind in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf.write_text(f"""
            daemon off; worker_processes 2; pid {self.work}/nginx.pid;
            error_log {self.work}/nginx.log; worker_rlimit_nofile 20000;
            events {{ worker_connections 15000; }}
            http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
              default_type application/json; {temporary}
              server {{ listen 127.0.0.1:18200 reuseport backlog=4096;
                location / {{ return 200 '{{"valid":true}}'; }} }}
              server {{ listen 127.0.0.1:18201 ssl reuseport backlog=4096;
                ssl_certificate {self.work}/cert.pem; ssl_certificate_key {self.work}/key.pem;
                location / {{ return 200 '{{"valid":true}}'; }} }} }}""")
        return Peer("nginx return 200", 18200, ["nginx", "-p", str(self.work), "-c", str(conf)])

    # Clients with tokens

    ISSUER = "http://127.0.0.1:18100"

    def trusting(self, name, port, scope="admin:read", **config):
        """Beckon with a client of its token endpoint; a proxy on this machine is believed about
        certificates, because wrk cannot show one."""
        if not (self.work / "client.key").exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-keyout", "client.key", "-out",
                 "client.pem", "-days", "2", "-subj", "/CN=bench"],
                cwd=self.work, check=True, capture_output=True)
            der = subprocess.run(["openssl", "x509", "-in", "client.pem", "-outform", "DER"],
                                 cwd=self.work, check=True, capture_output=True).stdout
            self.certificate = ":" + base64.b64encode(der).decode() + ":"
        peer = self.beckon(name, port, trust={
            "issuer": self.ISSUER, "token_life": "1h",
            "client_certificate": {"format": "rfc9440", "trusted_hops": ["127.0.0.1"]}}, **config)
        empty = peer.before

        def fresh():
            empty()
            subprocess.run(
                [*peer.command[:1], "clients", "add", "--id=bench", "--type=user", "--name=Bench",
                 "--auth=private_key_jwt", f"--key={self.work / 'client.pem'}", "--kid=k1",
                 "--grant=client_credentials", f"--scope={scope}", *peer.command[2:]],
                check=True, capture_output=True)

        peer.before = fresh
        return peer

    def forms(self, count):
        """A file with forms of token requests that have not been sent yet."""
        path = self.work / "forms"
        subprocess.run([self.work / "tokens", "sign", self.work / "client.key", self.ISSUER,
                        "bench", str(count), str(path)], check=True)
        return path

    def token(self, port, scope="admin:read"):
        form = self.forms(1).read_bytes().strip().replace(
            b"scope=admin%3Aread", b"scope=" + urllib.parse.quote(scope, "").encode())
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/oauth2/token", form, {"Client-Cert": self.certificate})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["access_token"]

    # Rows

    def resource(self):
        """Calls with a token that is bound to a certificate, beside the plainest call there is: both
        over plain HTTP, the certificate in a header field of a trusted hop."""
        peer = self.trusting("Beckon, bound token", 18103)

        def arguments():
            both = (self.certificate, self.token(peer.port))
            return both, both

        rows = rounds([
            (self.beckon("Beckon, verify"), "/user/verify", "verify.lua", None),
            (peer, "/admin/v1/clients/bench", "resource.lua", arguments),
        ], self.options)
        show("GET /admin/v1/clients/{id} with a bound token, keep-alive, 64 connections", rows,
             peer.name, {"Beckon, verify": ">= 0.8"})

    def tokens(self):
        """Token requests: an assertion signed with ES256 in, a token signed with ES256 out, durable."""
        ours = self.trusting("Beckon, tokens", 18104)
        database = self.work / "tokens.db"

        def fresh():
            for path in self.work.glob("tokens.db*"):
                path.unlink()

        go = Peer("Go, go-jose on SQLite", 18214,
                  [self.work / "tokens", "18214", str(database), str(self.work / "client.key"),
                   self.ISSUER, "bench"], fresh)
        # More than can be answered: a second of warming up, and the measurement.
        warm, count = 25000, 25000 * self.options.seconds

        def arguments():
            path = self.forms(warm + count)
            return ((self.certificate, path, 1, warm),
                    (self.certificate, path, warm + 1, warm + count))

        start = self.beckon("Beckon, durable start", 18102, engine={"concurrency": 0})
        rows = rounds([
            (ours, "/oauth2/token", "token.lua", arguments),
            (go, "/oauth2/token", "token.lua", arguments),
            (start, "/authentication/start", "start.lua", None),
        ], self.options)
        show("POST /oauth2/token, ES256 in and out, replay durable, 64 connections", rows,
             ours.name, {go.name: ">= 3"})
        speed = subprocess.run(["openssl", "speed", "-mr", "-seconds", "2", "ecdsap256"],
                               capture_output=True, text=True, check=True).stdout
        line = [line for line in speed.splitlines() if line.startswith("+F4:")][-1].split(":")
        signing, verifying = (1e6 / float(rate) for rate in line[3:5])
        durable = statistics.median(row["cpu"] for row in rows[start.name])
        parts = signing + verifying + durable
        each = [row["cpu"] / parts for row in rows[ours.name]]
        print(f"  CPU of a token : one P-256 verify ({verifying:.1f} us) + one sign ({signing:.1f} us)"
              f" + one durable start ({durable:.1f} us)"
              f"   {statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})  goal <= 1.5")
        sys.stdout.flush()

    # Enrolled devices

    def devices(self, *arguments, **options):
        """The load of devices, with its arguments."""
        return subprocess.Popen([self.work / "devices", *map(str, arguments)], text=True,
                                stdout=subprocess.PIPE, **options)

    def enrolling(self, name, port, backend, **config):
        """Beckon with devices, whose users are added through the admin API. The load plays at
        `backend` whatever Beckon calls."""
        return self.trusting(
            name, port, "admin:users", acp=f"http://127.0.0.1:{backend}",
            channels={"phone": {"kind": "webhook", "url": f"http://127.0.0.1:{backend}/prompts",
                                "secrets": ["whsec_" + "A" * 40], "allow_internal": True}},
            approval={"tap": True, "device_key": True}, **config)

    def enrol(self, peer, backend, what, count):
        """A file with that many devices, of a user each."""
        path = self.work / (what + str(peer.port))
        progress(f"{count:,} devices: {what}")
        load = self.devices(what, f"127.0.0.1:{peer.port}", backend, count, path,
                            self.token(peer.port, "admin:users"), self.certificate)
        if load.wait():
            raise SystemExit(f"devices {what} failed")
        return path

    def decisions(self):
        """Approvals of pending logins, by a device's key and by ticket; nothing is reported meanwhile.
        Both kinds decide the same logins, in copies of one store."""
        warm, count, port, backend = 1000, 8000, 18106, 18215
        name = "Beckon, decisions"
        peer = self.enrolling(name, port, backend)
        with peer:
            path = self.enrol(peer, backend, "prepare", warm + count)
        # The engine rests, as if all reports were waiting.
        peer = self.enrolling(name, port, backend, engine={"concurrency": 0})
        store = self.work / name.replace(" ", "-")
        kept = store / "kept"
        kept.mkdir()
        for file in store.glob("beckon.db*"):
            shutil.copy2(file, kept)

        def restore():
            for file in store.glob("beckon.db*"):
                file.unlink()
            for file in kept.iterdir():
                shutil.copy2(file, store)

        peer.before = restore
        rows = {"by a device's key": [], "by ticket": []}
        for number in range(self.options.rounds):
            for kind, row in zip(("key", "ticket"), rows.values()):
                progress(f"round {number + 1}/{self.options.rounds}: decisions by {kind}")

                def decide(first, last):
                    with self.devices("decide", f"127.0.0.1:{port}", kind, path, first, last,
                                      stdin=subprocess.PIPE) as load:
                        # Every login has been read, and every approval signed.
                        if load.stdout.readline() != "READY\n":
                            raise SystemExit("the devices are not ready")
                        before = peer.cpu()
                        results = load.communicate("\n")[0].split()[1:]
                        return [*map(int, results), peer.cpu() - before]

                with peer:
                    decide(0, warm)
                    done, micros, p50, p99, errors, used = decide(warm, warm + count)
                    row.append({"rate": done / (micros / 1e6), "p50": p50, "p99": p99,
                                "errors": errors, "cpu": used / done * 1e6})
        progress("")
        show("POST /device/v1/logins/{id}/decision, approvals, durable, 64 connections", rows,
             "by a device's key", {"by ticket": ">= 0.7"})

    def waiting(self):
        """10,000 devices that wait for events: memory, the time until an event is there, and what
        others notice."""
        starts, port, backend = 200, 18107, 18216
        # Waiting devices get half of Beckon's connections, of which each needs a descriptor.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = max(hard, 32768)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        except (ValueError, OSError):
            limit = hard
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        count = min(10000, limit // 2 - 600)
        # A beat of each stream is in the measurement.
        seconds = max(self.options.seconds, 15)
        peer = self.enrolling("Beckon, waiting devices", port, backend,
                              limits={"connections": 24000})
        rows, sizes, delays, path = {"waiting": [], "quiet": []}, [], [], None
        for number in range(self.options.rounds):
            with peer:
                if not path:
                    path = self.enrol(peer, backend, "enrol", count)
                    peer.before = lambda: None
                progress(f"round {number + 1}/{self.options.rounds}: waiting devices")
                wrk(port, "/user/verify", "verify.lua", 1)
                rows["quiet"].append(wrk(port, "/user/verify", "verify.lua", seconds))
                idle = peer.resident()
                with self.devices("wait", f"127.0.0.1:{port}", backend, path,
                                  stdin=subprocess.PIPE) as load:
                    there = load.stdout.readline().split()
                    if there != ["WAITING", str(count)]:
                        raise SystemExit(f"devices do not wait: {there}")
                    sizes.append((peer.resident() - idle) / count)
                    print(starts, file=load.stdin, flush=True)
                    times = [int(load.stdout.readline()) / 1e3 for _ in range(starts)]
                    delays.append(statistics.median(times))
                    rows["waiting"].append(wrk(port, "/user/verify", "verify.lua", seconds))
                    load.stdin.close()
        progress("")
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, limit))
        show(f"POST /user/verify while {count:,} devices wait for events, 64 connections", rows,
             "waiting", {"quiet": ">= 0.9"})
        print(f"  memory of a waiting device: {statistics.median(sizes):,.0f} bytes"
              f" ({min(sizes):,.0f} to {max(sizes):,.0f})  goal < 8,192"
              f"\n  start until its device has the event: {statistics.median(delays):.2f} ms"
              f" ({min(delays):.2f} to {max(delays):.2f}), median of {starts}  goal < 5 ms")
        sys.stdout.flush()

    def verify(self):
        peers = [
            self.beckon(),
            self.beckon("Beckon without request log", 18101, log={"requests": "off"}),
            Peer("C epoll", 18210, [self.work / "epoll", "18210", "2"]),
            self.nginx(),
            Peer("Go net/http", 18211, [self.work / "server", "18211"]),
        ]
        rows = load(peers, "/user/verify", "verify.lua", self.options)
        show("POST /user/verify, keep-alive, 64 connections", rows, "Beckon",
             {"C epoll": ">= 0.95", "nginx return 200": ">= 0.95", "Go net/http": ">= 2"})

    def start(self):
        peers = [self.beckon("Beckon, taking in", 18102, engine={"concurrency": 0})]
        database = self.work / "go.db"

        def fresh():
            for path in self.work.glob("go.db*"):
                path.unlink()

        peers.append(Peer("Go on SQLite", 18212,
                          [self.work / "server", "18212", "sqlite", str(database)], fresh))
        goals = {"Go on SQLite": ">= 8", "Go on PostgreSQL": ">= 4.5"}
        with Postgres(self.work) as postgres:
            if postgres.conninfo:
                peers.append(Peer("Go on PostgreSQL", 18213,
                                  [self.work / "server", "18213", "pg", postgres.conninfo]))
            rows = load(peers, "/authentication/start", "start.lua", self.options)
        show("POST /authentication/start, durable, 64 connections", rows, "Beckon, taking in", goals)

    def reports(self):
        rows = {}
        with self.nginx():
            for number in range(self.options.rounds):
                for scheme, port in (("http", 18200), ("https", 18201)):
                    url = f"{scheme}://localhost:{port}/report"
                    commands = {
                        f"Beckon's client, {scheme}": [
                            ROOT / ".build/release/outbound-bench", "64",
                            str(self.options.seconds), url, str(self.work / "cert.pem")],
                        f"Go's client, {scheme}": [
                            self.work / "client", "64", str(self.options.seconds), url],
                    }
                    for name, command in commands.items():
                        progress(f"round {number + 1}/{self.options.rounds}: {name}")
                        run = subprocess.run(command, capture_output=True, text=True, check=True)
                        rows.setdefault(name, []).append({"rate": float(run.stdout.split()[-1])})
        progress("")
        for scheme in ("http", "https"):
            both = {name: row for name, row in rows.items() if name.endswith(" " + scheme)}
            show(f"Reports, 64 concurrent, {scheme}", both, f"Beckon's client, {scheme}",
                 {f"Go's client, {scheme}": ">= 1.2"})

    def push(self):
        """Web Push messages that one core makes: encryption, VAPID and all but the network."""
        rows = []
        for number in range(self.options.rounds):
            progress(f"round {number + 1}/{self.options.rounds}: Web Push")
            run = subprocess.run(
                [ROOT / ".build/release/outbound-bench", "push", str(self.options.seconds)],
                capture_output=True, text=True, check=True)
            rows.append([int(number) for number in run.stdout.split()])
        progress("")
        messages, agreements = (sorted(column) for column in zip(*rows))
        print(f"\nWeb Push messages for each second of one core: {statistics.median(messages):,.0f}"
              f" ({messages[0]:,} to {messages[-1]:,})   goal >= 5,000"
              f"\n  key agreements on P-256 alone, each with a new key:"
              f" {statistics.median(agreements):,.0f}")
        sys.stdout.flush()

    def driver(self):
        """The modules that drive Beckon from outside, told to start the release build."""
        import beckon as driver
        driver.BINARY = str(BECKON)
        return driver

    def latency(self):
        """From the approval until the server has the report; from the start until the phone has it."""
        driver = self.driver()
        from acp import ACP
        to_phone, to_report = [], []
        with driver.Phone() as phone, ACP("http://127.0.0.1:1") as acp, \
                driver.Beckon(phone, acp.url) as process:
            process.run("users", "add", "--user=customer-4711")
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{process.port}")
            heard = {}
            acp.misbehaviour = lambda login, verb: heard.setdefault(login.id, time.monotonic()) and None
            for _ in range(300):
                login, taken = self.notified(acp, phone)
                to_phone.append(taken)
                began = time.monotonic()
                phone.decide(process, login.id, "approve")
                login.decided.wait(5)
                to_report.append((heard[login.id] - began) * 1e3)
        print("\nLatency on loopback, one login at a time, Python's servers at both ends")
        for name, times in (("verify + start until the phone has it", to_phone),
                            ("approval until the server has it", to_report)):
            times.sort()
            print(f"  {name:40} median {times[len(times) // 2]:5.2f} ms"
                  f"   p95 {times[len(times) * 95 // 100]:5.2f} ms   goal < 5 ms")
        sys.stdout.flush()

    def notified(self, acp, phone, user="customer-4711"):
        """Starts a login; returns it and the milliseconds until the phone had it."""
        began = time.monotonic()
        login = acp.start(user=user)
        phone.prompt(login.id)
        return login, (dict(phone.arrivals)[login.id] - began) * 1e3

    def bombing(self):
        """What others notice while 10,000 logins for one person arrive within a minute."""
        driver = self.driver()
        from acp import ACP
        from bombing import NAME, VICTIM, Bombing
        quiet, bombed = [], []
        # Several, so that none of them comes to a limit.
        users = [f"user-{number}" for number in range(20)]
        limits = {"live": 1000, "starts_per_minute": 1000, "max_prompts_since_success": 5}
        with driver.Phone() as phone, ACP("http://127.0.0.1:1") as acp, Bombing(10000) as bombing:
            servers = [driver.authorization_server("acp", acp.url),
                       driver.authorization_server(NAME, bombing.url, "/" + NAME)]
            with driver.Beckon(phone, acp.url, {
                    "limits_per_user": limits, "authorization_servers": servers}) as process:
                for user in (*users, VICTIM):
                    process.run("users", "add", f"--user={user}")
                acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{process.port}")

                def measure(times):
                    login, taken = self.notified(acp, phone, users[len(times) % len(users)])
                    times.append(taken)
                    # An approval, so that the limit of prompts does not end the measurement.
                    phone.decide(process, login.id, "approve")
                    login.decided.wait(5)

                while len(quiet) < 300:
                    measure(quiet)
                bombing.send(process.port, 50)
                while not bombing.here.poll():
                    measure(bombed)
                acknowledged, seconds = bombing.sent()
                others = sum(1 for login, _ in phone.arrivals if login not in acp.logins)
        medians = [statistics.median(times) for times in (quiet, bombed)]
        print(f"\n{acknowledged:,} logins for one person in {seconds:.0f} s: {others} prompts"
              f"\n  start until the phone has it, other users: quiet {medians[0]:.2f} ms,"
              f" meanwhile {medians[1]:.2f} ms ({len(bombed)} logins),"
              f" ratio {medians[1] / medians[0]:.2f}   goal <= 2")
        sys.stdout.flush()

    def memory(self):
        print("\n10,000 idle keep-alive connections, each after one request")
        for peer in (self.beckon(log={"requests": "off"}),
                     self.trusting("Beckon with tokens", 18105), self.nginx(),
                     Peer("Go net/http", 18211, [self.work / "server", "18211"])):
            peer.before()
            peer.before = lambda: None
            answered = [peer.first_answer() for _ in range(self.options.rounds)]
            with peer:
                first = socket.create_connection(("127.0.0.1", peer.port))
                first.sendall(VERIFY)
                first.recv(4096)
                # After a second Beckon gives back what only the start needs.
                time.sleep(2)
                idle = peer.resident()
                # What serving needs is no memory of a connection.
                for _ in range(100):
                    first.sendall(VERIFY)
                    first.recv(4096)
                serving = peer.resident()
                open_ones = []
                for _ in range(10000):
                    one = socket.create_connection(("127.0.0.1", peer.port), 5)
                    one.sendall(VERIFY)
                    open_ones.append(one)
                for one in open_ones:
                    one.recv(4096)
                time.sleep(1)
                each = (peer.resident() - serving) / len(open_ones)
                print(f"  {peer.name:28} first answer {spread(answered):>16} ms"
                      f"   idle {idle / 1e6:6.1f} MB   each connection {each:8,.0f} bytes")
                sys.stdout.flush()
                for one in open_ones:
                    one.close()
                first.close()
                # Without the connections: what a process keeps that has served.
                time.sleep(1)
                print(f"  {'':28} after them {peer.resident() / 1e6:6.1f} MB")
                sys.stdout.flush()

    def large(self):
        """Opening, changes, looks and memory by the length of the audit, and by refresh tokens."""
        print("\nThe audit by its length, refresh tokens by their number; all ratios should stay near 1")
        sys.stdout.flush()
        subprocess.run([ROOT / ".build/release/store-bench", "large"], check=True,
                       env={**os.environ, "TMPDIR": str(self.work)})

    def instructions(self):
        """User instructions for each call, by callgrind: exact, so the gate."""
        self.count(self.beckon("Beckon", 18100), "verify", lambda: VERIFY, "goal <= 15,000")
        peer = self.trusting("Beckon, bound token", 18103)
        self.count(peer, "call with a bound token", lambda: (
            f"GET /admin/v1/clients/bench HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Client-Cert: {self.certificate}\r\n"
            f"Authorization: Bearer {self.token(peer.port)}\r\n\r\n").encode(), "")

    def count(self, peer, what, request, goal):
        def total(requests):
            peer.before()
            out = self.work / f"callgrind.{requests}"
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                       *map(str, peer.command)]
            with Peer("callgrind", peer.port, command):
                ready(peer.port)
                sent = request()
                connections = [socket.create_connection(("127.0.0.1", peer.port), 60)
                               for _ in range(8)]
                for number in range(requests):
                    connections[number % 8].sendall(sent)
                    answer = connections[number % 8].recv(8192)
                    if not answer.startswith(b"HTTP/1.1 200"):
                        raise RuntimeError(f"unexpected answer {answer!r}")
            for line in out.read_text().splitlines():
                if line.startswith(("summary:", "totals:")):
                    return int(line.split()[1])
            raise RuntimeError("callgrind gave no total")

        for attempt in (1, 2):
            try:
                each = (total(4400) - total(400)) / 4000
                break
            except (OSError, RuntimeError, SystemExit) as problem:
                print(f"\nUser instructions: attempt {attempt} failed: {problem}", file=sys.stderr)
        else:
            print(f"\nUser instructions for each {what}: not measured   {goal}")
            return
        print(f"\nUser instructions for each {what}, everything in: {each:,.0f}   {goal}")
        sys.stdout.flush()


def check_program():
    """Refuses a program that `make build` would not make: with other options or of other sources it
    starts and runs otherwise."""
    built = BECKON.with_name("beckon.built")
    made = built.stat().st_mtime if built.exists() else 0
    files = [path for path in (ROOT / "Sources").rglob("*") if path.is_file()]
    newer = [path for path in [*files, ROOT / "Package.swift", BECKON]
             if not path.exists() or path.stat().st_mtime > made]
    if newer:
        raise SystemExit(f"{newer[0]} is newer than the last make build: run it again")


def main():
    rows = ["verify", "start", "postgres", "replicas", "across", "million", "takeover", "resource",
            "tokens", "decisions", "waiting", "reports", "latency", "bombing", "push", "memory", "large",
            "instructions"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", default=",".join(rows))
    parser.add_argument("--work")
    options = parser.parse_args()
    check_program()
    with tempfile.TemporaryDirectory(prefix="beckon-bench-", dir=options.work) as work:
        options.work = work
        bench = Bench(options)
        for name in options.only.split(","):
            getattr(bench, name)()


if __name__ == "__main__":
    main()
