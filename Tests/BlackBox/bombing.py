"""Thousands of logins for one person, by an authorization server in a process of its own.

Its own process, so that what others measure beside it is Beckon and not this program.
"""

import base64
import http.client
import json
import multiprocessing
import threading
import time

from acp import ACP, Login
from beckon import PASSWORD

SENDERS = 8
VICTIM = "victim-1"
NAME = "bombing"


class Bombing:
    """The process. Once it is made, its `url` can be configured; `send` begins."""

    def __init__(self, count):
        self.count = count
        self.here, there = multiprocessing.Pipe()
        # No fork: this process has threads.
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=_work, args=(there, count), daemon=True)
        self.process.start()
        self.url = self.here.recv()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.here.close()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()

    def send(self, port, seconds):
        """Begins to send all logins, evenly within `seconds` if Beckon is fast enough."""
        self.here.send((port, seconds))

    def sent(self, limit=120):
        """Waits until all were sent; returns how many were acknowledged, and in how many seconds."""
        assert self.here.poll(limit), "the logins were not sent in time"
        return self.here.recv()

    def outcomes(self, limit=120):
        """Waits until the server has heard of every login; returns how many logins have how many
        reports that changed something."""
        self.here.send(limit)
        assert self.here.poll(limit + 30), "no outcomes in time"
        return self.here.recv()


def _work(pipe, count):
    with ACP("http://127.0.0.1:1/" + NAME, user=NAME) as acp:
        pipe.send(acp.url)
        port, seconds = pipe.recv()
        logins = [Login(VICTIM, ["openid", "profile"], 300, "poll") for _ in range(count)]
        acp.logins.update((login.id, login) for login in logins)
        began = time.monotonic()
        senders = [
            threading.Thread(target=_send, args=(port, logins, number, began, seconds), daemon=True)
            for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        acknowledged = [login for login in logins if getattr(login, "acknowledged", False)]
        pipe.send((len(acknowledged), time.monotonic() - began))
        try:
            end = time.monotonic() + pipe.recv()
        except (EOFError, OSError):
            return  # nobody asks
        for login in acknowledged:
            login.decided.wait(max(0, end - time.monotonic()))
        reports = [login.effective for login in acknowledged]
        pipe.send({number: reports.count(number) for number in set(reports)})


def _send(port, logins, number, began, seconds):
    """Every eighth login, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode(),
        "Content-Type": "application/json",
    }
    for place in range(number, len(logins), SENDERS):
        due = began + seconds * place / len(logins)
        time.sleep(max(0, due - time.monotonic()))
        body = json.dumps(logins[place].start_body()).encode()
        try:
            connection.request("POST", f"/{NAME}/authentication/start", body, headers)
            response = connection.getresponse()
            response.read()
        except OSError:
            # Not acknowledged. Beckon may have stopped.
            connection.close()
            continue
        logins[place].acknowledged = response.status == 200
    connection.close()
