"""The approval page in a real browser against the real service."""

import sys
import traceback

from stage import Stage
from webdriver import until

ENTER, TAB = "\ue007", "\ue004"
scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


def both_ways(function):
    """A scenario for browsers that run scripts and for those that do not."""
    def with_scripts(stage): function(stage, True)
    def without_scripts(stage): function(stage, False)
    for variant, words in ((with_scripts, "with scripts"), (without_scripts, "without scripts")):
        variant.__doc__ = f"{function.__doc__}, {words}"
        scenarios.append(variant)
    return function


# Deciding


@both_ways
def approves(stage, scripts):
    """A user approves"""
    login = stage.ask()
    with stage.browser(scripts=scripts) as browser:
        browser.go(login.page)
        assert browser.heading == "Sign in to Kiosk 12?", browser.heading
        browser.button("Approve").click()
        browser.sees("All done. Return to Kiosk 12.")
        assert browser.heading == "Approved" and not browser.all("button")
        assert "84-20-17" not in browser.text
    assert (login.decision, login.effective) == ("accept", 1)


@both_ways
def declines(stage, scripts):
    """A user declines"""
    login = stage.ask()
    with stage.browser(scripts=scripts) as browser:
        browser.go(login.page)
        browser.button("Decline").click()
        browser.sees("You declined")
        browser.sees("Delivered")
    assert (login.decision, login.effective) == ("reject", 1)


@both_ways
def was_not_me(stage, scripts):
    """A user reports a login that they did not start"""
    login = stage.ask()
    with stage.browser(scripts=scripts) as browser:
        browser.go(login.page)
        browser.button("This wasn’t me").click()
        browser.sees("Thanks for telling us")
        browser.sees("Delivered")
    assert login.decision == "reject"
    assert any(line["event"] == "login.reported_as_fraud" for line in stage.beckon.lines())


# rule: X6
@scenario
def enter_declines(stage):
    """The Enter key declines, and never approves"""
    login = stage.ask()
    with stage.browser() as browser:
        browser.go(login.page)
        browser.press(ENTER)
        browser.sees("You declined")
    assert login.decided.wait(10) and login.decision == "reject"


# Waiting


@both_ways
def not_approved_yet(stage, scripts):
    """A page is not headed Approved before the server has accepted it, and updates itself"""
    login = stage.ask()
    with stage.browser(scripts=scripts) as browser:
        with stage.hold():
            browser.go(login.page)
            browser.button("Approve").click()
            browser.sees("Wait until you see “Approved”.")
            assert browser.heading == "Sending your approval"
        browser.sees("All done. Return to Kiosk 12.")


@both_ways
def decided_elsewhere(stage, scripts):
    """A waiting page notices a decision made elsewhere"""
    login = stage.ask(lifetime=8)  # Without scripts it looks again when the time is over.
    with stage.browser(scripts=scripts) as browser:
        browser.go(login.page)
        stage.decide(login, "deny")
        browser.sees("You declined", limit=5 if scripts else 15)


@both_ways
def expires(stage, scripts):
    """A waiting page notices its expiry"""
    login = stage.ask(lifetime=3)
    with stage.browser(scripts=scripts) as browser:
        browser.go(login.page)
        until("the buttons are gone", lambda: not browser.all("button"))
        browser.sees("Request expired")
    assert login.decision is None


@scenario
def counts_down(stage):
    """A waiting page shows the time left"""
    login = stage.ask()
    with stage.browser() as browser:
        browser.go(login.page)
        until("the time is shown", lambda: browser.one('[role="timer"]').text.startswith("0:"))
        first = browser.one('[role="timer"]').text
        until("it goes on", lambda: browser.one('[role="timer"]').text != first)


# Links that do nothing


@scenario
def unknown_link(stage):
    """An unknown link shows an error and no buttons"""
    with stage.browser() as browser:
        browser.go(stage.page("A" * 54))
        assert browser.heading == "This link doesn’t work" and not browser.all("button")


@scenario
def answered_before(stage):
    """A stale page learns that another answer came first"""
    login = stage.ask()
    with stage.browser(scripts=False) as browser:
        browser.go(login.page)
        stage.decide(login, "deny")
        browser.button("Approve").click()
        browser.sees("You already answered")
        browser.sees("You declined")
        browser.go(login.page)
        assert browser.heading == "You declined" and not browser.all("button")
    assert (login.decision, login.effective) == ("reject", 1)


# rule: C1
@scenario
def hostile_text(stage):
    """What a client sends is shown as text, whatever it contains"""
    text = "<img src=x onerror=\"document.title='taken'\"> pay \u202e001 \u200b" + "x" * 300
    login = stage.ask(binding_message=text)
    with stage.browser(width=320) as browser:
        browser.go(login.page)
        shown = browser.one(".message").text
        assert "<img src=x" in shown and "U+202E" in shown and "U+200B" in shown, shown
        assert "\u202e" not in shown and not browser.all("img")
        assert browser.title == "Sign in to Kiosk 12?"
        assert fits(browser)


# For everybody


@scenario
def named_for_all(stage):
    """Assistive technology finds names, roles, landmarks and a heading"""
    login = stage.ask()
    with stage.browser() as browser:
        browser.go(login.page)
        names = [(button.role, button.name) for button in browser.all("button")]
        assert names == [
            ("button", "Decline"), ("button", "Approve"), ("button", "This wasn’t me")
        ], names
        assert browser.one("main").role == "main"
        assert (browser.one("h1").role, browser.run("return document.documentElement.lang")) == (
            "heading", "en"
        )
        assert browser.one("fieldset").name == "Your answer"
        assert [part.name for part in browser.all("section")] == [
            "Compare this message", "Kiosk 12 will be able to:"
        ]
        assert browser.one('[role="timer"]').role == "timer"
        news = browser.one('[role="status"]')
        assert news.text == "", "it says something before there is news"


# rule: X6
@scenario
def by_keyboard(stage):
    """The keyboard reaches decline first, and the focus is visible"""
    login = stage.ask()
    with stage.browser() as browser:
        browser.go(login.page)
        assert browser.run("return document.activeElement === document.body")
        order = []
        for _ in range(3):
            browser.press(TAB)
            order.append(browser.focused.name)
            assert browser.focused.style("outline-style") == "solid"
            assert float(browser.focused.style("outline-width").removesuffix("px")) >= 2
        assert order == ["Decline", "Approve", "This wasn’t me"], order
        browser.run("document.querySelectorAll('button')[1].focus()")
        with stage.hold():
            browser.press(ENTER)
            browser.sees("Wait until you see “Approved”.")
        # The page changed by itself: the focus goes to what is new, so that it is read out.
        browser.sees("All done. Return to Kiosk 12.")
        until("the heading has the focus", lambda: browser.focused.text == "Approved")
    assert login.decision == "accept"


@scenario
def equally_prominent(stage):
    """Decline and approve have the same size, are on one line, and are large enough for a thumb"""
    login = stage.ask()
    with stage.browser(width=320) as browser:
        browser.go(login.page)
        decline, approve = browser.button("Decline"), browser.button("Approve")
        for part in ("width", "height", "y"):
            assert abs(decline.box[part] - approve.box[part]) < 1, part
        assert decline.box["x"] < approve.box["x"] and decline.box["height"] >= 44
        for part in ("font-size", "font-weight"):
            assert decline.style(part) == approve.style(part), part


@scenario
def small_screens(stage):
    """Nothing scrolls sideways at 320 pixels or with large text"""
    login = stage.ask()
    with stage.browser(width=320, height=640) as browser:
        browser.go(login.page)
        assert fits(browser)
        browser.run("document.documentElement.style.fontSize = '200%'")
        assert fits(browser)


def fits(browser):
    return browser.run("return document.documentElement.scrollWidth <= innerWidth")


CONTRAST = """
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }).reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = channels(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color;
      }
      return [255, 255, 255];
    };
    const poor = [];
    let count = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || element.closest('noscript, .unseen')) continue;
      const [high, low] = [channels(getComputedStyle(element).color), ground(element)]
        .map(light).sort((a, b) => b - a);
      const ratio = (high + 0.05) / (low + 0.05);
      count += 1;
      const { fontSize, fontWeight } = getComputedStyle(element);
      const size = parseFloat(fontSize);
      // Large text is 18 points, or 14 when it is bold (WCAG 1.4.3).
      const limit = size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
      if (ratio < limit) poor.push(walker.currentNode.data + ': ' + ratio.toFixed(2));
    }
    return [count, poor];
"""


@scenario
def readable(stage):
    """Every text has a contrast of 4.5 to 1, light and dark (WCAG 1.4.3)"""
    login = stage.ask(binding_message="Kiosk\u200b 12")
    with stage.browser() as browser:
        grounds = []
        for address in (login.page, stage.page("x")):
            for dark in (False, True):
                browser.shape(400, 800, dark=dark)
                browser.go(address)
                count, poor = browser.run(CONTRAST)
                assert count >= 4 and not poor, (count, poor)
                grounds.append(browser.one("body").style("background-color"))
        assert len(set(grounds)) == 2, "light and dark look the same"
        browser.go(login.page)
        browser.button("Approve").click()
        browser.sees("All done. Return to Kiosk 12.")
        for dark in (False, True):
            browser.shape(400, 800, dark=dark)
            count, poor = browser.run(CONTRAST)
            assert count >= 8 and not poor, (count, poor)


@scenario
def quiet_console(stage):
    """The browser reports no errors, the security policy included"""
    login = stage.ask()
    with stage.browser() as browser:
        browser.go(login.page)
        browser.button("Approve").click()
        browser.sees("All done. Return to Kiosk 12.")
        assert browser.console() == []
        # The policy is in force: an element of a stranger's is refused, and the browser says so.
        browser.run("""
            const script = document.createElement('script');
            script.textContent = "document.title = 'taken'";
            document.body.append(script);
        """)
        complaint = until("the refusal is reported", browser.console)
        assert "Content Security Policy" in complaint[0]["message"], complaint
        assert browser.title == "Approved"


@scenario
def not_from_elsewhere(stage):
    """A form on another site cannot decide, even with the link"""
    login = stage.ask()
    with stage.browser() as browser:
        browser.go("data:text/html,<form method=post action='%s'>"
                   "<button name=decision value=approve>Win</button></form>" % login.page)
        browser.button("Win").click()
        browser.sees("Answer not accepted")
    assert login.decision is None


def run_all(scenarios, stage):
    """Runs the scenarios whose names contain the words, or all; returns (passed, failed)."""
    wanted = sys.argv[1:]
    passed = failed = 0
    for play in scenarios:
        if wanted and not any(word in play.__doc__ for word in wanted):
            continue
        try:
            play(stage)
            passed += 1
            print(f"ok      {play.__doc__}", flush=True)
        except Exception:  # One broken scenario must not hide the others.
            failed += 1
            print(f"FAILED  {play.__doc__}", flush=True)
            traceback.print_exc(file=sys.stdout)
    return passed, failed


def main():
    with Stage() as stage:
        return run_all(scenarios, stage)
