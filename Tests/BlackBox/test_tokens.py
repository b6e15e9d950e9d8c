"""Tokens of users, and what becomes of them when the process is killed: a code or refresh token whose
answer arrived is never valid twice, and nothing that was answered is lost."""

import hashlib
import http.client
import http.cookies
import json
import re
import secrets
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

from beckon import Beckon
from provider import Provider, encode

REDIRECT = "https://app.example/signed-in"


class App:
    """An app with a certificate of its own, and the browser of its user."""

    def __init__(self, beckon, provider):
        self.beckon, self.provider = beckon, provider
        self.cookies = {}
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.load_cert_chain(beckon.directory / "app.pem", beckon.directory / "app.key")

    def send(self, method, path, body=None, fields=None):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.beckon.port, context=self.context, timeout=30)
        try:
            connection.request(method, path, body, fields or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def browse(self, method, path, form=None):
        """As a browser that keeps cookies."""
        fields = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        body = None if form is None else urllib.parse.urlencode(form)
        status, headers, body = self.send(method, path, body, fields)
        for field in headers.get_all("Set-Cookie") or []:
            pair, *attributes = field.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return status, headers.get("Location"), body.decode()

    def code(self):
        """What the user's browser brings after signing in and agreeing, and the verifier."""
        verifier = secrets.token_urlsafe(40)
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": "app", "redirect_uri": REDIRECT, "state": "s",
            "code_challenge": encode(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256"})
        status, place, page = self.browse("GET", "/oauth2/authorize?" + query)
        while status in (302, 303):
            if place.startswith(self.provider.url):
                connection = http.client.HTTPConnection(urllib.parse.urlsplit(place).netloc)
                connection.request("GET", place[len(self.provider.url):])
                place = connection.getresponse().headers["Location"]
                connection.close()
            parts = urllib.parse.urlsplit(place)
            path = parts.path + ("?" + parts.query if parts.query else "")
            status, place, page = self.browse("GET", path)
        assert status == 200, (status, page)
        token = re.search(r'name="token" value="([^"]+)"', page).group(1)
        status, place, page = self.browse("POST", path, {"token": token, "answer": "allow"})
        assert status == 303 and place.startswith(REDIRECT + "?"), (status, place, page)
        sent = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(place).query))
        assert sent["state"] == "s" and sent["iss"] == "https://127.0.0.1", sent
        return sent["code"], verifier

    def ask(self, form):
        body = urllib.parse.urlencode({"client_id": "app", **form})
        fields = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, answer = self.send("POST", "/oauth2/token", body, fields)
        return status, json.loads(answer)

    def exchange(self, code, verifier):
        return self.ask({"grant_type": "authorization_code", "code": code,
                         "code_verifier": verifier, "redirect_uri": REDIRECT})

    def refresh(self, token):
        return self.ask({"grant_type": "refresh_token", "refresh_token": token})

    def call(self, token):
        return self.send("GET", "/device/v1/logins", None, {"Authorization": "Bearer " + token})[0]


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.beckon = Beckon(None, "http://127.0.0.1:9", {
            "public_url": "https://127.0.0.1",
            "listen": {"tls": {"certificate": "server.pem", "key": "server.key",
                               "client_certificates": "any"}},
            "sign_in": {"inbox": cls.provider.settings},
            "trust": {"refresh": {"again": "60s"}}})
        for name in ("server", "app"):
            subprocess.run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", cls.beckon.directory / f"{name}.key",
                "-out", cls.beckon.directory / f"{name}.pem"], check=True, capture_output=True)
        cls.beckon.run("migrate")
        cls.beckon.run("users", "add", "--user=anna")
        cls.beckon.run(
            "clients", "add", "--id=app", "--type=user", "--name=App", "--scope=device:logins",
            "--auth=self_signed_tls_client_auth", f"--key={cls.beckon.directory}/app.pem",
            f"--redirect-uri={REDIRECT}")
        cls.beckon.start()
        cls.app = App(cls.beckon, cls.provider)

    @classmethod
    def tearDownClass(cls):
        cls.beckon.close()
        cls.provider.__exit__()

    def crash(self):
        self.beckon.kill()
        self.beckon.start()

    def signed_in(self):
        status, tokens = self.app.exchange(*self.app.code())
        self.assertEqual(status, 200, tokens)
        return tokens

    # trust: A-15
    def test_a_code_that_was_answered_counts_once_across_a_crash(self):
        code = self.app.code()
        status, tokens = self.app.exchange(*code)
        self.assertEqual(status, 200, tokens)
        self.crash()
        self.assertEqual(self.app.call(tokens["access_token"]), 200, "nothing is lost")
        status, error = self.app.exchange(*code)
        self.assertEqual((status, error["error"]), (400, "invalid_grant"))
        self.assertEqual(self.app.call(tokens["access_token"]), 401, "what it gave has ended")
        self.assertEqual(self.app.refresh(tokens["refresh_token"])[0], 400)

    def test_a_code_that_was_given_is_not_lost(self):
        code = self.app.code()
        self.crash()
        self.assertEqual(self.app.exchange(*code)[0], 200)

    # trust: A-14
    def test_a_refresh_token_that_was_answered_is_not_lost_and_not_valid_twice(self):
        first = self.signed_in()
        status, second = self.app.refresh(first["refresh_token"])
        self.assertEqual(status, 200)
        self.crash()
        # The answer may have been lost: the same one again.
        status, again = self.app.refresh(first["refresh_token"])
        self.assertEqual((status, again["refresh_token"]), (200, second["refresh_token"]))
        status, third = self.app.refresh(second["refresh_token"])
        self.assertEqual(status, 200)
        self.crash()
        self.assertEqual(self.app.refresh(first["refresh_token"])[0], 400, "it was used")
        self.assertEqual(self.app.refresh(third["refresh_token"])[0], 400, "the family has ended")
        self.crash()
        self.assertEqual(self.app.call(third["access_token"]), 401)

    # trust: A-14
    def test_a_crash_in_the_middle_of_refreshes_leaves_each_app_with_one_token(self):
        for _ in range(3):
            held = [self.signed_in()["refresh_token"] for _ in range(4)]
            used = [[] for _ in held]
            ends = threading.Event()

            def refresh(number):
                while not ends.is_set():
                    try:
                        status, answer = self.app.refresh(held[number])
                    except (OSError, http.client.HTTPException, ValueError):
                        return  # Killed meanwhile; the answer may be lost.
                    assert status == 200, answer
                    used[number].append(held[number])
                    held[number] = answer["refresh_token"]

            threads = [threading.Thread(target=refresh, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(0.3)
            self.beckon.kill()
            ends.set()
            for thread in threads:
                thread.join()
            self.beckon.start()
            for token, old in zip(held, used):
                status, answer = self.app.refresh(token)
                self.assertEqual(status, 200, answer)
                status, answer = self.app.refresh(answer["refresh_token"])
                self.assertEqual(status, 200, answer)
                if old:
                    self.assertEqual(self.app.refresh(old[-1])[0], 400)


if __name__ == "__main__":
    unittest.main(verbosity=1)
