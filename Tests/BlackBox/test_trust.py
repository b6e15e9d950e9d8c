"""Who may call, and as whom: bound tokens, delegation of authority and single sign-on, each step by
step against the running service, as the documents behind them tell it.

The steps of a class are its tests in the order of their names, and share one service.
"""

import base64
import contextlib
import hashlib
import html
import json
import os
import re
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse
from http.client import HTTPConnection, HTTPSConnection

from beckon import Beckon, authorization_server
from ports import free_port
from simulated import Forward, SimulatedACP, SimulatedIDP

ANNA, BEN = "anna@example.com", "ben@example.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Service(unittest.TestCase):
    """Beckon with TLS, in a folder with the certificates of its clients."""

    @classmethod
    def serve(cls, **config):
        cls.own = tempfile.TemporaryDirectory(prefix="trust-")
        cls.addClassCleanup(cls.own.cleanup)
        cls.folder = cls.own.name
        cls.certify("tls")
        port = free_port()
        cls.url = f"https://127.0.0.1:{port}"
        cls.forward = Forward()
        cls.addClassCleanup(cls.forward.__exit__)
        cls.beckon = Beckon(None, None, {
            "public_url": cls.url,
            "listen": {"address": f"127.0.0.1:{port}", "tls": {
                "certificate": f"{cls.folder}/tls.pem", "key": f"{cls.folder}/tls.key",
                "client_certificates": "any"}},
            "channels": {"phone": None, "terminal": {"kind": "console"}},
            "authorization_servers": [authorization_server("acp", cls.forward.url)],
            "trust": {}, **config,
        })
        cls.addClassCleanup(cls.beckon.close)

    @classmethod
    def certify(cls, name):
        """A self-signed certificate with a key of its own: NAME.pem, NAME.key, NAME.pub."""
        path = f"{cls.folder}/{name}"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path + ".key",
             "-out", path + ".pem"], check=True, capture_output=True)
        with open(path + ".pub", "wb") as file:
            subprocess.run(["openssl", "pkey", "-in", path + ".key", "-pubout"], check=True,
                           stdout=file)

    @classmethod
    def thumbprint(cls, name):
        with open(f"{cls.folder}/{name}.pem", encoding="ascii") as file:
            return base64url(hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest())

    def call(self, method, path, client=None, form=None, body=None, **fields):
        """Status, fields and body of one request, with the certificate of a client."""
        context = ssl.create_default_context(cafile=f"{self.folder}/tls.pem")
        if client:
            context.load_cert_chain(f"{self.folder}/{client}.pem", f"{self.folder}/{client}.key")
        data = None
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        if body is not None:
            data = json.dumps(body).encode()
            fields["Content-Type"] = "application/json"
        host = urllib.parse.urlsplit(self.url).netloc
        with contextlib.closing(HTTPSConnection(host, timeout=30, context=context)) as connection:
            connection.request(method, path, data, fields)
            response = connection.getresponse()
            text = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, response.headers, json.loads(text) if is_json else text.decode()

    def token(self, client, **form):
        form = {"grant_type": "client_credentials", **form}
        status, _, answer = self.call("POST", "/oauth2/token", client, form=form)
        return status, answer

    def bearer(self, token):
        return {"Authorization": "Bearer " + token}

    def audit(self, event):
        return [entry["details"] for entry in map(json.loads, self.beckon.run(
            "audit", "export").splitlines()) if entry["event"] == event]


class BoundTokens(Service):
    """The four validation steps of certificate-bound access tokens."""

    @classmethod
    def setUpClass(cls):
        cls.serve()
        for name in ("ops", "thief"):
            cls.certify(name)
        cls.beckon.run("clients", "add", "--id=ops", "--type=user", "--name=Ops",
                       "--auth=self_signed_tls_client_auth", f"--key={cls.folder}/ops.pem",
                       "--scope=admin:read")
        cls.beckon.start()

    def test_step_1_the_token_filter_requires_the_certificate_before_anything_else(self):
        for client_id in ("ops", "nobody"):
            status, answer = self.token(None, client_id=client_id)
            self.assertEqual((status, answer["error"]), (400, "invalid_request"))
        self.assertEqual({entry["reason"] for entry in self.audit("token.refused")},
                         {"no certificate"})

    def test_step_2_the_grant_handler_binds_the_certificate_to_the_token(self):
        status, answer = self.token("ops", client_id="ops")
        self.assertEqual((status, answer["token_type"], answer["scope"]),
                         (200, "Bearer", "admin:read"))
        type(self).access = answer["access_token"]
        self.assertEqual(self.token("thief", client_id="ops")[0], 401)

    def test_step_3_the_claim_is_returned_in_the_token_and_by_introspection(self):
        part = self.access.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        bound = {"x5t#S256": self.thumbprint("ops")}
        self.assertEqual(claims["cnf"], bound)
        status, _, answer = self.call("POST", "/oauth2/introspect", "ops",
                                      form={"client_id": "ops", "token": self.access})
        self.assertEqual((status, answer["active"], answer["cnf"]), (200, True, bound))

    def test_step_4_each_call_shows_the_certificate_that_is_bound_to_the_token(self):
        def status(client):
            return self.call("GET", "/admin/v1/clients", client, **self.bearer(self.access))[0]
        self.assertEqual([status(name) for name in ("ops", "thief", None, "ops")],
                         [200, 401, 401, 200])


class Delegation(Service):
    """The delegated system mode, from the setup to a decision for the user."""

    @classmethod
    def setUpClass(cls):
        cls.serve(trust={"delegation": {"decisions": "all", "families": ["scopes"]}})
        for name in ("robot", "bank"):
            cls.certify(name)
        for user in (ANNA, BEN):
            cls.beckon.run("users", "add", f"--user={user}")
        cls.beckon.run("clients", "add", "--id=bank", "--type=user", "--name=Bank",
                       "--auth=self_signed_tls_client_auth", f"--key={cls.folder}/bank.pem",
                       "--scope=backend:consents")
        cls.beckon.start()
        cls.acp = SimulatedACP(cls.url, f"--service-ca={cls.folder}/tls.pem",
                               "--system-client-secret=the-client-secret-of-beckon")
        cls.addClassCleanup(cls.acp.stop)
        cls.forward.target = cls.acp.url

    def assertion(self, client, user):
        now = int(time.time())
        parts = [{"alg": "RS256", "kid": "k-1"},
                 {"iss": client, "sub": user, "aud": self.url, "iat": now, "exp": now + 300,
                  "jti": base64url(os.urandom(16))}]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", f"{self.folder}/robot.key"],
            input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{base64url(signature)}"

    def delegated(self, client, user, assertion=None):
        return self.token("robot", client_assertion_type=ASSERTION,
                          client_assertion=assertion or self.assertion(client, user))

    def add_robot(self, name, addresses):
        self.beckon.run("clients", "add", f"--id={name}", "--type=delegated", "--name=Robot",
                        f"--key={self.folder}/robot.pub", "--kid=k-1",
                        "--scope=logins:read,logins:decide", f"--source-address={addresses}")

    def test_setup_1_the_client_is_registered_by_its_public_key_and_its_addresses(self):
        self.add_robot("robot", "127.0.0.0/8")
        self.add_robot("elsewhere", "203.0.113.0/28")
        listed = json.loads(self.beckon.run("clients", "list", "--type=delegated", "--json"))
        self.assertEqual([(client["type"], client["status"]) for client in listed],
                         [("delegated", "active")] * 2)

    def test_setup_2_calls_from_other_addresses_are_forbidden(self):
        status, answer = self.delegated("elsewhere", ANNA)
        self.assertEqual((status, answer["error"], answer["source_address"]),
                         (403, "source_address_not_allowed", "127.0.0.1"))

    def test_setup_3_the_user_gives_the_consent_once(self):
        self.assertEqual(self.delegated("robot", ANNA)[1]["error"], "invalid_grant")
        _, answer = self.token("bank", client_id="bank")
        status, _, consent = self.call(
            "POST", "/backend/v1/delegation-consents", "bank", body={
                "user": ANNA, "client_id": "robot", "text_version": "1",
                "text": "The robot may answer for me.", "language": "en",
                "accepted_at": "2026-01-02T03:04:05Z", "address": "198.51.100.7",
            }, **self.bearer(answer["access_token"]))
        self.assertEqual((status, consent["user"]), (201, ANNA))

    def test_step_1_the_backend_signs_an_assertion_that_names_the_user(self):
        type(self).signed = self.assertion("robot", ANNA)

    def test_step_2_it_sends_the_assertion_with_its_certificate(self):
        status, answer = self.delegated("robot", ANNA, self.signed)
        self.assertEqual((status, answer["expires_in"]), (200, 300))
        self.assertNotIn("refresh_token", answer)
        type(self).access = answer["access_token"]

    def test_step_3_the_token_is_for_that_user_once_for_each_assertion(self):
        part = self.access.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        self.assertEqual((claims["sub"], claims["act"], claims["cnf"]["x5t#S256"]),
                         (ANNA, {"sub": "robot"}, self.thumbprint("robot")))
        self.assertEqual(self.delegated("robot", ANNA, self.signed)[0], 401)
        self.assertEqual(self.delegated("robot", BEN)[1]["error"], "invalid_grant")

    def test_step_4_the_backend_calls_and_decides_on_behalf_of_the_user(self):
        names = {user: self.acp.ask("POST", "/logins", {"user": user, "scopes": ["openid"]})[
            "login_id"] for user in (ANNA, BEN)}

        def login(user):
            return self.call("GET", f"/backend/v1/logins/acp/{names[user]}", "robot",
                             **self.bearer(self.access))
        self.assertEqual(login(BEN)[0], 404)
        end = time.monotonic() + 20
        while login(ANNA)[2]["phase"] != "waiting":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        digest = login(ANNA)[2]["consent"]["digest"]
        status, _, decided = self.call(
            "POST", f"/backend/v1/logins/acp/{names[ANNA]}/decision", "robot",
            body={"decision": "approve", "digest": digest}, **self.bearer(self.access))
        self.assertEqual((status, decided["outcome"], decided["decision"]["decided_by"]),
                         (200, "approved", "delegated"))
        self.assertEqual(self.acp.decided(names[ANNA])["decision"]["outcome"], "approved")


class SingleSignOn(Service):
    """A person signs in at the bank's identity provider, through a call to action of the bank."""

    @classmethod
    def setUpClass(cls):
        port = free_port()
        # The provider must know the service, and the service the provider.
        cls.provider = SimulatedIDP(f"https://127.0.0.1:{port}")
        cls.addClassCleanup(cls.provider.stop)
        cls.serve()
        merged = {
            "public_url": f"https://127.0.0.1:{port}",
            "sign_in": {"inbox": cls.provider.registration("inbox", token_request="json")},
        }
        cls.url = merged["public_url"]
        cls.beckon.config.update(merged)
        cls.beckon.config["listen"]["address"] = f"127.0.0.1:{port}"
        cls.beckon.file.write_text(json.dumps(cls.beckon.config))
        cls.beckon.run("users", "add", f"--user={ANNA}")
        cls.beckon.start()
        cls.cookies = {}

    def browse(self, path):
        """As a browser does: keeps cookies. Status, where the answer leads, and the page."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        status, fields, page = self.call("GET", path, Cookie=jar)
        for cookie in fields.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return status, fields.get("Location"), page

    def choose(self, address, person):
        """On the provider's page. Returns the path that it leads to."""
        parts = urllib.parse.urlsplit(address)
        body = urllib.parse.urlencode({"request": parts.query, "person": person})
        with contextlib.closing(HTTPConnection(parts.netloc, timeout=20)) as connection:
            connection.request("POST", parts.path, body,
                               {"Content-Type": "application/x-www-form-urlencoded"})
            location = connection.getresponse().headers["Location"]
        self.assertTrue(location.startswith(self.url + "/sso/oidc/inbox/callback?"), location)
        return location.removeprefix(self.url)

    def test_step_1_the_browser_is_sent_to_the_provider_with_what_the_bank_gave(self):
        status, location, _ = self.browse("/sso/oidc/inbox?to=%2Finbox%3Ffrom%3Dmail")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        self.assertEqual(status, 303)
        self.assertTrue(location.startswith(self.provider.url + "/authorize?"))
        self.assertEqual({name: query[name] for name in (
            "client_id", "scope", "response_type", "redirect_uri")}, {
            "client_id": "beckon-inbox", "scope": "openid email profile", "response_type": "code",
            "redirect_uri": self.url + "/sso/oidc/inbox/callback"})
        self.assertGreaterEqual(len(query["state"]), 43)
        type(self).authorization = location

    def test_step_2_the_code_is_exchanged_and_the_id_token_checked(self):
        back = self.choose(self.authorization, "customer-anna")
        status, location, _ = self.browse(back)
        self.assertEqual((status, location), (303, self.url + "/inbox?from=mail"))
        self.assertEqual(self.audit("sign_in.accepted")[-1]["user"], ANNA)
        # The state counts once.
        self.assertEqual(self.browse(back)[0], 400)

    def test_step_3_the_person_is_signed_in(self):
        status, _, page = self.browse("/inbox")
        self.assertEqual(status, 200)
        self.assertIn("Anna Archer", page)

    def test_step_4_otherwise_the_error_page_says_which_check_failed_in_the_console(self):
        for fault, code in (("unverified", "email_not_verified"), ("expired", "expired"),
                            ("wrong_audience", "audience"), ("no_claim", "custom_claim")):
            self.provider.turn(id_token=fault)
            _, location, _ = self.browse("/sso/oidc/inbox")
            status, _, page = self.browse(self.choose(location, "customer-anna"))
            block = re.search(r'type="application/json"[^>]*>(.*?)</script>', page).group(1)
            self.assertEqual((status, json.loads(html.unescape(block))["code"]), (403, code))


if __name__ == "__main__":
    unittest.main()
