"""Push messages to apps, against stubs of Apple's and Google's services by other people's code.

    apps.py BECKON

APNs is hypercorn, which speaks HTTP/2 over TLS only; joserfc verifies the provider token. FCM and its
token endpoint check the service account's assertion with joserfc before they answer.
"""

import asyncio
import json
import pathlib
import re
import sys
import tempfile
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypercorn.asyncio import serve
from hypercorn.config import Config
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

import stubs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Documents"))

from device import Device  # noqa: E402
from ports import free_port  # noqa: E402

DEVICES = {"aa11": 200, "bb22": 410, "cc33": 403, "dd44": 503}
REASONS = {410: "Unregistered", 403: "InvalidProviderToken", 503: "Shutdown"}
ACCOUNT = "beckon@bank-push.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
BEARER = "ya29.of-the-stub"


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


class APNs:
    """An ASGI program behind hypercorn, in a thread of its own."""

    def __init__(self, folder):
        self.messages, self.port = [], free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        config = Config()
        config.bind, config.alpn_protocols = [f"127.0.0.1:{self.port}"], ["h2"]
        config.certfile, config.keyfile = f"{folder}/server.pem", f"{folder}/server.key"
        config.errorlog = config.accesslog = None
        ready = threading.Event()
        self.loop, self.stopping = asyncio.new_event_loop(), asyncio.Event()

        async def run():
            self.loop.call_soon(ready.set)
            await serve(self.answer, config, shutdown_trigger=self.stopping.wait)

        self.thread = threading.Thread(target=lambda: self.loop.run_until_complete(run()), daemon=True)
        self.thread.start()
        assert ready.wait(10)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                stubs.socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("hypercorn does not listen")

    def close(self):
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(10)

    async def answer(self, scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        fields = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.messages.append((scope["http_version"], scope["method"], scope["path"], fields, body))
        status = DEVICES.get(scope["path"].rsplit("/", 1)[-1], 404)
        text = json.dumps({"reason": REASONS[status]}).encode() if status != 200 else b""
        await send({"type": "http.response.start", "status": status,
                    "headers": [(b"apns-id", b"EC1BF194-B3B2-424A-89A9-5A918A6E6B5E")]})
        await send({"type": "http.response.body", "body": text})


def check_apns(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    pathlib.Path(folder, "AuthKey.p8").write_text(pem(key))
    apns = APNs(folder)
    try:
        service = stubs.beckon(sys.argv[1], folder, {"ios": {
            "kind": "apns", "signing_key": {"file": "AuthKey.p8"}, "key_id": "ABC123DEFG",
            "team_id": "DEF123GHIJ", "topic": "com.bank.app", "url": apns.url, "allow_internal": True,
            "ca": "server.pem",
        }})
        for user, tokens, word in (("anna", ["aa11", "bb22"], "delivered"), ("gone", "bb22", "gone"),
                                   ("refused", "cc33", "refused"), ("later", "dd44", "later")):
            address = tokens if isinstance(tokens, str) else json.dumps(tokens, separators=(",", ":"))
            service.run("users", "add", f"--user={user}", "--language=en", f"--address=ios={address}")
            output, code = stubs.notify(service, user)
            assert output["ios"][0] == word and (code == 0) == (word == "delivered"), (user, output, code)
            assert word == "delivered" or REASONS[DEVICES[tokens]] in output["ios"][1], output
        check_device(service)
    finally:
        apns.close()
    assert len(apns.messages) == 7, apns.messages
    public = ECKey.import_key(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    for version, method, path, fields, body in apns.messages:
        assert (version, method) == ("2", "POST") and re.fullmatch("/3/device/[a-d0-9]+", path), (version, path)
        scheme, token = fields["authorization"].split(" ")
        found = jwt.decode(token, public, algorithms=["ES256"])
        assert scheme == "bearer" and found.header["kid"] == "ABC123DEFG", (scheme, found.header)
        assert found.claims["iss"] == "DEF123GHIJ" and abs(found.claims["iat"] - time.time()) < 60, found.claims
        assert fields["apns-topic"] == "com.bank.app" and fields["apns-push-type"] == "alert", fields
        assert len(fields["apns-collapse-id"]) <= 64 and int(fields["apns-expiration"]) > time.time(), fields
        alert = json.loads(body)["aps"]["alert"]
        assert alert["title"] and alert["body"] and len(body) <= 4096, body
    print("ok      apns: hypercorn over HTTP/2, joserfc verifies the provider token")


def check_device(service):
    """A user without an address is reached by the tokens of devices, of which an ended one is forgotten."""
    service.run("users", "add", "--user=enrolled", "--language=en")
    output, _ = stubs.notify(service, "enrolled")
    assert output["ios"][0] == "skipped", output
    with service:
        def call(method, path, data, headers):
            return service.request(method, path, data and json.loads(data), headers)
        for token in ("aa11", "bb22"):
            device = Device(call, service.config["public_url"])
            code = json.loads(service.run("devices", "enrol", "--user=enrolled", "--json"))["code"]
            status, answer = device.send("POST", "/device/v1/enrolments", {
                "code": code, "name": token, "platform": "ios",
                "channels": [{"channel": "ios", "address": token}]})
            device.close()
            assert status == 201 and answer["device"]["channels"] == ["ios"], (status, answer)
        output, code = stubs.notify(service, "enrolled")
        assert output["ios"][0] == "delivered" and code == 0, output
        devices = json.loads(service.run("devices", "list", "--user=enrolled", "--json"))
        assert {one["name"]: one["channels"] for one in devices} == {"aa11": ["ios"], "bb22": []}, devices


def check_fcm(folder):
    key = rsa.generate_private_key(65537, 2048)
    public = RSAKey.import_key(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    problems = []

    def reply(path, fields, body):
        try:
            return token(body) if path == "/token" else message(path, fields, body)
        except Exception as problem:  # Told at the end: here it would be lost in a thread.
            problems.append(repr(problem))
            return 400, b'{"error":"invalid_grant"}'

    def token(body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        assert form.pop("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer", form
        found = jwt.decode(form.pop("assertion"), public, algorithms=["RS256"])
        assert not form, form
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ACCOUNT}, aud={"essential": True, "value": url + "/token"},
            exp={"essential": True}, iat={"essential": True},
            scope={"essential": True, "value": SCOPE}).validate(found.claims)
        assert found.header["kid"] == "key-1" and found.claims["exp"] - found.claims["iat"] <= 3600, found.claims
        return 200, json.dumps({"access_token": BEARER, "token_type": "Bearer", "expires_in": 3599}).encode()

    def message(path, fields, body):
        assert path == "/v1/projects/bank-push/messages:send", path
        assert fields["authorization"] == "Bearer " + BEARER, fields
        sent = json.loads(body)["message"]
        assert sent["notification"]["title"] and sent["android"]["ttl"].endswith("s"), sent
        if sent["token"] == "removed":
            return 404, json.dumps({"error": {"status": "NOT_FOUND", "details": [
                {"errorCode": "UNREGISTERED"}]}}).encode()
        return 200, b'{"name":"projects/bank-push/messages/1"}'

    messages, url = stubs.serve(reply, folder)
    account = {"type": "service_account", "project_id": "bank-push", "private_key_id": "key-1",
               "private_key": pem(key), "client_email": ACCOUNT, "token_uri": url + "/token"}
    pathlib.Path(folder, "account.json").write_text(json.dumps(account))
    service = stubs.beckon(sys.argv[1], folder, {"android": {
        "kind": "fcm", "service_account": {"file": "account.json"}, "url": url, "allow_internal": True,
        "ca": "server.pem",
    }})
    for user, address, word in (("bea", '["works","works-too"]', "delivered"), ("carl", "removed", "gone")):
        service.run("users", "add", f"--user={user}", f"--address=android={address}")
        output, code = stubs.notify(service, user)
        assert output["android"][0] == word and not problems, (user, output, code, problems)
    # One token for both messages of a process.
    assert [path for path, _, _ in messages].count("/token") == 2, messages
    # The stub notices another signature and another account.
    text = jws.serialize_compact({"alg": "RS256", "kid": "key-1"}, b"{}", RSAKey.generate_key(2048))
    assert reply("/token", {}, urllib.parse.urlencode({
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": text}).encode())[0] == 400
    print("ok      fcm: joserfc verifies the service account's assertion")


def main():
    for check in (check_apns, check_fcm):
        with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
            stubs.certificate(folder)
            check(folder)


if __name__ == "__main__":
    main()
