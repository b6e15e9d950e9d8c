"""Beckon proves itself to an authorization server by a certificate, through a real nginx."""

import filecmp
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "BlackBox"))

from beckon import BINARY, Beckon, Phone  # noqa: E402
from proxy import PROGRAM, Authority, Nginx  # noqa: E402
from simulated import SimulatedACP  # noqa: E402

OLD, NEW = "10", "11"
TOKEN = "/system/oauth2/token"
SUBJECT = "CN=beckon,O=Bank"


class Simulator(SimulatedACP):
    """`beckon-lab simulate acp`, whose service client is registered for a certificate."""

    def __init__(self, public_url, service_url, *more):
        super().__init__(service_url, f"--base-url={public_url}", *more)

    def begin(self):
        wanted = {"user": "anna", "scopes": ["openid", "profile"], "ttl": 120}
        return self.ask("POST", "/logins", wanted)["login_id"]


class Stage(unittest.TestCase):
    """Beckon, the simulator, nginx between them, and a phone."""

    # Whether the certificates are of nobody but themselves.
    self_signed = False

    @classmethod
    def setUpClass(cls):
        if not PROGRAM:
            raise AssertionError("nginx is needed: Tests/setup.sh test")
        cls.directory = tempfile.TemporaryDirectory(prefix="beckon-")
        cls.authority = Authority(cls.directory.name)
        for name, subject, serial in (
                ("old", "/O=Bank/CN=beckon", 0x10), ("new", "/O=Bank/CN=beckon", 0x11),
                ("stranger", "/O=Bank/CN=stranger", 0x12)):
            issue = cls.authority.issue_itself if cls.self_signed else cls.authority.issue
            issue(name, subject, serial)
        cls.replace("old")
        cls.nginx = Nginx(cls.authority, any_certificate=cls.self_signed)
        cls.phone = Phone()
        cls.beckon = Beckon(cls.phone, cls.nginx.url, directory=cls.directory.name)
        outbound = cls.beckon.config["authorization_servers"][0]["outbound"]
        del outbound["client_secret"]
        outbound.update({
            "certificate_bound_access_tokens": True, "discovery": True,
            "ca": cls.authority.file("ca.pem"), "certificate": "used.pem", "key": "used.key",
        })
        more = cls.register(outbound)
        cls.beckon.file.write_text(json.dumps(cls.beckon.config))
        cls.beckon.run("check")
        cls.beckon.run("migrate")
        cls.beckon.run("users", "add", "--user=anna")
        cls.beckon.start()
        cls.acp = Simulator(cls.nginx.url, cls.beckon.url, *more)
        cls.nginx.start(cls.acp.url)

    @classmethod
    def tearDownClass(cls):
        cls.beckon.stop()
        cls.acp.stop()
        cls.nginx.stop()
        cls.phone.__exit__()
        cls.directory.cleanup()

    @classmethod
    def register(cls, outbound):
        """Says how Beckon proves itself; returns what the simulator is told of it."""
        raise NotImplementedError

    # Helpers

    @classmethod
    def replace(cls, name, parts=("pem", "key")):
        """Puts a certificate or key where Beckon finds it, whole from the first moment on."""
        for part in parts:
            fresh = cls.authority.file(f"fresh.{part}")
            shutil.copyfile(cls.authority.file(f"{name}.{part}"), fresh)
            os.replace(fresh, cls.authority.file(f"used.{part}"))

    def use(self, name):
        """The same, told by a signal, and done."""
        names = (self.authority.file(f"{name}.pem"), self.authority.file("used.pem"))
        if filecmp.cmp(*names, shallow=False):
            return
        before = self.count("credentials.replaced")
        self.replace(name)
        self.beckon.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while self.count("credentials.replaced") == before:
            self.assertLess(time.monotonic(), end, "the signal was not heeded")
            time.sleep(0.01)

    def wait(self, event, times):
        end = time.monotonic() + 20
        while self.count(event) < times:
            self.assertLess(time.monotonic(), end, event)
            time.sleep(0.01)

    def approve(self, login=None):
        """One login, from the simulator's start until its accept has landed."""
        login = login or self.acp.begin()
        status, _ = self.phone.decide(self.beckon, login, "approve")
        self.assertEqual(status, 200)
        end = time.monotonic() + 15
        while (known := self.acp.ask("GET", f"/logins/{login}"))["state"] != "approved":
            self.assertLess(time.monotonic(), end, known)
            time.sleep(0.01)
        return login

    def count(self, event):
        return sum(line.get("event") == event for line in self.beckon.lines())

    def post(self, name, path, form):
        fields = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call(name, "POST", path, urllib.parse.urlencode(form), fields)

    def get(self, name, path, token):
        return self.call(name, "GET", path, None, {"Authorization": "Bearer " + token})

    def call(self, name, method, path, body, fields):
        """With a certificate of that name, or without one."""
        context = ssl.create_default_context(cafile=self.authority.file("ca.pem"))
        if name:
            context.load_cert_chain(
                self.authority.file(f"{name}.pem"), self.authority.file(f"{name}.key"))
        connection = http.client.HTTPSConnection(
            "localhost", self.nginx.port, context=context, timeout=30)
        try:
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            data = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, json.loads(data) if is_json else data
        finally:
            connection.close()


class MutualTLS(Stage):
    @classmethod
    def register(cls, outbound):
        outbound["client_authentication"] = "tls_client_auth"
        return [f"--system-client-subject={SUBJECT}"]

    # What the proxy and the server refuse

    def test_a_token_is_for_the_registered_certificate_only(self):
        form = {"grant_type": "client_credentials", "client_id": "beckon",
                "scope": "manage_scope_grants"}
        self.assertEqual(self.post(None, TOKEN, form)[0], 400, "nginx wants a certificate")
        status, error = self.post("stranger", TOKEN, form)
        self.assertEqual((status, error["error"]), (401, "invalid_client"))
        with_secret = {**form, "client_secret": "beckon-system-client-secret"}
        self.assertEqual(self.post("old", TOKEN, with_secret)[0], 401)
        status, grant = self.post("old", TOKEN, form)
        self.assertEqual(status, 200)
        # Beside the certificate that it was had with, the token reaches the look-up …
        path = "/api/system/bank/scope-grants/nobody"
        self.assertEqual(self.get("old", path, grant["access_token"])[0], 404)
        # … and beside another one of the same name it does not.
        self.assertEqual(self.get("new", path, grant["access_token"])[0], 401)
        rules = [violation["rule"] for violation in self.acp.ask("GET", "/violations")]
        self.assertEqual(rules, ["call.certificate"])
        self.acp.ask("POST", "/reset")

    # What Beckon does

    def test_every_call_shows_the_certificate_and_the_alias_is_used(self):
        self.use("old")
        mark = len(self.nginx.calls())
        login = self.approve()
        calls = self.nginx.calls(mark)
        self.assertEqual({call[0] for call in calls}, {OLD})
        accept = f"/api/system/bank/scope-grants/{login}/accept"
        self.assertIn(("POST", accept, "200"), [call[2:] for call in calls])
        asked = [call for call in self.nginx.calls() if call[3].endswith("/oauth2/token")]
        self.assertEqual({call[3] for call in asked if call[0] == OLD}, {TOKEN})
        self.assertEqual(self.acp.ask("GET", "/violations"), [])

    def test_a_certificate_is_replaced_while_logins_go_on(self):
        self.use("old")
        self.approve()
        process = self.beckon.process.pid
        before = self.count("credentials.replaced")
        # As a renewal goes: the certificate, a moment in which it has no key, the key. Nobody tells
        # Beckon, which looks every two seconds.
        mark = len(self.nginx.calls())
        self.replace("new", ["pem"])
        end = time.monotonic() + 20
        while not self.count("credentials.not_replaced"):
            self.assertLess(time.monotonic(), end, "the mismatch was not noticed")
            self.approve()
        self.assertEqual({call[0] for call in self.nginx.calls(mark)}, {OLD})
        self.replace("new", ["key"])
        logins = []
        while self.count("credentials.replaced") == before:
            self.assertLess(time.monotonic(), end, "the new certificate was not noticed")
            logins.append(self.approve())
        mark = len(self.nginx.calls())
        logins += [self.approve() for _ in range(3)]
        self.assertEqual({call[0] for call in self.nginx.calls(mark)}, {NEW})
        # A new token and a new connection: one token for the new certificate, and the old one's
        # connections are not used beside it.
        connections = {}
        for serial, connection, *_ in self.nginx.calls():
            connections.setdefault(connection, set()).add(serial)
        self.assertTrue(all(len(serials) == 1 for serials in connections.values()), connections)
        for login in logins:
            known = self.acp.ask("GET", f"/logins/{login}")
            self.assertEqual((known["state"], known["effective_reports"]), ("approved", 1))
        self.assertEqual(self.acp.ask("GET", "/violations"), [])
        self.assertEqual(self.beckon.process.pid, process)
        self.assertIsNone(self.beckon.process.poll())

    def test_a_certificate_is_replaced_at_once_on_a_signal(self):
        self.use("old")
        self.approve()
        # Nobody calls meanwhile, so nobody but the signal makes Beckon look.
        self.use("new")
        mark = len(self.nginx.calls())
        self.approve()
        self.assertEqual({call[0] for call in self.nginx.calls(mark)}, {NEW})


class SignedAssertions(Stage):
    """Tokens are asked for by assertions, and bound to the certificate all the same."""

    @classmethod
    def register(cls, outbound):
        for name, algorithm in (("first", "PS256"), ("second", "EdDSA"), ("unknown", "ES256")):
            cls.beckon_keys("generate", f"--alg={algorithm}", f"--out={cls.authority.file(name)}")
        cls.use_key("first")
        keys = pathlib.Path(cls.authority.file("keys.json"))
        keys.write_text(cls.beckon_keys(
            "jwks", cls.authority.file("first"), cls.authority.file("second")))
        outbound.update({
            "client_authentication": "private_key_jwt", "assertion_audience": "issuer",
            "private_key": {"file": "used-key.json"},
        })
        return [f"--system-client-subject={SUBJECT}", f"--system-client-jwks={keys}"]

    def test_a_signing_key_is_replaced_and_nothing_is_lost(self):
        self.approve()
        asked = sum(call[3] == TOKEN for call in self.nginx.calls())
        self.assertEqual(asked, 1)
        # A key that the server does not know: the login waits.
        self.use_key("unknown")
        self.beckon.process.send_signal(signal.SIGHUP)
        self.wait("credentials.replaced", 1)
        login = self.acp.begin()
        self.wait("token.failed", 1)
        self.use_key("second")
        self.beckon.process.send_signal(signal.SIGHUP)
        self.wait("credentials.replaced", 2)
        self.approve(login)
        self.assertEqual(self.acp.ask("GET", "/violations"), [])
        self.assertEqual({call[0] for call in self.nginx.calls()}, {OLD})

    @classmethod
    def use_key(cls, name):
        fresh = cls.authority.file("fresh-key.json")
        shutil.copyfile(cls.authority.file(name), fresh)
        os.replace(fresh, cls.authority.file("used-key.json"))

    @staticmethod
    def beckon_keys(*arguments):
        run = subprocess.run([BINARY, "keys", *arguments], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout


class SelfSignedCertificates(Stage):
    """The server knows the certificate itself, and no authority (RFC 8705 2.2)."""

    self_signed = True

    @classmethod
    def register(cls, outbound):
        outbound["client_authentication"] = "self_signed_tls_client_auth"
        return [f"--system-client-thumbprint={cls.authority.thumbprint('old')}"]

    def test_a_token_is_for_the_registered_certificate_only(self):
        form = {"grant_type": "client_credentials", "client_id": "beckon",
                "scope": "manage_scope_grants"}
        # None, and one that differs in nothing but its key and serial.
        for name in (None, "new", "stranger"):
            status, error = self.post(name, TOKEN, form)
            self.assertEqual((status, error["error"]), (401, "invalid_client"), name)
        with_secret = {**form, "client_secret": "beckon-system-client-secret"}
        self.assertEqual(self.post("old", TOKEN, with_secret)[0], 401)
        status, grant = self.post("old", TOKEN, form)
        self.assertEqual(status, 200)
        path = "/api/system/bank/scope-grants/nobody"
        self.assertEqual(self.get("old", path, grant["access_token"])[0], 404)

    def test_beckon_is_known_by_its_certificate_and_not_by_another(self):
        mark = len(self.nginx.calls())
        self.approve()
        calls = self.nginx.calls(mark)
        self.assertEqual({call[0] for call in calls}, {OLD})
        self.assertIn((OLD, "POST", TOKEN, "200"), [(call[0], *call[2:]) for call in calls])
        failures = self.count("token.failed")
        self.use("new")
        login = self.acp.begin()
        self.wait("token.failed", failures + 1)
        self.assertIn((NEW, "POST", TOKEN, "401"),
                      [(call[0], *call[2:]) for call in self.nginx.calls(mark)])
        self.use("old")
        self.approve(login)
        self.assertEqual(self.acp.ask("GET", "/violations"), [])


if __name__ == "__main__":
    unittest.main(verbosity=1)
