"""The whole of Beckon from outside: an independent client plays ACP, its client and the phone."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import resource
import signal
import sqlite3
import time
import unittest

from acp import ACP, Login
from beckon import Beckon, Phone, authorization_server


class BlackBox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.phone = Phone()
        cls.acp = ACP("http://127.0.0.1:1")
        # The bank never answers: nothing that needs no accounts may depend on it.
        server = authorization_server("acp", cls.acp.url)
        server["inbound"]["workspaces"] = ["retail"]
        cls.beckon = Beckon(cls.phone, None, config={
            "accounts": {"url": "http://127.0.0.1:9/{user}"}, "authorization_servers": [server]})
        cls.beckon.run("migrate")
        for user in ("customer-4711", "customer-4712"):
            cls.beckon.run("users", "add", f"--user={user}")
        cls.beckon.run("users", "add", "--user=blocked")
        cls.beckon.run("users", "disable", "--user=blocked")
        cls.beckon.start()
        cls.acp.beckon = cls.acp.beckon._replace(netloc=f"127.0.0.1:{cls.beckon.port}")

    @classmethod
    def tearDownClass(cls):
        cls.beckon.__exit__()
        cls.acp.__exit__()
        cls.phone.__exit__()

    # The flows, in each mode

    # rule: C10
    def test_accept(self):
        for mode in ("poll", "ping"):
            with self.subTest(mode):
                login = self.acp.start(mode=mode)
                status, receipt = self.phone.decide(self.beckon, login.id, "approve")
                self.assertEqual((status, receipt["outcome"]), (200, "approved"))
                status, tokens = self.acp.await_tokens(login)
                self.assertEqual((status, tokens["scope"]), (200, "openid profile"))
                self.assertEqual(login.body["granted_scopes"], ["openid", "profile"])
                self.assertEqual(login.body["login_state"], login.state)
                self.assertEqual(login.effective, 1)

    # rule: C10
    def test_reject(self):
        for mode in ("poll", "ping"):
            for decision in ("deny", "fraud", "cancel"):
                with self.subTest(mode=mode, decision=decision):
                    login = self.acp.start(mode=mode)
                    self.assertEqual(self.phone.decide(self.beckon, login.id, decision)[0], 200)
                    status, error = self.acp.await_tokens(login)
                    self.assertEqual((status, error["error"]), (400, "access_denied"))
                    self.assertEqual(login.effective, 1)

    # rule: C10
    def test_expiry(self):
        for mode in ("poll", "ping"):
            with self.subTest(mode):
                login = self.acp.start(mode=mode, lifetime=2)
                self.phone.prompt(login.id)
                status, error = self.acp.await_tokens(login)
                self.assertEqual((status, error["error"]), (400, "expired_token"))
                self.assertEqual(login.calls, [], "a plain scope grant is left to expire")
                late, _ = self.phone.decide(self.beckon, login.id, "approve")
                self.assertEqual(late, 410)

    def test_the_first_decision_wins(self):
        login = self.acp.start()
        self.phone.prompt(login.id)
        decisions = ["approve", "deny"] * 20
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(
                lambda decision: (decision, self.phone.decide(self.beckon, login.id, decision)[0]),
                decisions))
        winners = {decision for decision, status in answers if status == 200}
        self.assertEqual(len(winners), 1, answers)
        self.assertTrue(all(status in (200, 409) for _, status in answers), answers)
        self.acp.await_tokens(login)
        self.assertEqual(login.effective, 1)
        self.assertEqual(len(login.calls), 1)

    def test_one_trace_from_start_to_report(self):
        self.acp.misbehaviour = lambda login, verb: None if len(login.calls) else 503
        try:
            login = self.acp.start()
            self.assertEqual(self.phone.decide(self.beckon, login.id, "approve")[0], 200)
            self.acp.await_tokens(login)
        finally:
            self.acp.misbehaviour = None
        sent = [self.phone.traceparents[login.id]] + login.traceparents
        # The prompt, the look at the scope grant, and two reports.
        self.assertGreaterEqual(len(sent), 4)
        for traceparent in sent:
            self.assertRegex(traceparent, f"^00-{login.trace}-[0-9a-f]{{16}}-01$")
        self.assertEqual(len(set(sent)), len(sent), "each call has a span of its own")
        lines = {line["event"]: line for line in self.beckon.lines()
                 if line.get("trace_id") == login.trace}
        self.assertTrue({"request.finished", "login.decided", "report.delayed"} <= lines.keys())
        self.assertEqual(lines["report.delayed"]["request_id"], lines["request.finished"]["id"])
        self.assertNotEqual(lines["login.decided"]["id"], lines["login.decided"]["request_id"])

    # What may go wrong at the server

    def test_the_log_has_the_life_of_a_login(self):
        for decision, word in (("approve", "approve"), ("deny", "deny")):
            with self.subTest(decision):
                login = self.acp.start()
                self.assertEqual(self.phone.decide(self.beckon, login.id, decision)[0], 200)
                self.acp.await_tokens(login)
                wanted = ["received", "prepared", "notified", "decided", "reported", "settled"]
                end = time.monotonic() + 10
                while time.monotonic() < end:
                    lines = [line for line in self.beckon.lines()
                             if line.get("login_id") == login.id]
                    if lines and lines[-1]["event"] == "login.settled":
                        break
                    time.sleep(0.05)
                # The phone may decide before its own answer to the notification is recorded.
                events = [line["event"].removeprefix("login.") for line in lines]
                self.assertEqual([event for event in events if event != "notified"],
                                 [event for event in wanted if event != "notified"])
                self.assertEqual(len({line["trace_id"] for line in lines}), 1)
                decided = next(line for line in lines if line["event"] == "login.decided")
                self.assertEqual(decided["decision"], word)

    def test_a_crash_leaves_no_memory_in_the_log_unless_it_is_asked_to(self):
        ours = resource.getrlimit(resource.RLIMIT_CORE)
        for arguments, allowed in ([], False), (["--crash-reports"], True):
            with self.subTest(arguments), contextlib.closing(
                    Beckon(None, "http://127.0.0.1:9")) as beckon:
                beckon.arguments = arguments
                beckon.start()
                core = resource.prlimit(beckon.process.pid, resource.RLIMIT_CORE)
                self.assertEqual(core, ours if allowed else (0, 0))
                # Signals that are caught: the runtime's handlers write the report.
                status = pathlib.Path(f"/proc/{beckon.process.pid}/status").read_text()
                caught = int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)
                self.assertEqual(caught >> (signal.SIGSEGV - 1) & 1, int(allowed))
                if not allowed:
                    mark = beckon.log.stat().st_size
                    beckon.process.send_signal(signal.SIGSEGV)
                    self.assertEqual(beckon.process.wait(20), -signal.SIGSEGV)
                    self.assertEqual(beckon.log.read_bytes()[mark:], b"")

    def test_a_lost_answer_is_not_reported_twice(self):
        faults = iter(["drop"])
        self.acp.misbehaviour = lambda login, verb: next(faults, None)
        try:
            login = self.acp.start()
            self.phone.decide(self.beckon, login.id, "approve")
            self.acp.await_tokens(login)
            self.phone.receipt(self.beckon, login.id)
        finally:
            self.acp.misbehaviour = None
        self.assertEqual((login.effective, len(login.calls)), (1, 1))

    def test_a_server_that_fails_is_told_later(self):
        faults = iter([503, 429])
        self.acp.misbehaviour = lambda login, verb: next(faults, None)
        try:
            login = self.acp.start()
            self.phone.decide(self.beckon, login.id, "deny")
            status, error = self.acp.await_tokens(login)
        finally:
            self.acp.misbehaviour = None
        self.assertEqual((status, error["error"]), (400, "access_denied"))
        self.assertEqual(login.effective, 1)

    # The bank

    def test_a_bank_that_is_down_leaves_the_service_ready(self):
        status, _ = self.beckon.request("GET", "/health/ready", port=self.beckon.management)
        self.assertEqual(status, 200)

    # /user/verify

    def test_verify_says_yes_only_of_whom_it_can_reach(self):
        expected = {"customer-4711": True, "blocked": False, "nobody": False}
        for user, valid in expected.items():
            with self.subTest(user):
                answer = self.acp.call("/user/verify", {"user_identifier": user})
                self.assertEqual(answer, (200, {"valid": valid}))

    # /authentication/start: each body of the contract, and each malformed one

    GOOD = {
        "live": None,
        "older": {"login_id": "c9q2v7mrr5gsq3fso0ag", "user_identifier": "customer-4711",
                  "state": "c9q2v7mrr5gsq3fso0b0"},
        "minimal": {"login_id": "minimal-1", "user_identifier": "customer-4711"},
        "with nulls": {"login_id": "nulls-1", "user_identifier": "customer-4711",
                       "login_state": None, "requested_scopes": None, "acr_values": None,
                       "binding_message": None, "expires_at": None, "client_info": None,
                       "tenant_id": None, "server_id": None, "client_id": None},
        "with unknown members": {"login_id": "unknown-1", "user_identifier": "customer-4711",
                                 "user_code": "1234", "claims": {"a": [1, 2.5, True, None]},
                                 "authorization_details": [{"type": "payment"}]},
        "scopes as objects": {"login_id": "objects-1", "user_identifier": "customer-4711",
                              "requested_scopes": [{"name": "consent:*", "requested_name": "openid"}]},
        "scopes as one string": {"login_id": "string-1", "user_identifier": "customer-4711",
                                 "requested_scopes": "openid profile"},
        "expiry with offset": {"login_id": "offset-1", "user_identifier": "customer-4711",
                               "expires_at": "2031-03-04T10:49:34.5+01:00"},
        "already expired": {"login_id": "past-1", "user_identifier": "customer-4711",
                            "expires_at": "2001-03-04T10:49:34Z"},
    }

    BAD = {
        "empty": b"",
        "not JSON": b"login_id=1",
        "an array": b"[]",
        "a name twice": b'{"login_id":"bad-1","login_id":"bad-2","user_identifier":"u"}',
        "no login_id": b'{"user_identifier":"customer-4711"}',
        "login_id a number": b'{"login_id":7,"user_identifier":"customer-4711"}',
        "login_id empty": b'{"login_id":"","user_identifier":"customer-4711"}',
        "login_id too long": json.dumps(
            {"login_id": "x" * 513, "user_identifier": "customer-4711"}).encode(),
        "login_id with a newline": b'{"login_id":"a\\nb","user_identifier":"customer-4711"}',
        "an alias": b'{"loginId":"bad-1","user_identifier":"customer-4711"}',
    }

    # The rest of a body that begins with its login_id and login_state. The server would repeat them
    # for ever.
    NAMED = {
        "cut off": b',"user_identifier":"customer-4711"',
        "trailing bytes": b',"user_identifier":"customer-4711"}{}',
        "not UTF-8": b',"user_identifier":"\xff"}',
        "no user_identifier": b"}",
        "user null": b',"user_identifier":null}',
        "scopes a number": b',"user_identifier":"u","requested_scopes":7}',
        "scopes of numbers": b',"user_identifier":"u","requested_scopes":[7]}',
        "expiry not a date": b',"user_identifier":"u","expires_at":"soon"}',
        "another tenant": b',"user_identifier":"u","tenant_id":"stranger"}',
        "too deep": b',"user_identifier":"u","x":' + b"[" * 80 + b"]" * 80 + b"}",
        "unknown twice": b',"user_identifier":"u","x":1,"x":1}',
        "lone surrogate": b',"user_identifier":"u","binding_message":"\\ud800"}',
        "control character": b',"user_identifier":"u","binding_message":"a\x01b"}',
        "long message": b',"user_identifier":"u","binding_message":"' + b"m" * 5000 + b'"}',
        "long scope": b',"user_identifier":"u","requested_scopes":["' + b"s" * 2001 + b'"]}',
        "many scopes": b',"user_identifier":"u","requested_scopes":["s"' + b',"s"' * 200 + b"]}",
        "many acr values": b',"user_identifier":"u","acr_values":["s"' + b',"s"' * 200 + b"]}",
        "another workspace": b',"user_identifier":"u","server_id":"stranger"}',
        "over 64 KiB": b',"user_identifier":"u","x":"' + b"y" * 65537 + b'"}',
        "over 512 KiB": b',"user_identifier":"u","x":"' + b"y" * (512 << 10) + b'"}',
        **{f"{name} {value[:9]}": f',"user_identifier":"u","{name}":{value}}}'.encode()
           for name in ("server_id", "client_id", "openbanking_intent_id")
           for value in ("7", "true", "{}", "[]", '"' + "i" * 513 + '"', '"a\\u0000b"')},
        **{f"user {value[:9]}": f',"user_identifier":{value}}}'.encode()
           for value in ("7", "true", "{}", "[]", '""', '"' + "i" * 513 + '"', '"a\\u0000b"')},
        **{f"expiry {value}": f',"user_identifier":"u","expires_at":"{value}"}}'.encode()
           for value in ("2031-03-04", "2031-03-04T10:49:34", "2031-13-04T10:49:34Z",
                         "10000-01-01T00:00:00Z")},
    }

    def test_start_takes_every_body_of_the_contract_and_repeats(self):
        for name, body in self.GOOD.items():
            with self.subTest(name):
                if body is None:
                    login = self.acp.start()
                    body = login.start_body()
                before = self.rows()
                first = self.acp.call("/authentication/start", body)
                again = self.acp.call("/authentication/start", body)
                self.assertEqual(first, (200, {"acknowledged": True}))
                self.assertEqual(again, first)
                self.assertLessEqual(self.rows() - before, 1, "a repeat left a second row")

    def test_start_that_can_only_be_named_is_acknowledged_and_rejected(self):
        for name, rest in self.NAMED.items():
            with self.subTest(name):
                login = Login("customer-4711", ["openid"], 60, "poll")
                self.acp.logins[login.id] = login
                start = f'{{"login_id":"{login.id}","login_state":"{login.state}"'
                raw = start.encode() + rest
                for _ in range(2):
                    self.assertEqual(
                        self.acp.call("/authentication/start", None, raw=raw),
                        (200, {"acknowledged": True}))
                self.assertTrue(login.decided.wait(15), "never reported")
                self.assertEqual((login.decision, login.effective), ("reject", 1))
                line = self.beckon.logged("start.malformed", login_id=login.id)
                self.assertTrue(line["cause"])

    def test_start_refuses_what_is_malformed_and_keeps_nothing(self):
        before = self.rows()
        for name, raw in self.BAD.items():
            with self.subTest(name):
                status, error = self.acp.call("/authentication/start", None, raw=raw)
                self.assertEqual((status, error["error"]), (400, "invalid_request"))
                self.assertTrue(error["error_description"])
        name = b'{"login_id":"bad-1","user_identifier":"u"'
        for raw in (b"y" * 65537, b'{"x":"' + b"y" * 65537 + b'"}', name + b" " * (1 << 20) + b"}"):
            status, error = self.acp.call("/authentication/start", None, raw=raw)
            self.assertEqual((status, error["error"]), (413, "invalid_request"))
        self.assertEqual(self.rows(), before)

    def test_start_needs_the_right_credentials(self):
        before = self.rows()
        for authorization in ("Basic YWNwOndyb25n", "Basic !!!", "Bearer x", "Basic"):
            body = {"login_id": "stranger", "user_identifier": "customer-4711"}
            status, error = self.acp.call("/authentication/start", body, authorization)
            self.assertEqual((status, error["error"]), (401, "unauthorized"))
        self.assertEqual(self.rows(), before)

    def test_a_hundred_deliveries_at_once_are_one_login(self):
        login = self.acp.start(user="customer-4712")
        body = login.start_body()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(
                lambda _: self.acp.call("/authentication/start", body), range(100)))
        self.assertEqual(set(status for status, _ in answers), {200})
        self.phone.prompt(login.id)
        self.phone.decide(self.beckon, login.id, "approve")
        self.acp.await_tokens(login)
        self.phone.receipt(self.beckon, login.id)
        arrived = [name for name, _ in self.phone.arrivals if name == login.id]
        self.assertEqual((len(arrived), len(login.calls)), (1, 1))

    def test_a_webhook_is_repeated_as_it_was_also_by_the_next_process(self):
        self.phone.is_busy = True
        login = self.acp.start(lifetime=40)
        mine = lambda: [message for name, message in self.phone.refused if name == login.id]
        with self.phone.landed:
            self.assertTrue(self.phone.landed.wait_for(mine, 10))
        self.beckon.kill()
        self.phone.is_busy = False
        self.beckon.start()
        self.acp.beckon = self.acp.beckon._replace(netloc=f"127.0.0.1:{self.beckon.port}")
        self.phone.prompt(login.id, 20)
        first, second = mine()[0], self.phone.messages[login.id]
        self.assertEqual((first["id"], first["body"]), (second["id"], second["body"]))
        # Each attempt is signed with the second in which it is made, which may be the same one.
        self.assertEqual(first["timestamp"] == second["timestamp"],
                         first["signature"] == second["signature"])
        self.assertEqual(self.phone.decide(self.beckon, login.id, "approve")[0], 200)

    # What nobody may see

    def test_secrets_stay_out_of_log_and_database(self):
        login = self.acp.start()
        body = {**login.start_body(), "login_id": "secretive", "user_code": "73519-code"}
        self.acp.call("/authentication/start", body)
        self.phone.decide(self.beckon, login.id, "approve")
        self.acp.await_tokens(login)
        self.phone.receipt(self.beckon, login.id)
        log = self.beckon.log.read_bytes()
        files = [path.read_bytes() for path in self.beckon.directory.glob("beckon.db*")]
        ticket = self.phone.prompts[login.id]["ticket"]
        secrets = ["not-a-secret-but-long-enough", "the-client-secret-of-beckon", ticket,
                   "73519-code", *self.acp.tokens]
        for secret in secrets:
            self.assertNotIn(secret.encode(), log)
            for file in files:
                self.assertNotIn(secret.encode(), file)
        for personal in ("customer-4711", "Kiosk 12", login.state):
            self.assertNotIn(personal.encode(), log)

    # Helpers

    def rows(self):
        with sqlite3.connect(f"file:{self.beckon.directory}/beckon.db?mode=ro", uri=True) as file:
            return file.execute("SELECT count(*) FROM login").fetchone()[0]


if __name__ == "__main__":
    unittest.main(verbosity=1)
