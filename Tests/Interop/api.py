"""Schemathesis against openapi/beckon.yaml and a running service, with real bound tokens: examples,
every constraint of the description broken, random requests, and sequences of requests. No answer may be
5xx or another one than described. The argument is `beckon`; BECKON_API_EXAMPLES sets how many requests
of each operation are made up (100)."""

import json
import os
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ["BECKON"] = str(pathlib.Path(sys.argv[1]).resolve())
sys.path.insert(0, str(ROOT / "Tests/BlackBox"))

from bound import Bound  # noqa: E402
from provider import Provider  # noqa: E402

USER = "user-4711"
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_headers_conformance,response_schema_conformance")
# What reads a token of one kind, and who has one. The user's consent and the clients are still there
# when their turn comes: the bank may withdraw the one, an administrator suspend the others.
PARTS = [("token", "ops", None), ("backend", "robot", USER), ("backend", "bank", None),
         ("admin", "ops", None)]


def description(folder):
    """The description, with the answers that its introduction names for every path."""
    document = yaml.safe_load((ROOT / "openapi/beckon.yaml").read_text())
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/HTTPProblem"}}}
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                for status in ("414", "431"):
                    operation["responses"].setdefault(
                        status, {"description": "Too long.", "content": problem})
    file = pathlib.Path(folder, "description.json")
    file.write_text(json.dumps(document, default=str))
    return str(file)


def scan(stage, url, tag, client, token, *more):
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")), "run",
        stage.path("description.json"), "--url", url, "--include-tag", tag,
        "--checks", CHECKS, "--mode", "all", "--max-examples",
        os.environ.get("BECKON_API_EXAMPLES", "100"), "--seed", "4711", "--no-color",
        "--request-timeout", "30", "--workers", "1", "--continue-on-failure", *more]
    if client:
        command += ["--tls-verify", stage.path("server.pem"),
                    "--request-cert", stage.path(client + ".pem"),
                    "--request-cert-key", stage.path(client + ".key")]
    if token:
        command += ["--header", "Authorization: Bearer " + token]
    print(f"== {tag} as {client or 'the platform'}", flush=True)
    return subprocess.run(command, cwd=stage.beckon.directory).returncode


def main():
    failed = []
    with Provider() as provider, Bound(sign_in={"inbox": provider.settings}) as stage:
        description(stage.beckon.directory)
        stage.consent(USER)
        for number in range(20):
            stage.start_login(f"login-{number}", USER)
        url = f"https://localhost:{stage.beckon.port}"
        # Guessing at the token endpoint makes it refuse this address for a while.
        tokens = [None if tag == "token" else stage.token(client, user)
                  for tag, client, user in PARTS]
        for (tag, client, _), token in zip(PARTS, tokens):
            if scan(stage, url, tag, client, token):
                failed.append(f"{tag} as {client}")
        if scan(stage, f"http://127.0.0.1:{stage.beckon.management}", "management", None, None):
            failed.append("management")
        # There is no authorization server to report to.
        broken = [line for line in stage.beckon.lines()
                  if line.get("level") == "error" and line.get("event") != "token.failed"]
        for line in broken[:10]:
            print("logged:", line)
        if broken:
            failed.append("errors in the log")
        stage.beckon.run("audit", "verify")
    print("failed: " + ", ".join(failed) if failed else "no undescribed answer")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
