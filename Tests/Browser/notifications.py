"""Web Push in a real browser: the inbox subscribes it, Beckon sends to a push service, and the
browser's service worker shows the notification.

Real are Beckon, its encryption and VAPID, the page, its script, the service worker and Chromium's
notifications. Chromium's own push service cannot be reached from a test, so its place is taken: the
page's `pushManager.subscribe` returns a subscription of the push service below, with keys that the
browser's WebCrypto made; what that service receives is decrypted with them in the browser (RFC 8291,
written apart from Beckon), and handed to Chromium's service worker by DevTools, as Chromium does with
what its own service sends.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BlackBox"))

from axe import barriers, source
from scenarios import run_all
from signed_in import ANNA, CUSTOMER, SignedIn
from webdriver import until

scenarios = []

# Replaces what needs Chromium's push service. What it makes is kept in the profile.
MANAGER = """
    (() => {
      const bytes = (text) => Uint8Array.from(
        atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
      const made = () => JSON.parse(localStorage.getItem('subscription'));
      const subscription = () => made() && {
        endpoint: made().endpoint,
        options: { applicationServerKey: bytes(made().key).buffer },
        toJSON: () => ({ endpoint: made().endpoint, expirationTime: null, keys: made().keys }),
        unsubscribe: async () => { localStorage.removeItem('subscription'); return true; },
      };
      const written = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
        .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
      PushManager.prototype.getSubscription = async () => subscription();
      PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
        if (!userVisibleOnly) throw new Error('not allowed');
        const pair = await crypto.subtle.generateKey(
          { name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
        localStorage.setItem('subscription', JSON.stringify({
          endpoint: ENDPOINT + written(crypto.getRandomValues(new Uint8Array(9))),
          key: written(applicationServerKey),
          keys: { p256dh: written(await crypto.subtle.exportKey('raw', pair.publicKey)),
            auth: written(crypto.getRandomValues(new Uint8Array(16))) },
          own: await crypto.subtle.exportKey('jwk', pair.privateKey) }));
        return subscription();
      };
    })();
"""

# Decrypts a message as a browser does (RFC 8291 section 3.4, RFC 8188 section 2).
DECRYPT = """
    const [text] = arguments;
    return (async () => {
      const bytes = (text) => Uint8Array.from(
        atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
      const joined = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
      const { keys, own } = JSON.parse(localStorage.getItem('subscription'));
      const body = bytes(text);
      const salt = body.slice(0, 16), sender = body.slice(21, 21 + body[20]);
      const derive = async (secret, salt, info, length) => {
        const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
        return new Uint8Array(await crypto.subtle.deriveBits(
          { name: 'HKDF', hash: 'SHA-256', salt, info }, key, 8 * length));
      };
      const label = (text) => new TextEncoder().encode(text + '\\0');
      const curve = { name: 'ECDH', namedCurve: 'P-256' };
      const mine = await crypto.subtle.importKey('jwk', own, curve, false, ['deriveBits']);
      const peer = await crypto.subtle.importKey('raw', sender, curve, false, []);
      const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: peer }, mine, 256);
      const info = joined(label('WebPush: info'), bytes(keys.p256dh), sender);
      const secret = await derive(shared, bytes(keys.auth), info, 32);
      const key = await crypto.subtle.importKey('raw',
        await derive(secret, salt, label('Content-Encoding: aes128gcm'), 16), 'AES-GCM', false,
        ['decrypt']);
      const iv = await derive(secret, salt, label('Content-Encoding: nonce'), 12);
      const plain = new Uint8Array(await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv }, key, body.slice(21 + body[20])));
      return new TextDecoder().decode(plain.slice(0, plain.lastIndexOf(2)));
    })();
"""

# Verifies the token of VAPID with the key that the browser subscribed with (RFC 8292 section 2).
VERIFY = """
    const [token, key] = arguments;
    return (async () => {
      const bytes = (text) => Uint8Array.from(
        atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
      const [header, claims, signature] = token.split('.');
      const imported = await crypto.subtle.importKey('raw', bytes(key),
        { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
      const isTrue = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, imported,
        bytes(signature), new TextEncoder().encode(header + '.' + claims));
      return isTrue && JSON.parse(new TextDecoder().decode(bytes(claims)));
    })();
"""

# What the service worker does with a click on a notification. Chromium lets only a real click focus
# or open windows, so the worker's own script runs here among stand-ins for them.
CLICK = """
    const [source, scope, pages] = arguments;
    const handlers = {}, done = [];
    const clients = {
      matchAll: async () => pages.map((url) => (
        { url, focus: async () => done.push('focus ' + url) })),
      openWindow: async (url) => done.push('open ' + url),
    };
    new Function('addEventListener', 'clients', 'registration', source)(
      (name, handler) => { handlers[name] = handler; }, clients, { scope });
    const waits = [];
    handlers.notificationclick({
      notification: { close: () => done.push('close') },
      waitUntil: (promise) => waits.push(promise),
    });
    return Promise.all(waits).then(() => done);
"""

SHOWN = """
    return navigator.serviceWorker.getRegistration('/inbox').then((worker) =>
      worker.getNotifications()).then((all) => all.map(({ title, body, tag, lang, dir }) =>
        ({ title, body, tag, lang, dir })));
"""


def scenario(function):
    scenarios.append(function)
    return function


class PushService:
    """Takes messages over TLS, and says that subscriptions have ended when it is told."""

    def __init__(self, folder):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "push.key", "-out", "push.pem"],
            cwd=folder, check=True, capture_output=True)
        self.messages, self.ended = [], set()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fields = {name.lower(): value for name, value in self.headers.items()}
                service.messages.append((self.path, fields, body))
                self.send_response(410 if self.path in service.ended else 201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{folder}/push.pem", f"{folder}/push.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}/push/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Notified(SignedIn):
    """The inbox with a channel for browsers, beside the phone."""

    def __enter__(self):
        with contextlib.ExitStack() as parts:
            folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="beckon-push-"))
            self.push = parts.enter_context(contextlib.closing(PushService(folder)))
            self.push_service = {"allow_internal": True, "ca": f"{folder}/push.pem"}
            super().__enter__()
            parts.push(super().__exit__)
            self.parts_of_push = parts.pop_all()
        return self

    def __exit__(self, *problem):
        self.parts_of_push.__exit__(*problem)

    @contextlib.contextmanager
    def person(self):
        """A browser that is signed in and may show notifications."""
        with self.driver.open() as browser:
            browser.devtools("Page.enable")
            browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=MANAGER.replace(
                "ENDPOINT", json.dumps(self.push.url)))
            self.sign_in(browser, "inbox", CUSTOMER)
            browser.devtools("Browser.setPermission", permission={"name": "notifications"},
                             setting="granted", origin=self.url)
            browser.devtools("ServiceWorker.enable")
            browser.go(self.url + "/inbox")
            yield browser

    def messages_for(self, browser):
        """What the push service has for the browser's subscription."""
        endpoint = subscription(browser)["endpoint"]
        return [(fields, body) for path, fields, body in self.push.messages
                if endpoint.endswith(path)]


def subscription(browser):
    return json.loads(browser.run("return localStorage.getItem('subscription')"))


def subscribe(browser):
    browser.button("Notify this browser").click()
    until("the browser is in the list", lambda: browser.all("li[data-browser]"))
    until("it recognises itself", lambda: browser.all("li[data-browser] .note:not([hidden])"))
    # Logins are started with users as they were known up to a second ago.
    time.sleep(1.1)


def deliver(stage, browser, text):
    """As Chromium does when its push service has a message. A new profile numbers from 0."""
    browser.devtools("ServiceWorker.deliverPushMessage", origin=stage.url, registrationId="0",
                     data=text)
    # Who asks for the notifications while Chromium shows one makes it forget that one.
    time.sleep(1)


@scenario
def notified(stage):
    """A browser subscribes in the inbox, gets an encrypted message and shows neutral text only"""
    with stage.person() as browser:
        subscribe(browser)
        known = subscription(browser)
        entry = browser.one("li[data-browser]:has(.note:not([hidden]))")
        digest = base64.urlsafe_b64encode(hashlib.sha256(known["endpoint"].encode()).digest())
        assert browser.run("return arguments[0].dataset.browser", {
            "element-6066-11e4-a52e-4f735466cecf": entry.id}) == digest.decode().rstrip("=")
        assert not [button for button in browser.all("button")
                    if button.name == "Notify this browser"]
        script = source()
        assert script is None or not barriers(browser, script)
        login = stage.ask(person=ANNA, binding_message="Pay 47.11 to Mr Secret",
                          client_info={"client_name": "Secret Shop"})
        fields, body = until("the message is there", lambda: stage.messages_for(browser))[0]
        assert fields["content-encoding"] == "aes128gcm" and len(fields["topic"]) == 32, fields
        assert 0 < int(fields["ttl"]) <= 60 and fields["urgency"] == "high", fields
        token, key = (part.split("=")[1].rstrip(",") for part in
                      fields["authorization"].removeprefix("vapid ").split())
        assert key == known["key"], "another key than the browser subscribed with"
        claims = browser.run(VERIFY, token, key)
        assert claims and claims["aud"] == stage.push.url.removesuffix("/push/"), claims
        text = browser.run(DECRYPT, base64.b64encode(body).decode())
        deliver(stage, browser, text)
        [shown] = until("the notification is shown", lambda: browser.run(SHOWN))
        message = json.loads(text)
        assert shown["title"] == message["title"] and shown["body"] == message["text"], shown
        assert shown["tag"] == message["reference"] and shown["dir"] == "ltr", shown
        for secret in ("Secret", "47.11", login.id, login.page.rsplit("/")[-1], ANNA):
            assert secret not in text + json.dumps(shown), secret
        # A repeat replaces it.
        deliver(stage, browser, text)
        deliver(stage, browser, "not JSON")
        until("what cannot be read is shown by the name of the host", lambda: sorted(
            shown["title"] for shown in browser.run(SHOWN)) == sorted(
                ["localhost", message["title"]]))
        # The page that the notification opens has the request.
        browser.go(stage.url + "/inbox")
        assert "Pay 47.11 to Mr Secret" in browser.text
        stage.decide(login, "deny")
        assert not [line for line in browser.console() if line["level"] == "SEVERE"]


@scenario
def wakes(stage):
    """A message wakes an open inbox whose connection has died"""
    with stage.person() as browser:
        subscribe(browser)
        # From now on the page's events do not arrive, and nobody notices.
        browser.run("""
            const Source = window.EventSource;
            window.opened = 0;
            navigator.serviceWorker.addEventListener('message', () => { window.woken = true; });
            window.EventSource = class extends Source {
              constructor(...words) { super(...words); window.opened += 1; }
            };
        """)
        deliver(stage, browser, json.dumps({"title": "T", "text": "t", "reference": "r"}))
        until("the page connects again", lambda: browser.run("return window.opened") == 1)


@scenario
def clicked(stage):
    """A click on a notification goes to the open inbox, and opens it if there is none"""
    with stage.person() as browser:
        subscribe(browser)
        script, scope = browser.run("""
            return navigator.serviceWorker.getRegistration('/inbox').then((worker) =>
              fetch(worker.active.scriptURL).then((answer) => answer.text()).then((text) =>
                [text, worker.scope]));
        """)
        assert scope == stage.url + "/inbox", scope
        browser.devtools("Page.setBypassCSP", enabled=True)
        browser.go(stage.url + "/inbox")
        other = stage.url + "/p/a-prompt"
        for pages, done in (
                ([], "open " + scope), ([other], "open " + scope),
                ([other, scope + "?from=x"], f"focus {scope}?from=x")):
            assert browser.run(CLICK, script, scope, pages) == ["close", done], pages
        # It has the request that the notification was about.
        login = stage.ask(person=ANNA, binding_message="Pay 8 to the click")
        browser.go(scope)
        browser.sees("Pay 8 to the click")
        stage.decide(login, "deny")


@scenario
def ended(stage):
    """A subscription that the push service ends is forgotten, and only that one"""
    with stage.person() as first, stage.person() as second:
        subscribe(first)
        subscribe(second)
        stage.push.ended.add("/push/" + subscription(first)["endpoint"].rsplit("/")[-1])
        login = stage.ask(person=ANNA)
        until("both got it", lambda: stage.messages_for(first) and stage.messages_for(second))
        own = until("one is left of the two", lambda: listed(stage, second))
        assert own, "the other browser is no longer in the list"
        stage.decide(login, "deny")
        # The browser that was forgotten can be added again.
        first.go(stage.url + "/inbox")
        first.run("localStorage.removeItem('subscription')")
        first.go(stage.url + "/inbox")
        subscribe(first)


def listed(stage, browser):
    """The browser's own entry, once the one that has ended is gone."""
    browser.go(stage.url + "/inbox")
    ids = browser.run("return [...document.querySelectorAll('li[data-browser]')].map("
                      "(entry) => entry.dataset.browser)")
    gone = {base64.urlsafe_b64encode(hashlib.sha256(
        (stage.push.url.removesuffix("/push/") + path).encode()).digest()).decode().rstrip("=")
        for path in stage.push.ended}
    return not gone.intersection(ids) and browser.all("li[data-browser] .note:not([hidden])")


@scenario
def removed(stage):
    """Removing the browser ends its subscription; one made with another key is renewed by itself"""
    with stage.person() as browser:
        subscribe(browser)
        first = subscription(browser)
        browser.run("""
            const made = JSON.parse(localStorage.getItem('subscription'));
            made.key = 'B' + 'A'.repeat(86);
            localStorage.setItem('subscription', JSON.stringify(made));
        """)
        count = len(browser.all("li[data-browser]"))
        browser.go(stage.url + "/inbox")
        until("it is renewed", lambda: subscription(browser)["key"] == first["key"]
              and browser.all("li[data-browser] .note:not([hidden])"))
        assert subscription(browser)["endpoint"] != first["endpoint"]
        assert len(browser.all("li[data-browser]")) == count
        browser.run("""
            const own = document.querySelector('li[data-browser] .note:not([hidden])');
            own.closest('li').querySelector('button').click();
        """)
        until("it is gone", lambda: len(browser.all("li[data-browser]")) == count - 1)
        assert browser.run("return localStorage.getItem('subscription')") is None
        browser.button("Notify this browser")


@scenario
def denied(stage):
    """A browser that does not allow notifications says so, and is not added"""
    with stage.person() as browser:
        count = len(browser.all("li[data-browser]"))
        browser.devtools("Browser.setPermission", permission={"name": "notifications"},
                         setting="denied", origin=stage.url)
        browser.button("Notify this browser").click()
        browser.sees("Your browser blocks notifications")
        assert len(browser.all("li[data-browser]")) == count


def main():
    with Notified() as stage:
        return run_all(scenarios, stage)


if __name__ == "__main__":
    passed, broken = main()
    sys.exit(1 if broken else 0)
