"""Beckon and the simulators as processes of their own, for the tests of the documents."""

import contextlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/BlackBox"))

from acp import LocalServer, answer  # noqa: E402
from beckon import Beckon, Phone, authorization_server  # noqa: E402
from simulated import Forward, SimulatedACP, ThirdParty  # noqa: E402

USERS = ("customer-4711@example.com", "customer-4711")


class Bank(LocalServer):
    """Lists the one account that the examples of openapi/beckon.yaml choose."""

    ACCOUNT = {"id": "acc-22289", "name": "Everyday account", "display": "•••• 5698",
               "kind": "current", "currency": "GBP", "purposes": ["sharing", "payments"]}

    def get(self, http):
        answer(http, 200, {"accounts": [self.ACCOUNT]})


class Stage(contextlib.ExitStack):
    """`beckon`, `acp` with the client `party`, `phone` and `bank`. Use as a context manager."""

    def __init__(self, phone=None, **config):
        super().__init__()
        self.phone = self.enter_context(phone or Phone())
        self.bank = self.enter_context(Bank())
        # The simulator is started later, because it needs Beckon's address, and Beckon its.
        self.outward = self.enter_context(Forward())
        self.beckon = Beckon(self.phone, None, {
            "accounts": {"url": self.bank.url + "/{user}"},
            "authorization_servers": [authorization_server(
                "acp", self.outward.url,
                scopes=["manage_scope_grants", "manage_openbanking_consents"])],
            **config,
        })
        self.callback(self.beckon.close)
        for user in USERS:
            self.beckon.run("users", "add", f"--user={user}")
        self.beckon.start()
        self.acp = self.enter_context(SimulatedACP(
            self.beckon.url, "--service-user=acp", "--workspace=retail",
            "--system-client-secret=the-client-secret-of-beckon"))
        self.outward.target = self.acp.url
        self.party = ThirdParty(self.acp, "retail")
