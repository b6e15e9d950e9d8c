"""Pages of every kind of consent, from logins inserted into the store of the real service."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BlackBox"))

from beckon import ROOT, Beckon
from webdriver import Driver

GALLERY = os.environ.get("GALLERY", str(ROOT / ".build/debug/gallery"))
# The person's zone makes 10:49 UTC of a sample a time of their own.
LANGUAGES = {"en": "10:49", "pt-BR": "07:49", "ar": "13:49"}
PHONE = (390, 844)
DESKTOP = (1280, 800)
# Logins that have ended, each in its own way.
ENDINGS = [
    "approving", "paid", "unconfirmed", "undelivered", "voided", "shared", "declined", "cancelled",
    "fraud", "busy", "superseded", "no-accounts", "unusable", "gone", "number-wrong",
]
# Logins whose number is matched, each in its own way.
MATCHED = ["number-show", "number-choose", "number-enter"]
# One that a scenario answers.
PLAYED = ["number-play"]
HELP = {"phone": "+44 20 7946 0000", "address": "https://bank.example/help"}


class Gallery:
    """The service with one login of each sample for each language."""

    def __enter__(self):
        with contextlib.ExitStack() as open_parts:
            self.driver = open_parts.enter_context(contextlib.closing(Driver()))
            self.beckon = Beckon(None, "http://127.0.0.1:9", {
                "approval": {"title": "Northwind Bank", "help": HELP}
            })
            store = self.beckon.config["store"]["sqlite"]["path"]
            made = subprocess.run(
                [GALLERY, store, *LANGUAGES], capture_output=True, text=True, check=True
            )
            self.tickets = json.loads(made.stdout)
            open_parts.enter_context(self.beckon)
            self.parts = open_parts.pop_all()
        return self

    def __exit__(self, *_):
        self.parts.close()

    def browser(self, **options):
        width, height = PHONE
        return self.driver.lend(width=width, height=height, **options)

    def page(self, language, sample):
        return f"{self.beckon.url}/approve/{self.tickets[language][sample]}"

    @property
    def samples(self):
        """Logins that wait for an answer."""
        return [name for name in self.tickets["en"] if name not in ENDINGS + MATCHED + PLAYED]
