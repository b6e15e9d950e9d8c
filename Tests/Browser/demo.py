"""The demo in a real browser, as a new user sees it."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BlackBox"))

from beckon import BINARY, LAB
from scenarios import run_all
from webdriver import Driver, until

LIMIT = 30.0
scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


class Demo:
    """`beckon-lab demo` on a free port, and browsers for its page."""

    def __enter__(self):
        with contextlib.ExitStack() as open_parts:
            self.driver = open_parts.enter_context(contextlib.closing(Driver()))
            self.log = open_parts.enter_context(tempfile.TemporaryFile("w+"))
            self.process = subprocess.Popen(
                [LAB, "demo", "--port=0"], stdout=subprocess.PIPE, stderr=self.log, text=True
            )
            open_parts.callback(self._stop)
            watch = threading.Timer(LIMIT, self.process.kill)
            watch.start()
            self.page = next(
                (line.split()[-1] for line in self.process.stdout if "Open this page" in line), None
            )
            watch.cancel()
            assert self.page, "the demo did not start: " + self._logged()
            self.folder = next(
                line.split()[-1] for line in self.process.stdout if "certificates" in line)
            self.parts = open_parts.pop_all()
        return self

    def __exit__(self, *_):
        self.parts.close()

    def code(self, user):
        """A code with which a device of the user can be enrolled, as an operator issues it."""
        command = [BINARY, "devices", "enrol", f"--user={user}", "--json",
                   f"--config={self.folder}/beckon.json5"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["code"]

    def _stop(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def _logged(self):
        self.log.seek(0)
        return self.log.read()[-2000:]


@scenario
def pix(demo):
    """A Pix payment started on the left and approved on the phone gets its tokens"""
    with demo.driver.open(width=1280, height=1000) as browser:
        browser.go(demo.page)
        browser.run("""
            const example = document.getElementById('example');
            example.value = 'pix';
            example.dispatchEvent(new Event('change'));
        """)
        message = browser.run("return document.getElementById('message').value")
        assert message == "Pedido 42", message
        browser.button("Start login").click()
        # It fades in, and has no text before it can be seen.
        until("the phone rings", lambda: any(
            "Pedido 42" in rung.text for rung in browser.all(".notification")), LIMIT)
        assert not browser.all("#outcome.good"), "there are tokens before anybody approved"
        browser.one(".notification").click()

        browser.enter(browser.one("#prompt"))
        until("the phone shows the payment", lambda: browser.heading, LIMIT)
        assert browser.heading == "Pay R$1,234.56 to Padaria São João Ltda", browser.heading
        assert "Pedido 42" in browser.text
        browser.all("input[type=radio]")[0].click()
        browser.button("Approve").click()
        browser.sees("All done. Return to", LIMIT)
        browser.leave()

        tokens = until("the tokens are shown", lambda: browser.all("#outcome.good"), LIMIT)
        assert "Paid" in tokens[0].text, tokens[0].text
        granted = tokens[0].text.split("The device has its tokens: ")[1].split(".")[0].split()
        assert "payments" in granted and "openid" in granted, granted
        assert not [line for line in browser.console() if line["level"] == "SEVERE"]


@scenario
def picks(demo):
    """The page has a heading, asks the chosen user in the chosen language, and keeps its own login"""
    with demo.driver.open(width=1280, height=1000) as browser, \
            demo.driver.open(width=1280, height=1000) as other:
        browser.go(demo.page)
        assert browser.heading == "Beckon demo", browser.heading
        browser.run("""
            document.getElementById('user').value = 'beatriz@example.com';
            document.getElementById('language').value = 'pt-BR';
        """)
        browser.one("#go").click()
        until("the phone rings", lambda: browser.all(".notification"), LIMIT)
        browser.all(".notification")[0].click()
        browser.enter(browser.one("#prompt"))
        until("the phone shows the login", lambda: browser.heading, LIMIT)
        assert browser.heading.startswith("Entrar em "), browser.heading
        browser.leave()
        other.go(demo.page)
        other.one("#go").click()
        until("the other tab waits", lambda: "Waiting" in other.one("#outcome").text, LIMIT)
        browser.enter(browser.one("#prompt"))
        browser.button("Recusar").click()
        browser.sees("Você recusou", LIMIT)
        browser.leave()
        until("the device is told", lambda: browser.all("#outcome.bad"), LIMIT)
        assert "Waiting" in other.one("#outcome").text, "the other tab took this one's answer"
        # What was answered stays answered, also after a reload.
        browser.go(demo.page)
        until("the phone is there", lambda: browser.all("#live.on"), LIMIT)
        assert len(browser.all(".notification")) == 1, "only the other login waits"


def backend_steps(browser):
    """What the bank's backend did; empty while it works."""
    steps = browser.run(
        "return [...document.querySelectorAll('#backend-steps li')].map((step) => step.innerText)")
    return [] if steps == ["Working…"] else steps


@scenario
def backend(demo):
    """The bank's backend approves a sign-in for Anna without her, and not after she withdraws in her
    inbox"""
    with demo.driver.open(width=1280, height=1000) as browser:
        browser.go(demo.page)
        inbox, console = (link.property("href") for link in browser.all("nav a"))
        browser.one("#go").click()
        until("the phone rings", lambda: browser.all(".notification"), LIMIT)
        browser.one("#backend-approve").click()
        steps = until("the backend is done", lambda: backend_steps(browser), LIMIT)
        assert len(steps) == 5, steps
        assert "curl --cacert" in steps[1] and "/oauth2/token" in steps[1], steps[1]
        assert '"decided_by": "delegated"' in steps[4], steps[4]
        until("the device has its tokens", lambda: browser.all("#outcome.good"), LIMIT)
        assert not [line for line in browser.console() if line["level"] == "SEVERE"]

        browser.go(inbox)
        browser.one("button[value=customer-anna]").click()
        until("Anna is signed in", lambda: browser.address.endswith("/inbox"), LIMIT)
        browser.sees("Anna Archer")
        browser.one("form[action*=withdraw] button").click()
        until("the consent is withdrawn", lambda: not browser.all("form[action*=withdraw]"), LIMIT)
        browser.go(demo.page)
        browser.one("#backend-approve").click()
        steps = until("the backend is refused", lambda: backend_steps(browser), LIMIT)
        assert len(steps) == 2 and "invalid_grant" in steps[1], steps

        browser.go(console)
        browser.one("button[value=staff-alex]").click()
        until("Alex is signed in", lambda: browser.address.endswith("/console"), LIMIT)


@scenario
def enrolled_phone(demo):
    """The phone is enrolled with a code, shows a sign-in, and approves it with its key"""
    with demo.driver.open(width=1280, height=1000) as browser:
        browser.go(demo.page)
        until("the phone is there", lambda: browser.all("#live.on"), LIMIT)
        for code, said in (("ZZZZ-ZZZZ-ZZZZ", "404"), (demo.code("anna@example.com"), "is enrolled")):
            browser.run("document.getElementById('code').value = arguments[0]", code)
            browser.one("#enrol-go").click()
            until(f"the page says {said}", lambda: said in browser.one("#enrolled").text, LIMIT)
        browser.run("document.getElementById('message').value = 'By key'")
        browser.one("#go").click()
        # The newest is on top.
        until("the phone rings", lambda: any(
            "By key" in rung.text for rung in browser.all("#notifications li")), LIMIT)
        browser.all(".unlock")[0].click()
        until("the phone shows the request",
              lambda: "message: By key" in browser.one("#native-lines").text, LIMIT)
        assert "permission: " in browser.one("#native-lines").text
        browser.one("#native-approve").click()
        until("the device has its tokens", lambda: browser.all("#outcome.good"), LIMIT)
        assert "approved" in browser.one("#native-status").text
        severe = [line for line in browser.console() if line["level"] == "SEVERE"]
        assert all("409" in line["message"] for line in severe), severe


@scenario
def busy_ports(_):
    """Every port that is in use is named, with the one that is used instead, before anything else; and
    nothing is left when the demo ends"""
    with contextlib.ExitStack() as taken:
        for port in (8081, 8082, 8083, 8084, 8085, 8086, 9464):
            own = taken.enter_context(socket.socket())
            with contextlib.suppress(OSError):  # It is in use already.
                own.bind(("127.0.0.1", port))
                own.listen()
        page = taken.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        with subprocess.Popen([LAB, "demo", f"--port={page}"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as demo:
            said = []
            for line in demo.stdout:
                said.append(line)
                if "Open this page" in line:
                    break
            folder = next(line.split()[-1] for line in demo.stdout if "certificates" in line)
            assert os.path.exists(folder + "/payout-robot.key"), folder
            demo.terminate()
            demo.wait(LIMIT)
            assert not os.path.exists(folder), "the demo leaves its folder behind"
    named = [int(line.split()[1]) for line in said if " is in use. " in line]
    assert named == [page, 8081, 8085, 8086, 8082, 8084, 9464, 8083], said
    assert all("instead." in line for line in said[:len(named)]), said


def main():
    with Demo() as demo:
        return run_all(scenarios, demo)
