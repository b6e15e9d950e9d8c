"""Takes pictures of each page: phone and desk, light and dark; of each kind of consent on a phone, in
three languages; of the pages that people sign in to, in two; and of the demo."""

import pathlib
import sys

from demo import Demo, prompt, start, tick
from gallery import ENDINGS, LANGUAGES, MATCHED, PHONE, Gallery
from notifications import Notified
from signed_in import SignedIn, speak
from signed_in import LANGUAGES as SIGNED_IN_LANGUAGES
from stage import Stage
from webdriver import until

SHAPES = {"phone": (360, 740), "desk": (1280, 860)}


def take(browser, folder, name):
    for shape, (width, height) in SHAPES.items():
        for scheme in ("light", "dark"):
            browser.shape(width, height, dark=scheme == "dark")
            browser.picture(folder / f"{name}-{shape}-{scheme}.png")
            print(f"{name}-{shape}-{scheme}.png")


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    hostile = "<b>pay</b> \u202e00,1 \u200b" + "x" * 60
    with Stage() as stage, stage.browser() as browser:
        browser.go(stage.ask().page)
        take(browser, folder, "question")
        with stage.hold():
            browser.button("Approve").click()
            browser.sees("Wait until you see “Approved”.")
            take(browser, folder, "sending")
        browser.sees("All done. Return to")
        take(browser, folder, "approved")
        browser.go(stage.ask().page)
        browser.button("This wasn’t me").click()
        browser.sees("Delivered")
        take(browser, folder, "not-me")
        browser.go(stage.ask(binding_message=hostile).page)
        take(browser, folder, "hostile")
        browser.go(stage.page("unknown"))
        take(browser, folder, "unknown")
    consents(folder)
    signed_in(folder)
    notified(folder)
    demo(folder)


def demo(folder):
    """The demo's page while a login waits: its phone, the phone's own app, and the prompt."""
    with Demo() as stage, stage.window() as browser:
        stage.enrol(browser, "anna@example.com", pin="2468")
        _, rung = start(browser, "Till 7", policy="device-key-pin", matching="choose")
        take(browser, folder, "demo-phone")
        tick(browser, ".unlock")
        until("the app asks for the PIN", lambda: browser.all("#native-pin-field:not([hidden])"))
        take(browser, folder, "demo-app")
        browser.one("#bar").click()
        with prompt(browser, rung):
            take(browser, folder, "demo-prompt")


def signed_in(folder):
    with SignedIn() as stage:
        for language in SIGNED_IN_LANGUAGES:
            speak(stage.window, language)
            for name, address in stage.pages():
                stage.window.go(address)
                for shape in SHAPES:
                    for scheme in ("light", "dark"):
                        tall(stage.window, folder, f"{name}-{language}", shape, scheme)


def notified(folder):
    """The states of notifications, and what a script changes on the page of passkeys."""
    with Notified() as stage:
        for language in SIGNED_IN_LANGUAGES:
            with stage.person() as browser:
                speak(browser, language)
                states = [
                    ("offered", "return 1"),
                    ("denied", DENIED),
                    ("renaming",
                     "document.querySelector('details:has(input[name=name])').open = true"),
                ]
                for name, script in states:
                    browser.go(stage.url + "/inbox")
                    until("the button is shown", lambda: browser.all("form[data-push-key]:not([hidden])"))
                    browser.run(script)
                    for shape in SHAPES:
                        for scheme in ("light", "dark"):
                            tall(browser, folder, f"inbox-{name}-{language}", shape, scheme)
                browser.run(
                    "document.querySelector('form[data-push-key]').requestSubmit()")
                until("it is in the list", lambda: browser.all(
                    "li[data-browser] .note:not([hidden])"))
                for shape in SHAPES:
                    for scheme in ("light", "dark"):
                        tall(browser, folder, f"inbox-notified-{language}", shape, scheme)


# As the script does when the browser allows no notifications.
DENIED = """
    const form = document.querySelector('form[data-push-key]');
    form.querySelector('[role=alert]').textContent = form.dataset.denied;
"""


def tall(browser, folder, name, shape, scheme):
    """The whole page in a window as tall as it is: beyond the window, right-to-left text is shifted."""
    width, height = SHAPES[shape]
    browser.shape(width, height, dark=scheme == "dark")
    page = browser.run("return document.documentElement.scrollHeight")
    browser.shape(width, max(height, page), dark=scheme == "dark")
    browser.picture(folder / f"{name}-{shape}-{scheme}.png", whole=False)
    print(f"{name}-{shape}-{scheme}.png")


def consents(folder):
    with Gallery() as gallery:
        for language in LANGUAGES:
            with gallery.browser() as browser:
                for sample in gallery.samples + ENDINGS + MATCHED:
                    browser.go(gallery.page(language, sample))
                    both(browser, folder, f"consent-{sample}-{language}")
            # Without scripts, because the script names a missing choice before it is sent.
            with gallery.browser(scripts=False) as browser:
                browser.go(gallery.page(language, "uk-account-access"))
                browser.all("button")[1].click()
                until("the page says what is wrong", lambda: browser.all(".summary"))
                both(browser, folder, f"consent-wrong-choice-{language}")


def both(browser, folder, name):
    """The first screen, light and dark, and the whole page."""
    for scheme in ("light", "dark"):
        browser.shape(*PHONE, dark=scheme == "dark")
        browser.picture(folder / f"{name}-{scheme}.png", whole=False)
        print(f"{name}-{scheme}.png")
    # As tall as the page, so that the answer is where it ends and covers nothing.
    browser.shape(PHONE[0], browser.run("return document.documentElement.scrollHeight"))
    browser.picture(folder / f"{name}-whole.png", whole=False)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
