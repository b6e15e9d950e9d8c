"""Writes the names of countries and currencies into the catalogues; `make names` runs it.

Codes are those of ISO 3166-1 and ISO 4217 in Debian's iso-codes. Names are those of the CLDR, by
Babel: iso-codes has names too, but not of every code in every language, and some of them are wrong
(in Arabic it calls Moldova the Maldives), which must not happen on a page that approves a payment.

With --check it writes nothing, prints the codes that differ, and fails when there are any.
"""

import json
import pathlib
import re
import sys

from babel import Locale

CATALOGUES = pathlib.Path(__file__).parents[2] / "Sources/Localization/Catalogues"
ISO = pathlib.Path("/usr/share/iso-codes/json")
# ISO 4217 codes that no payment has: funds, metals, units of account, tests.
NOT_MONEY = set(
    "BOV CHE CHW CLF COU MXV USN UYI UYW XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split()
)
# Withdrawn, or new since the iso-codes of Debian 12.
WITHDRAWN = set("ANG BGN CUC HRK SLL VED ZWL".split())
ADDED = {"XCG"}

ENTRY = re.compile(r'\n?msgctxt "(country|currency)/(\w+)"\nmsgid "(.*)"\nmsgstr "(.*)"\n')


def codes(catalogue):
    """By list: those of iso-codes, or those that the catalogue has where it is not installed."""
    if not ISO.is_dir():
        found = [match.groups()[:2] for match in ENTRY.finditer(catalogue)]
        return {name: sorted(code for list_, code in found if list_ == name)
                for name in ("country", "currency")}
    countries = json.loads((ISO / "iso_3166-1.json").read_text())["3166-1"]
    currencies = json.loads((ISO / "iso_4217.json").read_text())["4217"]
    money = {currency["alpha_3"] for currency in currencies} - NOT_MONEY - WITHDRAWN | ADDED
    return {"country": sorted(country["alpha_2"] for country in countries), "currency": sorted(money)}


def names(tag):
    locale = Locale.parse(tag, sep="-")
    return {"country": locale.territories, "currency": locale.currencies}


def entries(wanted, tag, before):
    """A code that Babel has no name for keeps the one of the catalogue."""
    english, own = names("en"), names(tag)
    for name, list_ in wanted.items():
        for code in list_:
            text = "" if tag == "en" else own[name].get(code) or before[name, code]
            yield (
                f'\nmsgctxt "{name}/{code}"\nmsgid "{english[name][code]}"\nmsgstr "{text}"\n'
            )


def main():
    is_check = sys.argv[1:] == ["--check"]
    wanted = codes((CATALOGUES / "en.po").read_text(encoding="utf-8"))
    has_failed = False
    for path in sorted(CATALOGUES.glob("*.po")):
        text = path.read_text(encoding="utf-8")
        before = {(match[1], match[2]): match[4] for match in ENTRY.finditer(text)}
        fresh = list(entries(wanted, path.stem, before))
        if is_check:
            written = {"\n" + match[0].lstrip("\n") for match in ENTRY.finditer(text)}
            for entry in sorted(written ^ set(fresh)):
                has_failed = True
                print(f"{path.name}: {' '.join(entry.split())}")
        else:
            path.write_text(ENTRY.sub("", text) + "".join(fresh), encoding="utf-8")
    return has_failed


if __name__ == "__main__":
    sys.exit(main())
