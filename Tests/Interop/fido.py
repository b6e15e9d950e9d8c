"""Passkeys by two foreign libraries, asked by the tests: a JSON array of jobs comes in, one of answers
goes out. soft-webauthn is the authenticator and fido2 the server. Bytes are base64url without padding.

An answer is {"ok": …}, or {"error": the name of what was raised} where the library refuses.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor, features
from fido2.server import Fido2Server
from fido2.utils import sha256
from fido2.webauthn import PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity
from soft_webauthn import SoftWebauthnDevice

VERIFIED = 0x04
# The names and forms of WebAuthn's JSON.
features.webauthn_json_mapping.enabled = True


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device(SoftWebauthnDevice):
    """soft-webauthn, which verifies nobody, with the flag for that."""

    def create(self, options, origin):
        made = super().create(options, origin)
        attestation = cbor.decode(made["response"]["attestationObject"])
        data = bytearray(attestation["authData"])
        data[32] |= VERIFIED
        attestation["authData"] = bytes(data)
        made["response"]["attestationObject"] = cbor.encode(attestation)
        return made

    def get(self, options, origin):
        used = super().get(options, origin)
        answer = used["response"]
        data = bytearray(answer["authenticatorData"])
        data[32] |= VERIFIED
        answer["authenticatorData"] = bytes(data)
        answer["signature"] = self.private_key.sign(
            bytes(data) + sha256(answer["clientDataJSON"]), ec.ECDSA(hashes.SHA256()))
        return used


def options(challenge, rp):
    """What a browser would be given, for both ceremonies."""
    return {"publicKey": {
        "rp": {"id": rp, "name": rp}, "rpId": rp, "user": {"id": b"1", "name": "anna"},
        "challenge": challenge, "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "attestation": "none",
    }}


def make(job):
    """A registration, and an assertion with the new key."""
    device, asked = Device(), options(decoded(job["challenge"]), job["rp"])
    made, used = device.create(asked, job["origin"])["response"], device.get(asked, job["origin"])["response"]
    return {
        "id": encoded(device.credential_id),
        "client": encoded(made["clientDataJSON"]), "attestation": encoded(made["attestationObject"]),
        "assertion": {
            "client": encoded(used["clientDataJSON"]), "data": encoded(used["authenticatorData"]),
            "signature": encoded(used["signature"])},
    }


class Server:
    """fido2's server with Beckon's demands, for one passkey."""

    def __init__(self, rp, origin):
        self.server = Fido2Server(PublicKeyCredentialRpEntity(id=rp, name=rp),
                                  verify_origin=lambda given: given == origin)

    def register(self, name, challenge, client, attestation):
        user = PublicKeyCredentialUserEntity(id=b"1", name="anna", display_name="Anna")
        _, state = self.server.register_begin(user, user_verification="required", challenge=challenge)
        self.credential = self.server.register_complete(state, self.answer(
            name, clientDataJSON=client, attestationObject=attestation)).credential_data

    def authenticate(self, name, challenge, client, data, signature):
        known = [self.credential]
        _, state = self.server.authenticate_begin(known, user_verification="required", challenge=challenge)
        self.server.authenticate_complete(state, known, self.answer(
            name, clientDataJSON=client, authenticatorData=data, signature=signature))

    @staticmethod
    def answer(name, **response):
        return {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {},
                "response": response}


def judge(job):
    """Whether fido2 takes the registration, and then the assertion."""
    server, challenge = Server(job["rp"], job["origin"]), decoded(job["challenge"])
    server.register(job["id"], challenge, job["client"], job["attestation"])
    used = job["assertion"]
    server.authenticate(job["id"], challenge, used["client"], used["data"], used["signature"])
    return True


def answer(job):
    try:
        return {"ok": {"make": make, "judge": judge}[job["action"]](job)}
    except Exception as error:  # Whatever it raises is its answer.
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout)
