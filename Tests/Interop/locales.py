"""Babel (CLDR), asked by the tests: a JSON array of jobs comes in, one of answers goes out.

Each job has a language, and lists of days, numbers, currencies, countries and counts.
"""

import datetime
import decimal
import json
import sys

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal


def answer(job):
    locale = Locale.parse(job["language"], sep="-")
    # English dates have the day first, which nobody misreads.
    dates = Locale("en", "001") if job["language"] == "en" else locale
    number = decimal.Decimal
    return {
        "direction": locale.text_direction,
        "days": [
            format_date(datetime.date.fromisoformat(day), "long", dates) for day in job["days"]
        ],
        "numbers": [
            format_decimal(number(text), locale=locale, decimal_quantization=False)
            for text in job["numbers"]
        ],
        "money": [
            format_currency(number(job["amount"]), code, locale=locale, currency_digits=False)
            for code in job["currencies"]
        ],
        "currencies": [locale.currencies.get(code) for code in job["currencies"]],
        "countries": [locale.territories.get(code) for code in job["countries"]],
        "weekdays": [locale.days["stand-alone"]["wide"][day] for day in range(7)],
        "plurals": [locale.plural_form(count) for count in job["counts"]],
    }


json.dump([{"ok": answer(job)} for job in json.load(sys.stdin)], sys.stdout)
