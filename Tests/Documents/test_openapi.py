"""Every example of openapi/beckon.yaml is sent to a running service, which must answer as described.

What an example cannot know (the id, the ticket and the digest of a login that waits) is replaced.
"""

import base64
import contextlib
import hashlib
import itertools
import json
import re
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.parse
import zlib

import jsonschema
import yaml

from stage import ROOT, USERS, Stage

from beckon import BINARY
from bound import Bound
from device import Device
from ports import free_port
from simulated import SimulatedIDP

DIGEST = re.compile(r"^[A-Za-z0-9_-]{43}$")
METHODS = ("get", "post")
# Called with certificates and access tokens: the class at the end.
OTHER_TAGS = {"token", "admin", "backend"}
# Called by the browser of somebody who signs in: the last class.
PEOPLE_TAGS = {"sign-in", "inbox", "passkey"}
# Proven by keys: OpenAPIOfDevices.
DEVICES = "enrolled device"
CONSENT = {"Data": {"Permissions": ["ReadAccountsDetail"]}, "Risk": {}}


class Loader(yaml.SafeLoader):
    """As JSON would read it: a date stays the text it is."""


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if "timestamp" not in tag]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
with open(ROOT / "openapi/beckon.yaml", encoding="utf-8") as file:
    DOCUMENT = yaml.load(file, Loader)


def follow(node):
    while isinstance(node, dict) and "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def examples(content):
    """The names and values of the examples of a body."""
    if "example" in content:
        yield "example", content["example"]
    for name, example in content.get("examples", {}).items():
        yield name, follow(example)["value"]


def texts(value, place=()):
    """Where the texts of a body are."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, (dict, list)):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(member, (*place, key))


def with_zero(value, place):
    """The body with U+0000 at the end of one text."""
    if not place:
        return value + "\0"
    changed = value.copy()
    changed[place[0]] = with_zero(value[place[0]], place[1:])
    return changed


def with_zeros(directory):
    """The columns of the store that hold a text with U+0000."""
    with contextlib.closing(sqlite3.connect(directory / "beckon.db")) as store:
        columns = store.execute(
            "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c"
            " WHERE m.type = 'table'").fetchall()
        assert len(columns) > 100, columns
        return [f"{table}.{column}" for table, column in columns if store.execute(
            f'SELECT 1 FROM "{table}" WHERE typeof("{column}") = \'text\''
            f' AND instr("{column}", char(0)) > 0 LIMIT 1').fetchone()]


def problems(schema, value):
    whole = {"$ref": "#/schema", "schema": schema, "components": DOCUMENT["components"]}
    validator = jsonschema.Draft202012Validator(whole)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


class OpenAPI(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        cls.addClassCleanup(cls.stage.close)
        cls.numbers = itertools.count(1)

    def operations(self):
        for path, item in DOCUMENT["paths"].items():
            for method in METHODS:
                tags = set(item.get(method, {}).get("tags", []))
                others = OTHER_TAGS | PEOPLE_TAGS
                if tags and not others & tags and tags != {DEVICES}:
                    operation = item[method]
                    schemes = {name for way in operation.get("security", []) for name in way}
                    if "token" in schemes:
                        continue  # For clients: OpenAPIOfClients.
                    shared = item.get("parameters", [])
                    parameters = [follow(p) for p in shared + operation.get("parameters", [])]
                    yield path, method, operation, parameters

    def login(self, choosing=False):
        """A login that waits: its id, its ticket and its digest."""
        message = f"Till {next(self.numbers)}"
        named = {}
        if choosing:
            named["openbanking_intent_id"] = self.stage.party.lodge(
                "/open-banking/v3.1/aisp/account-access-consents", CONSENT, "accounts")
        self.stage.party.ask(
            scope="openid accounts" if choosing else "openid profile", login_hint=USERS[0],
            binding_message=message, requested_expiry=60, **named)
        phone = self.stage.phone
        with phone.landed:
            def find():
                return next((prompt for prompt in phone.prompts.values()
                             if prompt.get("binding_message") == message), None)
            self.assertTrue(phone.landed.wait_for(find, timeout=10), "no prompt")
            prompt = find()
        shown = phone.look(self.stage.beckon, prompt["login_id"])
        return prompt["login_id"], prompt["ticket"], shown["consent"]["digest"]

    def send(self, path, method, operation, parameters, *, values, body=None, kind=None, ticket=""):
        """Sends one request, checks the answer against the description, and returns the status."""
        for parameter in parameters:
            if parameter["in"] == "path":
                name = parameter["name"]
                value = str(values.get(name, parameter["example"]))
                path = path.replace("{%s}" % name, urllib.parse.quote(value, safe=""))
        query = {p["name"]: values.get(p["name"], p["example"]) for p in parameters
                 if p["in"] == "query"}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        headers = {}
        schemes = {name for way in operation["security"] for name in way}
        if "basic" in schemes:
            headers["Authorization"] = self.authorization()
        if "ticket" in schemes:
            headers["Authorization"] = "Bearer " + ticket
        if kind:
            headers["Content-Type"] = kind
        data = None
        if kind == "application/x-www-form-urlencoded":
            data = urllib.parse.urlencode(body, doseq=True).encode()
        elif kind:
            data = json.dumps(body).encode()
        beckon = self.stage.beckon
        port = beckon.management if "servers" in DOCUMENT["paths"].get(
            operation["path"], {}) else beckon.port
        status, fields, text = raw(port, method.upper(), path, data, headers)
        self.assertIn(str(status), operation["responses"], (path, text))
        content = follow(operation["responses"][str(status)]).get("content", {})
        media = fields.get("Content-Type", "").split(";")[0]
        if text:
            self.assertIn(media, content, (path, status, text))
        if "json" in media:
            self.assertEqual(problems(content[media]["schema"], json.loads(text)), [], text)
        return status

    @staticmethod
    def authorization():
        import base64

        from beckon import PASSWORD
        return "Basic " + base64.b64encode(f"acp:{PASSWORD}".encode()).decode()

    def test_every_example_of_a_request_is_accepted(self):
        sent = 0
        for path, method, operation, parameters in self.operations():
            operation = {**operation, "path": path}
            bodies = operation.get("requestBody", {}).get("content", {"": {"example": None}})
            for kind, content in bodies.items():
                found = list(examples(content))
                self.assertTrue(found, f"{method} {path} has no example of its body")
                for name, body in found:
                    with self.subTest(f"{method} {path} {name}"):
                        sent += 1
                        self.accepts(path, method, operation, parameters, kind, body)
        self.assertGreaterEqual(sent, 14)

    def accepts(self, path, method, operation, parameters, kind, body):
        values, ticket = {}, ""
        named = {p["name"] for p in parameters}
        if named & {"ticket", "id"}:
            choosing = isinstance(body, dict) and "accounts" in body
            values["id"], ticket, digest = self.login(choosing)
            values["ticket"] = ticket
            if isinstance(body, dict):
                body = {name: digest if isinstance(value, str) and DIGEST.match(value) else value
                        for name, value in body.items()}
        # The answer would come when the phase changes.
        if "wait" in named:
            values["wait"] = 1
        if "seen" in named:
            values["seen"] = "preparing"
        if "file" in named:
            values["file"] = self.asset()
        status = self.send(path, method, operation, parameters, values=values, body=body,
                           kind=kind, ticket=ticket)
        wanted = min(int(code) for code in operation["responses"])
        self.assertEqual(status, wanted, (path, body))

    def asset(self):
        """The name of a file that a page loads."""
        _, ticket, _ = self.login()
        _, _, page = raw(self.stage.beckon.port, "GET", f"/approve/{ticket}")
        name = re.search(rb"/assets/([^\"']+)", page).group(1).decode()
        pattern = DOCUMENT["paths"]["/assets/{file}"]["parameters"][0]["schema"]["pattern"]
        self.assertRegex(name, pattern)
        return name

    def test_every_example_as_it_stands_gets_a_described_answer(self):
        for path, method, operation, parameters in self.operations():
            operation = {**operation, "path": path}
            bodies = operation.get("requestBody", {}).get("content", {"": {"example": None}})
            ticket = DOCUMENT["components"]["parameters"]["Ticket"]["example"]
            for kind, content in bodies.items():
                for name, body in examples(content):
                    with self.subTest(f"{method} {path} {name}"):
                        self.send(path, method, operation, parameters, values={"wait": 1},
                                  body=body, kind=kind, ticket=ticket)

    def test_an_approval_with_a_choice_grants_what_was_chosen(self):
        login, ticket, digest = self.login(choosing=True)
        body = dict(examples(DOCUMENT["paths"]["/device/v1/logins/{id}/decision"]["post"][
            "requestBody"]["content"]["application/json"]))["choosing"]
        status, receipt = self.stage.beckon.request(
            "POST", f"/device/v1/logins/{login}/decision", {**body, "digest": digest},
            {"Authorization": "Bearer " + ticket})
        self.assertEqual((status, receipt["outcome"]), (200, "approved"))
        self.assertEqual(self.stage.acp.decided(login)["decision"],
                         {"outcome": "approved", "granted_scopes": ["openid", "accounts"]})

    def test_what_a_webhook_receives_is_described(self):
        received = []
        verify = self.stage.phone.post

        def post(http, body):
            received.append((dict(http.headers.items()), json.loads(body)))
            if received[-1][1]["type"] == "login.prompt":
                return verify(http, body)
            from acp import answer
            return answer(http, 204, None)
        self.stage.phone.post = post
        try:
            self.login()
            self.stage.beckon.run("check", "--online")
        finally:
            self.stage.phone.post = verify
        # What users are told afterwards is told in other tests.
        self.assertEqual({message["type"] for _, message in received}
                         | {"login.decided_for_user", "security.notice"},
                         set(DOCUMENT["webhooks"]))
        for headers, message in received:
            operation = DOCUMENT["webhooks"][message["type"]]["post"]
            content = operation["requestBody"]["content"]["application/json"]
            self.assertEqual(problems(content["schema"], message), [])
            self.assertEqual(problems(content["schema"], content["example"]), [])
            described = {name: value for name, value in content["example"]["data"].items()}
            self.assertLessEqual(set(message["data"]), set(described), "a member is not described")
            for parameter in map(follow, operation["parameters"]):
                value = {name.lower(): value for name, value in headers.items()}.get(
                    parameter["name"])
                self.assertIsNotNone(value, parameter["name"])
                self.assertEqual(problems(parameter["schema"], value), [], parameter["name"])
                self.assertEqual(problems(parameter["schema"], parameter["example"]), [])


def chunk(name, data):
    return (len(data).to_bytes(4, "big") + name + data
            + zlib.crc32(name + data).to_bytes(4, "big"))


# One gray pixel.
PNG = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
       + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b""))


class OpenAPIOfClients(unittest.TestCase):
    """The same for the token endpoint, the admin and the backend API."""

    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Bound())
        cls.eyes = cls.enterClassContext(Bound(four_eyes=True))
        cls.numbers = itertools.count(1)

    def test_every_example_of_a_request_is_accepted(self):
        sent = 0
        for name, *request in self.requests():
            with self.subTest(f"{request[2]} {request[1]} {name}"):
                sent += 1
                self.accepts(*request)
        self.assertGreaterEqual(sent, 40)

    def test_no_text_with_a_zero_character_is_stored(self):
        """PostgreSQL cannot hold it, so that no request may fail only there."""
        sent = 0
        for name, *request, body in self.requests():
            for place in texts(body):
                with self.subTest(f"{request[2]} {request[1]} {name} {place}"):
                    sent += 1
                    for status, _, text in self.answers(
                            *request, body, lambda body, place=place: with_zero(body, place)):
                        self.assertLess(status, 500, text)
        self.assertGreaterEqual(sent, 50)
        for stage in (self.stage, self.eyes):
            self.assertEqual(with_zeros(stage.beckon.directory), [])

    @staticmethod
    def requests():
        """Name, tag, path, method, operation, parameters, kind of body and body of each example."""
        for path, item in DOCUMENT["paths"].items():
            for method in ("get", "put", "post", "patch", "delete"):
                tags = OTHER_TAGS.intersection(item.get(method, {}).get("tags", []))
                # Users sign in where codes come from: test_tokens.py. Questions are decided where an
                # authorization server is: test_trust.py. So are evidence and blocks, which only a
                # decision makes. Only a browser makes passkeys: Tests/Browser.
                if (not tags or path == "/oauth2/authorize"
                        or path.endswith(
                            ("/decision", "/evidence", "/{block}", "/{passkey}", "/{device}"))):
                    continue
                operation = item[method]
                parameters = [follow(p) for p in
                              item.get("parameters", []) + operation.get("parameters", [])]
                bodies = operation.get("requestBody", {}).get("content", {"": {"example": None}})
                for kind, content in bodies.items():
                    for name, body in examples(content):
                        if name not in ("code", "refresh"):
                            yield name, min(tags), path, method, operation, parameters, kind, body

    def accepts(self, tag, path, method, operation, parameters, kind, body):
        statuses = set()
        for status, fields, text in self.answers(tag, path, method, operation, parameters, kind, body):
            self.conforms(operation, status, fields, text)
            statuses.add(status)
        self.assertEqual(len(statuses), 1, "the stored answer is another one")
        wanted = min(int(code) for code in operation["responses"])
        # Nothing is stranded here.
        allowed = {wanted, 409} if path.endswith(("/retry", "/abandon")) else {wanted}
        if method == "put":
            allowed.add(201)
        self.assertIn(statuses.pop(), allowed, (path, body, text))

    def answers(self, tag, path, method, operation, parameters, kind, body, change=lambda body: body):
        """What is answered to the request with what it needs: twice if the answer is stored."""
        stage = self.eyes if "client-changes/{id}" in path else self.stage
        caller, user = {"token": "app", "admin": "ops", "backend": "bank"}[tag], None
        number = next(self.numbers)
        if "/decision" in path:
            caller, user = "robot", f"user-{number}"
        elif path.endswith(("/confirm", "/refuse")):
            caller = "second"
        values, body = self.values(stage, path, parameters, number, body)
        if kind == "application/x-www-form-urlencoded":
            caller, body = self.form(stage, number, body)
        body, target = change(body), path
        for parameter in parameters:
            if parameter["in"] == "path":
                name = parameter["name"]
                target = target.replace("{%s}" % name, urllib.parse.quote(values[name], safe=""))
        query = {p["name"]: values.get(p["name"], p["example"]) for p in parameters
                 if p["in"] == "query"}
        if query:
            target += "?" + urllib.parse.urlencode(query)
        headers = {}
        for parameter in parameters:
            if parameter["in"] == "header" and parameter["name"] == "Idempotency-Key":
                headers["Idempotency-Key"] = f"{parameter['example']}-{number}"
            elif parameter["in"] == "header" and parameter["name"] == "If-Match":
                headers["If-Match"] = "*"
        if kind:
            headers["Content-Type"] = kind
        if tag != "token":
            headers["Authorization"] = "Bearer " + stage.token(caller, user)
        data = None if body is None else (
            urllib.parse.urlencode(body) if "form" in kind else json.dumps(body))
        return [stage.call(caller, method.upper(), target, data, headers)
                for _ in range(2 if "Idempotency-Key" in headers else 1)]

    def conforms(self, operation, status, fields, text):
        self.assertIn(str(status), operation["responses"], text)
        response = follow(operation["responses"][str(status)])
        content = response.get("content", {})
        media = fields.get("Content-Type", "").split(";")[0]
        if text:
            self.assertIn(media, content, (status, text))
        if "json" in media and "ndjson" not in media:
            self.assertEqual(problems(content[media]["schema"], json.loads(text)), [], text)
        for name, header in response.get("headers", {}).items():
            if follow(header).get("required"):
                self.assertIsNotNone(fields.get(name), name)

    def values(self, stage, path, parameters, number, body):
        """What the path names, made for this request, and the body that fits it."""
        named = {p["name"] for p in parameters if p["in"] == "path"}
        user, values = f"user-{number}", {}
        if path.endswith("/branding/logo"):
            token = stage.token("ops")
            status, _, text = stage.call("ops", "PUT", path, PNG, {
                "Authorization": "Bearer " + token, "Content-Type": "image/png"})
            self.assertEqual(status, 200, text)
        elif "/clients/{id}" in path:
            values["id"] = self.client(stage, number)
            if "kid" in named:
                values["kid"] = "k-2031-01"
                self.done(stage.send("ops", "POST", f"/admin/v1/clients/{values['id']}/keys",
                                     {"kid": "k2", "jwk": JWK}))
        elif "client-changes/{id}" in path:
            _, _, text = stage.send("ops", "POST", "/admin/v1/clients/app/keys",
                                    {"kid": f"k-{number}", "jwk": JWK})
            change = json.loads(text)
            if "id" not in change:
                changes = json.loads(stage.send("ops", "GET", "/admin/v1/client-changes")[2])
                change = changes["client_changes"][0]
            values["id"] = change["id"]
        elif "delegation-consents/{id}" in path:
            values["id"] = stage.consent(user)
        elif "/logins/{server}" in path:
            stage.consent(user)
            stage.start_login(f"login-{number}", user)
            values.update(server="acp", id=f"login-{number}")
            if body and "digest" in body:
                _, _, text = stage.send("robot", "GET", f"/backend/v1/logins/acp/login-{number}"
                                        "?tenant=bank", user=user)
                body = {**body, "digest": json.loads(text)["consent"]["digest"]}
        elif "user" in named:
            values["user"] = user
            stage.beckon.run("users", "add", f"--user={user}")
        if isinstance(body, dict) and "text_version" in body:
            body = {**body, "user": user, "client_id": "robot",
                    "accepted_at": "2026-01-01T00:00:00Z"}
        return values, body

    def client(self, stage, number):
        name = f"client-{number}"
        self.done(stage.send("ops", "POST", "/admin/v1/clients", {
            "client_id": name, "type": "delegated", "name": name, "scope": "logins:read",
            "keys": [{"kid": "k-2031-01", "jwk": {**JWK}}], "source_addresses": ["203.0.113.0/28"]}))
        return name

    def done(self, answer):
        self.assertIn(answer[0], (200, 201), answer)

    def form(self, stage, number, body):
        """Who sends a form, and the form with real assertions and tokens."""
        caller, subject = "app", None
        if "logins:read" in body.get("scope", ""):
            caller = "robot"
        elif "assertion" in body:
            caller = "robot-tls"
        if caller != "app":
            subject = f"user-{number}"
            stage.consent(subject, caller)
        signed = stage.assertion(caller, subject or caller)
        body = {name: signed if name.endswith("assertion") else value
                for name, value in body.items()}
        if "client_id" in body:
            body["client_id"] = caller
        if "token" in body:
            body["token"] = stage.token("app")
        return caller, body


class OpenAPIOfPeople(unittest.TestCase):
    """The same for the sign-in and the inbox, as a browser that is signed in."""

    ANNA = "anna@example.com"
    # What only a provider, an authenticator or another application makes: any described answer.
    UNREAL = ("/callback", "/wait", "/terms", "/backchannel-logout", "/passkey", "/rename",
              "/inbox/passkeys", "/inbox/passkeys/{id}/remove", "/inbox/consents/{id}/withdraw",
              "/inbox/authorize/{id}", "/revoke")

    @classmethod
    def setUpClass(cls):
        port = free_port()
        # The host of a relying party is a name.
        url = f"http://localhost:{port}"
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="beckon-"))
        subprocess.run([BINARY, "keys", "generate", "--alg=ES256", f"--out={folder}/vapid.jwk"],
                       check=True, capture_output=True)
        idp = cls.enterClassContext(SimulatedIDP(url))
        cls.stage = Stage(
            public_url=url, listen={"address": f"127.0.0.1:{port}"},
            approval={"passkey": {}}, trust={"without_certificate": ["bank"]},
            channels={"browser": {"kind": "web_push", "contact": "mailto:ops@bank.example",
                                  "vapid_key": {"file": f"{folder}/vapid.jwk"}}},
            sign_in={"inbox": idp.registration("inbox"), "console": idp.registration(
                "console", controller_email="alex@bank.example")})
        cls.addClassCleanup(cls.stage.close)
        cls.stage.beckon.run("users", "add", f"--user={cls.ANNA}")
        cls.port, cls.idp = port, idp

    def sign_in(self):
        """The cookies of a new session, and the token of its forms."""
        cookies = {}
        address = "/sso/oidc/inbox"
        for _ in range(2):
            status, fields, text = self.load("GET", address, cookies)
            self.assertEqual(status, 303, text)
            address = fields["Location"]
            if address.startswith(self.idp.url):
                query = urllib.parse.urlsplit(address).query
                form = urllib.parse.urlencode({"request": query, "person": "customer-anna"})
                status, fields, text = raw(
                    urllib.parse.urlsplit(self.idp.url).port, "POST", "/authorize", form,
                    {"Content-Type": "application/x-www-form-urlencoded"})
                self.assertEqual(status // 100, 3, text)
                parts = urllib.parse.urlsplit(fields["Location"])
                address = parts.path + "?" + parts.query
        _, _, page = self.load("GET", "/inbox", cookies)
        return cookies, re.search(rb'name="token" value="([^"]+)"', page).group(1).decode()

    def load(self, method, target, cookies, form=None):
        headers = {"Host": f"localhost:{self.port}",
                   "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        data = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            data = urllib.parse.urlencode(form, doseq=True)
        answer = raw(self.port, method, target, data, headers, streams=target == "/inbox/events")
        for cookie in answer[1].get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            cookies[name] = value
        return answer

    def test_every_example_gets_a_described_answer(self):
        sent = 0
        for path, item in DOCUMENT["paths"].items():
            for method in METHODS:
                if not PEOPLE_TAGS.intersection(item.get(method, {}).get("tags", [])):
                    continue
                operation = item[method]
                parameters = [follow(p) for p in
                              item.get("parameters", []) + operation.get("parameters", [])]
                bodies = operation.get("requestBody", {}).get("content", {"": {"example": None}})
                for content in bodies.values():
                    for name, body in examples(content):
                        with self.subTest(f"{method} {path} {name}"):
                            sent += 1
                            self.conforms(path, method, operation, parameters, body)
        self.assertGreaterEqual(sent, 33)

    def conforms(self, path, method, operation, parameters, body):
        cookies, token = self.sign_in()
        values = {p["name"]: p.get("example") for p in parameters}
        if "{number}" in path or "/inbox/logins/" in path:
            values["id"], values["number"] = self.login(cookies)
        if "{ticket}" in path:
            values["ticket"] = self.ticket
        if path == "/inbox/browsers/{id}/remove":
            values["id"] = self.subscribed(cookies, token)
        target = path
        for name, value in values.items():
            target = target.replace("{%s}" % name, urllib.parse.quote(str(value), safe=""))
        query = {p["name"]: values[p["name"]] for p in parameters if p["in"] == "query"}
        if query:
            target += "?" + urllib.parse.urlencode(query)
        if body and "token" in body and "session" in str(operation["security"]):
            body = {**body, "token": token}
        status, fields, text = self.load(method.upper(), target, cookies, body)
        self.assertIn(str(status), operation["responses"], (target, text))
        response = follow(operation["responses"][str(status)])
        media = fields.get("Content-Type", "").split(";")[0]
        content = response.get("content", {})
        if text:
            self.assertIn(media, content, (target, status, text))
        if "json" in media and content[media].get("schema"):
            self.assertEqual(problems(content[media]["schema"], json.loads(text)), [], text)
        for name, header in response.get("headers", {}).items():
            if follow(header).get("required"):
                self.assertIsNotNone(fields.get(name), name)
        if not path.endswith(self.UNREAL):
            good = [int(code) for code in operation["responses"] if code < "400"]
            self.assertIn(status, good or [403], (target, text))

    @property
    def ticket(self):
        return self.ask()["ticket"]

    def ask(self):
        """Starts a login of Anna; its prompt."""
        known = set(self.stage.phone.prompts)
        self.stage.party.ask(scope="openid profile", login_hint=self.ANNA,
                             binding_message=f"Till {len(known)}", requested_expiry=60)
        phone = self.stage.phone
        with phone.landed:
            self.assertTrue(phone.landed.wait_for(
                lambda: set(phone.prompts) - known, timeout=10), "no prompt")
            return phone.prompts[next(iter(set(phone.prompts) - known))]

    def login(self, cookies):
        """A login that waits: its identifier, and its number."""
        prompt = self.ask()
        _, _, page = self.load("GET", "/inbox", cookies)
        numbers = re.findall(rb"/inbox/requests/(\d+)", page)
        return prompt["login_id"], max(map(int, numbers))

    def subscribed(self, cookies, token):
        """The id of a browser that is subscribed."""
        body = DOCUMENT["paths"]["/inbox/browsers"]["post"]["requestBody"]["content"][
            "application/x-www-form-urlencoded"]["example"]
        status, _, text = self.load("POST", "/inbox/browsers", cookies, {**body, "token": token})
        self.assertEqual(status, 303, text)
        endpoint = json.loads(body["subscription"])["endpoint"]
        digest = hashlib.sha256(endpoint.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class OpenAPIOfDevices(unittest.TestCase):
    """The same for enrolled devices, as operators and users meet them."""

    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Bound(approval={
            "tap": True, "device_key": True, "device_key_pin": True}))
        cls.stage.beckon.run("users", "add", "--user=user-4711")

    def enrolled(self, **changes):
        """A device, and the answer to its enrolment with the example's body."""
        device = Device(lambda *words: self.stage.call(None, *words), "https://localhost")
        self.addCleanup(device.close)
        issued = json.loads(self.stage.beckon.run(
            "devices", "enrol", "--user=user-4711", "--json"))
        self.assertEqual(issued["link"], "https://localhost/device/v1/enrolments#" + issued["code"])
        operation = DOCUMENT["paths"]["/device/v1/enrolments"]["post"]
        body = next(examples(operation["requestBody"]["content"]["application/json"]))[1]
        answer = device.send("POST", "/device/v1/enrolments",
                             {**body, "code": issued["code"], **changes})
        self.described("/device/v1/enrolments", "post", answer, 201)
        return device, json.loads(answer[2])

    def described(self, path, method, answer, wanted):
        status, fields, text = answer
        self.assertEqual(status, wanted, (path, text))
        response = follow(DOCUMENT["paths"][path][method]["responses"][str(status)])
        media = fields.get("Content-Type", "").split(";")[0]
        if "json" in media:
            schema = response["content"][media]["schema"]
            self.assertEqual(problems(schema, json.loads(text)), [], text)
        for name, header in response.get("headers", {}).items():
            if follow(header).get("required"):
                self.assertIsNotNone(fields.get(name), name)

    def test_every_example_of_a_request_is_accepted(self):
        device, answer = self.enrolled()
        identifier = answer["device"]["id"]
        path = "/device/v1/device"
        self.described(path, "get", device.send("GET", path), 200)
        content = DOCUMENT["paths"][path]["patch"]["requestBody"]["content"]
        for kind, body in content.items():
            for name, example in examples(body):
                with self.subTest(name):
                    sent = device.send("PATCH", path, example, kind)
                    self.described(path, "patch", sent, 200)
        path = "/device/v1/device/key"
        example = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        refused = device.send("POST", path, next(examples(example))[1])
        self.described(path, "post", refused, 400)
        new = device.new_key("new.pem")
        sent = device.send("POST", path, {"proof": device.key_proof(identifier, new)})
        self.described(path, "post", sent, 200)
        self.described("/device/v1/device", "get", device.send("GET", "/device/v1/device"), 401)
        device.key = new
        self.described("/device/v1/device", "get", device.send("GET", "/device/v1/device"), 200)
        sent = device.send("DELETE", "/device/v1/device")
        self.described("/device/v1/device", "delete", sent, 204)
        self.described("/device/v1/device", "get", device.send("GET", "/device/v1/device"), 401)

    def test_no_text_with_a_zero_character_is_stored(self):
        kept, _ = self.enrolled()
        operation = DOCUMENT["paths"]["/device/v1/enrolments"]["post"]
        body = next(examples(operation["requestBody"]["content"]["application/json"]))[1]
        changes = [("POST", "/device/v1/enrolments", "application/json", body)] + [
            ("PATCH", "/device/v1/device", kind, example)
            for kind, content in DOCUMENT["paths"]["/device/v1/device"]["patch"]["requestBody"][
                "content"].items()
            for _, example in examples(content)]
        sent = 0
        for method, path, kind, body in changes:
            for place in texts(body):
                with self.subTest(f"{method} {path} {place}"):
                    sent += 1
                    device, changed = kept, with_zero(body, place)
                    if method == "POST":
                        device = Device(lambda *words: self.stage.call(None, *words), "https://localhost")
                        self.addCleanup(device.close)
                        issued = json.loads(self.stage.beckon.run(
                            "devices", "enrol", "--user=user-4711", "--json"))
                        changed["code"] = changed["code"].replace(body["code"], issued["code"])
                    status, _, text = device.send(method, path, changed, kind)
                    self.assertLess(status, 500, text)
        self.assertGreaterEqual(sent, 5)
        self.assertEqual(with_zeros(self.stage.beckon.directory), [])

    def test_a_wrong_code_and_one_without_a_proof_are_described(self):
        path = "/device/v1/enrolments"
        device, _ = self.enrolled()
        operation = DOCUMENT["paths"][path]["post"]
        body = next(examples(operation["requestBody"]["content"]["application/json"]))[1]
        self.described(path, "post", device.send("POST", path, body), 404)
        answer = self.stage.call(None, "POST", path, json.dumps(body),
                                 {"Content-Type": "application/json", "DPoP": "nonsense"})
        self.described(path, "post", answer, 401)

    def test_operators_list_and_revoke_devices(self):
        device, answer = self.enrolled()
        identifier = answer["device"]["id"]
        for caller, base in (("ops", "/admin/v1"), ("bank", "/backend/v1")):
            path = base + "/users/{user}/devices"
            listed = self.stage.send(caller, "GET", path.replace("{user}", "user-4711"))
            self.described(path, "get", listed, 200)
            found = [entry["id"] for entry in json.loads(listed[2])["devices"]]
            self.assertIn(identifier, found)
        one = "/admin/v1/users/user-4711/devices/" + identifier
        path = "/admin/v1/users/{user}/devices/{device}"
        self.described(path, "delete", self.stage.send("ops", "DELETE", one), 204)
        self.described(path, "delete", self.stage.send("ops", "DELETE", one), 404)
        self.assertEqual(device.send("GET", "/device/v1/device")[0], 401)
        self.assertNotIn(identifier, self.stage.beckon.run("devices", "list", "--user=user-4711"))


class OpenAPIOfDeviceLogins(unittest.TestCase):
    """Logins of enrolled devices, with an authorization server."""

    def test_a_login_is_shown_signed_and_decided(self):
        described = OpenAPIOfDevices.described
        with Stage(approval={"tap": True, "device_key": True, "device_key_pin": True}) as stage:
            def call(method, path, data=None, headers=None):
                return raw(stage.beckon.port, method, path, data, headers)
            devices = []
            for pin in ("471108", "815204"):
                device = Device(call, stage.beckon.config["public_url"])
                self.addCleanup(device.close)
                issued = json.loads(stage.beckon.run(
                    "devices", "enrol", f"--user={USERS[0]}", "--json"))
                enrolled = device.send("POST", "/device/v1/enrolments", {
                    "code": issued["code"].lower().replace("-", " "), "name": "Phone",
                    "platform": "other", "pin": pin})
                described(self, "/device/v1/enrolments", "post", enrolled, 201)
                devices.append(device)
            device, other = devices
            stage.party.ask(scope="openid profile", login_hint=USERS[0], requested_expiry=60)
            with stage.phone.landed:
                self.assertTrue(stage.phone.landed.wait_for(
                    lambda: stage.phone.prompts, timeout=20), "no prompt")
            answer = device.send("GET", "/device/v1/logins")
            described(self, "/device/v1/logins", "get", answer, 200)
            logins = json.loads(answer[2])["logins"]
            path = "/device/v1/logins/{id}"
            target = path.replace("{id}", logins[0]["id"])
            answer = device.send("GET", target)
            described(self, path, "get", answer, 200)
            login = json.loads(answer[2])
            self.assertEqual(login["methods"], ["device_key", "device_key_pin"])
            same = device.send("GET", target, **{
                "If-None-Match": answer[1]["ETag"], "Prefer": "wait=1"})
            described(self, path, "get", same, 304)
            path, target = path + "/decision", target + "/decision"
            body = {"decision": "approve", "digest": login["consent"]["digest"],
                    "signature": device.signature("approve", login)}
            wrong = device.send("POST", target, {**body, "pin": "000000"})
            described(self, path, "post", wrong, 403)
            self.assertEqual(json.loads(wrong[2])["attempts_left"], 4)
            receipt = device.send("POST", target, {**body, "pin": "471108"})
            described(self, path, "post", receipt, 200)
            late = other.send("POST", target, {"decision": "deny"})
            described(self, path, "post", late, 409)
            self.assertTrue(json.loads(late[2])["login"]["answered_elsewhere"])
            self.assertEqual(stage.acp.decided(login["id"])["decision"]["outcome"], "approved")


JWK = {"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
       "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}


def raw(port, method, path, data=None, headers=None, streams=False):
    """Status, fields and bytes, unless they never end."""
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, b"" if streams else response.read()
    finally:
        connection.close()


if __name__ == "__main__":
    unittest.main()
