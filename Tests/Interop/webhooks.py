"""Events to the operator's systems, verified by other people's code.

    webhooks.py BECKON

The reference library of Standard Webhooks verifies prompts, notices and pings, each by both secrets
while they are replaced. joserfc verifies the security event (RFC 8417) after "this wasn't me".
"""

import base64
import json
import os
import pathlib
import sys
import tempfile
import threading
import urllib.request

from joserfc import jwt
from joserfc.jwk import KeySet
from standardwebhooks import Webhook, WebhookVerificationError

import stubs

HERE = pathlib.Path(__file__).resolve().parent
from acp import ACP  # noqa: E402

PERSON = "customer-4711"


def fails(webhook, body, fields):
    try:
        webhook.verify(body, fields)
    except WebhookVerificationError:
        return True
    return False


class Receiver:
    """Keeps the messages, and lets a test wait for one."""

    def __init__(self, status):
        self.landed, self.status = threading.Condition(), status
        self.messages, self.url = stubs.serve(self.reply)

    def reply(self, path, fields, body):
        with self.landed:
            self.landed.notify_all()
        return self.status, b""

    def wait(self, holds, limit=15):
        with self.landed:
            assert self.landed.wait_for(lambda: any(map(holds, list(self.messages))), limit), self.messages
        return next(message for message in self.messages if holds(message))


def verify(message, webhooks):
    """By every secret; and not if any part of what is signed is another one."""
    _, fields, body = message
    for webhook in webhooks:
        assert webhook.verify(body, fields) == json.loads(body)
        for name, value in (("webhook-id", fields["webhook-id"] + "0"),
                            ("webhook-timestamp", str(int(fields["webhook-timestamp"]) - 1)),
                            ("webhook-signature", "v1," + base64.b64encode(bytes(32)).decode())):
            assert fails(webhook, body, {**fields, name: value}), name
        assert fails(webhook, body.replace(b'"', b"'", 1), fields)
    assert "." not in fields["webhook-id"], fields
    assert fails(Webhook("whsec_" + base64.b64encode(os.urandom(32)).decode()), body, fields)


def check(folder):
    secrets = ["whsec_" + base64.b64encode(os.urandom(32)).decode() for _ in range(2)]
    webhooks = [Webhook(secret) for secret in secrets]
    phone, events = Receiver(204), Receiver(202)
    with ACP("http://127.0.0.1:1") as acp:
        service = stubs.beckon(
            sys.argv[1], folder,
            {"phone": {"kind": "webhook", "url": phone.url + "/prompts", "secrets": secrets,
                       "allow_internal": True}},
            authorization_servers=[stubs.driver.authorization_server("acp", acp.url)],
            limits_per_client={"block_after_report": "1h"}, trust={"without_certificate": ["nobody"]},
            security_events={"url": events.url + "/events", "audience": "https://security.bank.example",
                             "allow_internal": True})
        service.run("users", "add", f"--user={PERSON}")
        output, code = stubs.notify(service, PERSON)
        assert output == {"phone": ("delivered",)} and code == 0, output
        verify(phone.messages[0], webhooks)
        assert json.loads(phone.messages[0][2])["data"]["test"] is True
        with service:
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{service.port}")
            login = acp.start(PERSON)
            prompt = phone.wait(lambda message: login.id.encode() in message[2])
            verify(prompt, webhooks)
            print("ok      webhooks: standardwebhooks verifies by both secrets")
            ticket = json.loads(prompt[2])["data"]["ticket"]
            status, answer = service.request(
                "POST", f"/device/v1/logins/{login.id}/decision", {"decision": "fraud"},
                {"Authorization": "Bearer " + ticket})
            assert status == 200, (status, answer)
            path, fields, body = events.wait(lambda message: True)
            assert path == "/events" and fields["content-type"] == "application/secevent+jwt", fields
            with urllib.request.urlopen(service.url + "/oauth2/jwks") as page:
                keys = KeySet.import_key_set(json.load(page))
            found = jwt.decode(body.decode(), keys, algorithms=["ES256"])
            assert found.header["typ"] == "secevent+jwt" and "exp" not in found.claims, found.claims
            jwt.JWTClaimsRegistry(
                iss={"essential": True}, jti={"essential": True}, iat={"essential": True},
                aud={"essential": True, "value": "https://security.bank.example"}).validate(found.claims)
            event = found.claims["events"]["urn:beckon:event:client-reported"]
            assert event["client_id"] == "kiosk" and found.claims["sub_id"]["id"] == PERSON, found.claims
            print("ok      security event: joserfc verifies it")


def main():
    with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
        check(folder)


if __name__ == "__main__":
    main()
