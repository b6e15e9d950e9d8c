"""The pages that people sign in to, the inbox and the console, in a real browser: on phone and desk,
light and dark, in English and Arabic, by keyboard and for assistive technology.

A new page is one line of PAGES."""

import base64
import contextlib
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BlackBox"))

from axe import barriers, source
from beckon import BINARY
from gallery import DESKTOP, PHONE
from ports import free_port
from scenarios import run_all
from simulated import SimulatedIDP
from stage import Stage
from webdriver import Authenticator, until

# Page of the table: its name in pictures, the application that people sign in to, and the address. A
# function of the stage gives an address that has an identifier in it.
PAGES = [
    ("inbox", "inbox", "/inbox"),
    ("inbox-history", "inbox", "/inbox/history"),
    ("inbox-login-ended", "inbox", lambda stage: "/inbox/logins/" + stage.ended),
    ("inbox-login-waiting", "inbox", lambda stage: "/inbox/logins/" + stage.waiting),
    ("inbox-request", "inbox", lambda stage: stage.first_link("/inbox", "/inbox/requests/")),
    ("inbox-authorize", "inbox", lambda stage: stage.authorization()),
    ("console", "console", "/console"),
    ("console-logins", "console", "/console/logins"),
    ("console-login", "console",
     lambda stage: stage.first_link("/console/logins", "/console/logins/")),
    ("console-stranded", "console", "/console/stranded"),
    ("console-retry", "console",
     lambda stage: stage.first_link("/console/stranded", "/console/logins/", "/retry")),
    ("console-users", "console", "/console/users"),
    ("console-user-block", "console", "/console/users/block?user=anna@example.com"),
    ("console-passkeys", "console", "/console/users/passkeys?user=anna@example.com"),
    ("console-passkey-remove", "console", lambda stage: stage.first_link(
        "/console/users/passkeys?user=anna@example.com", "/console/users/passkeys/remove")),
    ("console-blocks", "console", "/console/blocks"),
    ("console-block-lift", "console",
     lambda stage: stage.first_link("/console/blocks", "/console/blocks/", "/lift")),
    ("console-changes", "console", "/console/client-changes"),
    ("console-change", "console",
     lambda stage: stage.first_link("/console/client-changes", "/console/client-changes/")),
    ("console-clients", "console", "/console/clients"),
    ("console-client", "console", "/console/clients/payout-robot"),
    ("console-new-client", "console", "/console/new-client"),
    ("console-client-change", "console", "/console/clients/payout-robot/change"),
    ("console-client-keys", "console", "/console/clients/payout-robot/keys"),
    ("console-client-suspend", "console", "/console/clients/payout-robot/suspend"),
    ("console-consents", "console", "/console/delegation-consents"),
    ("console-sessions", "console", "/console/sessions"),
    ("console-session-end", "console",
     lambda stage: stage.first_link("/console/sessions?of=inbox", "/console/sessions/")),
    ("console-audit", "console", "/console/audit"),
    ("console-not-found", "console", "/console/logins/4711"),
]
LANGUAGES = {"en": "ltr", "ar": "rtl"}
STAFF, CUSTOMER = "staff-alex", "customer-anna"
ANNA = "anna@example.com"
scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


class SignedIn(Stage):
    """Beckon with the lab's identity provider, and something to see: logins in every phase, a
    delegated client, consents. One browser is signed in to both applications."""

    # Of the channel for browsers, besides its key.
    push_service = {}

    def __enter__(self):
        port = free_port()
        # An address has no passkeys.
        self.url = f"http://localhost:{port}"
        with contextlib.ExitStack() as parts:
            folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="beckon-keys-"))
            subprocess.run([BINARY, "keys", "generate", "--alg=ES256", "--out=vapid.jwk"],
                           cwd=folder, check=True, capture_output=True)
            self.idp = parts.enter_context(SimulatedIDP(self.url))
            session = {"idle": "3600s"}
            self.config = {
                "public_url": self.url,
                "listen": {"address": f"127.0.0.1:{port}"},
                "approval": {"title": "Northwind Bank", "passkey": {}},
                "channels": {"browser": {
                    "kind": "web_push", "vapid_key": {"file": f"{folder}/vapid.jwk"},
                    "contact": "mailto:ops@bank.example", **self.push_service,
                }},
                "limits_per_client": {"block_after_report": "24h"},
                "trust": {"without_certificate": ["bank"], "four_eyes": True},
                "sign_in": {
                    "inbox": self.idp.registration("inbox", session=session),
                    "console": self.idp.registration(
                        "console", session=session, controller_email="alex@bank.example"),
                },
            }
            super().__enter__()
            parts.push(super().__exit__)
            self.window = parts.enter_context(self.browser(width=PHONE[0], height=PHONE[1]))
            self.addresses = {}
            self.beckon.run("users", "add", f"--user={ANNA}")
            for application, person in (("inbox", CUSTOMER), ("console", STAFF)):
                self.sign_in(self.window, application, person)
            self._fill()
            self._fill_inbox()
            self.parts_of_sign_in = parts.pop_all()
        return self

    def __exit__(self, *problem):
        self.parts_of_sign_in.__exit__(*problem)

    def _fill(self):
        """Something of everything that the pages show."""
        self.beckon.run("users", "add", "--user=oliver@example.com", "--language=en-GB")
        secret = "a-secret-of-the-bank-with-enough-bits-4711"
        digest = subprocess.run([BINARY, "hash-secret"], input=secret + "\n", text=True,
                                capture_output=True, check=True).stdout.strip()
        self.beckon.run("clients", "add", "--id=bank", "--type=user", "--name=The bank",
                        "--auth=client_secret_basic", f"--secret-hash={digest}",
                        "--scope=backend:consents")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-out", f"{folder}/key"], check=True,
                           capture_output=True)
            subprocess.run(["openssl", "pkey", "-in", f"{folder}/key", "-pubout", "-out",
                            f"{folder}/pub"], check=True)
            self.beckon.run("clients", "add", "--id=payout-robot", "--type=delegated",
                            "--name=Payout robot", f"--key={folder}/pub", "--kid=k-2031-01",
                            "--scope=logins:read,logins:decide", "--source-address=203.0.113.0/28")
            self.beckon.run("clients", "add", "--id=banking-app", "--type=user",
                            "--name=Banking app <b>", f"--key={folder}/pub", "--kid=k", "--dpop",
                            "--scope=device:logins", "--redirect-uri=com.bank.app:/signed-in")
        # Those of the command line wait for a second administrator, who leaves one.
        while waits := self.first_link("/console/client-changes", "/console/client-changes/"):
            self.window.go(self.url + waits + "/confirm")
            self.window.one("main form button").click()
            until("the client is confirmed", lambda: "/clients/" in self.window.address)
        self.beckon.run("clients", "change", "--id=payout-robot", "--name=Payout robot <b>",
                        "--source-address=203.0.113.0/28,198.51.100.7")
        pair = base64.b64encode(f"bank:{secret}".encode()).decode()
        token = self._post("/oauth2/token", "grant_type=client_credentials",
                           "application/x-www-form-urlencoded", "Basic " + pair)["access_token"]
        now = datetime.datetime.now(datetime.timezone.utc)
        self._post("/backend/v1/delegation-consents", json.dumps({
            "user": ANNA, "client_id": "payout-robot", "text_version": "2031-01",
            "text": "The robot may answer for me.", "language": "en", "address": "198.51.100.7",
            "accepted_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }), "application/json", "Bearer " + token)
        for decision in ("approve", "deny"):
            login = self.ask(person=ANNA)
            self.decide(login, decision)
            assert login.decided.wait(15)
            self.ended = login.id
        # A report that the server refuses for good.
        self.acp.misbehaviour = lambda login, verb: 400
        stranded = self.ask(person=ANNA)
        self.decide(stranded, "deny")
        self.phone.receipt(self.beckon, stranded.id)
        self.acp.misbehaviour = None
        self.ask(person=ANNA, lifetime=3000, client_info={"client_name": "Mortgage Compare"})
        self.waiting = self.ask(
            person=ANNA, lifetime=3000,
            binding_message="<b>pay</b> \u202e00,1 \u200b" + "x" * 60).id

        # A client that the user reports is blocked.
        suspect = self.ask(person=ANNA, client_id="gift-cards",
                           client_info={"client_name": "Free Gift Cards <b>"})
        self.decide(suspect, "fraud")

    def _fill_inbox(self):
        """What only a browser makes: a passkey, and a browser that is notified."""
        Authenticator(self.window)
        self.window.go(self.url + "/inbox")
        self.window.run("document.querySelector(`form[action$='/inbox/passkeys'] "
                        "input[name=name]`).value = 'My phone <b>'")
        self.window.button("Add a passkey").click()
        self.window.sees("My phone <b>")
        self.window.run("""
            const form = document.querySelector('form[data-push-key]');
            form.elements.subscription.value = JSON.stringify(arguments[0]);
            form.submit();
        """, {"endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMs", "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SR"
                      "pkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}})
        until("the browser is in the list", lambda: self.window.all("li[data-browser]"))

    def authorization(self):
        """The page that asks whether an app may sign in."""
        self.window.go(self.url + "/oauth2/authorize?" + urllib.parse.urlencode({
            "response_type": "code", "client_id": "banking-app", "scope": "device:logins",
            "redirect_uri": "com.bank.app:/signed-in", "state": "st", "code_challenge_method": "S256",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}))
        return urllib.parse.urlsplit(self.window.address).path

    def _post(self, path, body, kind, authorization):
        request = urllib.request.Request(self.url + path, body.encode(), {
            "Content-Type": kind, "Authorization": authorization})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def sign_in(self, browser, application, person):
        """Through the provider's page. Afterwards the browser is where the provider's answer led."""
        browser.go(f"{self.url}/sso/oidc/{application}")
        buttons = browser.all(f"button[value={person}]")
        assert buttons, f"the provider does not offer {person}: {browser.text}"
        buttons[0].click()
        until("the browser is back", lambda: browser.address.startswith(self.url))

    def first_link(self, page, start, end=""):
        """The address of the first link of a page that begins and ends so."""
        self.window.go(self.url + page)
        found = [urllib.parse.urlsplit(link) for link in self.window.run(
            "return [...document.querySelectorAll('main a[href]')].map((link) => link.href)")]
        fits = [link for link in found
                if link.path.startswith(start) and link.path.endswith(end)]
        return fits[0]._replace(scheme="", netloc="").geturl() if fits else None

    def pages(self):
        """Name and address of every page that this release has."""
        missing = {application for application in ("inbox", "console")
                   if self.status("/" + application) == 404}
        for name, application, address in PAGES:
            if application in missing:
                continue
            if callable(address):
                self.addresses.setdefault(name, address(self))
                address = self.addresses[name]
            assert address, f"nothing leads to {name}"
            yield name, self.url + address

    def status(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code


def speak(browser, language):
    """Sets the language that the browser asks for."""
    agent = browser.run("return navigator.userAgent")
    browser.devtools("Network.setUserAgentOverride", userAgent=agent, acceptLanguage=language)


LOOK = """
    const html = document.documentElement;
    const seen = (element) => element.checkVisibility() && element.getClientRects().length;
    const scrolled = (element) => {
      for (let at = element.parentElement; at; at = at.parentElement) {
        if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return true;
      }
      return false;
    };
    const outside = [...document.querySelectorAll('body *')].filter((element) => {
      const box = element.getBoundingClientRect();
      return seen(element) && box.width > 1 && (box.left < -0.5 || box.right > innerWidth + 0.5)
        && !scrolled(element);
    });
    const cut = [...document.querySelectorAll('body *')].filter((element) =>
      seen(element) && getComputedStyle(element).overflowX === 'hidden'
        && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1);
    const small = [...document.querySelectorAll('button, input:not([type=hidden]), select')]
      .filter((element) => seen(element) && !element.labels?.length
        && element.getBoundingClientRect().height < 24);
    return {
      lang: html.lang, dir: html.dir, title: document.title.trim(),
      headings: document.querySelectorAll('h1').length, wide: html.scrollWidth - innerWidth,
      outside: outside.map((element) => element.outerHTML.slice(0, 120)),
      cut: cut.map((element) => element.outerHTML.slice(0, 120)),
      small: small.map((element) => element.outerHTML.slice(0, 120)),
    };
"""


def fits(browser, about, language):
    look = browser.run(LOOK)
    about = (about, look)
    assert (look["lang"], look["dir"]) == (language, LANGUAGES[language]), about
    assert look["title"] and look["headings"] == 1, about
    assert look["wide"] <= 0 and not look["outside"] and not look["cut"], about
    assert not look["small"], about


@scenario
def complete(stage):
    """Every page of inbox and console fits phone and desk and has no barrier, light and dark, in
    English and Arabic"""
    script = source()
    if script is None:
        print("skipped: axe-core is missing, see the output of Tests/setup.sh test", flush=True)
    browser, wrong = stage.window, []

    def judge(name, language, size, dark=False):
        try:
            if not dark:
                fits(browser, name, language)
            # Colours are all that the dark scheme changes.
            found = script and barriers(browser, script, only="color-contrast" if dark else None)
            assert not found, found
        except AssertionError as error:
            wrong.append((name, language, size, "dark" if dark else "light", str(error)[:2000]))

    for language in LANGUAGES:
        speak(browser, language)
        for name, address in stage.pages():
            browser.shape(*PHONE)
            browser.console()
            browser.go(address)
            judge(name, language, PHONE)
            browser.shape(*PHONE, dark=True)
            judge(name, language, PHONE, dark=True)
            browser.shape(*DESKTOP)
            judge(name, language, DESKTOP)
            # A page that is not found says so by its own status.
            errors = [line for line in browser.console() if line["level"] == "SEVERE"
                      and not line["message"].startswith(address + " ")]
            if errors:
                wrong.append((name, language, errors))
    assert not wrong, "\n" + "\n".join(map(str, wrong))


# What the focus passes, with the outline that it has there. A focus that ends where it was is a trap.
WATCH = """
    const can = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    window.passed = [];
    document.addEventListener('focusin', (event) => {
      const style = getComputedStyle(event.target);
      passed.push({ element: event.target, outline: style.outlineStyle,
        width: parseFloat(style.outlineWidth), shadow: style.boxShadow });
    });
    return [...document.querySelectorAll(can)].filter((element) => element.checkVisibility()
      && !element.disabled && !(element.type === 'radio' && element.name
        && document.querySelector(`input[name="${element.name}"]:checked`) !== element
        && document.querySelector(`input[name="${element.name}"]`) !== element)).length;
"""
PASSED = """
    const named = (element) => element.outerHTML.slice(0, 100);
    return { count: new Set(passed.map((stop) => stop.element)).size,
      order: passed.every((stop, at) => at === 0 || passed[at - 1].element === stop.element
        || passed[at - 1].element.compareDocumentPosition(stop.element)
          & Node.DOCUMENT_POSITION_FOLLOWING),
      invisible: passed.filter((stop) => !((stop.outline !== 'none' && stop.width >= 2)
        || stop.shadow !== 'none')).map((stop) => named(stop.element)) };
"""


@scenario
def by_keyboard(stage):
    """The keyboard reaches everything on each page of inbox and console in order, and the focus is
    visible"""
    browser, wrong = stage.window, []
    browser.shape(*DESKTOP)
    for language in LANGUAGES:
        speak(browser, language)
        for name, address in stage.pages():
            browser.go(address)
            count = browser.run(WATCH)
            browser.tab(count)
            passed = browser.run(PASSED)
            # A date has several parts, each with a stop of its own.
            for _ in range(20):
                if passed["count"] == count:
                    break
                browser.tab(1)
                passed = browser.run(PASSED)
            if passed["count"] != count or not passed["order"] or passed["invisible"]:
                wrong.append((name, language, count, passed))
    assert not wrong, "\n" + "\n".join(map(str, wrong))


@scenario
def failed(stage):
    """A sign-in that fails writes one object to the browser's console, without secrets"""
    kept = """
        window.kept = [];
        for (const level of ['log', 'info', 'warn', 'error', 'debug']) {
          const write = console[level];
          console[level] = (...words) => { kept.push(words); write.apply(console, words); };
        }
    """
    expected = {
        "unverified": {"step": "id_token", "code": "email_not_verified", "claim": "email_verified",
                       "expected": True, "got": False},
        "wrong_nonce": {"step": "id_token", "code": "nonce", "claim": "nonce", "got": "text"},
        "no_claim": {"step": "id_token", "code": "custom_claim", "got": "absent"},
    }
    script = source()
    with stage.browser(width=PHONE[0], height=PHONE[1]) as browser:
        browser.devtools("Page.enable")
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=kept)
        for fault, members in expected.items():
            for language in LANGUAGES:
                speak(browser, language)
                browser.devtools("Network.clearBrowserCookies")
                stage.idp.turn(id_token=fault)
                browser.console()
                stage.sign_in(browser, "inbox", CUSTOMER)
                written = until("the diagnosis is written", lambda: browser.run("return kept"))
                assert len(written) == 1 and len(written[0]) == 1, written
                [found] = written[0]
                assert members.items() <= found.items(), found
                assert found["client_id"] == "beckon-inbox" and found["issuer"] == stage.idp.url
                assert found["reference"] in browser.text, browser.text
                text = json.dumps(found) + browser.run("return document.documentElement.outerHTML")
                for secret in (ANNA, "Archer", "code=", "eyJ", "state", "a-secret-between"):
                    assert secret not in text, secret
                lines = [line["message"] for line in browser.console()
                         if line["source"] == "console-api"]
                assert len(lines) == 1, lines
                fits(browser, fault, language)
                if script:
                    assert not barriers(browser, script)


def main():
    with SignedIn() as stage:
        return run_all(scenarios, stage)


if __name__ == "__main__":
    passed, broken = main()
    sys.exit(1 if broken else 0)
