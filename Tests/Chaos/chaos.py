"""Three replicas on one PostgreSQL while everything fails that can, and what must be true afterwards.

    chaos.py [--kills 1000] [--seed N]

A round has up to 50 kills and a world of its own, whose seed it prints: `--seed` with that number and
`--kills` of that round do the same faults at the same distances again, if the machine keeps up. In between
people approve and decline on any replica, and a client gets tokens. After each round everything must settle,
and every login is judged by what the authorization servers saw, what people and clients were answered, and
what the store and its audit have.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import http.client
import json
import random
import signal
import statistics
import sys
import threading
import time
import typing

from clock import compiler
from faults import STEPS, Faults, lane, plan
from judge import Judge
from postgres import programs
from world import LEASE, PAYMENT, PERSON, World

from acp import Login  # From Tests/BlackBox, which `world` makes known.

WORKERS = 40
# Seconds that a login has, and one that nobody decides, or somebody at the end.
LIFETIME, SHORT = 150, 12
# Of a short login, Beckon needs the last seconds for the report.
PROMPT_ENDS = 0.75 * SHORT
KILLS_A_ROUND = 50


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    if not programs():
        print("chaos: skipped, PostgreSQL 15 or later is not installed\n0 passed, 0 failed")
        return 0
    if not compiler():
        print("chaos: no C compiler, so clocks are not set", flush=True)
    # So that everything is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    total, rounds, bad, left, seed = Totals(), 0, 0, options.kills, options.seed
    while left > 0 and not bad:
        kills = min(left, KILLS_A_ROUND)
        print(f"chaos: seed {seed}, {kills} kills", flush=True)
        with World(seed) as world:
            course = Round(world, seed, kills, total)
            bad += bool(course.run())
        rounds, left, seed = rounds + 1, left - max(1, course.kills), seed + 1
    total.print()
    print(f"{rounds - bad} passed, {bad} failed")
    return 1 if bad else 0


class Totals(collections.Counter):
    """What the table at the end has."""

    def __init__(self):
        super().__init__()
        self.takeovers = []

    def print(self):
        for name, count in self.items():
            if count or name == "problems":
                print(f"{name:34} {count:8}")
        if self.takeovers:
            middle, longest = statistics.median(self.takeovers), max(self.takeovers)
            print(f"{'takeover after kill -9, median':34} {middle:6.2f} s of {len(self.takeovers)}")
            print(f"{'takeover after kill -9, max':34} {longest:6.2f} s, with a lease of {LEASE} s")


class Attempt(typing.NamedTuple):
    """A decision that was sent: what was wished, to which replica, when and for how long, what came of it."""

    wish: str
    place: int
    begin: float
    end: float
    status: int


class Course:
    """One login: when it is decided (at once, late, or never), what was tried, what was answered."""

    def __init__(self, login_id, server, manner):
        self.id, self.server, self.manner = login_id, server, manner
        self.began = time.monotonic()
        self.started, self.prompted = False, False
        self.attempts, self.answered, self.refused = [], set(), []

    @property
    def tried(self):
        return {attempt.wish for attempt in self.attempts}


class Round(Judge):
    # When people decide, in percent.
    manners = {"at once": 88, "late": 4, "never": 8}

    def __init__(self, world, seed, kills, total):
        self.world, self.total, self.seed, self.total_kills = world, total, seed, kills
        self.plan = [fault for fault in plan(random.Random(f"{seed}-faults"), kills)
                     if world.clock_library or fault["kind"] not in STEPS]
        self.kills = 0
        self.courses, self.lock, self.quiet = {}, threading.Lock(), threading.Event()
        # When the last fault was over.
        self.calm = float("nan")
        # Nobody waits for anything any more.
        self.given_up = threading.Event()
        self.problems = []

    def run(self):
        began = time.monotonic()
        faults = Faults(self.world, self.owed)
        try:
            self.go_through(faults)
        except AssertionError as problem:
            self.problems.append(f"the end was not reached: {problem}")
        for name, count in faults.counts.items():
            self.total[name.replace("_", " ")] += count
        self.kills = faults.kills
        self.total["kills"] += self.kills
        self.total["problems"] += len(self.problems)
        took = time.monotonic() - began
        print(f"  {len(self.courses)} logins, {self.kills} kills, {len(self.plan)} faults,"
              f" {len(self.problems)} problems, {took:.0f} s, {self.calm - began:.0f} s of them disturbed",
              flush=True)
        self.explain()
        return self.problems

    def go_through(self, faults):
        with concurrent.futures.ThreadPoolExecutor(WORKERS + 2) as pool:
            work = [pool.submit(self.work, random.Random(f"{self.seed}-{place}"))
                    for place in range(WORKERS)]
            work.append(pool.submit(self.get_tokens, random.Random(f"{self.seed}-tokens")))
            try:
                self.disturb(faults)
                self.calm = time.monotonic()
                self.quiet.set()
                self.world.misbehaves = False
                self.ready()
                for future in work:
                    future.result()
            finally:
                self.quiet.set()
                self.given_up.set()
        self.settle()
        self.judge()

    def disturb(self, faults):
        """Begins what was planned at its time, or when its lane is free."""
        self.ready()
        with contextlib.ExitStack() as pools:
            lanes, done = {}, []
            for fault in self.plan:
                if lane(fault) not in lanes:
                    lanes[lane(fault)] = pools.enter_context(concurrent.futures.ThreadPoolExecutor(1))
                done.append(lanes[lane(fault)].submit(faults.run, fault))
                self.quiet.wait(fault["pause"])
            for future in done:
                future.result()

    # Load

    def work(self, dice):
        while not self.quiet.is_set():
            manner = dice.choices(list(self.manners), self.manners.values())[0]
            start = self.start_lodged if dice.random() < 0.2 else self.start_plain
            course = start(manner)
            if course and manner != "never":
                self.decide(course, dice)
            self.quiet.wait(dice.uniform(0, 2))

    def note(self, course):
        with self.lock:
            self.courses[course.id] = course
        return course

    def start_plain(self, manner):
        """The server repeats its call until it gets a 2xx."""
        acp = self.world.acp
        login = Login(PERSON, ["openid", "profile"], self.lifetime(manner), "poll")
        acp.logins[login.id] = login
        course = self.note(Course(login.id, "acp", manner))
        while time.time() < login.expires and not self.given_up.is_set():
            status, _ = self.attempt(lambda: acp.call("/authentication/start", login.start_body()))
            if status < 300:
                course.started = True
                return course
            if 400 <= status < 500 and status != 429:
                self.problems.append(f"{course.id}: the start was answered {status}")
                return None
            time.sleep(0.05)
        return None

    def start_lodged(self, manner):
        """About a payment, at the simulated server, which repeats its starts by itself."""
        world = self.world
        consent = world.party.lodge(PAYMENT.place, PAYMENT.lodged(), PAYMENT.token)
        login_id = world.simulated.ask("POST", "/logins", {
            "user": PAYMENT.person, "scopes": PAYMENT.scopes.split(),
            "ttl": self.lifetime(manner), "consent_id": consent})["login_id"]
        return self.note(Course(login_id, "simulated", manner))

    @staticmethod
    def lifetime(manner):
        return LIFETIME if manner == "at once" else SHORT

    def attempt(self, action):
        """Status and body; status 599 if there was no answer."""
        try:
            return action()
        except (OSError, http.client.HTTPException, ValueError):
            return 599, None

    def decide(self, course, dice):
        phone, end = self.world.phone, time.monotonic() + LIFETIME
        while course.id not in phone.prompts:
            # Nobody is asked about a login that was set aside.
            if self.has_ended(end) or (self.quiet.is_set() and self.has_outcome(course)):
                return
            with contextlib.suppress(AssertionError):
                phone.prompt(course.id, 1)
        course.prompted = True
        if course.manner == "late":
            # Just before the end of the prompt, or just after it.
            moment = course.began + PROMPT_ENDS + dice.uniform(-1, 1)
            self.given_up.wait(max(0, moment - time.monotonic()))
        first = dice.choice(["approve", "deny"])
        if dice.random() < 0.15:
            # Two who do not agree, at the same time: one of them is too late.
            other = "deny" if first == "approve" else "approve"
            rival = threading.Thread(target=self.insist, args=(course, other, end))
            rival.start()
            self.insist(course, first, end)
            rival.join()
        else:
            self.insist(course, first, end)

    def insist(self, course, wish, end):
        """The phone repeats what nobody answered, to whichever replica."""
        phone, world = self.world.phone, self.world
        while not self.has_ended(end):
            chosen = dict(PAYMENT.choice) if course.server == "simulated" and wish == "approve" else {}
            status, seen = 200, {}
            if wish == "approve":
                replica = world.any_replica()
                status, seen = self.attempt(lambda: phone.ask(replica, "GET", course.id, ""))
                if status == 200 and "consent" in seen:
                    chosen["digest"] = seen["consent"]["digest"]
            if status == 200:
                replica, body = world.any_replica(), {"decision": wish, **chosen}
                begin = time.monotonic()
                status, seen = self.attempt(
                    lambda: phone.ask(replica, "POST", course.id, "/decision", body))
                course.attempts.append(
                    Attempt(wish, replica.place, begin, time.monotonic(), status))
                if status == 200:
                    course.answered.add(wish)
                    return
            if status < 500 and status != 429:
                course.refused.append((time.monotonic(), wish, status, seen))
                return
            time.sleep(0.05)

    def get_tokens(self, dice):
        """Each assertion is shown to two replicas at the same time."""
        while not self.quiet.is_set():
            assertion = self.world.tool.make()
            rival = threading.Thread(target=self.show, args=(assertion,))
            rival.start()
            self.show(assertion)
            rival.join()
            self.quiet.wait(dice.uniform(0, 1))

    def show(self, assertion):
        """Until it is answered."""
        while not self.given_up.is_set():
            replica = self.world.any_replica()
            status, answer = self.attempt(lambda: replica.post_form("/oauth2/token", assertion.form))
            assertion.answers.append((status, answer))
            assertion.ended = time.monotonic()
            if status < 500 and status != 429:
                return
            time.sleep(0.05)

    def has_outcome(self, course):
        try:
            return bool(self.world.postgres.sql(
                f"SELECT 1 FROM login WHERE login_id = '{course.id}' AND outcome IS NOT NULL"))
        except AssertionError:
            return False

    def has_ended(self, end):
        return self.given_up.is_set() or time.monotonic() > end

    def owed(self, held):
        """Of these logins, those that were decided and not reported yet."""
        with self.lock:
            return [name for name in held if name in self.courses and self.courses[name].answered
                    and name not in self.world.acp.reports]

    # The end

    def ready(self, limit=240):
        """Waits until every replica says that it is ready."""
        for replica in self.world.replicas:
            self.wait_for(replica, limit)

    @staticmethod
    def wait_for(replica, limit=240):
        """Waits until a replica says that it is ready."""
        status, end = None, time.monotonic() + limit
        while status != 200:
            assert time.monotonic() < end, f"replica {replica.place} is not ready: {status}"
            time.sleep(0.05)
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                status, _ = replica.request("GET", "/health/ready", port=replica.management or 1)

    def settle(self, limit=LIFETIME + 60):
        """Waits until nothing is owed any more. An operator retries what is stranded, once."""
        sql, end = self.world.postgres.sql, time.monotonic() + limit
        retried = set()
        while time.monotonic() < end:
            live = sql("SELECT number, phase FROM login WHERE phase <> 'settled'")
            if all(phase == "stranded" and number in retried for number, phase in live):
                break
            for number, phase in live:
                if phase == "stranded" and number not in retried:
                    retried.add(number)
                    code, text = self.world.command("logins", "retry", f"--number={number}")
                    # A short login ends soon; its report may have been too late.
                    if code and "the time for reporting" not in text:
                        self.problems.append(f"logins retry {number}: {code} {text}")
            time.sleep(0.1)
        else:
            self.problems.append(f"logins that did not settle: {live[:10]}")
        self.total["stranded, then retried"] += len(retried)

    def explain(self):
        world = self.world
        for problem in self.problems[:10]:
            print("  " + problem, file=sys.stderr)
        if not self.problems:
            return
        login_id = self.problems[0].split(":")[0]
        print(f"  --seed {self.seed} --kills {self.total_kills} does it again", file=sys.stderr)
        if login_id in self.courses:
            for (number,) in world.postgres.sql(f"SELECT number FROM login WHERE login_id = '{login_id}'"):
                print(world.command("logins", "show", f"--number={number}")[1], file=sys.stderr)
            for line in world.logged(login_id):
                print("  " + line, file=sys.stderr)
        else:
            for replica in world.replicas:
                for line in list(replica.lines())[-20:]:
                    print(f"  replica {replica.place}: {json.dumps(line)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
