"""Starts the real `beckon` as a process of its own and plays the person's phone."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.parse

from acp import LocalServer, answer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("BECKON", str(ROOT / ".build/debug/beckon"))
LAB = os.environ.get("BECKON_LAB", BINARY + "-lab")
SECRET = base64.b64encode(b"webhook-secret-for-tests-012345678").decode()
PASSWORD = "not-a-secret-but-long-enough"


class Phone(LocalServer):
    """Receives prompts by webhook, checks their signatures, and decides as it is told."""

    def __init__(self):
        self.prompts, self.arrivals, self.traceparents = {}, [], {}
        self.messages, self.refused, self.is_busy = {}, [], False
        self.landed = threading.Condition()
        super().__init__()
        self.url += "/prompts"

    def post(self, http, body):
        signed = f"{http.headers['webhook-id']}.{http.headers['webhook-timestamp']}.".encode()
        tag = hmac.new(base64.b64decode(SECRET), signed + body, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(tag).decode()
        if expected not in http.headers["webhook-signature"].split():
            return answer(http, 401, {"error": "signature"})
        prompt = json.loads(body)["data"]
        message = {name: http.headers["webhook-" + name] for name in ("id", "timestamp", "signature")}
        with self.landed:
            self.messages[prompt["login_id"]] = {**message, "body": body}
            if self.is_busy:
                self.refused.append((prompt["login_id"], {**message, "body": body}))
                self.landed.notify_all()
                return answer(http, 503, None)
            self.prompts[prompt["login_id"]] = prompt
            self.traceparents[prompt["login_id"]] = http.headers["traceparent"]
            self.arrivals.append((prompt["login_id"], time.monotonic()))
            self.landed.notify_all()
        return answer(http, 204, None)

    def prompt(self, login_id, limit=10):
        with self.landed:
            here = self.landed.wait_for(lambda: login_id in self.prompts, timeout=limit)
            assert here, f"no prompt for {login_id} within {limit} s"
            return self.prompts[login_id]

    def decide(self, beckon, login_id, decision, **chosen):
        """Through the device interface; returns status and body. An approval names what is shown."""
        if decision == "approve" and "digest" not in chosen:
            status, seen = self.ask(beckon, "GET", login_id, "")
            if status == 200 and seen.get("consent"):
                chosen["digest"] = seen["consent"]["digest"]
        body = {"decision": decision, **chosen}
        return self.ask(beckon, "POST", login_id, "/decision", body)

    def look(self, beckon, login_id, query=""):
        """The login as the person's app sees it."""
        status, login = self.ask(beckon, "GET", login_id, query)
        assert status == 200, (status, login)
        return login

    def receipt(self, beckon, login_id, limit=15):
        """Waits until Beckon itself says that nothing is owed any more."""
        end = time.monotonic() + limit
        login = self.look(beckon, login_id)
        while login["phase"] not in ("settled", "stranded"):
            assert time.monotonic() < end, f"the login did not settle: {login}"
            login = self.look(beckon, login_id, f"?wait=5&seen={login['phase']}")
        return login

    def ask(self, beckon, method, login_id, rest, body=None):
        path = f"/device/v1/logins/{urllib.parse.quote(login_id, safe='')}{rest}"
        headers = {"Authorization": "Bearer " + self.prompt(login_id)["ticket"]}
        return beckon.request(method, path, body, headers)


def authorization_server(name, url, base_path="", **outbound):
    """One in Beckon's configuration: it calls as a user of its name, and is reported to at `url`."""
    hashed = subprocess.run([BINARY, "hash-secret"], input=PASSWORD + "\n", text=True,
                            capture_output=True, check=True).stdout.strip()
    return {
        "id": name,
        "inbound": {"base_path": base_path, "basic": [{"user": name, "password_hash": hashed}]},
        "outbound": {
            "acp": url, "tenant": "bank", "client_id": "beckon",
            "client_secret": "the-client-secret-of-beckon",
            "prompt_margin": "500ms", "report_margin": "100ms", **outbound,
        },
    }


class Beckon:
    """The process. `config` is merged over a small development configuration."""

    # Seconds in which it must listen.
    patience = 20

    def __init__(self, phone, acp_url, config=None, directory=None):
        self.own = tempfile.TemporaryDirectory(prefix="beckon-") if directory is None else None
        self.directory = pathlib.Path(directory or self.own.name)
        self.process, self.log = None, self.directory / "beckon.log"
        self.program, self.arguments, self.spawning = BINARY, [], {}  # what is started, and how
        self.port, self.management = 0, 0
        self.config = {
            "development": True,
            "public_url": "http://127.0.0.1",
            "listen": {"address": "127.0.0.1:0"},
            "management": {"address": "127.0.0.1:0"},
            "store": {"sqlite": {"path": str(self.directory / "beckon.db")}},
            "channels": {
                "phone": {
                    "kind": "webhook", "url": phone.url if phone else "http://127.0.0.1:9/",
                    "secrets": ["whsec_" + SECRET], "allow_internal": True,
                }
            },
            "limits_per_user": {"live": 100000, "starts_per_minute": 1000000},
            "authorization_servers": [authorization_server("acp", acp_url)],
        }
        merge(self.config, config or {})
        self.file = self.directory / "beckon.json5"
        self.file.write_text(json.dumps(self.config))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stop()
        if self.own:
            self.own.cleanup()

    def run(self, *arguments):
        """A command beside the service; returns its standard output."""
        command = [BINARY, *arguments, f"--config={self.file}"]
        run = subprocess.run(command, text=True, capture_output=True)
        assert run.returncode == 0, f"{command}: {run.returncode} {run.stderr}"
        return run.stdout

    def start(self):
        with open(self.log, "ab") as log:
            mark = log.tell()
            self.process = subprocess.Popen(
                [self.program, "serve", f"--config={self.file}", *self.arguments],
                stderr=log, stdout=log, **self.spawning)
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            addresses = {}
            for line in self.lines(mark):
                if line.get("event") == "server.listening":
                    addresses[line["listener"]] = int(line["port"])
            if {"public", "management"} <= addresses.keys():
                self.port, self.management = addresses["public"], addresses["management"]
                return self
            assert self.process.poll() is None, "beckon ended: " + self.log.read_text()[-2000:]
            time.sleep(0.01)
        raise AssertionError("beckon did not start: " + self.log.read_text()[-2000:])

    def lines(self, mark=0):
        with open(self.log, "rb") as log:
            log.seek(mark)
            for line in log.read().splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def logged(self, event, limit=10, **members):
        """Waits for the line of the log with this event and these members."""
        wanted = {"event": event, **members}
        end = time.monotonic() + limit
        while True:
            found = [line for line in self.lines() if wanted.items() <= line.items()]
            if found:
                return found[0]
            assert time.monotonic() < end, f"not in the log: {wanted}"
            time.sleep(0.02)

    def stop(self, limit=30):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(limit)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None, port=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            merged = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, data, {**merged, **(headers or {})})
            response = connection.getresponse()
            text = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, json.loads(text) if is_json else text
        finally:
            connection.close()

    def metrics(self):
        status, text = self.request("GET", "/metrics", port=self.management)
        assert status == 200
        return text.decode()


def merge(base, over):
    for key, value in over.items():
        if value is None:
            base.pop(key, None)
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
