"""A browser driven over WebDriver (W3C), with nothing but the standard library.

Only what the scenarios need: one window, finding things, keys, scripts, pictures, the console.
Every wait is for a condition and has a limit.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
LIMIT = 15.0


class BrowserError(Exception):
    """The browser or its driver returned an error."""


def until(what, condition, limit=LIMIT):
    """Waits until the condition is true and returns its value."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"it did not happen within {limit:.0f} s: {what}")
        time.sleep(0.05)


def _call(url, method="GET", body=None, limit=60):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=limit) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise BrowserError(json.load(error)["value"]["message"].split("\n")[0]) from None


class Driver:
    """The driver's process; browsers are opened from it."""

    def __init__(self):
        program = shutil.which("chromedriver")
        if not program:
            raise SystemExit("chromedriver is missing: apt-get install chromium chromium-driver")
        self.process = subprocess.Popen(
            [program, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.url = None
        # Windows that nobody uses, by whether they run scripts.
        self.idle = {}
        for line in self.process.stdout:
            if "started successfully on port" in line:
                port = line.rstrip(".\n").rsplit(" ", 1)[1]
                self.url = f"http://127.0.0.1:{port}"
                break
        if self.url is None:
            raise SystemExit("chromedriver did not start")

    def open(self, **options):
        return Browser(self.url, **options)

    def lend(self, scripts=True, width=400, height=800, **options):
        """As `open`, but the window may have been used before: only its size and its color scheme
        are new. Opening one takes longer than most scenarios."""
        browser = self.idle.pop(scripts, None)
        if browser is None:
            browser = self.open(scripts=scripts, width=width, height=height, **options)
            browser.lender = self
        else:
            browser.shape(width, height, **options)
        return browser

    def take_back(self, browser):
        """Whether the window can be used again."""
        if browser.changed or browser.scripts in self.idle:
            return False
        browser.go("about:blank")
        browser.console()
        self.idle[browser.scripts] = browser
        return True

    def close(self):
        for browser in self.idle.values():
            browser.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Browser:
    """One headless window with a profile of its own."""

    # What a page cannot change for the next one.
    HARMLESS = ("Emulation.setDeviceMetricsOverride", "Page.captureScreenshot")

    def __init__(self, driver, scripts=True, dark=False, width=400, height=800):
        self.scripts, self.changed, self.lender = scripts, False, None
        self.profile = tempfile.mkdtemp(prefix="beckon-browser-")
        preferences = {} if scripts else {
            "profile.managed_default_content_settings.javascript": 2
        }
        options = {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-dev-shm-usage", "--no-first-run", "--lang=en-GB",
                f"--user-data-dir={self.profile}",
            ],
            "prefs": preferences,
        }
        capabilities = {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }}
        try:
            opened = _call(f"{driver}/session", "POST", {"capabilities": capabilities})
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.url = f"{driver}/session/{opened['sessionId']}"
        self.shape(width, height, dark)

    def __enter__(self):
        return self

    def __exit__(self, problem, *_):
        if problem or not self.lender or not self.lender.take_back(self):
            self.close()

    def close(self):
        try:
            _call(self.url, "DELETE")
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)

    def _post(self, path, body=None):
        return _call(self.url + path, "POST", body or {})

    # The window

    def shape(self, width, height, dark=False, still=False):
        """Sets the size of the page, also below the minimum of a window, the color scheme, and whether
        nothing may move."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        motion = "reduce" if still else "no-preference"
        self._devtools("Emulation.setEmulatedMedia",
                       features=[{"name": "prefers-color-scheme", "value": scheme},
                                 {"name": "prefers-reduced-motion", "value": motion}])

    def devtools(self, command, **parameters):
        self.changed = self.changed or command not in self.HARMLESS
        return self._devtools(command, **parameters)

    def _devtools(self, command, **parameters):
        return self._post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def go(self, url):
        self._post("/url", {"url": url})

    def enter(self, frame):
        """Switches to the page in that frame, until `leave`."""
        self._post("/frame", {"id": {ELEMENT: frame.id}})

    def leave(self):
        self._post("/frame", {"id": None})

    @property
    def address(self):
        return _call(self.url + "/url")

    @property
    def title(self):
        return _call(self.url + "/title")

    def picture(self, path, whole=True):
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def console(self):
        """Errors in the browser's console since the last call."""
        return self._post("/se/log", {"type": "browser"})

    # The page

    def run(self, script, *arguments):
        return self._post("/execute/sync", {"script": script, "args": list(arguments)})

    def all(self, selector):
        found = self._post("/elements", {"using": "css selector", "value": selector})
        return [Element(self, item[ELEMENT]) for item in found]

    def one(self, selector):
        found = self.all(selector)
        if len(found) != 1:
            raise AssertionError(f"there are {len(found)} of {selector}")
        return found[0]

    def button(self, name):
        """Its accessible name may come a moment after the page."""
        return until(f"there is a button {name!r}", lambda: next(
            (button for button in self.all("button") if button.name == name), None))

    @property
    def heading(self):
        found = self.all("h1")
        try:
            return found[0].text if found else ""
        except BrowserError:
            return ""  # It was replaced in between; whoever waits asks again.

    @property
    def text(self):
        try:
            return self.one("body").text
        except (AssertionError, BrowserError):
            return ""

    def sees(self, text, limit=LIMIT):
        """Waits until the page contains the text."""
        try:
            until(f"the page says {text!r}", lambda: text in self.text, limit)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {self.text!r}") from None

    def press(self, key):
        """Presses a key in the focused element."""
        self._post("/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key},
        ]}]})

    def tab(self, count):
        """Presses the tab key so many times."""
        strokes = [{"type": kind, "value": "\ue004"} for _ in range(count)
                   for kind in ("keyDown", "keyUp")]
        self._post("/actions", {"actions": [{"type": "key", "id": "keys", "actions": strokes}]})

    @property
    def focused(self):
        return Element(self, _call(self.url + "/element/active")[ELEMENT])


class Authenticator:
    """A virtual authenticator of a browser, on the computer itself (WebAuthn Level 3 section 11)."""

    def __init__(self, browser, verifies=True):
        self.browser = browser
        self.id = browser._post("/webauthn/authenticator", {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserConsenting": True, "isUserVerified": verifies,
        })

    def verifies(self, yes):
        """Whether it recognises its user from now on."""
        self.browser._post(f"/webauthn/authenticator/{self.id}/uv", {"isUserVerified": yes})


class Element:
    """An element of the page."""

    def __init__(self, browser, id):
        self.browser, self.id = browser, id
        self.url = f"{browser.url}/element/{id}"

    def __eq__(self, other):
        return self.url == other.url

    @property
    def text(self):
        return _call(self.url + "/text")

    @property
    def role(self):
        """Its role for assistive technology."""
        return _call(self.url + "/computedrole")

    @property
    def name(self):
        """Its name for assistive technology."""
        return _call(self.url + "/computedlabel")

    @property
    def box(self):
        return _call(self.url + "/rect")

    def property(self, name):
        return _call(f"{self.url}/property/{name}")

    def style(self, property):
        return _call(f"{self.url}/css/{property}")

    def click(self):
        _call(self.url + "/click", "POST", {})
