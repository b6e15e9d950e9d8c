"""Evidence of decisions, in both directions.

    evidence.py BECKON

joserfc verifies what Beckon signs, over a canonical form that Python makes. `beckon verify-evidence`
takes a document that joserfc signs, and refuses each one of which a byte was changed.
"""

import base64
import copy
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

# RFC 9864 deprecates the name EdDSA.
warnings.simplefilter("ignore")

import stubs
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from acp import ACP  # noqa: E402
from beckon import Phone  # noqa: E402

PERSON = "customer-4711"
TYPE = "beckon-evidence+jwt"
# What a document may have at this path and still be evidence, if somebody signs it.
PLACES = [("login", "user"), ("login", "client_name"), ("decision", "choice"), ("decision", "decided_at"),
          ("decision", "grant", "scopes", 0), ("shown", "digest"), ("shown", "nonce"), ("shown", "consent"),
          ("shown", "accounts"), ("challenge",), ("issuer",), ("login", "id"), ("login", "outcome")]
# Beckon's signature alone protects these; the others follow from each other.
FREE = [("login", "user"), ("login", "client_name"), ("decision", "decided_at"), ("issuer",),
        ("login", "outcome"), ("shown", "accounts")]


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def payload(document):
    """RFC 8785, as far as Python's own encoder goes: the names are ASCII, and there are no fractions."""
    rest = {name: value for name, value in document.items() if name != "signature"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps({"sha256": encoded(hashlib.sha256(text.encode()).digest())}, separators=(",", ":")).encode()


def signed(document, key, algorithm):
    header = {"alg": algorithm, "kid": "theirs", "typ": TYPE}
    return {**document, "signature": jws.serialize_compact(header, payload(document), key, algorithms=[algorithm])}


def changed(document, path):
    """One letter of a text is another one."""
    copied = copy.deepcopy(document)
    place = copied
    for name in path[:-1]:
        place = place[name]
    text = place[path[-1]]
    middle = len(text) // 2
    place[path[-1]] = text[:middle] + ("b" if text[middle] == "a" else "a") + text[middle + 1:]
    return copied


class Checker:
    """`beckon verify-evidence`, with a document and keys."""

    def __init__(self, folder):
        self.file, self.keys = pathlib.Path(folder, "e.json"), pathlib.Path(folder, "jwks.json")

    def __call__(self, document, keys):
        self.file.write_text(json.dumps(document, ensure_ascii=False))
        self.keys.write_text(json.dumps(keys))
        done = subprocess.run([stubs.driver.BINARY, "verify-evidence", str(self.file)],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0, done.stdout + done.stderr


def exported(service, acp, phone):
    """The evidence of an approval and of a refusal."""
    for decision in ("approve", "deny"):
        login = acp.start(PERSON)
        status, answer = phone.decide(service, login.id, decision)
        assert status == 200, (status, answer)
        yield decision, stubs.evidence(service, login.id)


def check(folder):
    with ACP("http://127.0.0.1:1") as acp, Phone() as phone:
        channel = {"kind": "webhook", "url": phone.url, "secrets": ["whsec_" + stubs.driver.SECRET],
                   "allow_internal": True}
        service = stubs.beckon(
            sys.argv[1], folder, {"phone": channel}, **stubs.OPERATOR,
            authorization_servers=[stubs.driver.authorization_server("acp", acp.url)])
        service.run("users", "add", f"--user={PERSON}")
        stubs.add_operator(service)
        with service:
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{service.port}")
            documents = list(exported(service, acp, phone))
            status, keys = service.request("GET", "/oauth2/jwks")
            assert status == 200, keys
    verify = Checker(folder)
    for decision, document in documents:
        found = jws.deserialize_compact(document["signature"].encode(), KeySet.import_key_set(keys),
                                        algorithms=["ES256"])
        assert found.headers()["typ"] == TYPE and found.payload == payload(document), found.payload
        holds, text = verify(document, keys)
        assert holds and ("approved" if decision == "approve" else "declined") in text, text
        print(f"ok      evidence of {decision}: joserfc verifies Beckon's signature", flush=True)
        judge_theirs(document, verify, decision)
    print("ok      evidence: what joserfc signs is verified, what is changed is refused")


def judge_theirs(document, verify, decision):
    makers = {"ES256": lambda: ECKey.generate_key("P-256"), "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
              "PS256": lambda: RSAKey.generate_key(2048)}
    for algorithm, make in makers.items():
        key = make()
        public = {"keys": [{**key.as_dict(private=False), "kid": "theirs", "alg": algorithm}]}
        theirs = signed(document, key, algorithm)
        assert verify(theirs, public)[0], algorithm
        for path in PLACES:
            if decision == "deny" and "grant" in path:
                continue
            holds, text = verify({**changed(theirs, path), "signature": theirs["signature"]}, public)
            assert not holds, (algorithm, path, text)
            # Who owns Beckon's key still cannot make up what the user's challenge covers.
            holds, text = verify(signed(changed(document, path), key, algorithm), public)
            assert holds == (path in FREE), (algorithm, path, text)
        assert not verify(signed(document, make(), algorithm), public)[0], algorithm


def main():
    with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
        check(folder)


if __name__ == "__main__":
    main()
