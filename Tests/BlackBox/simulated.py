"""The simulators of `beckon-lab simulate` as processes of their own, and what stands between them and
Beckon: a place where everything that passes can be seen and changed.
"""

import base64
import json
import secrets
import subprocess
import threading
import time
import urllib.parse
from http.client import HTTPConnection, HTTPException

from acp import LocalServer, answer
from beckon import LAB, PASSWORD

CIBA = "urn:openid:params:grant-type:ciba"


class Process:
    """A command that prints an address on each of its first lines: `control  http://…`."""

    def __init__(self, *arguments, lines=1):
        self.process = subprocess.Popen([LAB, *arguments], stdout=subprocess.PIPE, text=True)
        printed = [self.process.stdout.readline() for _ in range(lines)]
        assert all(printed), f"{arguments} ended"
        self.addresses = [line.split()[-1] for line in printed]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


class SimulatedBank(Process):
    """Where accounts are listed. `url` has `{user}` in it."""

    TOKEN = "the-bank-token-of-beckon"

    def __init__(self):
        super().__init__("simulate", "bank", "--listen=127.0.0.1:0", f"--token={self.TOKEN}")
        self.url = self.addresses[0]


class SimulatedIDP(Process):
    """`beckon-lab simulate idp`, at which people sign in by a click. `url` is the issuer."""

    SECRET = "a-secret-between-the-provider-and-beckon"

    def __init__(self, service_url, *options):
        super().__init__(
            "simulate", "idp", "--listen=127.0.0.1:0", "--control=127.0.0.1:0",
            f"--service-url={service_url}", f"--client-secret={self.SECRET}", *options, lines=2)
        self.url, self.control = self.addresses

    def registration(self, application, **more):
        """Beckon's group of the configuration for an application."""
        return {"issuer": self.url, "client_id": f"beckon-{application}",
                "client_secret": self.SECRET, "domain": "bank.example",
                "logout_url": self.url + "/logout", **more}

    def turn(self, **knobs):
        """Turns knobs for one use."""
        status, answer = call(f"{self.control}/knobs", "POST", {"set": knobs, "times": 1})
        assert status == 201, (knobs, status, answer)


class SimulatedACP(Process):
    """`beckon-lab simulate acp`, and its control."""

    def __init__(self, service_url, *options):
        super().__init__(
            "simulate", "acp", "--listen=127.0.0.1:0", "--control=127.0.0.1:0",
            f"--service-url={service_url}", f"--service-password={PASSWORD}", *options, lines=2)
        self.url = self.addresses[0]
        self.control = urllib.parse.urlsplit(self.addresses[1])
        # Of the latest entry of its log that was read here.
        self.seen = 0

    def ask(self, method, path, body=None):
        status, answer = call(f"http://{self.control.netloc}/_sim{path}", method, body)
        assert status < 300, (method, path, body, status, answer)
        return answer

    def login(self, login_id):
        """As the authorization server remembers it."""
        return self.ask("GET", f"/logins/{login_id}")

    def turn(self, knobs, probability=1, **match):
        """Turns knobs for good, or for what they match; returns how to turn them back."""
        wanted = {"set": knobs, "match": match, "probability": probability}
        knob = self.ask("POST", "/knobs", wanted)["id"]
        return lambda: self.ask("DELETE", f"/knobs/{knob}")

    def decided(self, login_id, limit=20):
        """Waits until a decision was reported, and returns the login."""
        end = time.monotonic() + limit
        while True:
            seen = self.seen
            login = self.login(login_id)
            if login.get("decision"):
                return login
            assert time.monotonic() < end, f"never decided: {login}"
            news = self.ask("GET", f"/log?after={seen}&wait_s=5")
            self.seen = max([seen, *(entry["number"] for entry in news)])


class Between(LocalServer):
    """Hands every call on to `target`, and keeps the bodies of starts and reports as they came.

    `changes` holds functions by binding message: what a GET answers about such a login goes through
    them on its way back.
    """

    def __init__(self, starts=None):
        self.target = None
        self.starts = {} if starts is None else starts
        self.reports, self.changes = {}, {}
        super().__init__()

    def get(self, http):
        self.pass_on(http, None)

    def post(self, http, body):
        path = http.path.split("/")
        if path[-1] == "start":
            start = json.loads(body)
            self.starts[start["login_id"]] = start
        if path[-1] in ("accept", "reject"):
            # Names that come twice must not be lost here.
            members = json.loads(body, object_pairs_hook=once)
            self.reports.setdefault(path[-2], []).append((http.path, members))
        self.pass_on(http, body)

    def pass_on(self, http, body):
        fields = {name: value for name, value in http.headers.items()
                  if name.lower() in ("authorization", "content-type", "traceparent")}
        try:
            status, result = call(self.target + http.path, http.command, body, fields)
        except (OSError, HTTPException) as problem:
            # Whoever is behind died meanwhile, and so does the connection.
            raise ConnectionAbortedError from problem
        message = self.starts.get(http.path.split("/")[-1], {}).get("binding_message")
        if http.command == "GET" and status == 200 and message in self.changes:
            self.changes[message](result)
        answer(http, status, result)


def once(pairs):
    members = dict(pairs)
    assert len(members) == len(pairs), f"a name comes twice: {pairs}"
    return members


def call(url, method, body=None, fields=None):
    """Status and decoded body. What is not bytes is sent as JSON."""
    address = urllib.parse.urlsplit(url)
    connection = HTTPConnection(address.netloc, timeout=40)
    try:
        fields = dict(fields or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        path = address.path + (f"?{address.query}" if address.query else "")
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


class Forward(LocalServer):
    """Hands every call on to `target`, which may be started later than those who call."""

    target = None

    def get(self, http):
        self.pass_on(http, None)

    def post(self, http, body):
        self.pass_on(http, body)

    def pass_on(self, http, body):
        fields = {name: value for name, value in http.headers.items()
                  if name.lower() in ("authorization", "content-type")}
        answer(http, *call(self.target + http.path, http.command, body, fields))


class PingInbox(LocalServer):
    """Where pings arrive (OpenID CIBA Core 10.2), by the bearer token that comes with them."""

    def __init__(self):
        self.pings, self.landed = {}, threading.Condition()
        super().__init__()

    def post(self, http, body):
        with self.landed:
            self.pings[http.headers["Authorization"]] = json.loads(body)["auth_req_id"]
            self.landed.notify_all()
        answer(http, 204, None)

    def wait(self, token, limit):
        with self.landed:
            here = self.landed.wait_for(lambda: f"Bearer {token}" in self.pings, timeout=limit)
            assert here, "the ping did not come"
            return self.pings[f"Bearer {token}"]


class ThirdParty:
    """A client of a simulated authorization server, with its consumption device."""

    CREDENTIALS = ("kiosk", "kiosk-secret")

    def __init__(self, acp, workspace, inbox=None):
        self.issuer, self.inbox = f"{acp.url}/bank/{workspace}", inbox
        pair = base64.b64encode(":".join(self.CREDENTIALS).encode()).decode()
        self.proof = {"Authorization": "Basic " + pair,
                      "Content-Type": "application/x-www-form-urlencoded"}
        self.tokens = {}

    def form(self, path, **members):
        body = urllib.parse.urlencode(members).encode()
        return call(self.issuer + path, "POST", body, self.proof)

    def bearer(self, scope):
        if scope not in self.tokens:
            status, answer = self.form("/oauth2/token", grant_type="client_credentials", scope=scope)
            assert status == 200, (status, answer)
            self.tokens[scope] = answer["access_token"]
        return {"Authorization": "Bearer " + self.tokens[scope]}

    def lodge(self, place, body, scope):
        """The consent's name."""
        status, answer = call(self.issuer + place, "POST", body, self.bearer(scope))
        assert status == 201, (status, answer)
        return self.own(answer, "ConsentId", "consentId", "consent_id")

    def status(self, place, consent, scope):
        """What the third party sees of its consent."""
        status, answer = call(f"{self.issuer}{place}/{consent}", "GET", None, self.bearer(scope))
        assert status == 200, (status, answer)
        return self.own(answer, "Status", "status", "status")

    @staticmethod
    def own(answer, uk, brasil, other):
        if "Data" in answer:
            return answer["Data"][uk]
        return answer["data"][brasil] if "data" in answer else answer[other]

    def ask(self, **members):
        """The backchannel request (OpenID CIBA Core 7.1): its `auth_req_id`, and the token by which
        its ping will be known."""
        token = secrets.token_urlsafe(24)
        if self.inbox:
            members["client_notification_token"] = token
        status, answer = self.form("/backchannel/authentication", **members)
        assert status == 200, (status, answer)
        return answer["auth_req_id"], token

    def redeem(self, auth_req_id):
        """Status and body of one poll (10.1, 11)."""
        return self.form("/oauth2/token", grant_type=CIBA, auth_req_id=auth_req_id)

    def hear(self, asked, limit=20):
        """What comes of the login, once it has been decided."""
        auth_req_id, token = asked
        if self.inbox:
            assert self.inbox.wait(token, limit) == auth_req_id, "the ping was for another login"
        return self.redeem(auth_req_id)
