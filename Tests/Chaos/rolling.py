"""Two replicas of one version are exchanged for the next one, one after the other, while people decide.

    rolling.py [--old PROGRAM] [--seed N]

PROGRAM is the version before, such as a release; it must be one that the next version can follow. Without
it this version follows itself, and the tables are changed as a next version's migration would change them:
both versions work with them then, which is what they promise. A replica gets no more requests before it is
told to end, as behind a proxy. Nothing may be refused but with 503, nothing reported twice, and every login
ends as it was decided.
"""

import argparse
import random
import signal
import subprocess
import sys
import threading
import time

from chaos import Round, Totals
from postgres import programs
from world import BINARY, World

# A migration as the next version might have it: under the lock, and in one transaction.
LOCK = 0x4265636B
MIGRATION = f"""
BEGIN;
SELECT pg_advisory_xact_lock({LOCK});
ALTER TABLE login ADD COLUMN later text;
ALTER TABLE login ADD COLUMN weight bigint NOT NULL DEFAULT 7;
ALTER TABLE users ADD COLUMN later text;
CREATE TABLE later (id bigint PRIMARY KEY, at bigint NOT NULL);
CREATE INDEX login_later ON login (later) WHERE later IS NOT NULL;
UPDATE beckon_schema SET version = version + 1;
COMMIT;
"""
# Logins that were decided, before the next step.
ENOUGH = 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--old", metavar="PROGRAM")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    if not programs():
        print("rolling: skipped, PostgreSQL 15 or later is not installed\n0 passed, 0 failed")
        return 0
    # So that everything is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    total = Totals()
    for program in dict.fromkeys([options.old or BINARY, BINARY]):
        named = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
        print(f"rolling: {named.stdout.strip()}", flush=True)
    with World(options.seed, replicas=2, keeps=False, program=options.old or BINARY) as world:
        found = Rolling(world, options.seed, total, is_simulated=not options.old).run()
    total.print()
    print(f"{0 if found else 1} passed, {1 if found else 0} failed")
    return 1 if found else 0


class Rolling(Round):
    """A round in which nothing fails, and everybody decides in good time, however slow the machine is."""

    manners = {"at once": 100}

    def __init__(self, world, seed, total, is_simulated):
        super().__init__(world, seed, 0, total)
        self.is_simulated, self.refusals = is_simulated, threading.Lock()

    def attempt(self, action):
        status, body = super().attempt(action)
        if status >= 500:
            with self.refusals:
                self.total[f"answers {status}, then retried"] += 1
            if status != 503:
                self.problems.append(f"a request was answered {status}")
        return status, body

    def go_through(self, faults):
        for replica in self.world.replicas:
            replica.start()
        super().go_through(faults)
        self.judge_tables()

    def disturb(self, _):
        self.ready()
        self.go_on()
        for replica in self.world.replicas:
            self.exchange(replica)
            self.go_on()

    def go_on(self):
        """Until a number of logins more have been decided."""
        wanted, end = self.decided() + ENOUGH, time.monotonic() + 60
        while self.decided() < wanted:
            assert time.monotonic() < end, "logins are not decided any more"
            time.sleep(0.02)

    def decided(self):
        with self.lock:
            return sum(bool(course.answered) for course in self.courses.values())

    def exchange(self, replica):
        replica.is_in_use = False
        self.wait_until_unused(replica)
        begin = time.monotonic()
        replica.stop()
        took = time.monotonic() - begin
        print(f"  replica {replica.place} ended after {took:.1f} s", flush=True)
        if replica.process.returncode:
            self.problems.append(f"replica {replica.place} ended with {replica.process.returncode}")
        replica.program = BINARY
        if self.is_simulated and replica is self.world.replicas[0]:
            self.version = self.read_version()
            self.world.postgres.sql(MIGRATION)
        replica.start()
        self.wait_for(replica)
        replica.is_in_use = True

    @staticmethod
    def wait_until_unused(replica):
        """Whoever has chosen it already gets an answer: before a replica is told to end, the proxy in
        front of it has learned that it leaves.
        """
        used_at, end = time.monotonic(), time.monotonic() + 60
        while time.monotonic() < used_at + 0.5:
            assert time.monotonic() < end, f"replica {replica.place} is still in use"
            time.sleep(0.02)
            if replica.front.links:
                used_at = time.monotonic()

    def is_excused(self, outcome, failure, prompt_ends):
        """There is time enough, and nothing dies."""
        return False

    def read_version(self):
        return int(self.world.postgres.sql("SELECT version FROM beckon_schema")[0][0])

    def judge_tables(self):
        """Whoever wrote them, rows have what the next version added."""
        if not self.is_simulated:
            return
        if self.read_version() != self.version + 1:
            self.problems.append("the version of the tables was changed")
        if self.world.postgres.sql("SELECT count(*) FROM login WHERE weight IS DISTINCT FROM 7") != [["0"]]:
            self.problems.append("a column of the next version was not left alone")


if __name__ == "__main__":
    sys.exit(main())
