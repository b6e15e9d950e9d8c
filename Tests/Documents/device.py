"""A device with an Ed25519 key, as openapi/beckon.yaml describes it. openssl signs."""

import base64
import hashlib
import json
import secrets
import subprocess
import tempfile
import time


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """Sends requests through `call(method, path, data, headers)`, which returns status, fields and
    bytes, to a service with the public address `base`."""

    def __init__(self, call, base):
        self.call, self.base = call, base
        self.directory = tempfile.TemporaryDirectory()
        self.key = self.new_key("key.pem")

    def close(self):
        self.directory.cleanup()

    def new_key(self, name):
        path = f"{self.directory.name}/{name}"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
        return path

    @staticmethod
    def jwk(key):
        info = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"],
                              check=True, capture_output=True).stdout
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(info[-32:])}

    def thumbprint(self):
        canonical = json.dumps(self.jwk(self.key), sort_keys=True, separators=(",", ":"))
        return encode(hashlib.sha256(canonical.encode()).digest())

    def sign(self, kind, payload, key=None, shows_key=True):
        key = key or self.key
        head = {"alg": "EdDSA", "typ": kind, **({"jwk": self.jwk(key)} if shows_key else {})}
        text = ".".join(encode(json.dumps(part).encode()) for part in (head, payload))
        # Ed25519 needs the length before it begins, so not from a pipe.
        with tempfile.NamedTemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            signature = subprocess.run(
                ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file.name],
                check=True, capture_output=True).stdout
        return text + "." + encode(signature)

    def proof(self, method, path):
        return self.sign("dpop+jwt", {
            "htm": method, "htu": self.base + path.split("?")[0], "iat": int(time.time()),
            "jti": secrets.token_hex(16)})

    def send(self, method, path, body=None, kind="application/json", **headers):
        headers = {"DPoP": self.proof(method, path), **headers}
        if body is not None:
            headers["Content-Type"] = kind
        return self.call(method, path, None if body is None else json.dumps(body), headers)

    def signature(self, decision, login):
        """Over what the device was shown."""
        approves = decision == "approve"
        scopes = [scope["name"] for scope in login["scopes"]] if approves else []
        grant = json.dumps({"accounts": [], "scopes": scopes}, separators=(",", ":"))
        digest = login["consent"]["digest"]
        challenge = hashlib.sha256(
            b"beckon-decision-v1" + login["id"].encode() + decision.encode()
            + hashlib.sha256(grant.encode()).digest() + decode(digest)
            + decode(login["challenge_nonce"])).digest()
        return self.sign("beckon-decision+jwt", {
            "challenge": encode(challenge), "login": login["id"], "decision": decision,
            "digest": digest}, shows_key=False)

    def key_proof(self, device, key):
        return self.sign("beckon-key+jwt", {
            "device": device, "old": self.thumbprint(), "iat": int(time.time())}, key)
