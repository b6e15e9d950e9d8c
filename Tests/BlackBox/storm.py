"""A storm of commands beside a service that takes logins: nothing is refused, damaged or lost.

Several processes then write to one database, and only the service may checkpoint it.
"""

import base64
import contextlib
import random
import socket
import sqlite3
import subprocess
import threading
import time

from beckon import BINARY, PASSWORD, Beckon

SENDERS = 16
OPERATORS = 4


def storm(seconds, rate, seed):
    """Sends `rate` starts a second and runs commands meanwhile. Returns how many parts failed."""
    problems = []
    # Logins are accepted and not worked on, so that all that happens is in the store.
    with contextlib.closing(Beckon(None, "http://127.0.0.1:9", {
            "engine": {"concurrency": 0}, "log": {"requests": "off"}})) as beckon:
        beckon.start()
        end = time.monotonic() + seconds
        senders = [Sender(beckon, number, rate / SENDERS, end) for number in range(SENDERS)]
        operators = [Operator(beckon, number, seed, end) for number in range(OPERATORS)]
        for thread in senders + operators:
            thread.start()
        for thread in senders + operators:
            thread.join()
            problems += thread.problems
        beckon.stop()
        kept = set()
        with contextlib.closing(sqlite3.connect(beckon.directory / "beckon.db")) as database:
            found = database.execute("PRAGMA integrity_check").fetchall()
            if found != [("ok",)]:
                problems.append(f"integrity_check: {found}")
            kept.update(name for name, in database.execute("SELECT login_id FROM login"))
            users = dict(database.execute("SELECT user_id, active FROM users"))
        lost = [name for sender in senders for name in sender.acknowledged if name not in kept]
        expected = {name: active for operator in operators
                    for name, active in operator.users.items()}
        if lost:
            problems.append(f"{len(lost)} logins were acknowledged and are not stored")
        if users != expected:
            problems.append(f"users are {users}, not {expected}")
    starts = sum(len(sender.acknowledged) for sender in senders)
    commands = sum(operator.count for operator in operators)
    if not starts or not commands:
        problems.append("nothing was tried")
    print(f"storm: {starts / seconds:.0f} starts a second, {commands} commands,"
          f" {len(problems)} problems, {seconds:.0f} s", flush=True)
    for problem in problems[:10]:
        print("  " + problem)
    return 1 if problems else 0


class Sender(threading.Thread):
    """Sends starts over one connection, one after the other, at a steady rate."""

    def __init__(self, beckon, number, rate, end):
        super().__init__()
        self.port, self.number, self.rate, self.end = beckon.port, number, rate, end
        self.acknowledged, self.problems = [], []

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.send_all(line)
        except (OSError, AssertionError) as problem:
            self.problems.append(f"sender {self.number}: {problem!r}")

    def send_all(self, line):
        pair = base64.b64encode(f"acp:{PASSWORD}".encode()).decode()
        began, count = time.monotonic(), 0
        while (now := time.monotonic()) < self.end:
            if (wait := began + count / self.rate - now) > 0:
                time.sleep(wait)
            name = f"{self.number}-{count}"
            body = (
                f'{{"login_id":"{name}","login_state":"0a9d7c55b2b14b8f8f3ce0d0c3f1e2aa",'
                f'"tenant_id":"bank","server_id":"retail","client_id":"kiosk",'
                f'"client_info":{{"client_name":"Kiosk 12"}},"user_identifier":"customer-{name}",'
                f'"requested_scopes":["openid"],"expires_at":"2036-03-04T10:49:34Z"}}')
            line.sendall((
                "POST /authentication/start HTTP/1.1\r\nHost: beckon\r\n"
                f"Authorization: Basic {pair}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
            answer = line.recv(4096)
            assert answer.startswith(b"HTTP/1.1 2"), answer
            self.acknowledged.append(name)
            count += 1


class Operator(threading.Thread):
    """Runs one command after the other. Each must succeed."""

    def __init__(self, beckon, number, seed, end):
        super().__init__()
        self.config, self.number, self.end = f"--config={beckon.file}", number, end
        self.dice = random.Random(seed + number)
        self.users, self.problems, self.count = {}, [], 0

    def run(self):
        while time.monotonic() < self.end:
            name = f"user-{self.number}-{self.dice.randrange(20)}"
            self.dice.choice([self.add, self.change, self.remove, self.look])(name)

    def command(self, *words):
        run = subprocess.run([BINARY, *words, self.config], text=True, capture_output=True)
        self.count += 1
        if run.returncode:
            self.problems.append(f"{words}: {run.returncode} {run.stderr.strip()}")

    def add(self, name):
        self.users[name] = 1
        self.command("users", "add", f"--user={name}")
        # One that is kept stays as it was.
        if self.users[name]:
            self.command("users", "enable", f"--user={name}")

    def change(self, name):
        if name in self.users:
            self.users[name] = self.dice.randrange(2)
            verb = "enable" if self.users[name] else "disable"
            self.command("users", verb, f"--user={name}")

    def remove(self, name):
        if self.users.pop(name, None) is not None:
            self.command("users", "remove", f"--user={name}")

    def look(self, _):
        self.command(*self.dice.choice([
            ("users", "list"), ("logins", "list", "--phase=preparing"), ("logins", "list")]))
