"""What scenarios need: the real `beckon`, an authorization server, a phone, a browser."""

import contextlib
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BlackBox"))

from acp import ACP, Login
from beckon import Beckon, Phone
from webdriver import Driver

PERSON = "customer-4711"


class Stage:
    """Everything running, as a context manager. Each scenario opens a browser."""

    # Members of Beckon's configuration besides the usual ones.
    config = {}

    def __enter__(self):
        with contextlib.ExitStack() as open_parts:
            self.driver = open_parts.enter_context(contextlib.closing(Driver()))
            self.phone = open_parts.enter_context(Phone())
            self.acp = open_parts.enter_context(ACP("http://127.0.0.1:1"))
            self.beckon = Beckon(self.phone, self.acp.url, {
                "approval": {"title": "Northwind Bank"}, **self.config
            })
            self.beckon.run("migrate")
            self.beckon.run("users", "add", f"--user={PERSON}")
            open_parts.enter_context(self.beckon)
            self.acp.beckon = self.acp.beckon._replace(netloc=f"127.0.0.1:{self.beckon.port}")
            # Nothing is left running when one of them does not start.
            self.parts = open_parts.pop_all()
        return self

    def __exit__(self, *_):
        self.parts.close()

    def browser(self, **options):
        return self.driver.lend(**options)

    def ask(self, lifetime=60, person=PERSON, **members):
        """Starts a login and waits for its prompt. Members replace those of the start body."""
        login = Asked(person, ["openid", "profile"], lifetime, "poll")
        login.members = members
        self.acp.logins[login.id] = login
        status, answer = self.acp.call("/authentication/start", login.start_body())
        assert status == 200, f"start answered {status} {answer}"
        login.page = self.page(self.phone.prompt(login.id)["ticket"])
        return login

    def page(self, ticket):
        return f"{self.beckon.url}/approve/{ticket}"

    def decide(self, login, decision):
        """On a device other than the browser."""
        status, answer = self.phone.decide(self.beckon, login.id, decision)
        assert status == 200, f"the decision was answered {status} {answer}"

    def hold(self):
        """Keeps reports from being answered until the block ends."""
        return Held(self.acp)


class Asked(Login):
    """A login with some members of its start body replaced."""

    members = {}
    page = None

    def start_body(self):
        return {**super().start_body(), **self.members}


class Held:
    def __init__(self, acp):
        self.acp, self.gate = acp, threading.Event()

    def __enter__(self):
        self.acp.misbehaviour = lambda login, verb: self.gate.wait(30) and None

    def __exit__(self, *_):
        self.gate.set()
        self.acp.misbehaviour = None
