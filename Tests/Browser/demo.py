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

from axe import barriers, source
from beckon import BINARY, LAB
from scenarios import run_all
from webdriver import ELEMENT, Authenticator, Driver, until

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

    @contextlib.contextmanager
    def window(self, **options):
        """A browser with the page, which has no errors in its console when the block ends."""
        with self.driver.open(**{"width": 1280, "height": 1000, **options}) as browser:
            self.show(browser)
            yield browser
            severe = [line for line in browser.console() if line["level"] == "SEVERE"]
            assert not severe, severe

    def show(self, browser):
        browser.go(self.page)
        until("the phone is there", lambda: browser.all("#live.on"), LIMIT)

    def enrol(self, browser, user, pin=""):
        """The phone becomes a device of the user."""
        fill(browser, code=self.code(user), pin=pin)
        browser.one("#enrol-go").click()
        until("the phone is enrolled",
              lambda: "is enrolled for" in browser.one("#enrolled").text, LIMIT)

    def _stop(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def _logged(self):
        self.log.seek(0)
        return self.log.read()[-2000:]


def fill(browser, **values):
    """Gives fields and lists of the page these values, as a person does."""
    for name, value in values.items():
        browser.run("""
            const field = document.getElementById(arguments[0]);
            field.value = arguments[1];
            field.dispatchEvent(new Event('change'));
            if (field.value !== arguments[1]) throw new Error('no such choice: ' + arguments[1]);
        """, name, value)


def tick(browser, selector):
    """Clicks the first of these elements, also where others cover it."""
    browser.run("document.querySelector(arguments[0]).click()", selector)


def start(browser, message, **choices):
    """Starts a login; the message on the kiosk's screen, and the notification on the phone."""
    fill(browser, message=message, **choices)
    browser.one("#go").click()
    shown = until("the kiosk shows its message", lambda: next(
        (text for text in texts(browser, ".onscreen strong") if message in text), None), LIMIT)
    # It fades in, and has no text before it can be seen.
    rung = until("the phone rings", lambda: next(
        (item for item in browser.all("#notifications li") if message in item.text), None), LIMIT)
    return shown, rung


def texts(browser, selector):
    """The texts of elements that the page may replace at any time."""
    return browser.run("return [...document.querySelectorAll(arguments[0])].map((found) => found.innerText)",
                       selector)


@contextlib.contextmanager
def prompt(browser, rung):
    """The approval page on the phone."""
    rung.browser.run("arguments[0].querySelector('.notification').click()", {ELEMENT: rung.id})
    browser.enter(browser.one("#prompt"))
    until("the phone shows the request", lambda: browser.heading, LIMIT)
    yield
    browser.leave()


def buttons(browser):
    return [button.text for button in browser.all("button") if button.text]


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
    steps = texts(browser, "#backend-steps li")
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
def policies(demo):
    """The page says what the chosen policy demands, and the next login follows it without a restart"""
    demands = {
        "any": ("a tap by whoever has the link (tap)", ["Decline", "Approve", "This wasn’t me"]),
        "device-key": ("a signature by an enrolled device's key (device_key);",
                       ["Decline", "This wasn’t me"]),
        "device-key-pin": ("an enrolled device's key with PIN (device_key_pin);",
                           ["Decline", "This wasn’t me"]),
        "passkey": ("a passkey (passkey);", ["Decline", "This wasn’t me"]),
    }
    with demo.window() as browser:
        for policy, (demand, answers) in demands.items():
            for mode in ("poll", "ping") if policy == "passkey" else ("poll",):
                fill(browser, policy=policy, user="jack@example.com")
                said = browser.one("#policy-demand").text
                assert demand in said and said.count(".") == 1, said
                assert browser.one("#policy-hint").text, policy
                tick(browser, f"[name=mode][value={mode}]")
                _, rung = start(browser, f"{policy} {mode}")
                with prompt(browser, rung):
                    # Jack has neither a passkey nor a device.
                    assert buttons(browser) == answers, (policy, buttons(browser))
                    browser.button("Decline").click()
                    browser.sees("You declined", LIMIT)
                until("the device is told", lambda: browser.all("#outcome.bad"), LIMIT)
                browser.one("#bar").click()
        # The choice survives a reload of the tab.
        demo.show(browser)
        assert browser.one("#policy").property("value") == "passkey"


@scenario
def passkey(demo):
    """A passkey that is registered in the inbox approves a payment on the phone, and a sign-in on the
    prompt's page in its own tab"""
    with demo.window() as browser:
        Authenticator(browser)
        inbox = browser.all("nav a")[0].property("href")
        assert inbox.startswith("http://localhost:"), "browsers have no passkeys for addresses"
        browser.go(inbox)
        browser.one("button[value=customer-oliver]").click()
        until("Oliver is signed in", lambda: browser.address.endswith("/inbox"), LIMIT)
        browser.run("document.querySelector("
                    "'form[action$=\"/inbox/passkeys\"] input[name=name]').value = 'My laptop'")
        browser.button("Add a passkey").click()
        browser.sees("My laptop")

        demo.show(browser)
        fill(browser, user="oliver@example.com", policy="passkey", example="domestic-payment")
        _, rung = start(browser, "By passkey")
        with prompt(browser, rung):
            assert "Approve" not in buttons(browser), buttons(browser)
            tick(browser, "input[type=radio]")
            browser.button("Approve with a passkey").click()
            browser.sees("Your passkey", LIMIT)
        until("the payment is made", lambda: browser.all("#outcome.good"), LIMIT)
        browser.one("#bar").click()

        fill(browser, example="")
        _, rung = start(browser, "In a tab")
        with prompt(browser, rung):
            pass
        browser.go(browser.one("#tab").property("href"))
        browser.button("Approve with a passkey").click()
        browser.sees("Your passkey", LIMIT)
        demo.show(browser)
        until("the device has its tokens", lambda: browser.all("#outcome.good"), LIMIT)


@scenario
def numbers(demo):
    """A number that the kiosk shows is compared, chosen or entered on the phone, as the page says"""
    demands = {"off": "is not matched", "show": "shown for comparison",
               "choose": "chosen among three", "enter": "message, entered"}
    with demo.window() as browser:
        for matching, demand in demands.items():
            fill(browser, user="jack@example.com", policy="any", matching=matching)
            assert demand in browser.one("#policy-demand").text, browser.one("#policy-demand").text
            shown, rung = start(browser, "Order 7", example="cdr" if matching == "enter" else "")
            number = shown.removeprefix("Order 7").removeprefix(" · ")
            if matching == "off":
                assert number == "", shown
            else:
                assert len(number) == 6 and number.isdigit(), shown
                assert (number in rung.text) == (matching == "show"), rung.text
            with prompt(browser, rung):
                if matching in ("show", "choose"):
                    assert number in browser.text, browser.text
                if matching == "choose":
                    tick(browser, f"input[value='{number}']")
                if matching == "enter":
                    assert number not in browser.text, "the phone must not know the number"
                    browser.run("document.querySelector('input[name=code]').value = arguments[0]",
                                number)
                    tick(browser, "input[type=checkbox][name=account]")
                browser.button("Approve").click()
                browser.sees("All done. Return to", LIMIT)
            until("the device has its tokens", lambda: browser.all("#outcome.good"), LIMIT)
            browser.one("#bar").click()


@scenario
def pin_and_number(demo):
    """The phone's own app approves with its key, the PIN and the number, and says so when its key is not
    enough"""
    with demo.window() as browser:
        demo.enrol(browser, "beatriz@example.com", pin="2468")
        fill(browser, user="beatriz@example.com", policy="device-key-pin")
        for matching in ("choose", "enter"):
            shown, rung = start(browser, f"By PIN, {matching}", matching=matching)
            browser.run("arguments[0].querySelector('.unlock').click()", {ELEMENT: rung.id})
            until("the phone asks for the PIN", lambda: browser.all("#native-pin-field:not([hidden])"))
            number = shown.split()[-1]
            fill(browser, **{"native-pin": "2468"})
            if matching == "enter":
                assert not browser.all("#native-numbers:not([hidden])")
                fill(browser, **{"native-code": number})
            else:
                assert len(browser.all("#native-numbers input")) == 3
                tick(browser, f"#native-numbers [value='{number}']")
            browser.one("#native-approve").click()
            until("the device has its tokens", lambda: browser.all("#outcome.good"), LIMIT)
            browser.one("#bar").click()
        _, rung = start(browser, "Not by key", policy="passkey", matching="off")
        browser.run("arguments[0].querySelector('.unlock').click()", {ELEMENT: rung.id})
        until("the phone says that its key is not enough",
              lambda: "another method" in browser.one("#native-status").text, LIMIT)
        assert browser.one("#native-approve").property("disabled") is True
        browser.one("#native-deny").click()
        until("the device is told", lambda: browser.all("#outcome.bad"), LIMIT)


@scenario
def no_barriers(demo):
    """axe-core finds no barrier on the page and on the phone, light and dark, phone and desk, with the
    prompt in Arabic"""
    script = source()
    if script is None:
        print("        skipped: axe-core is not installed")
        return
    with demo.window() as browser:
        demo.enrol(browser, "anna@example.com", pin="2468")
        _, rung = start(browser, "Plain", user="anna@example.com", language="ar",
                        policy="device-key-pin", matching="choose")

        def clean(state):
            for width, height in ((360, 740), (1280, 1000)):
                for dark in (False, True):
                    # What fades in has no contrast before, and calls arrive on the page at any time.
                    browser.shape(width, height, dark=dark, still=True)
                    found = barriers(browser, script)
                    assert not found, (state, width, dark, found)
        clean("a notification")
        browser.run("arguments[0].querySelector('.unlock').click()", {ELEMENT: rung.id})
        until("the phone asks for the PIN", lambda: browser.all("#native-pin-field:not([hidden])"))
        clean("the phone's app")
        browser.one("#bar").click()
        with prompt(browser, rung):
            assert browser.run("return document.documentElement.lang") == "ar"
            clean("the prompt")


@scenario
def own_name(demo):
    """Whoever opens the page by its address gets it by its name, for which browsers have passkeys"""
    with demo.driver.open() as browser:
        browser.go(demo.page.replace("localhost", "127.0.0.1"))
        assert browser.address == demo.page, browser.address


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
