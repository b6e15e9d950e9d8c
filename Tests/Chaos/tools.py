"""API clients that get tokens by assertions, each of which counts once."""

import base64
import json
import secrets
import subprocess
import time

NAME = "tool"
# They show no certificates here.
WITHOUT_CERTIFICATE = {"trust": {"without_certificate": ["ops", NAME]}}
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Seconds that a clock may be wrong at a token endpoint.
SKEW = 30


class Assertion:
    """Signed by the client's key (RFC 7523). `answers` has the status and token of each attempt."""

    def __init__(self, key, audience):
        def encode(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")

        self.began, now = time.monotonic(), int(time.time())
        head = encode(json.dumps({"alg": "PS256", "kid": NAME}).encode())
        claims = encode(json.dumps({
            "iss": NAME, "sub": NAME, "aud": audience, "iat": now, "exp": now + 300,
            "jti": secrets.token_hex(16)}).encode())
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", key, "-sigopt", "rsa_padding_mode:pss",
             "-sigopt", "rsa_pss_saltlen:digest"],
            input=head + b"." + claims, capture_output=True, check=True).stdout
        self.text = b".".join([head, claims, encode(signature)]).decode()
        self.answers, self.ended = [], self.began

    @property
    def form(self):
        return {"grant_type": "client_credentials", "client_id": NAME, "scope": "admin:read",
                "client_assertion": self.text, "client_assertion_type": BEARER}


class Tool:
    def __init__(self, folder, service):
        """Registers the client at a service."""
        self.key = f"{folder}/{NAME}.key"
        certificate = f"{folder}/{NAME}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", f"/CN={NAME}", "-keyout", self.key, "-out", certificate],
                       check=True, capture_output=True)
        service.run("clients", "add", f"--id={NAME}", "--type=user", "--name=Tool", f"--kid={NAME}",
                    "--auth=private_key_jwt", f"--key={certificate}", "--scope=admin:read")
        self.audience = service.config["public_url"]
        self.assertions = []

    def make(self):
        assertion = Assertion(self.key, self.audience)
        self.assertions.append(assertion)
        return assertion


def identifier(token):
    """The `jti` of a token."""
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]
