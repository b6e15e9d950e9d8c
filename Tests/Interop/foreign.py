"""A foreign JOSE library, asked by the tests: a JSON array of jobs comes in, one of answers goes out.

An answer is {"ok": …}, or {"error": the name of what was raised} where the library refuses.
"""

import base64
import json
import sys
import warnings

# RFC 9864 deprecates the name EdDSA; servers still ask for it.
warnings.simplefilter("ignore")

from joserfc import jws, jwt
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OctKey, OKPKey, RSAKey


def generate(job):
    algorithm = job["alg"]
    if algorithm in ("RS256", "PS256"):
        key = RSAKey.generate_key(2048)
    elif algorithm == "ES256":
        key = ECKey.generate_key("P-256")
    elif algorithm == "EdDSA":
        key = OKPKey.generate_key("Ed25519")
    else:
        key = OctKey.generate_key(256)
    answer = {"jwk": key.as_dict(private=True), "thumbprint": key.thumbprint()}
    if algorithm != "HS256":
        answer["public"] = key.as_dict(private=False)
        answer["pem"] = key.as_pem(private=True).decode()
    return answer


def sign(job):
    key = JWKRegistry.import_key(job["jwk"])
    header = {"alg": job["alg"], "kid": job["kid"]}
    return jwt.encode(header, job["claims"], key, algorithms=[job["alg"]])


def verify(job):
    keys = KeySet.import_key_set(job["jwks"])
    token = jws.deserialize_compact(job["token"].encode(), keys, algorithms=[job["alg"]])
    return {"header": token.headers(), "payload": base64.b64encode(token.payload).decode()}


def authenticate(job):
    """A client by its assertion (RFC 7523 3), as an authorization server does at a moment."""
    key = JWKRegistry.import_key(job["jwk"])
    token = jwt.decode(job["token"], key, algorithms=[job["alg"]])
    client = {"essential": True, "value": job["client"]}
    jwt.JWTClaimsRegistry(
        now=job["now"], iss=client, sub=client, aud={"essential": True, "value": job["audience"]},
        exp={"essential": True}, jti={"essential": True}).validate(token.claims)
    return {"header": token.header, "claims": token.claims}


def thumbprint(job):
    return JWKRegistry.import_key(job["jwk"]).thumbprint()


def answer(job):
    actions = {"generate": generate, "sign": sign, "verify": verify, "thumbprint": thumbprint,
               "authenticate": authenticate}
    try:
        return {"ok": actions[job["action"]](job)}
    except Exception as error:  # Whatever it raises is its answer.
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout)
