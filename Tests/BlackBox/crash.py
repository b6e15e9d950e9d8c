"""Kills Beckon with SIGKILL at random moments while logins run, and starts it again.

Every acknowledged login must end in exactly one outcome, and the authorization server must have
seen exactly one effective report of each decided one. Most logins are plain ones of an
authorization server of the tests' own; one in four is about a payment that was lodged with the
simulated one.

    crash.py [--rounds 20] [--logins 200] [--storm SECONDS] [--rate STARTS] [--seed N]

Before that, for `--storm` seconds, commands run beside a service that takes logins (storm.py).
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import random
import sys
import threading
import time

from acp import ACP, Login
from beckon import Beckon, Phone, authorization_server
from families import DOMESTIC_PAYMENT as PAYMENT
from simulated import Between, SimulatedACP, SimulatedBank, ThirdParty
from storm import storm

# Seconds that a login has.
LIFETIME = 60


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--storm", type=int, default=10)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    print(f"crash: seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    bad = storm(options.storm, options.rate, options.seed)
    with World(dice) as world:
        for number in range(1, options.rounds + 1):
            bad += one_round(number, options.logins, dice, world)
    print(f"{options.rounds + 1 - bad} passed, {bad} failed")
    return 1 if bad else 0


class World:
    """Beckon, and what stays when it dies: both authorization servers, the bank and the phone."""

    def __init__(self, dice):
        with contextlib.ExitStack() as parts:
            self.phone = parts.enter_context(Phone())
            self.acp = parts.enter_context(ACP("http://127.0.0.1:1"))
            self.acp.misbehaviour = Trouble(dice)
            bank = parts.enter_context(SimulatedBank())
            # Where Beckon is to be found changes with each of its lives.
            self.way_in = parts.enter_context(Between())
            self.simulated = parts.enter_context(SimulatedACP(
                self.way_in.url + "/simulated", "--service-user=simulated",
                "--system-client-secret=the-client-secret-of-beckon",
                f"--seed={dice.randrange(1 << 30)}"))
            self.simulated.turn({"call.drop": "after_processing"}, probability=0.05)
            self.simulated.turn({"call.fail": 503}, probability=0.05)
            self.simulated.turn({"start.retry_until": {"backoff_ms": [20] * 1000}})
            self.party = ThirdParty(self.simulated, "retail")
            self.beckon = parts.enter_context(contextlib.closing(Beckon(self.phone, None, {
                "engine": {"concurrency": 64},
                "accounts": {"url": bank.url, "token": bank.TOKEN},
                "authorization_servers": [
                    authorization_server("acp", self.acp.url),
                    authorization_server(
                        "simulated", self.simulated.url, base_path="/simulated",
                        scopes=["manage_scope_grants", "manage_openbanking_consents"]),
                ],
            })))
            self.beckon.run("migrate")
            for person in ("customer-4711", PAYMENT.person):
                self.beckon.run("users", "add", f"--user={person}")
            self.parts = parts.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.parts.close()

    def start(self):
        self.beckon.start()
        self.acp.beckon = self.acp.beckon._replace(netloc=f"127.0.0.1:{self.beckon.port}")
        self.way_in.target = self.beckon.url

    def violations(self):
        """What Beckon did that it never may. Only whoever died before it heard an answer may look
        whether its report has landed.
        """
        return [found for found in self.simulated.ask("GET", "/violations")
                if found["rule"] != "call.after_success"]


class Trouble:
    """Now and then the server drops an answer or fails before it has looked."""

    def __init__(self, dice):
        self.dice, self.lock = dice, threading.Lock()

    def __call__(self, login, verb):
        with self.lock:
            roll = self.dice.random()
        return "drop" if roll < 0.05 else 503 if roll < 0.1 else None


class Plain:
    """A login of plain scopes, at the authorization server of the tests' own."""

    chosen = {}

    def __init__(self, world):
        self.acp = world.acp
        self.login = Login("customer-4711", ["openid", "profile"], LIFETIME, "poll")
        self.id = self.login.id
        self.acp.logins[self.id] = self.login

    def start(self):
        """The server repeats its call until it gets a 2xx."""
        body = self.login.start_body()
        status, _ = insist(lambda: self.acp.call("/authentication/start", body))
        assert status == 200, status

    def end(self):
        assert self.login.decided.wait(50), "never reported"

    def verdict(self):
        """How many reports had an effect, what the first said, and all there were."""
        del self.acp.logins[self.id]
        return self.login.effective, self.login.decision, self.login.calls


class Lodged:
    """A login about a payment that a third party lodged with the simulated server, which repeats its
    starts by itself.
    """

    chosen = PAYMENT.choice

    def __init__(self, world):
        self.acp, self.party, self.id = world.simulated, world.party, "not begun"

    def start(self):
        self.consent = self.party.lodge(PAYMENT.place, PAYMENT.lodged(), PAYMENT.token)
        self.id = self.acp.ask("POST", "/logins", {
            "user": PAYMENT.person, "scopes": PAYMENT.scopes.split(), "ttl": LIFETIME,
            "consent_id": self.consent})["login_id"]

    def end(self):
        self.acp.decided(self.id, 50)

    def verdict(self):
        kept = self.acp.login(self.id)
        status = self.party.status(PAYMENT.place, self.consent, PAYMENT.token)
        decision = {"Authorised": "accept", "Rejected": "reject"}.get(status)
        calls = ["accept"] * kept["accept_calls"] + ["reject"] * kept["reject_calls"]
        return kept["effective_reports"], decision, calls


def insist(action):
    """The phone, too, repeats what nobody answered."""
    end = time.monotonic() + 50
    while time.monotonic() < end:
        try:
            status, body = action()
            if status < 500:
                return status, body
        except (OSError, http.client.HTTPException, ValueError):
            pass
        time.sleep(0.02)
    raise AssertionError("gave up")


def one_round(number, count, dice, world):
    began = time.monotonic()
    world.start()
    logins = [(Plain if place % 4 else Lodged)(world) for place in range(count)]
    wishes = {login: dice.choice(["approve", "deny"]) for login in logins}

    aside = set()

    def run(login):
        login.start()
        try:
            decide(login)
        except AssertionError:
            if not was_set_aside(world.beckon, login.id):
                raise
            aside.add(login)
            wishes[login] = "deny"
        login.end()

    def prompted(login):
        """Nobody is asked about a login that was set aside."""
        for _ in range(10):
            with contextlib.suppress(AssertionError):
                return world.phone.prompt(login.id, 5)
            assert not was_set_aside(world.beckon, login.id), "set aside"
        raise AssertionError("no prompt within 50 s")

    def decide(login):
        prompted(login)
        wish = wishes[login]
        chosen = {}
        if wish == "approve":
            status, seen = insist(lambda: world.phone.ask(world.beckon, "GET", login.id, ""))
            assert status == 200 and "consent" in seen, (status, seen)
            chosen = {**login.chosen, "digest": seen["consent"]["digest"]}
        status, body = insist(
            lambda: world.phone.decide(world.beckon, login.id, wish, **chosen))
        assert status == 200, (status, body)

    def operator():
        """Retries what was set aside because the process died twice while it was being reported."""
        while not over.wait(0.5):
            try:
                stranded = 'phase="stranded",outcome' in world.beckon.metrics()
            except (OSError, http.client.HTTPException, ValueError):
                continue
            if not stranded:
                continue
            for login in json.loads(world.beckon.run("logins", "list", "--json")):
                world.beckon.run("logins", "retry", f"--number={login['number']}")

    def killer():
        for _ in range(dice.randint(1, 3)):
            time.sleep(dice.uniform(0.02, 0.6))
            world.beckon.kill()
            world.start()

    problems = []
    over = threading.Event()
    helper = threading.Thread(target=operator)
    helper.start()
    assassin = threading.Thread(target=killer)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        work = {pool.submit(run, login): login for login in logins}
        assassin.start()
        for future in concurrent.futures.as_completed(work):
            if future.exception():
                problems.append(f"{work[future].id}: {future.exception()}")
    assassin.join()
    rest(world.beckon, problems)
    over.set()
    helper.join()
    # One login is tried at a time after a death.
    if len(aside) > 6:
        problems.append(f"{len(aside)} logins were set aside")
    calls = 0
    for login in logins:
        wish = {"approve": "accept", "deny": "reject"}[wishes[login]]
        effective, decision, reports = login.verdict()
        calls += len(reports)
        if effective != 1 or decision != wish:
            problems.append(f"{login.id}: wished {wish}, effective {effective}, {reports}")
    problems += map(str, world.violations())
    world.beckon.stop()
    took = time.monotonic() - began
    print(f"round {number}: {count} logins, {calls} report calls, {len(problems)} problems,"
          f" {took:.1f} s", flush=True)
    for problem in problems[:10]:
        print("  " + problem, file=sys.stderr)
    # The life of the first, as far as the log has it.
    for line in world.beckon.lines() if problems else []:
        if line.get("login_id") == problems[0].split(":")[0]:
            print("  " + json.dumps(line), file=sys.stderr)
    return 1 if problems else 0


def was_set_aside(beckon, login_id):
    """Whether the login failed because the process died twice while it worked on it."""
    return any(line.get("event") == "login.failed" and line.get("login_id") == login_id
               and "died twice" in line.get("cause", "") for line in beckon.lines())


def rest(beckon, problems, limit=30):
    """Waits until no login owes anything, by Beckon's own count."""
    end = time.monotonic() + limit
    live = "unknown"
    while time.monotonic() < end:
        live = [line for line in beckon.metrics().splitlines()
                if line.startswith("beckon_logins{") and not line.endswith(" 0")
                and 'phase="settled"' not in line]
        if not live:
            return
        time.sleep(0.05)
    problems.append(f"logins that did not settle: {live}")


if __name__ == "__main__":
    sys.exit(main())
