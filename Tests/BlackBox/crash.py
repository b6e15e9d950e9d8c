"""Kills Beckon with SIGKILL at random moments while logins run, and starts it again.

Every acknowledged login must end in exactly one outcome, and the authorization server must have
seen exactly one effective report of each decided one.

    crash.py [--rounds 20] [--logins 200] [--seed N]
"""

import argparse
import concurrent.futures
import http.client
import json
import random
import sys
import threading
import time

from acp import ACP, Login
from beckon import Beckon, Phone


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    print(f"crash: seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    with Phone() as phone, ACP("http://127.0.0.1:1") as acp:
        acp.misbehaviour = Trouble(dice)
        with_retries = {"engine": {"concurrency": 64}}
        beckon = Beckon(phone, acp.url, with_retries)
        beckon.run("migrate")
        beckon.run("users", "add", "--user=customer-4711")
        bad = 0
        try:
            for number in range(1, options.rounds + 1):
                bad += one_round(number, options.logins, dice, beckon, acp, phone)
        finally:
            beckon.__exit__()
    print(f"{options.rounds - bad} passed, {bad} failed")
    return 1 if bad else 0


class Trouble:
    """Now and then the server drops an answer or fails before it has looked."""

    def __init__(self, dice):
        self.dice, self.lock = dice, threading.Lock()

    def __call__(self, login, verb):
        with self.lock:
            roll = self.dice.random()
        return "drop" if roll < 0.05 else 503 if roll < 0.1 else None


def one_round(number, count, dice, beckon, acp, phone):
    began = time.monotonic()
    beckon.start()
    acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{beckon.port}")
    logins = [Login("customer-4711", ["openid", "profile"], 60, "poll") for _ in range(count)]
    acknowledged, decided, wishes = set(), {}, {}
    for login in logins:
        acp.logins[login.id] = login
        wishes[login.id] = dice.choice(["approve", "deny"])

    killed = threading.Event()

    def run(login):
        # The server repeats its call until it gets a 2xx; the phone repeats its decision.
        def insist(action):
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

        status, _ = insist(lambda: acp.call("/authentication/start", login.start_body()))
        assert status == 200, status
        acknowledged.add(login.id)
        phone.prompt(login.id, 50)
        status, body = insist(lambda: phone.decide(beckon, login.id, wishes[login.id]))
        assert status == 200, (status, body)
        decided[login.id] = body["outcome"]
        assert login.decided.wait(50), "never reported"

    def killer():
        for _ in range(dice.randint(1, 3)):
            time.sleep(dice.uniform(0.02, 0.6))
            beckon.kill()
            beckon.start()
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{beckon.port}")
        killed.set()

    problems = []
    assassin = threading.Thread(target=killer)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        work = {pool.submit(run, login): login for login in logins}
        assassin.start()
        for future in concurrent.futures.as_completed(work):
            if future.exception():
                problems.append(f"{work[future].id}: {future.exception()}")
    assassin.join()
    rest(beckon, problems)
    for login in logins:
        wish = {"approve": "accept", "deny": "reject"}[wishes[login.id]]
        if login.effective != 1 or login.decision != wish:
            problems.append(f"{login.id}: wished {wish}, effective {login.effective}, {login.calls}")
    beckon.stop()
    took = time.monotonic() - began
    calls = sum(len(login.calls) for login in logins)
    print(f"round {number}: {count} logins, {calls} report calls, {len(problems)} problems,"
          f" {took:.1f} s", flush=True)
    for problem in problems[:10]:
        print("  " + problem, file=sys.stderr)
    for login in logins:
        del acp.logins[login.id]
    return 1 if problems else 0


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
