"""Passkeys in a real browser, with the virtual authenticator of WebDriver (WebAuthn Level 3 section
11): registered in the inbox, and used to approve payments of a simulated bank."""

import contextlib
import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BlackBox"))

from beckon import Beckon, Phone, authorization_server
from families import DOMESTIC_PAYMENT, OLIVER
from family import RETAIL
from ports import free_port
from scenarios import run_all
from simulated import SimulatedACP, SimulatedBank, SimulatedIDP, ThirdParty
from webdriver import Authenticator, Driver, until

CUSTOMER = "customer-" + OLIVER.split("@")[0]
scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


class PasskeyStage:
    """Beckon where a passkey is the only way to approve, with a bank, an authorization server and an
    identity provider. Browsers know it as `localhost`: an address has no passkeys."""

    def __enter__(self):
        port = free_port()
        self.url = f"http://localhost:{port}"
        with contextlib.ExitStack() as parts:
            self.driver = parts.enter_context(contextlib.closing(Driver()))
            self.phone = parts.enter_context(Phone())
            bank = parts.enter_context(SimulatedBank())
            idp = parts.enter_context(SimulatedIDP(self.url))
            self.acp = parts.enter_context(SimulatedACP(
                f"http://127.0.0.1:{port}/{RETAIL}", f"--service-user={RETAIL}",
                f"--workspace={RETAIL}", "--system-client-secret=the-client-secret-of-beckon"))
            self.party = ThirdParty(self.acp, RETAIL)
            self.beckon = Beckon(self.phone, None, {
                "public_url": self.url,
                "listen": {"address": f"127.0.0.1:{port}"},
                "accounts": {"url": bank.url, "token": bank.TOKEN},
                "approval": {"tap": False, "passkey": {}},
                "sign_in": {"inbox": idp.registration("inbox", session={"idle": "3600s"})},
                "authorization_servers": [authorization_server(
                    RETAIL, self.acp.url, base_path="/" + RETAIL,
                    scopes=["manage_scope_grants", "manage_openbanking_consents"])],
            })
            self.beckon.run("migrate")
            self.beckon.run("users", "add", f"--user={OLIVER}")
            parts.enter_context(self.beckon)
            self.numbers = itertools.count(1)
            self.parts = parts.pop_all()
        return self

    def __exit__(self, *_):
        self.parts.close()

    def pay(self):
        """A third party asks for a payment; the login's identifier at the server and its page."""
        message, known = f"Till {next(self.numbers)}", set(self.phone.prompts)
        family = DOMESTIC_PAYMENT
        consent = self.party.lodge(family.place, family.lodged(), family.token)
        self.party.ask(scope=family.scopes, login_hint=OLIVER, binding_message=message,
                       requested_expiry=120, **{family.parameter: consent})
        prompt = until("there is a prompt", lambda: next(
            (prompt for name, prompt in list(self.phone.prompts.items())
             if name not in known), None))
        return prompt["login_id"], f"{self.url}/approve/{prompt['ticket']}"

    def outcome(self, login):
        """How often the server was told that the payment is approved, and that it is not."""
        told = self.acp.decided(login)
        return told["accept_calls"], told["reject_calls"]

    @contextlib.contextmanager
    def person(self):
        """A browser with an authenticator, signed in to the inbox."""
        with self.driver.open() as browser:
            authenticator = Authenticator(browser)
            browser.go(self.url + "/sso/oidc/inbox")
            browser.one(f"button[value={CUSTOMER}]").click()
            until("the browser is back", lambda: browser.address.startswith(self.url))
            yield browser, authenticator

    def register(self, browser, name="My laptop"):
        browser.go(self.url + "/inbox")
        browser.run("document.querySelector("
                    "'form[action$=\"/inbox/passkeys\"] input[name=name]').value = arguments[0]", name)
        browser.button("Add a passkey").click()
        browser.sees(name)


def open_payment(browser, page):
    browser.go(page)
    assert "165.88" in browser.heading, browser.heading
    browser.one("input[value='gb-current-2604']").click()
    # Another way to approve is not there.
    assert [button.name for button in browser.all("button") if button.name] == [
        "Decline", "Approve with a passkey", "This wasn’t me"]


@scenario
def approves(stage):
    """A user registers a passkey in the inbox and approves a payment with it, and removes it"""
    with stage.person() as (browser, _):
        stage.register(browser)
        login, page = stage.pay()
        open_payment(browser, page)
        browser.button("Approve with a passkey").click()
        browser.sees("Your passkey")
        assert stage.outcome(login) == (1, 0)
        assert not [line for line in browser.console() if line["level"] == "SEVERE"]
        browser.go(stage.url + "/inbox")
        browser.one("details:has(input[name=name]) summary").click()
        browser.run("document.querySelector('details input[name=name]').value = 'Old one'")
        browser.button("Save the name").click()
        until("it has its new name", lambda: "Old one" in browser.text
              and "My laptop" not in browser.text)
        browser.button("Remove this passkey").click()
        until("the passkey is gone", lambda: "Old one" not in browser.text)


@scenario
def approves_in_the_inbox(stage):
    """A user approves a payment with a passkey in the inbox"""
    with stage.person() as (browser, _):
        stage.register(browser, "In the inbox")
        login, _ = stage.pay()
        browser.go(stage.url + "/inbox")
        browser.all("a[href*='/inbox/requests/']")[0].click()
        browser.one("input[value='gb-current-2604']").click()
        browser.button("Approve with a passkey").click()
        browser.sees("Your passkey")
        assert stage.outcome(login) == (1, 0)
        browser.go(stage.url + "/inbox")
        browser.button("Remove this passkey").click()
        until("the passkey is gone", lambda: "In the inbox" not in browser.text)


@scenario
def unverified(stage):
    """Without user verification nothing is registered and nothing approved"""
    with stage.person() as (browser, authenticator):
        stage.register(browser, "Verified")
        authenticator.verifies(False)
        browser.go(stage.url + "/inbox")
        browser.button("Add a passkey").click()
        browser.sees("No passkey was added")
        login, page = stage.pay()
        open_payment(browser, page)
        browser.button("Approve with a passkey").click()
        browser.sees("Your passkey wasn’t used")
        # What a browser would not send by itself is refused by the server, too.
        browser.run("""
            const get = navigator.credentials.get.bind(navigator.credentials);
            navigator.credentials.get = ({ publicKey }) =>
              get({ publicKey: { ...publicKey, userVerification: 'discouraged' } });
        """)
        browser.button("Approve with a passkey").click()
        browser.sees("This passkey wasn’t accepted")
        assert not stage.acp.login(login).get("decision")
        authenticator.verifies(True)
        browser.go(page)
        browser.button("Decline").click()
        assert stage.outcome(login) == (0, 1)


@scenario
def changed(stage):
    """A payment that changes between view and approval is not approved"""
    with stage.person() as (browser, _):
        stage.register(browser, "Changed")
        login, page = stage.pay()
        open_payment(browser, page)
        # The page showed another consent than the one that is signed.
        browser.run("document.querySelector('input[name=shown]').value = 'A'.repeat(43)")
        browser.button("Approve with a passkey").click()
        until("the request is shown again", lambda: browser.all(".summary"))
        assert not stage.acp.login(login).get("decision")
        # The server changed it after the page was shown.
        stage.acp.turn({"consent.change": {"after": 1}}, login_id=login)
        open_payment(browser, page)
        browser.button("Approve with a passkey").click()
        assert stage.outcome(login) == (0, 1)


def main():
    with PasskeyStage() as stage:
        return run_all(scenarios, stage)


if __name__ == "__main__":
    passed, broken = main()
    sys.exit(1 if broken else 0)
