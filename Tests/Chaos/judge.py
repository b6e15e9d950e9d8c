"""What must be true of a round when everything has settled."""

import collections
import datetime
import json
import subprocess
import time

from faults import FARTHEST
from tools import NAME, SKEW, identifier
from world import BINARY, LEASE, stubs

# Seconds in which a request that nobody waits for any more may still be processed.
AFTERWARDS = 10
# Seconds that a call may take on a busy machine, so that it arrives late although it began in time.
SLOW = 2
# Seconds of calm in which everybody who is there has been asked.
PATIENCE = 20
VERBS = {"approve": "accept", "deny": "reject"}
# What the simulated server calls a violation, and what it is if something was disturbed just then.
EXCUSABLE = {"decision.second_accept": "reports repeated in doubt",
             "decision.second_reject": "reports repeated in doubt",
             "decision.late": "reports held up until too late"}
CHOICES = {"approved": "approve", "denied": "deny"}


def monotonic(moment):
    """A time of day of ours, as the monotonic clock has it."""
    return moment - time.time() + time.monotonic()


class Judge:
    """Finds problems in the logins and assertions of `world`, by what `courses` say of the logins, and
    counts in `total`.

    What is called a disturbance is in `windows`. A clock that was set is none: what it may excuse is said
    where times are compared.
    """

    def judge(self):
        world, rows = self.world, {}
        for row in world.postgres.sql(
                "SELECT login_id, number, phase, outcome, failure, choice, settlement,"
                " stranding, received_at, prompt_ends, decided_at, settled_at FROM login"):
            rows.setdefault(row[0], []).append(row[1:])
        code, text = world.command("audit", "export")
        assert code == 0, text
        self.audit = [json.loads(line) for line in text.splitlines()]
        noted = collections.defaultdict(list)
        for entry in self.audit:
            if entry["event"] in ("login.decided", "login.settled"):
                noted[entry["details"]["login"]].append(entry)
        for course in self.courses.values():
            self.judge_one(course, rows.get(course.id, []), noted)
        for replica in world.replicas:
            self.problems += replica.deaths
        for found in world.simulated.ask("GET", "/violations"):
            if found["rule"] in EXCUSABLE:
                self.total[EXCUSABLE[found["rule"]]] += 1
                at = monotonic(datetime.datetime.fromisoformat(found["at"]).timestamp())
                if world.windows.between(at - 2 * LEASE, at) or (
                        found["rule"] == "decision.late" and self.is_late_by_clock(found, at)):
                    continue
            # Whoever died before it heard an answer may look whether its report has landed.
            if found["rule"] != "call.after_success":
                self.problems.append(f"{found.get('login_id')}: {found}")
        for replica in world.replicas:
            code, text = world.command("audit", "verify", beside=replica)
            if code:
                self.problems.append(f"replica {replica.place}: audit verify: {code} {text}")
        self.judge_evidence()
        self.judge_tokens()
        for begin, place, at, login in world.acp.takeovers:
            self.total["reports taken over"] += 1
            # Counted where the store and one of the others were left alone, also just before. A replica
            # that was killed before is not back at once.
            disturbed = {window["place"] for window in world.windows.between(begin - LEASE, at)} | {
                window["place"] for window in world.windows.between(begin - 3 * LEASE, at)
                if window["kind"] == "kill_replica"}
            # What is due, each replica tells by its own clock.
            clocks = [world.store_clock, *(replica.clock for replica in world.replicas)]
            are_right = all(clock.between(self.courses[login].began, at) == (0, 0) for clock in clocks)
            if None not in disturbed and len(disturbed | {place}) < 3 and are_right:
                self.total.takeovers.append(at - begin)
        self.total["logins"] += len(self.courses)

    def is_late_by_clock(self, found, at):
        """Whether a replica that reported too late was as much behind, but for a slow call."""
        expires = monotonic(datetime.datetime.fromisoformat(
            self.world.simulated.login(found["login_id"])["expires_at"]).timestamp())
        return at + self.world.ahead(at - 2 * LEASE, at)[0] < expires + SLOW

    def judge_one(self, course, rows, noted):
        def wrong(what):
            self.problems.append(
                f"{course.id}: {what}; {vars(course)}, store {rows}, reports {calls}")

        world, calls = self.world, []
        if course.server == "acp":
            calls = world.acp.reports.get(course.id, [])
            effective, verbs = world.acp.logins[course.id].effective, [call["verb"] for call in calls]
            decision = world.acp.logins[course.id].decision
        else:
            kept = world.simulated.login(course.id)
            course.started = course.id in world.way_in.acknowledged
            effective = kept["effective_reports"]
            verbs = ["accept"] * kept["accept_calls"] + ["reject"] * kept["reject_calls"]
            decision, calls = kept.get("decision"), verbs
        self.total["decisions answered"] += len(course.answered)
        self.total["reports"] += len(verbs)
        if len(rows) > 1 or (course.started and not rows):
            return wrong(f"{len(rows)} rows of a login that was {'' if course.started else 'not '}started")
        if not rows:
            return None if not verbs else wrong("reported, but not in the store")
        number, phase, outcome, failure, choice, settlement, stranding = rows[0][:7]
        received_at, prompt_ends, decided_at, settled_at = rows[0][7:]
        audit = [(entry["event"], entry["details"].get("choice") or entry["details"]["outcome"])
                 for entry in noted[int(number)]]
        expected = [("login.decided", choice)] if choice else []
        # One that came too late has ended before it was stored, which is no change.
        if phase == "settled" and int(received_at) < int(prompt_ends):
            expected.append(("login.settled", outcome))
        if audit != expected:
            wrong(f"the audit has {audit}")
        if len(set(verbs)) > 1:
            return wrong("accepted and rejected")
        if effective > 1:
            wrong("more than one report had an effect")
        if phase not in ("settled", "stranded") or (phase == "stranded" and not stranding):
            return wrong("it has not ended")
        if len(course.answered) > 1:
            return wrong("two opposite decisions were taken")
        decided = CHOICES.get(outcome)
        if course.answered and {decided} != course.answered:
            return wrong("another outcome than the one that was answered")
        if decided and decided not in course.tried:
            return wrong("an outcome that nobody wanted")
        if "accept" in verbs and decided != "approve":
            return wrong("accepted without an approval")
        if decided and phase == "settled":
            if course.manner == "late" and not effective and settlement in ("delivered_unconfirmed", "gone"):
                # There was no time left: an attempt may have arrived, or a denial is not needed any more.
                self.total["reports lost at the end"] += 1
            elif effective != 1 or verbs[0] != VERBS[decided]:
                return wrong("not reported as decided")
        if decided:
            self.total["decided near the end"] += course.manner == "late"
            self.judge_time(course, decided, prompt_ends, decided_at, wrong)
        else:
            self.total[f"without a decision: {outcome} {failure}".strip()] += 1
            if course.manner == "at once" and course.started and not self.is_excused(
                    outcome, failure, prompt_ends):
                return wrong("a login of somebody who was there ended without a decision")
            self.judge_end(course, outcome, prompt_ends, wrong)
            if settlement == "left_to_expire" and outcome == "expired" and int(settled_at) < int(prompt_ends):
                return wrong("it expired before its end")
        if course.server == "acp":
            self.judge_repeats(calls, wrong)
        return None

    def judge_time(self, course, decided, prompt_ends, decided_at, wrong):
        """A decision counts if it came before the end by the clock of the replica that took it."""
        ends, at = (monotonic(int(moment) / 1000) for moment in (prompt_ends, decided_at))
        if at >= ends:
            wrong("decided after its end")
        # One that nobody answered may have been taken nevertheless, also a while later.
        for attempt in course.attempts:
            if attempt.wish != decided:
                continue
            until = attempt.end + (AFTERWARDS if attempt.status >= 500 else 0)
            behind, ahead = self.world.replicas[attempt.place].clock.between(attempt.begin, until)
            if attempt.begin + behind - 0.1 <= at <= until + ahead + 0.1:
                self.total["decided by a clock that was set"] += behind != 0 or ahead != 0
                return
        wrong("decided at a time that no clock had when it was asked")

    def judge_end(self, course, outcome, prompt_ends, wrong):
        """Nobody is told that it is over before its end, by the clock of any replica that may have ended it."""
        ends = monotonic(int(prompt_ends) / 1000)
        for at, wish, status, seen in course.refused if outcome == "expired" else ():
            self.total["refused after the end"] += 1
            if at + self.world.ahead(course.began, at)[1] + 0.1 < ends:
                wrong(f"{wish} was refused before its end: {status} {seen}")

    def is_excused(self, outcome, failure, prompt_ends):
        """It could not be decided in time, or processes died twice in a row while they worked on it."""
        if outcome == "expired":
            # Due times may be as far ahead as a clock was.
            return monotonic(int(prompt_ends) / 1000) < self.calm + FARTHEST + PATIENCE
        return (outcome, failure) == ("failed", "interrupted")

    def judge_repeats(self, calls, wrong):
        """A report that was taken is made again only by somebody who could not know that."""
        taken = None
        for call in calls:
            if taken is not None:
                self.total["reports repeated in doubt"] += 1
                places = {taken["place"], call["place"]}
                if not taken["dropped"] and not self.world.windows.between(
                        taken["at"] - 2 * LEASE, call["at"], places):
                    wrong("reported again without a doubt")
            elif call.get("status", 200) == 200:
                taken = call

    def judge_tokens(self):
        """A token for each assertion at most, and those that were answered are in the audit, once."""
        issued = collections.Counter(
            entry["details"]["jti"] for entry in self.audit
            if entry["event"] == "token.issued" and entry["details"]["client"] == NAME)
        assertions = self.world.tool.assertions
        self.total["assertions"] += len(assertions)
        for assertion in assertions:
            tokens = [answer["access_token"] for status, answer in assertion.answers if status == 200]
            self.total["tokens answered"] += len(tokens)
            if len(tokens) > 1:
                self.problems.append(f"{len(tokens)} tokens for one assertion: {assertion.answers}")
            for token in tokens:
                if issued[identifier(token)] != 1:
                    self.problems.append(f"an answered token is {issued[identifier(token)]} times in the audit")
            # It may have been used up by a request without an answer, or refused by a wrong clock.
            behind, _ = self.world.ahead(assertion.began, assertion.ended)
            if not tokens and behind > -SKEW and all(status < 500 for status, _ in assertion.answers):
                self.problems.append(f"no token for an assertion: {assertion.answers}")
        if sum(issued.values()) > len(assertions):
            self.problems.append(f"{sum(issued.values())} tokens for {len(assertions)} assertions")

    def judge_evidence(self, count=5):
        world, replica = self.world, self.world.replicas[0]
        decided = [course.id for course in self.courses.values()
                   if course.answered and course.server == "acp"]
        status, keys = replica.request("GET", "/oauth2/jwks")
        assert status == 200, keys
        document, jwks = world.folder / "evidence.json", world.folder / "jwks.json"
        jwks.write_text(json.dumps(keys))
        for login_id in decided[:count]:
            document.write_text(json.dumps(stubs.evidence(replica, login_id)))
            code, text = self.verify(document, jwks)
            self.total["evidence verified"] += code == 0
            if code:
                self.problems.append(f"{login_id}: its evidence: {text}")

    @staticmethod
    def verify(document, jwks):
        done = subprocess.run([BINARY, "verify-evidence", str(document), f"--keys={jwks}"], text=True,
                              capture_output=True, timeout=120)
        return done.returncode, done.stdout + done.stderr
