"""README's commands, receiver, request and log lines work as they are printed."""

import base64
import contextlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from stage import ROOT
from beckon import BINARY, LAB
from ports import free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def section(title):
    """The text below a heading, up to the next one of its level or above."""
    level = title.split(" ")[0]
    start = README.index(f"\n{title}\n") + len(title) + 2
    end = re.compile(r"^#{2,%d} " % len(level), re.MULTILINE).search(README, start)
    return README[start:end.start() if end else None]


def blocks(language, text=README):
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def commands(text):
    """The commands of the blocks `sh`, without comments and with their lines joined."""
    for block in blocks("sh", text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.strip().startswith("#"):
                yield line.strip()


def until(what, look, limit=30):
    end = time.monotonic() + limit
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        time.sleep(0.05)


class Printed(unittest.TestCase):
    def test_the_request_is_signed_with_the_secret_beside_it(self):
        text = section("## Receive notifications")
        secret = re.search(r"whsec_[A-Za-z0-9+/=]+", text).group()
        head, body = blocks("http", text)[0].rstrip("\n").split("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.{body}".encode()
        mac = hmac.digest(base64.b64decode(secret[6:]), signed, "sha256")
        self.assertEqual(fields["webhook-signature"], "v1," + base64.b64encode(mac).decode())
        self.assertEqual(int(fields["Content-Length"]), len(body.encode()))
        self.assertEqual(json.loads(body)["type"], "login.prompt")

    def test_the_receiver_has_ten_lines(self):
        [receiver] = blocks("python")
        self.assertLessEqual(len(receiver.splitlines()), 10)

    def test_curl_has_no_option_that_7_81_does_not_know(self):
        known = {"-u", "-H", "-d", "-X", "-s", "-f", "-i", "-O", "-o", "-L", "-k", "--cacert",
                 "--data-raw", "--fail", "--get", "--data-urlencode", "--cert", "--key", "-b", "-c",
                 "-w"}
        found = [command for command in commands(README) if command.startswith("curl")]
        self.assertGreaterEqual(len(found), 6)
        for command in found:
            plain = re.sub(r"'[^']*'|\$\([^)]*\)", "''", command)
            self.assertLessEqual(set(re.findall(r"(?<=\s)--?[A-Za-z-]+", plain)), known, command)

    def test_every_log_line_of_troubleshooting_exists(self):
        sources = "".join(file.read_text(encoding="utf-8")
                          for file in (ROOT / "Sources").rglob("*.swift"))
        rows = [row.split(" | ") for row in section("## Troubleshooting").splitlines()
                if row.startswith("| ") and not row.startswith("| Symptom")]
        self.assertGreaterEqual(len(rows), 10)
        events = set()
        for row in rows:
            events |= set(re.findall(r"`([a-z]+\.[a-z_]+)`", row[1]))
        self.assertGreaterEqual(len(events), 10)
        for event in events:
            self.assertIn(f'"{event}"', sources, "no such line is logged")

    def test_every_command_of_beckon_exists(self):
        for program, binary in (("beckon", BINARY), ("beckon-lab", LAB)):
            pattern = rf"(?:^|`|/|\s){program} ((?:[a-z][a-z-]* ?)+)((?:--[a-z-]+(?:=\S+)?\s?)*)"
            named = re.findall(pattern, "\n".join([*commands(README), *re.findall(
                r"`([^`\n]+)`", README)]))
            self.assertTrue(named)
            for words, options in named:
                words = words.split()
                run = subprocess.run([binary, *words, "--help"], capture_output=True, text=True)
                if program == "beckon" and words in (["users"], ["logins"], ["keys"], ["clients"]):
                    continue
                self.assertEqual(run.returncode, 0, (words, run.stderr))
                for option in re.findall(r"--[a-z-]+", options):
                    if option != "--help":
                        self.assertIn(option, run.stdout, words)


class Shell:
    """A shell in the folder of a tour, which keeps what one block defines for the next."""

    END = "the-end-of-the-block"

    def __init__(self, tour):
        self.tour = tour
        self.process = subprocess.Popen(
            ["bash", "-e"], cwd=tour.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        tour.addCleanup(self.close)

    def run(self, block):
        """What the commands of a block print. One that fails ends the shell."""
        lines = [line for line in block.splitlines() if not line.startswith("make ")]
        script = self.tour.here("\n".join(lines))
        self.process.stdin.write(f"{script}\necho\necho {self.END}\n")
        self.process.stdin.flush()
        output = []
        for line in self.process.stdout:
            if line.strip() == self.END:
                return "".join(output)
            output.append(line)
        raise AssertionError(f"{script}\nfailed: {''.join(output)}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Played(unittest.TestCase):
    """The tours, command by command, on ports that are free."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="readme-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.ports = {}

    def here(self, command):
        """A command of README with the ports and the programs of this run."""
        for port, other in self.ports.items():
            command = command.replace(f":{port}", f":{other}")
        command = command.replace(".build/release/beckon-lab", LAB)
        return command.replace(".build/release/beckon ", BINARY + " ")

    def shell(self, command, **names):
        """Runs a command of README, with other ports and with what a reader fills in."""
        command = self.here(command)
        for name, value in names.items():
            command = command.replace(name, value)
        run = subprocess.run(["bash", "-ec", command], cwd=self.folder, text=True,
                             capture_output=True, timeout=60)
        self.assertEqual(run.returncode, 0, (command, run.stdout, run.stderr))
        return run.stdout

    def json(self, command, **names):
        return json.loads(self.shell(command, **names))

    def background(self, command):
        command = self.here(command)
        output = open(os.path.join(self.folder, f"output-{len(os.listdir(self.folder))}"), "w+")
        process = subprocess.Popen(["bash", "-ec", "exec " + command], cwd=self.folder,
                                   stdout=output, stderr=output, text=True)

        def stop():
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            output.close()
        self.addCleanup(stop)

        def read():
            self.assertIsNone(process.poll(), command)
            with open(output.name, encoding="utf-8") as file:
                return file.read()
        return read

    def test_the_quick_start_ends_with_tokens(self):
        output = self.background(f"{LAB} demo --port=0")
        until("the demo", lambda: "Press Ctrl-C" in output())
        named = dict(re.findall(r"^ *(.+?):? +http://(?:localhost|127\.0\.0\.1):(\d+)", output(),
                                re.MULTILINE))
        self.ports = {8080: named["Open this page"], 8081: named["Beckon"],
                      8082: named["authorization server"]}
        verify, ask, look, show, decide, redeem = commands(section("### The same with curl"))
        self.assertEqual(self.json(verify), {"valid": True})
        request = self.json(ask)

        def prompt():
            prompts = self.json(look)
            prompts = prompts if isinstance(prompts, list) else prompts["prompts"]
            return next((p for p in prompts if p["binding_message"] == "Kiosk 12"), None)
        found = until("the prompt", prompt)
        names = {"LOGIN_ID": found["login_id"], "TICKET": found["url"].split("/")[-1]}
        names["DIGEST"] = self.json(show, **names)["consent"]["digest"]
        self.assertEqual(self.json(decide, **names)["outcome"], "approved")

        def tokens():
            with contextlib.suppress(KeyError):
                return self.json(redeem, AUTH_REQ_ID=request["auth_req_id"])["access_token"]
        # A client waits for the interval between two polls.
        time.sleep(request["interval"])
        until("tokens", lambda: tokens() or time.sleep(request["interval"]))

    def test_the_tour_with_an_own_receiver_ends_with_tokens(self):
        self.ports = {port: free_port() for port in (8081, 8082, 8083, 9000, 9464)}
        os.mkdir(os.path.join(self.folder, "Config"))
        config = (ROOT / "Config/development.json5").read_text(encoding="utf-8")
        receiver = blocks("python")[0]
        for port, other in self.ports.items():
            config = config.replace(f":{port}", f":{other}")
            receiver = receiver.replace(str(port), str(other))
        config = config.replace("log:", 'management: { address: "127.0.0.1:%d" },\n  log:'
                                % self.ports[9464])
        for name, text in (("Config/development.json5", config), ("receiver.py", receiver)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        build, secret, listen, simulate, check, add, serve, ask = commands(
            section("### A receiver of your own"))
        self.assertEqual(build, "make build build-lab")
        self.shell(secret)
        received = self.background(listen)
        simulate += f" --listen=127.0.0.1:{self.ports[8082]}"
        simulate += f" --control=127.0.0.1:{self.ports[8083]}"
        simulate += f" --service-url=http://127.0.0.1:{self.ports[8081]} --interval=1"
        output = self.background(simulate)
        until("the simulator", lambda: "control" in output())
        until("the receiver", lambda: self.connects(9000))
        answers = self.shell(check)
        self.assertIn("ok: authorization_servers.acp token:", answers)
        self.assertIn("ok: channels.app ping: status 204", answers)
        self.shell(add)
        self.background(serve)
        until("Beckon", lambda: self.connects(8081))
        request = self.json(ask)
        line = until("the prompt", lambda: next(
            (line for line in received().splitlines() if "login.prompt" in line), None))
        self.assertTrue(line.startswith("verified "), line)
        data = json.loads(line.removeprefix("verified "))["data"]
        page = f"{data['prompt_url']}"
        digest = self.json(f"curl -s http://127.0.0.1:8081/device/v1/logins/{data['login_id']} "
                           f"-H 'Authorization: Bearer {data['ticket']}'")["consent"]["digest"]
        self.assertIn("Kiosk 12", self.shell(f"curl -s {page}"))
        *_, decide, redeem = commands(section("### The same with curl"))
        self.json(decide, LOGIN_ID=data["login_id"], TICKET=data["ticket"], DIGEST=digest)
        time.sleep(1)
        until("tokens", lambda: "access_token" in self.shell(
            redeem, AUTH_REQ_ID=request["auth_req_id"]) or time.sleep(1))

    def test_the_sections_of_clients_and_sign_in_run_in_one_shell(self):
        ports = (8081, 8082, 8083, 8086, 8087, 8443, 9464)
        self.ports = {port: free_port() for port in ports}
        os.mkdir(os.path.join(self.folder, "Config"))
        config = (ROOT / "Config/trust.json5").read_text(encoding="utf-8")
        for port, other in self.ports.items():
            config = config.replace(f":{port}", f":{other}")
        config = config.replace("log:", 'management: { address: "127.0.0.1:%d" },\n  log:'
                                % self.ports[9464])
        with open(os.path.join(self.folder, "Config/trust.json5"), "w", encoding="utf-8") as file:
            file.write(config)
        shell = Shell(self)
        text = section("## API clients and sign-in")
        outputs, serving = [], None
        for block in blocks("sh", text):
            if " serve " in block:
                serving = self.background(block.strip())
                until("Beckon", lambda: self.connects(8443))
            elif "simulate acp" in block:
                self.background(f"{block.strip()} --listen=127.0.0.1:{self.ports[8082]} "
                                f"--control=127.0.0.1:{self.ports[8083]}")
                until("the authorization server", lambda: self.connects(8082))
            elif "simulate idp" in block:
                self.background(f"{block.strip()} --listen=127.0.0.1:{self.ports[8086]} "
                                f"--control=127.0.0.1:{self.ports[8087]} "
                                f"--service-url=http://127.0.0.1:{self.ports[8081]}")
                until("the provider", lambda: self.connects(8086))
            else:
                outputs.append(shell.run(block))
                if "login_hint" in block:
                    until("the prompt", lambda: "/approve/" in serving())
        every = "".join(outputs)
        self.assertIn('{"clients":[{"client_id":"ops-tool"', every)
        self.assertIn('"status":401', every)
        self.assertIn('"client_id":"payout-robot"', every)
        self.assertRegex(every, r'"outcome":"approved".*"decided_by":"delegated"')
        self.assertIn("Anna Archer", outputs[-1])

    def test_the_policy_of_approvals_is_explained_as_written(self):
        text = section("### Choose what counts as approval")
        [group], [check] = blocks("json5", text), list(commands(text))
        os.mkdir(os.path.join(self.folder, "Config"))
        config = (ROOT / "Config/development.json5").read_text(encoding="utf-8")
        config = config.replace("development: true,", "development: true,\n" + group)
        for name, body in (("Config/development.json5", config),
                           ("Config/webhook.secret",
                            "whsec_" + base64.b64encode(b"k" * 32).decode())):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(body)
        os.chmod(os.path.join(self.folder, "Config/webhook.secret"), 0o600)
        self.ports = {}
        said = self.shell(check)
        self.assertIn("1. large payments: consent uk_domestic_payment, an amount of more than "
                      "500.00 GBP: a passkey (passkey, acr urn:bank.example:acr:two-factors", said)
        self.assertIn("2. kiosk: client kiosk: a tap by whoever has the link", said)
        self.assertIn("3. default: every other login: a tap by whoever has the link "
                      "(tap, acr urn:bank.example:acr:link)", said)

    def test_the_receiver_refuses_what_is_not_signed(self):
        port = free_port()
        for name, text in (("webhook.secret", "whsec_" + base64.b64encode(b"k" * 32).decode()),
                           ("receiver.py", blocks("python")[0].replace("9000", str(port)))):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.ports = {9000: port}
        self.background("python3 receiver.py webhook.secret")
        until("the receiver", lambda: self.connects(9000))
        body, now = "{}", int(time.time())
        for key, stamp, status in ((b"k", now, 204), (b"x", now, 401), (b"k", now - 600, 401)):
            mac = hmac.digest(key * 32, f"a.{stamp}.{body}".encode(), "sha256")
            answer = self.shell(
                f"curl -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:9000/ -d '{body}' "
                f"-H 'webhook-id: a' -H 'webhook-timestamp: {stamp}' "
                f"-H 'webhook-signature: v1,{base64.b64encode(mac).decode()}'")
            self.assertEqual(int(answer), status)

    def connects(self, port):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.ports[port]), 1).close()
            return True


if __name__ == "__main__":
    unittest.main()
