"""A device by joserfc: its keys, proofs of possession and signed decisions, judged by a running service.

    devices.py BECKON
"""

import base64
import contextlib
import hashlib
import http.client
import json
import secrets
import sys
import tempfile
import threading
import time
import urllib.parse
import warnings

# RFC 9864 deprecates the name EdDSA.
warnings.simplefilter("ignore")

import stubs
from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from acp import ACP  # noqa: E402
from beckon import Phone  # noqa: E402
from ports import free_port  # noqa: E402

PERSON = "customer-4711"
MAKERS = {"ES256": lambda: ECKey.generate_key("P-256"), "EdDSA": lambda: OKPKey.generate_key("Ed25519")}


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(key, algorithm, kind, payload, **header):
    return jws.serialize_compact({"alg": algorithm, "typ": kind, **header}, json.dumps(payload).encode(), key,
                                 algorithms=[algorithm])


class Device:
    def __init__(self, service, algorithm):
        self.service, self.algorithm, self.key = service, algorithm, MAKERS[algorithm]()
        self.nonce, self.offset = None, 0

    def proof(self, method, path, **changes):
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": self.service + path,
                  "iat": int(time.time()) + self.offset, "nonce": self.nonce, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        return sign(self.key, self.algorithm, "dpop+jwt", claims, jwk=self.key.as_dict(private=False))

    def call(self, method, path, body=None, proof=None, **fields):
        """Status, fields and body; a nonce that is asked for is used."""
        for _ in range(2):
            address = urllib.parse.urlsplit(self.service)
            connection = http.client.HTTPConnection(address.netloc, timeout=40)
            used = proof or self.proof(method, path.split("?")[0])
            fields.update({"DPoP": used, **({"Content-Type": "application/json"} if body is not None else {})})
            connection.request(method, path, None if body is None else json.dumps(body), fields)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            self.nonce = answer.headers["DPoP-Nonce"]
            assert self.nonce, (method, path, answer.status, text)
            if answer.status == 401 and not proof and "use_dpop_nonce" in answer.headers.get("WWW-Authenticate", ""):
                continue
            break
        return answer.status, answer.headers, json.loads(text) if text else None

    def signed(self, login, decision="approve", accounts=(), **changes):
        """A decision, computed from what the document has."""
        digest = hashlib.sha256(login["consent_canonical"].encode()).digest()
        scopes = [scope["name"] for scope in json.loads(login["consent_canonical"])["scopes"]]
        grant = {"accounts": list(accounts), "scopes": scopes if decision == "approve" else []}
        text = json.dumps(grant, separators=(",", ":"), ensure_ascii=False).encode()
        challenge = hashlib.sha256(
            f"beckon-decision-v1{login['id']}{decision}".encode() + hashlib.sha256(text).digest() + digest
            + decoded(login["challenge_nonce"])).digest()
        payload = {"challenge": encoded(challenge), "login": login["id"], "decision": decision,
                   "digest": encoded(digest), **changes}
        return {"decision": decision, "digest": encoded(digest),
                "signature": sign(self.key, self.algorithm, "beckon-decision+jwt", payload)}


class Stage:
    def __init__(self, stack):
        self.acp = stack.enter_context(ACP("http://127.0.0.1:1"))
        self.phone = stack.enter_context(Phone())
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.beckon = stubs.beckon(
            sys.argv[1], stack.enter_context(tempfile.TemporaryDirectory(prefix="beckon-")),
            {"phone": {"kind": "webhook", "url": self.phone.url, "secrets": ["whsec_" + stubs.driver.SECRET],
                       "allow_internal": True}},
            public_url=self.url, listen={"address": f"127.0.0.1:{port}"},
            approval={"tap": False, "device_key": True}, **stubs.OPERATOR,
            authorization_servers=[stubs.driver.authorization_server("acp", self.acp.url)])
        self.beckon.run("users", "add", f"--user={PERSON}")
        stubs.add_operator(self.beckon)
        stack.enter_context(self.beckon)
        self.acp.beckon = self.acp.beckon._replace(netloc=f"127.0.0.1:{port}")

    def enrol(self, algorithm):
        device = Device(self.url, algorithm)
        code = json.loads(self.beckon.run("devices", "enrol", f"--user={PERSON}", "--json"))["code"]
        status, _, answer = device.call("POST", "/device/v1/enrolments", {
            "code": code, "name": algorithm, "platform": "other"})
        assert status == 201, (status, answer)
        return device

    def login(self, device):
        """A new login of the user, as the device sees it."""
        started = self.acp.start(PERSON)
        self.phone.prompt(started.id)  # then the login waits
        status, _, answer = device.call("GET", "/device/v1/logins")
        assert status == 200, answer
        for login in answer["logins"]:
            if login["id"] == started.id:
                return started, login
        raise AssertionError("the login did not come")


def proofs(stage, device):
    """Each member of a proof counts, and each proof counts once."""
    path = "/device/v1/device"
    good = device.proof("GET", path)
    assert device.call("GET", path, proof=good)[0] == 200
    assert device.call("GET", path, proof=good)[0] == 401, "a proof counts twice"
    other, head = MAKERS[device.algorithm](), {"jwk": device.key.as_dict(private=False)}
    claims = {"jti": "j-1", "htm": "GET", "htu": device.service + path, "iat": int(time.time()), "nonce": device.nonce}
    wrong = {
        "another method": device.proof("POST", path),
        "another path": device.proof("GET", path + "/key"),
        "another host": device.proof("GET", path, htu="http://evil.example" + path),
        "no jti": device.proof("GET", path, jti=None),
        "an old nonce": device.proof("GET", path, nonce="old"),
        "another type": sign(device.key, device.algorithm, "JWT", claims, **head),
        "another key": sign(other, device.algorithm, "dpop+jwt", claims, **head),
        "an unknown key": sign(other, device.algorithm, "dpop+jwt", claims, jwk=other.as_dict(private=False)),
        "a private key": sign(device.key, device.algorithm, "dpop+jwt", claims, jwk=device.key.as_dict(private=True)),
        "no key": sign(device.key, device.algorithm, "dpop+jwt", claims),
        "nothing": "",
    }
    for name, proof in wrong.items():
        status = device.call("GET", path, proof=proof or " ")[0]
        assert status == 401, (name, status)
    yield "proofs"
    device.offset = -600
    assert device.call("GET", path)[0] == 200, "a clock that is wrong"
    device.nonce = None
    assert device.call("GET", path)[0] == 200, "a clock that is wrong, without a nonce at first"
    device.offset = 0
    yield "a clock that is ten minutes slow"


def decisions(stage, device):
    started, login = stage.login(device)
    path = f"/device/v1/logins/{started.id}/decision"
    other = Device(stage.url, device.algorithm)
    good = device.signed(login)
    for name, body in {
        "no signature": {**good, "signature": None},
        "another key": {**good, "signature": other.signed(login)["signature"]},
        "another choice": {**good, "signature": device.signed(login, "deny")["signature"]},
        "another login": {**good, "signature": device.signed({**login, "id": "other"})["signature"]},
        "another nonce": {**good, "signature": device.signed({**login, "challenge_nonce": encoded(bytes(32))})["signature"]},
        "an account": {**good, "signature": device.signed(login, accounts=["a"])["signature"]},
    }.items():
        status, _, answer = device.call("POST", path, {key: value for key, value in body.items() if value})
        assert status in (403, 409, 422), (name, status, answer)
        if status == 403 and "blocked" in json.dumps(answer):
            stage.beckon.run("users", "unblock", f"--user={PERSON}")
        assert not started.decision, name
    status, _, answer = device.call("POST", path, good)
    assert status == 200 and answer["decision"] == "approve", (status, answer)
    assert started.decided.wait(20) and started.decision == "accept"
    yield "a decision that joserfc signs"
    # What is kept of it can be verified with nothing but the key.
    proof = stubs.evidence(stage.beckon, started.id)["proof"]
    assert proof["credential"] == device.key.thumbprint(), proof
    info = serialization.load_der_public_key(decoded(proof["public_key"]))
    key = type(device.key).import_key(info.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    found = jws.deserialize_compact(proof["statement"].encode(), key, algorithms=[device.algorithm])
    assert json.loads(found.payload)["login"] == started.id, found.payload
    yield "evidence of that decision"


def events(stage, device):
    """A login arrives and goes within a second, on a stream and for a device that waits."""
    path, other = "/device/v1/events", stage.enrol(device.algorithm)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(stage.url).netloc, timeout=20)
    connection.request("GET", path, headers={"DPoP": device.proof("GET", path)})
    stream = connection.getresponse()
    assert stream.status == 200 and stream.headers.get_content_type() == "text/event-stream", stream.headers

    def heard(state, since):
        while True:
            line = stream.readline().decode()
            assert line, "the stream ended"
            if line.startswith("data: ") and json.loads(line[6:])["state"] == state:
                assert time.monotonic() - since < 1, f"{state} took {time.monotonic() - since:.2f} s"
                return json.loads(line[6:])

    began = time.monotonic()
    started, login = stage.login(other)
    assert heard("arrived", began)["id"] == started.id
    path = f"/device/v1/logins/{started.id}"
    status, fields, _ = device.call("GET", path)
    assert status == 200, status
    tag = {"If-None-Match": fields["ETag"], "Prefer": "wait=1"}
    status, fields, _ = device.call("GET", path, **tag)
    assert status == 304 and fields["Preference-Applied"] == "wait=1", (status, fields)
    decided = []

    def decide():
        time.sleep(0.3)
        decided.append(time.monotonic())
        other.call("POST", path + "/decision", other.signed(login, "deny"))

    decision = threading.Thread(target=decide)
    decision.start()
    status, _, seen = device.call("GET", path, **{**tag, "Prefer": "wait=15"})
    decision.join(20)
    assert status == 200 and time.monotonic() - decided[0] < 1, (status, seen)
    gone = heard("withdrawn", decided[0])
    assert (gone["id"], gone["reason"]) == (started.id, "denied"), gone
    status, _, answer = device.call("POST", path + "/decision", device.signed(login))
    assert status == 409 and answer["login"]["answered_elsewhere"] is True, (status, answer)
    connection.close()
    yield "events, waits, and what another device has answered"


def rotation(stage, device):
    """The old key signs for the new one, which alone counts then."""
    _, _, answer = device.call("GET", "/device/v1/device")
    new = MAKERS[device.algorithm]()
    statement = {"device": answer["device"]["id"], "old": device.key.thumbprint(), "iat": int(time.time())}

    def body(signer, **changes):
        return {"proof": sign(signer, device.algorithm, "beckon-key+jwt", {**statement, **changes},
                              jwk=new.as_dict(private=False))}
    for wrong in (body(device.key), body(new, device="other"), body(new, old=new.thumbprint())):
        status = device.call("POST", "/device/v1/device/key", wrong)[0]
        assert status in (400, 401, 403, 422), status
    status, _, answer = device.call("POST", "/device/v1/device/key", body(new))
    assert status == 200, (status, answer)
    assert device.call("GET", "/device/v1/device")[0] == 401, "the old key still counts"
    device.key = new
    status, _, answer = device.call("GET", "/device/v1/device")
    assert status == 200 and answer["device"]["id"] == statement["device"], answer
    assert device.call("DELETE", "/device/v1/device")[0] == 204
    assert device.call("GET", "/device/v1/device")[0] == 401
    yield "a key that is replaced, and forgotten"


def main():
    with contextlib.ExitStack() as stack:
        stage = Stage(stack)
        for algorithm in MAKERS:
            device = stage.enrol(algorithm)
            for check in (proofs, decisions, events, rotation):
                for what in check(stage, device):
                    print(f"ok      device with {algorithm}: {what}", flush=True)
        stage.beckon.run("audit", "verify")


if __name__ == "__main__":
    main()
