"""A real identity provider, canaille, signs people in to the inbox and the console, in a headless browser.

    sign_in.py BECKON

canaille runs as it is, with its own pages, keys and discovery, and its store in memory. It knows no claims
of one's own and no verified addresses, so `OwnClaims` adds these three to what it puts into ID tokens.
"""

import contextlib
import json
import logging
import pathlib
import sys
import tempfile
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from canaille.oidc import provider as issuing
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "BlackBox"), str(HERE.parent / "Browser")]

import beckon as driver  # noqa: E402
from ports import free_port  # noqa: E402
from webdriver import Driver, until  # noqa: E402

driver.BINARY = sys.argv[1]
SECRET = "a-secret-between-canaille-and-beckon-4711"
PASSWORD = "correct horse battery staple"
# User name at the provider, name, address.
PEOPLE = [
    ("anna", "Anna", "Archer", "anna@bank.example"),
    ("alex", "Alex", "Admin", "alex@bank.example"),
    ("mo", "Mo", "Moderator", "mo@bank.example"),
    # The authorization server knows nobody of this name.
    ("stranger", "Sam", "Stranger", "sam@bank.example"),
]


# One line a request is for people who watch.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


class OwnClaims(issuing.UserInfo):
    """What canaille does not have: `email_verified`, and claims below the bank's domain."""

    def filter(self, scope):
        claims = super().filter(scope)
        if "email" in claims:
            claims["email_verified"] = True
        claims["https://bank.example/ciba_user"] = self["sub"]
        claims["https://bank.example/ciba_account"] = "retail"
        return claims


class Provider:
    """canaille on a port of its own, in a thread."""

    def __init__(self, redirects):
        issuing.UserInfo = OwnClaims
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.app = create_app(config={
            "SECRET_KEY": SECRET, "SERVER_NAME": f"127.0.0.1:{port}", "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "FORCE_HTTPS": False, "JAVASCRIPT": False,
                         "LOGGING": {"version": 1}},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)]},
        }, env_file=None)
        with self.app.app_context(), Backend.instance.session():
            for user, given, family, email in PEOPLE:
                Backend.instance.save(models.User(
                    user_name=user, given_name=given, family_name=family, emails=[email],
                    formatted_name=f"{given} {family}", password=PASSWORD))
            for client, redirect in redirects.items():
                stored = models.Client(
                    client_id=client, client_secret=SECRET, client_name=client,
                    client_uri="http://127.0.0.1", redirect_uris=[redirect],
                    scope=["openid", "email", "profile"], grant_types=["authorization_code"],
                    response_types=["code"], id_token_signed_response_alg="RS256",
                    token_endpoint_auth_method="client_secret_post")
                Backend.instance.save(stored)
                stored.audience = [stored]
                Backend.instance.save(stored)
        self.server = make_server("127.0.0.1", port, self.app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join(10)


class Stage:
    def __init__(self, stack):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        applications = ("inbox", "console")
        self.provider = Provider({
            f"beckon-{name}": f"{self.url}/sso/oidc/{name}/callback" for name in applications
        })
        stack.callback(self.provider.close)
        sign_in = {
            name: {
                "issuer": self.provider.url, "client_id": f"beckon-{name}", "client_secret": SECRET,
                "domain": "bank.example", "logout_url": self.provider.url + "/logout",
            } for name in applications
        }
        sign_in["console"]["controller_email"] = "alex@bank.example"
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="beckon-"))
        self.beckon = driver.Beckon(None, "http://127.0.0.1:9", {
            "public_url": self.url, "listen": {"address": f"127.0.0.1:{port}"}, "sign_in": sign_in,
        }, directory=folder)
        stack.callback(self.beckon.close)
        self.beckon.run("migrate")
        self.beckon.run("users", "add", "--user=anna")
        self.beckon.start()
        self.driver = Driver()
        stack.callback(self.driver.close)

    def audited(self, event):
        """The details of the audit's entries of a kind, in their order."""
        entries = map(json.loads, self.beckon.run("audit", "export").splitlines())
        return [entry["details"] for entry in entries if entry["event"] == event]

    def sign_in(self, browser, application, user):
        """By canaille's own pages: the name, then the password."""
        browser.go(f"{self.url}/sso/oidc/{application}?to=/{application}")
        for field, value in (("login", user), ("password", PASSWORD)):
            until(f"canaille asks for the {field}", lambda: browser.all(f"input[name={field}]"))
            browser.run(
                "const field = document.querySelector(`input[name=${arguments[0]}]`);"
                "field.value = arguments[1]; field.form.submit();", field, value)
        until("the way back", lambda: browser.address.startswith(self.url))


def main():
    with contextlib.ExitStack() as stack:
        stage = Stage(stack)
        rows = [
            ("inbox", "anna", "Anna Archer", None),
            ("console", "alex", "Alex Admin", "admin"),
            ("console", "mo", "Mo Moderator", "moderator"),
        ]
        for application, user, name, role in rows:
            with stage.driver.open(width=1200) as browser:
                stage.sign_in(browser, application, user)
                browser.sees(name)
                assert browser.address == f"{stage.url}/{application}", browser.address
            print(f"ok      canaille: {application} as {user}", flush=True)
        for (application, user, _, role), entry in zip(rows, stage.audited("sign_in.accepted"), strict=True):
            assert entry["subject"] == user and entry.get("role") == role, (user, entry)
        # Whom the authorization server does not know is waited for, and then told.
        with stage.driver.open() as browser:
            stage.sign_in(browser, "inbox", "stranger")
            entry = until("the refusal", lambda: stage.audited("sign_in.refused"), 30)[0]
            assert entry["step"] == "mapping", entry
            browser.sees(entry["reference"])
            assert not stage.audited("sign_in.accepted")[3:], "a stranger is signed in"
        print("ok      canaille: a stranger is not signed in", flush=True)
        stage.beckon.run("audit", "verify")


if __name__ == "__main__":
    main()
