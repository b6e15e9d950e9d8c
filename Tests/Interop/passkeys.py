"""A passkey by soft-webauthn, registered in the inbox of a running service and used to approve a login.

    passkeys.py BECKON

fido2's server judges the same bytes, and both have to agree.
"""

import contextlib
import http.cookiejar
import json
import re
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import fido
import stubs
from cryptography.exceptions import InvalidSignature
from soft_webauthn import SoftWebauthnDevice

from acp import ACP  # noqa: E402
from beckon import Phone  # noqa: E402
from ports import free_port  # noqa: E402
from provider import Provider  # noqa: E402

PERSON = "customer-4711"


class LoopbackCookies(http.cookiejar.DefaultCookiePolicy):
    """Browsers take secure cookies from `localhost`, too."""

    def return_ok_secure(self, cookie, request):
        return True


class Browser:
    """The pages' script without a browser: forms, and a passkey between two of them."""

    def __init__(self, origin):
        self.origin = origin
        jar = http.cookiejar.CookieJar(LoopbackCookies())
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def open(self, path, **form):
        """Status and text of a page, or of the answer to a form."""
        request = urllib.request.Request(self.origin + path)
        if form:
            request.data = urllib.parse.urlencode(form).encode()
            request.add_header("Origin", self.origin)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def hidden(self, path, *names):
        status, page = self.open(path)
        assert status == 200, (path, status, page)
        return {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in names}

    def options(self, path, form):
        status, text = self.open(path, **form)
        assert status == 200, (path, status, text)
        asked = json.loads(text)
        asked["challenge"] = fido.decoded(asked["challenge"])
        if "user" in asked:
            asked["user"]["id"] = fido.decoded(asked["user"]["id"])
        return asked

    def register(self, device, change=lambda answer: None):
        """Status of a new passkey, and what fido2 would be asked."""
        form = self.hidden("/inbox", "token")
        asked = self.options("/inbox/passkeys/options", form)
        assert asked["authenticatorSelection"]["userVerification"] == "required", asked
        made = device.create({"publicKey": {**asked, "attestation": None}}, self.origin)
        answer = made["response"]
        change(answer)
        parts = {"client": fido.encoded(answer["clientDataJSON"]),
                 "attestation": fido.encoded(answer["attestationObject"])}
        status, _ = self.open(
            "/inbox/passkeys", **form, name="soft", transports="internal",
            passkey_id=fido.encoded(made["rawId"]), client_data=parts["client"],
            attestation=parts["attestation"])
        return status, {"id": fido.encoded(made["rawId"]), "challenge": asked["challenge"], **parts}

    def approve(self, ticket, device, change=lambda answer: None):
        """Status and page of an approval, and what fido2 would be asked."""
        page = "/approve/" + ticket
        form = {**self.hidden(page, "shown"), "decision": "passkey"}
        asked = self.options(page + "/passkey", form)
        assert asked["userVerification"] == "required" and asked["allowCredentials"], asked
        used = device.get({"publicKey": asked}, self.origin)
        answer = used["response"]
        change(answer)
        parts = {"client": fido.encoded(answer["clientDataJSON"]),
                 "data": fido.encoded(answer["authenticatorData"]),
                 "signature": fido.encoded(answer["signature"])}
        status, text = self.open(
            page, **form, passkey_id=fido.encoded(used["rawId"]), client_data=parts["client"],
            authenticator_data=parts["data"], signature=parts["signature"],
            user_handle=fido.encoded(answer["userHandle"]))
        return status, text, {"id": fido.encoded(used["rawId"]), "challenge": asked["challenge"], **parts}


class Foreign(fido.Server):
    """The same server, which says yes or no."""

    def registers(self, asked):
        return self.says(self.register, asked["id"], asked["challenge"], asked["client"],
                         asked["attestation"])

    def accepts(self, asked):
        return self.says(self.authenticate, asked["id"], asked["challenge"], asked["client"],
                         asked["data"], asked["signature"])

    def says(self, judge, *parts):
        try:
            judge(*parts)
        except (ValueError, InvalidSignature) as reason:
            self.reason = reason
            return False
        return True


def flip(part, place):
    """Changes one bit of a part, counted from its end if negative."""
    def change(answer):
        data = bytearray(answer[part])
        data[place] ^= 1
        answer[part] = bytes(data)
    return change


def replace(old, new):
    def change(answer):
        assert old in answer["clientDataJSON"], answer
        answer["clientDataJSON"] = answer["clientDataJSON"].replace(old, new)
    return change


def check(stack):
    port = free_port()
    origin = f"http://localhost:{port}"
    phone, acp = stack.enter_context(Phone()), stack.enter_context(ACP("http://127.0.0.1:1"))
    provider = stack.enter_context(Provider(PERSON))
    service = stubs.beckon(
        sys.argv[1], stack.enter_context(tempfile.TemporaryDirectory(prefix="beckon-")),
        {"phone": {"kind": "webhook", "url": phone.url, "secrets": ["whsec_" + stubs.driver.SECRET],
                   "allow_internal": True}},
        public_url=origin, listen={"address": f"127.0.0.1:{port}"},
        approval={"tap": False, "passkey": {}}, sign_in={"inbox": provider.settings},
        authorization_servers=[stubs.driver.authorization_server("acp", acp.url)])
    service.run("users", "add", f"--user={PERSON}")
    stack.enter_context(service)
    acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{service.port}")
    browser, device, foreign = Browser(origin), fido.Device(), Foreign("localhost", origin)
    status, page = browser.open("/sso/oidc/inbox?to=/inbox")
    assert status == 200, (status, page)

    # Nobody is verified: both refuse.
    status, asked = browser.register(SoftWebauthnDevice())
    assert status == 422 and not foreign.registers(asked), status
    for change in (replace(b"webauthn.create", b"webauthn.get"), replace(b"localhost", b"localhosx"),
                   flip("clientDataJSON", 44), flip("attestationObject", 40)):
        status, asked = browser.register(fido.Device(), change)
        assert status == 422 and not foreign.registers(asked), (status, asked)
    status, asked = browser.register(device)
    assert status == 200 and foreign.registers(asked), (status, foreign.reason)
    print("ok      passkeys: soft-webauthn registers, fido2 agrees; not without user verification")

    login = acp.start(PERSON)
    ticket = phone.prompt(login.id)["ticket"]
    unverified = SoftWebauthnDevice()
    for name in ("credential_id", "private_key", "rp_id", "user_handle", "sign_count"):
        setattr(unverified, name, getattr(device, name))
    status, _, asked = browser.approve(ticket, unverified)
    assert status == 403 and not foreign.accepts(asked), status
    for change in (replace(b"webauthn.get", b"webauthn.create"), replace(b"localhost", b"localhosx"),
                   flip("clientDataJSON", 44), flip("authenticatorData", 0), flip("authenticatorData", 32),
                   flip("authenticatorData", 36), flip("signature", -1)):
        status, _, asked = browser.approve(ticket, device, change)
        assert status == 403 and not foreign.accepts(asked), (status, asked)
    assert not login.decision
    status, page, asked = browser.approve(ticket, device)
    assert status == 200 and foreign.accepts(asked), (status, page)
    assert login.decided.wait(20) and login.decision == "accept", login.decision
    # What was signed for one login is for no other.
    other = acp.start(PERSON)

    def reuse(answer):
        answer.update({"clientDataJSON": fido.decoded(asked["client"]), "signature": fido.decoded(asked["signature"]),
                       "authenticatorData": fido.decoded(asked["data"])})
    status, _, again = browser.approve(phone.prompt(other.id)["ticket"], device, reuse)
    assert status == 403 and not foreign.accepts(again), status
    print("ok      passkeys: soft-webauthn approves a login, fido2 agrees on each refusal")


def main():
    with contextlib.ExitStack() as stack:
        check(stack)


if __name__ == "__main__":
    main()
