"""Every kind of consent on a phone, in three languages, light and dark, in a real browser."""

import re

from axe import barriers, source
from gallery import DESKTOP, ENDINGS, LANGUAGES, MATCHED, PHONE, Gallery
from scenarios import CONTRAST, run_all
from webdriver import until
from wording import DETAILS, HEADINGS

ENTER, TAB, SPACE = "\ue007", "\ue004", " "
scenarios = []

BUTTONS = {
    "en": ["Decline", "Approve", "This wasn’t me"],
    "pt-BR": ["Recusar", "Aprovar", "Não fui eu"],
    "ar": ["رفض", "موافقة", "لم أبدأ هذا الطلب"],
}

# Everything that a page must be, in one call: the suite visits some fifty pages.
LOOK = """
    const bare = (text) => text.replace(/[\\u200E\\u200F\\u2066-\\u2069]/g, '')
      .replace(/\\s+/g, ' ').trim();
    const html = document.documentElement;
    const texts = (selector) => [...document.querySelectorAll(selector)]
      .map((element) => bare(element.textContent));
    const outside = [...document.querySelectorAll('main *')].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 1 && (box.left < -0.5 || box.right > innerWidth + 0.5);
    });
    const unlabelled = [...document.querySelectorAll('input:not([type=hidden])')]
      .filter((input) => !input.labels.length || !bare(input.labels[0].textContent));
    const ids = [...document.querySelectorAll('[aria-labelledby], [aria-describedby]')].flatMap(
      (element) => ((element.getAttribute('aria-labelledby') || '') + ' '
        + (element.getAttribute('aria-describedby') || '')).trim().split(/\\s+/));
    const thumbs = [...document.querySelectorAll('button, label.option')]
      .filter((element) => element.getBoundingClientRect().height < 44);
    return {
      lang: html.lang, dir: html.dir, title: bare(document.title), heading: texts('h1'),
      direction: getComputedStyle(document.querySelector('main')).direction,
      wide: html.scrollWidth - innerWidth, outside: outside.map((e) => e.outerHTML.slice(0, 120)),
      unlabelled: unlabelled.length, missing: ids.filter((id) => !document.getElementById(id)),
      small: thumbs.length, buttons: texts('button'), text: bare(document.body.innerText),
      images: document.querySelectorAll('img, iframe, object').length,
    };
"""


def scenario(function):
    scenarios.append(function)
    return function


def each_language(function):
    """A scenario for each language."""
    def played(language):
        def play(gallery): function(gallery, language)
        play.__doc__ = f"{function.__doc__}, in {language}"
        return play
    scenarios.extend(played(language) for language in LANGUAGES)
    return function


@each_language
def whole(gallery, language):
    """Each kind of consent is complete, fits a phone and is readable, light and dark"""
    direction = "rtl" if language == "ar" else "ltr"
    assert set(HEADINGS[language]) == set(DETAILS[language]) == set(gallery.samples)
    with gallery.browser() as browser:
        for sample in gallery.samples:
            browser.shape(*PHONE, dark=False)
            browser.go(gallery.page(language, sample))
            page = browser.run(LOOK)
            about = f"{sample}: {page}"
            assert (page["lang"], page["dir"], page["direction"]) == (
                language, direction, direction), about
            assert page["wide"] <= 0 and not page["outside"], about
            assert not page["unlabelled"] and not page["missing"] and not page["small"], about
            assert page["buttons"] == BUTTONS[language] and not page["images"], about
            heading = HEADINGS[language][sample]
            assert (page["heading"], page["title"]) == ([heading], heading), about
            assert DETAILS[language][sample] in page["text"], about
            if sample == "uk-standing-order":
                assert LANGUAGES[language] in page["text"], about
            for dark in (False, True):
                browser.shape(*PHONE, dark=dark)
                count, poor = browser.run(CONTRAST)
                assert count >= 15 and not poor, (sample, dark, count, poor)


@scenario
def on_first_screen(gallery):
    """The answer's buttons are on the first screen of a phone, with what they are about"""
    with gallery.browser() as browser:
        for language in LANGUAGES:
            for sample in gallery.samples:
                browser.go(gallery.page(language, sample))
                assert browser.run("return scrollY") == 0
                below = browser.run("""
                    return [...document.querySelectorAll('.asked, [role=timer], button')]
                      .map((part) => part.getBoundingClientRect())
                      .filter((box) => box.top < 0 || box.bottom > innerHeight || !box.height)
                      .length;
                """)
                assert below == 0, (language, sample)
                # The question keeps more than half of the screen.
                height = browser.one(".answer").box["height"]
                assert height < PHONE[1] / 2, (language, sample, height)


@scenario
def amounts_do_not_break(gallery):
    """An amount stays on one line and on the page with text of twice the size"""
    with gallery.browser() as browser:
        for width in (320, 390):
            browser.shape(width, PHONE[1])
            for sample in gallery.samples:
                browser.go(gallery.page("en", sample))
                browser.run("document.documentElement.style.fontSize = '200%'")
                wide = browser.run("""
                    return [...document.querySelectorAll('.money, .number')].filter((amount) => {
                      const box = amount.getBoundingClientRect();
                      const lines = new Set([...amount.getClientRects()]
                        .map((part) => Math.round(part.bottom)));
                      return lines.size > 1 || box.right > innerWidth + 0.5;
                    }).map((amount) => amount.textContent);
                """)
                assert not wide, (sample, width, wide)
                assert browser.run(
                    "return document.documentElement.scrollWidth <= innerWidth"), (sample, width)


@scenario
def folded_by_script(gallery):
    """More details is closed by the script only, and open on paper and without style sheet"""
    page = gallery.page("en", "uk-domestic-payment")
    shown = "return document.querySelector('details dl').checkVisibility()"
    with gallery.browser() as browser:
        browser.go(page)
        assert not browser.run(shown)
        browser.devtools("Emulation.setEmulatedMedia", media="print")
        assert browser.run(shown), "not on paper"
        browser.devtools("Emulation.setEmulatedMedia", media="")
        browser.run("document.querySelector('summary').scrollIntoView({ block: 'center' })")
        browser.one("summary").click()
        assert browser.run(shown), "not after a click"
        browser.devtools("Network.enable")
        browser.devtools("Network.setBlockedURLs", urls=["*.css"])
        browser.go(page)
        assert browser.run(shown), "not without style sheet"
    with gallery.browser(scripts=False) as browser:
        browser.go(page)
        assert browser.run(shown), "not without scripts"


@each_language
def no_barriers(gallery, language):
    """axe-core finds no barrier in any state, on phone and desktop, light and dark"""
    script = source()
    if script is None:
        print("skipped: axe-core is missing, see the output of Tests/setup.sh test", flush=True)
        return
    pages = [gallery.page(language, name) for name in gallery.samples + ENDINGS + MATCHED]
    pages.append(f"{gallery.beckon.url}/approve/unknown")
    with gallery.browser() as browser:
        for page in pages:
            browser.shape(*PHONE)
            browser.go(page)
            found = barriers(browser, script)
            assert not found, (page, PHONE, found)
            # Colours are all that differs, whatever the size.
            browser.shape(*PHONE, dark=True)
            found = barriers(browser, script, only="color-contrast")
            assert not found, (page, "dark", found)
            browser.shape(*DESKTOP)
            found = barriers(browser, script)
            assert not found, (page, DESKTOP, found)


@scenario
def kinds_of_controls(gallery):
    """Accounts are check boxes or radio buttons, named and described for assistive technology"""
    expected = {
        "uk-account-access": ("checkbox", "Choose accounts", 3, 0),
        "uk-domestic-payment": ("radio", "Choose the account to pay from", 2, 0),
        "uk-scheduled-payment": ("radio", "Choose the account to pay from", 1, 1),
        "cdr": ("checkbox", "Choose accounts", 2, 0),
        "scopes": ("checkbox", "Kiosk 12 will be able to:", 2, 2),
    }
    with gallery.browser() as browser:
        for sample, (role, name, count, chosen) in expected.items():
            browser.go(gallery.page("en", sample))
            group = browser.one("fieldset.options")
            assert (group.role, group.name) == ("group", name), (sample, group.role, group.name)
            controls = browser.all("fieldset.options input:not([type=hidden])")
            assert [control.role for control in controls] == [role] * count, sample
            checked = browser.run("return document.querySelectorAll(':checked').length")
            assert checked == chosen, (sample, checked)
        browser.go(gallery.page("en", "uk-domestic-payment"))
        first = browser.all("input[type=radio]")[0]
        assert first.name == "Everyday account Current account · British Pound •••• 5698", first.name
        sections = [part.name for part in browser.all("section")]
        assert sections == [
            "Compare this message", "Details", "Checkout Services will be able to:"
        ], sections


@scenario
def number_chosen(gallery):
    """Of three numbers none is chosen, and each is named for assistive technology"""
    with gallery.browser() as browser:
        browser.go(gallery.page("en", "number-choose"))
        group = browser.one("fieldset#code")
        assert (group.role, group.name) == ("group", "Which number does the other screen show?")
        choices = browser.all("fieldset#code input")
        assert [choice.role for choice in choices] == ["radio"] * 3
        assert "842017" in [bare(choice.name) for choice in choices]
        assert browser.run("return document.querySelectorAll('#code :checked').length") == 0


@scenario
def number_entered(gallery):
    """A number is typed: Enter submits nothing, a wrong one is said, and the right one approves"""
    def type(browser, digits):
        browser.run("document.getElementById('code-field').focus()")
        for digit in digits: browser.press(digit)

    with gallery.browser(scripts=False) as browser:
        browser.go(gallery.page("en", "number-enter"))
        type(browser, "842017")
        browser.press(ENTER)
        assert browser.one("#code-field").property("value") == "842017"
    with gallery.browser() as browser:
        browser.go(gallery.page("en", "number-play"))
        assert "84" not in browser.text and "••-••-••" in browser.text, browser.text
        type(browser, "111111")
        browser.press(ENTER)
        assert browser.one("#code-field").property("value") == "111111"
        browser.button("Approve").click()
        browser.sees("4 attempts left.")
        assert browser.one("#code-field").property("value") == ""
        browser.run("document.activeElement.blur()")
        browser.press(ENTER)
        type(browser, "84-20-17")
        browser.button("Approve").click()
        browser.sees("Wait until you see “Approved”.")


FOCUS = {
    "en": [
        "Everyday Saver Savings account xxx-x12 xxxx4567",
        "Home Loan Loan xxx-x12 xxxx8910 Shared so far",
        "More details", "Decline", "Approve", "This wasn’t me",
    ],
    "ar": [
        "Everyday Saver حساب توفير xxx-x12 xxxx4567",
        "Home Loan قرض xxx-x12 xxxx8910 مُشارَك حتى الآن",
        "تفاصيل أخرى", "رفض", "موافقة", "لم أبدأ هذا الطلب",
    ],
}


def _by_keyboard(gallery, language):
    with gallery.browser() as browser:
        browser.go(gallery.page(language, "cdr"))
        order = []
        for _ in FOCUS[language]:
            browser.press(TAB)
            order.append(bare(browser.focused.name))
            assert browser.focused.style("outline-style") == "solid", order
        assert order == FOCUS[language], order


def bare(text):
    """The text without invisible direction marks."""
    return re.sub("[\u200e\u200f\u2066-\u2069]", "", text)


@scenario
def by_keyboard(gallery):
    """The keyboard reaches the accounts, the details, then decline, approve and the fraud report"""
    _by_keyboard(gallery, "en")


@scenario
def by_keyboard_from_the_right(gallery):
    """The keyboard order is the same in right-to-left text"""
    _by_keyboard(gallery, "ar")


@scenario
def enter_in_a_box_declines(gallery):
    """The Enter key in a check box declines, and never approves"""
    with gallery.browser() as browser:
        browser.go(gallery.page("en", "ksa"))
        browser.press(TAB)
        browser.press(SPACE)
        assert browser.run("return document.querySelectorAll(':checked').length") == 1
        browser.press(ENTER)
        browser.sees("You declined")


@scenario
def offline_keeps_choice(gallery):
    """An answer that cannot be sent keeps the choice, says so, and can be sent again"""
    with gallery.browser() as browser:
        browser.go(gallery.page("en", "uk-building-society"))
        browser.all("input[type=radio]")[1].click()
        network = dict(latency=0, downloadThroughput=-1, uploadThroughput=-1)
        browser.devtools("Network.enable")
        browser.devtools("Network.emulateNetworkConditions", offline=True, **network)
        browser.button("Approve").click()
        browser.sees("Your answer wasn’t sent. Check your connection and try again.")
        assert browser.run("return document.querySelectorAll('input[type=radio]')[1].checked")
        browser.devtools("Network.emulateNetworkConditions", offline=False, **network)
        browser.button("Approve").click()
        until("the answer is taken", lambda: browser.heading == "Sending your approval")


@scenario
def missing_choice(gallery):
    """A missing choice is named before anything is sent, and does not keep anyone from declining"""
    with gallery.browser() as browser:
        for sample in ("uk-domestic-payment", "fdx"):
            browser.go(gallery.page("en", sample))
            browser.button("Approve").click()
            message = browser.run("return document.activeElement.validationMessage")
            assert message == "Choose an account.", (sample, message)
            assert browser.all("form") and browser.title != "Check your choice"
        browser.button("Decline").click()
        browser.sees("You declined")


def _wrong_choice(gallery, scripts, language, heading, text, approve):
    with gallery.browser(scripts=scripts) as browser:
        browser.go(gallery.page(language, "uk-account-access"))
        browser.button(approve).click()
        until("the page says what is wrong", lambda: browser.title == heading)
        summary = browser.one(".summary")
        assert text in summary.text
        until("the summary has the focus", lambda: browser.focused == summary)
        assert text in browser.one("#accounts-error").text
        # Both colour schemes show the error well, too.
        for dark in (False, True):
            browser.shape(*PHONE, dark=dark)
            count, poor = browser.run(CONTRAST)
            assert not poor, poor
        browser.all("input[type=checkbox]")[1].click()
        browser.button(approve).click()
        return until("the answer is taken", lambda: not browser.all("form") and browser.heading)


@scenario
def wrong_choice(gallery):
    """Approving without an account and scripts shows an error with the focus, and then works"""
    heading = _wrong_choice(
        gallery, False, "en", "Check your choice", "Choose an account.", "Approve"
    )
    assert heading == "Sending your approval", heading


@scenario
def wrong_choice_from_the_right(gallery):
    """The same in right-to-left text"""
    heading = _wrong_choice(
        gallery, False, "ar", "راجع اختيارك", "اختر حسابًا.", "موافقة"
    )
    assert heading == "جارٍ إرسال موافقتك", heading


def main():
    with Gallery() as gallery:
        return run_all(scenarios, gallery)
