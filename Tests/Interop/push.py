"""Push messages and e-mail against other programs' code.

    push.py BECKON

`beckon notify-test` sends to a push service, whose browser decrypts with http-ece and whose server
verifies VAPID with py-vapid, and to aiosmtpd over STARTTLS with AUTH, which takes, defers and refuses.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey
from py_vapid import Vapid02

import stubs

HERE = pathlib.Path(__file__).resolve().parent


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """A browser's keys and subscriptions."""

    def __init__(self):
        self.key, self.secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.keys = {"p256dh": encoded(point), "auth": encoded(self.secret)}

    def subscribe(self, endpoint):
        return {"endpoint": endpoint, "expirationTime": None, "keys": self.keys}

    def decrypt(self, body):
        return http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")


def get(address):
    with urllib.request.urlopen(address) as page:
        return json.load(page)


def judge_vapid(field, key, origin):
    """RFC 8292: by py-vapid, and by joserfc what py-vapid leaves to its caller."""
    # py-vapid does not read the space that RFC 9110 (11.4) and the examples of RFC 8292 have.
    assert Vapid02.verify(field.replace(", ", ",")), field
    assert field.startswith("vapid t="), field
    token, point = field.removeprefix("vapid t=").split(", k=")
    assert decoded(point) == key, "k is not the configured key"
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    found = jwt.decode(token, ECKey.import_key(public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)), algorithms=["ES256"])
    jwt.JWTClaimsRegistry(aud={"essential": True, "value": origin}, exp={"essential": True},
                          sub={"essential": True, "value": "mailto:ops@bank.example"}).validate(found.claims)
    head, claims, signature = token.split(".")
    changed = encoded(decoded(claims).replace(b"ops@", b"opt@"))
    try:
        accepted = Vapid02.verify(f"vapid t={head}.{changed}.{signature},k={point}")
    except Exception:
        accepted = False
    assert not accepted, "py-vapid verifies a changed token"


def check_push(folder, service, messages, origin, browser, key):
    output, code = stubs.notify(service, "anna")
    assert (output["browser"], code) == (("delivered",), 0), (output, code)
    assert sorted(path for path, _, _ in messages) == ["/gone", "/works"], messages
    for _, fields, body in messages:
        message = json.loads(browser.decrypt(body))
        assert message["title"] == "Testnachricht" and "Bank" in message["text"], message
        assert 0 < int(fields["ttl"]) <= 120 and len(fields["topic"]) == 32, fields
        assert fields["urgency"] == "high" and fields["content-encoding"] == "aes128gcm", fields
        judge_vapid(fields["authorization"], key, origin)
    # Another browser, and one changed byte of the salt, the key, the length and the text, read nothing.
    body = messages[0][2]
    for place in (0, 15, 21, 40, 86, len(body) - 1):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]
        try:
            Browser.decrypt(browser, changed)
        except Exception:
            continue
        raise AssertionError(f"a message that is changed at {place} is read")
    # Each message has a salt and a key of its own.
    assert messages[0][2][:86] != messages[1][2][:86]


def check_mail(service, mail):
    for user, word, code in (("anna", "delivered", 0), ("busy", "later", 69), ("full", "later", 69),
                             ("unknown", "gone", 69), ("content", "refused", 69)):
        output, found = stubs.notify(service, user)
        assert (output["mail"][0], found) == (word, code), (user, output, found)
        if code:
            status = {"busy": "451", "full": "452", "unknown": "550", "content": "554"}[user]
            assert status in output["mail"][1], (user, output)
    records = get(mail + "/records")
    assert [record["to"] for record in records] == ["anna@example.com"] * 2, records
    for record in records:
        assert record["tls"] and record["authenticated"] and not record["defects"], record
        assert set(record["parts"]) == {"text/plain", "text/html"} and record["longest"] <= 998, record


def check(folder, mail):
    stubs.certificate(folder)
    messages, origin = stubs.serve(
        lambda path, fields, body: (410 if path == "/gone" else 201, b""), folder)
    setup = get(mail + "/setup")
    subprocess.run([stubs.driver.BINARY, "keys", "generate", "--alg=ES256", "--out=vapid.jwk"],
                   cwd=folder, check=True, capture_output=True)
    jwk = json.loads(pathlib.Path(folder, "vapid.jwk").read_text())
    service = stubs.beckon(sys.argv[1], folder, {
        "browser": {
            "kind": "web_push", "vapid_key": {"file": "vapid.jwk"}, "contact": "mailto:ops@bank.example",
            "allow_internal": True, "ca": "server.pem",
        },
        "mail": {
            "kind": "email", "host": "127.0.0.1", "port": setup["starttls"], "security": "starttls",
            "ca": setup["authority"], "user": "beckon", "password": "correct horse",
            "from": "no-reply@bank.example",
        },
    })
    browser = Browser()
    subscriptions = json.dumps([browser.subscribe(origin + path) for path in ("/works", "/gone")],
                               separators=(",", ":"))
    service.run("users", "add", "--user=anna", "--language=de", "--address=browser=" + subscriptions)
    for user, address in (("anna", "anna@example.com"), ("busy", "rcpt-451@example.com"),
                          ("full", "data-452@example.com"), ("unknown", "rcpt-550@example.com"),
                          ("content", "data-554@example.com")):
        service.run("users", "add", "--user=" + user, "--address=mail=" + address)
    point = b"\x04" + decoded(jwk["x"]) + decoded(jwk["y"])
    check_push(folder, service, messages, origin, browser, point)
    check_mail(service, mail)


def main():
    stubs.driver.BINARY = str(pathlib.Path(sys.argv[1]).resolve())
    peer = subprocess.Popen(
        [sys.executable, "-B", HERE.parent / "NotificationsTests/Peers/mail.py"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
            check(folder, f"http://127.0.0.1:{int(peer.stdout.readline())}")
    finally:
        peer.stdin.close()
        peer.wait(10)
    print("ok      push: http-ece decrypts, py-vapid and joserfc verify")
    print("ok      mail: aiosmtpd takes it over STARTTLS with AUTH, 4xx is later, 5xx refused or gone")


if __name__ == "__main__":
    main()
