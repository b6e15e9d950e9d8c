"""Writes what the fuzzers begin with: seeds.py canonical|jose FOLDER."""

import json
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent


def canonical():
    yield b'[56,{"d":true,"10":null,"1":[]}]'
    yield '{"péché":"é","pêche":"\\ud83d\\ude02","\\u20ac":"\\u0080"}'.encode()
    yield b'{"a":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0]}'
    yield b'{"\\r":"\\u000f\\n\\\\\\"\\/","1":{"f":{"F":5},"\\n":56.0}}'


def jose():
    """The first byte chooses what the rest is: see JOSEFuzz.swift."""
    vectors = TESTS / "JOSETests" / "Vectors"
    signatures = json.loads((vectors / "signatures.json").read_text())["signatures"]
    for entry in signatures:
        key = json.dumps(entry["key"]).encode()
        public = {k: v for k, v in entry["key"].items() if k not in ("d", "p", "q", "dp", "dq", "qi")}
        yield b"\x00" + entry["token"].encode()
        yield b"\x03" + key
        yield b"\x04" + json.dumps({"keys": [public, public]}).encode()
    for group in json.loads((vectors / "wycheproof.json").read_text())["groups"]:
        for test in group["tests"]:
            yield b"\x00" + test["jws"].encode()
    for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "mac", "typ": "JWT", "crit": ["b64"]}):
        yield b"\x01" + json.dumps(header).encode()
    claims = {"iss": "a", "sub": "b", "aud": ["c"], "exp": 18e8, "nbf": 1, "iat": 2, "jti": "d"}
    yield b"\x02" + json.dumps(claims).encode()
    yield b"\x05-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"
    yield b"\x05-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"


folder = pathlib.Path(sys.argv[2])
for number, seed in enumerate({"canonical": canonical, "jose": jose}[sys.argv[1]]()):
    (folder / str(number)).write_bytes(seed)
