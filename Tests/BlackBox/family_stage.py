"""Beckon, a simulated authorization server for each kind of workspace and a simulated bank, as
processes of their own, with third parties, a phone, and places in between where all can be seen.
"""

import concurrent.futures
import contextlib
import itertools
import time
import unittest

from beckon import Beckon, Phone, authorization_server
from families import PEOPLE, STRANGER
from family import CDR, RETAIL, SERVERS, filled
from simulated import Between, PingInbox, SimulatedACP, SimulatedBank, ThirdParty

APPROVED, REJECTED = "Authorised", "Rejected"
# Where reports go, by whether it is a consent that was lodged.
GROUPS = {True: "/bank/system", False: "/api/system/bank"}


class Asked:
    """One login: what the third party asked for, and what was sent about it."""

    def __init__(self, stage, family, consent, message, asked):
        self.family, self.consent, self.asked = family, consent, asked
        self.acp, self.party = stage.acps[family.server], stage.parties[family.server]
        self.reports = stage.outward[family.server].reports
        self.start = next(start for start in list(stage.inward.starts.values())
                          if start["binding_message"] == message)
        self.id = self.start["login_id"]

    def expected(self, verb, literal):
        """The one report that must have been sent: where to, and the whole body."""
        group = GROUPS[self.family.path != "/scope-grants"]
        own = {"login": self.id, "state": self.start["login_state"], "consent": self.consent or ""}
        return [(f"{group}{self.family.path}/{self.id}/{verb}", filled(literal, **own))]

    @property
    def sent(self):
        return self.reports.get(self.id, [])

    @property
    def status(self):
        """What the third party sees of its consent."""
        return self.party.status(self.family.place, self.consent, self.family.token)


class FamilyStage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as parts:
            cls.phone = parts.enter_context(Phone())
            cls.inbox = parts.enter_context(PingInbox())
            cls.inward = parts.enter_context(Between())
            bank = parts.enter_context(SimulatedBank())
            cls.outward = {
                server: parts.enter_context(Between(cls.inward.starts))
                for server in SERVERS
            }
            cls.beckon = Beckon(cls.phone, None, {
                "accounts": {"url": bank.url, "token": bank.TOKEN},
                "authorization_servers": [
                    cls.configured(server) for server in SERVERS
                ],
            })
            cls.beckon.run("migrate")
            for person in (*PEOPLE, STRANGER):
                cls.beckon.run("users", "add", f"--user={person}")
            parts.enter_context(cls.beckon)
            cls.inward.target = cls.beckon.url
            cls.acps, cls.parties = {}, {}
            for server in SERVERS:
                # The clients of half of them wait for pings, the others' ask by themselves.
                pinged = server in (RETAIL, CDR)
                mode = ["--mode=ping", f"--ping-url={cls.inbox.url}/ping"] if pinged else []
                acp = parts.enter_context(SimulatedACP(
                    f"{cls.inward.url}/{server}", f"--service-user={server}",
                    f"--workspace={server}", "--system-client-secret=the-client-secret-of-beckon",
                    *mode))
                cls.outward[server].target = acp.url
                cls.acps[server] = acp
                cls.parties[server] = ThirdParty(acp, server, cls.inbox if pinged else None)
            cls.numbers = itertools.count(1)
            cls.addClassCleanup(parts.pop_all().close)

    @classmethod
    def configured(cls, server):
        """An authorization server in Beckon's configuration. `retail` is found out login by login."""
        known = {} if server == RETAIL else {"workspaces": {server: {"family": server}}}
        return authorization_server(
            server, cls.outward[server].url, base_path="/" + server,
            scopes=["manage_scope_grants", "manage_openbanking_consents"], **known)

    def tearDown(self):
        """Whatever Beckon did that a strict authorization server would not have."""
        for server, acp in self.acps.items():
            self.assertEqual(acp.ask("GET", "/violations"), [], server)
            unknown = [entry for entry in acp.ask("GET", "/log")
                       if entry["kind"] == "sim.unknown_member"]
            self.assertEqual(unknown, [], server)

    # What the parts do

    def ask(self, family, *, consent=None, body=None, account=None, person=None, lifetime=60,
            change=None):
        """The third party lodges a consent, unless it has one, and asks for a login."""
        message = f"Till {next(self.numbers)}"
        party = self.parties[family.server]
        if family.place and not consent:
            consent = party.lodge(family.place, body or family.lodged(account), family.token)
        if change:
            self.outward[family.server].changes[message] = change
        named = {family.parameter: consent} if family.parameter else {}
        asked = party.ask(
            scope=family.scopes.format(consent), login_hint=person or family.person,
            binding_message=message, requested_expiry=lifetime, **named)
        return Asked(self, family, consent, message, asked)

    def approve(self, login, **chosen):
        """What the phone shows, and nothing else."""
        digest = self.phone.look(self.beckon, login.id)["consent"]["digest"]
        status, answer = self.phone.decide(
            self.beckon, login.id, "approve", digest=digest, **chosen)
        self.assertEqual((status, answer.get("decision")), (200, "approve"), answer)

    def sees(self, login, shown):
        """The phone shows a fact, or for plain scopes their names."""
        page = self.phone.look(self.beckon, login.id)
        label, value = shown
        if label == "scopes":
            self.assertEqual([scope["name"] for scope in page["scopes"]], value)
            return
        facts = [fact for fact in page["consent"]["facts"] if fact.get("label") == label]
        self.assertTrue(any(fact | value == fact for fact in facts), (shown, page))

    def is_accepted(self, login, literal):
        """The client has its tokens, and the server was told this and nothing else."""
        status, tokens = login.party.hear(login.asked) if login.party.inbox else self.poll(login)
        self.assertEqual((status, tokens.get("token_type")), (200, "Bearer"), tokens)
        granted = login.family.scopes.format(login.consent).split()
        self.assertEqual(sorted(tokens["scope"].split()), sorted(granted))
        self.was_told(login, "accept", literal)
        receipt = self.phone.receipt(self.beckon, login.id)
        self.assertEqual((receipt["outcome"], receipt["delivery"]), ("approved", "delivered"))

    def is_rejected(self, login, why):
        status, error = login.party.hear(login.asked) if login.party.inbox else self.poll(login)
        self.assertEqual((status, error.get("error")), (400, "access_denied"))
        self.was_told(login, "reject", login.family.reject(why))

    def poll(self, login):
        login.acp.decided(login.id)
        return login.party.hear(login.asked)

    def was_told(self, login, verb, literal):
        self.assertEqual(login.sent, login.expected(verb, literal))
        kept = login.acp.login(login.id)
        self.assertEqual(kept["report"], login.sent[0][1])
        calls = (kept["effective_reports"], kept["accept_calls"], kept["reject_calls"])
        self.assertEqual(calls, (1, 1, 0) if verb == "accept" else (1, 0, 1))
        if login.consent:
            word = APPROVED if verb == "accept" else REJECTED
            self.assertEqual(login.status, login.family.status(word))

    def is_never_prompted(self, login):
        """To be asked when the login has ended: no prompt comes after that."""
        self.assertNotIn(login.id, self.phone.prompts)

    def closed_untold(self):
        """How many logins were closed because their consent had another one."""
        lines = self.beckon.run("logins", "list", "--phase=settled", "--limit=1000").splitlines()
        return sum("consentBusy" in line for line in lines)

    def each(self, cases, play):
        """Plays all cases at once, and tells which of them failed; returns what came of the others."""
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            plays = [(case, pool.submit(play, case)) for case in cases]
        results = []
        for case, played in plays:
            first = case[0] if isinstance(case, tuple) else case
            with self.subTest(getattr(first, "family", first).name):
                results.append(played.result())
        return results


def until(what, holds, limit=15):
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        time.sleep(0.05)
