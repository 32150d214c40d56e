"""Amounts and days as people write them into a mail. Pure. What can be read two ways isn't read."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from portal.feedback.rules import MOST_VALUE

CURRENCIES = {"€": "EUR", "euro": "EUR", "$": "USD", "£": "GBP", "fr.": "CHF", "sfr": "CHF"}
CURRENCY = re.compile(r"(?i)€|\$|£|\b(?:eur|euro|usd|chf|gbp|sfr)\b|\bfr\.")
AFTER = re.compile(
    r"(?i)(\s*(netto|net|zzgl\.? (mwst|ust)\.?|plus vat|excl\.? vat)\.?|,-{1,2}|\.-)$"
)
SPACES = re.compile(r"[\s\u00a0\u202f]+")
PLAIN = re.compile(r"\d{1,15}(?:[.,]\d{2})?")
SPACED = re.compile(r"\d{1,3}(?:([ '’])\d{3})(?:\1\d{3}){0,4}(?:[.,]\d{2})?")
GROUPED = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3}){0,4}(?!\1)[.,]\d{2}")
MANY_GROUPS = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3}){1,4}")
ONE_GROUP = re.compile(r"\d{1,3}([.,])\d{3}")
NUMBER = re.compile(r"\d[\d.,'’ ]*")
LONGEST = 60

BARE = Decimal(100)
"""A smaller number without a currency may count anything."""
YEAR = re.compile(r"(?:19|20)\d\d")

AMBIGUOUS, REFUSED = "value_ambiguous", "value_refused"


def read_amount(
    text: str, grouping: str, currency: str, *, labelled: bool = False
) -> tuple[Decimal | None, str]:
    """Return an amount in `currency`, or a code that says why there is none.

    `grouping` is what the reader groups thousands with, empty where that is not sure: of "12.500"
    and "12,500" the one is clear to him then, the other is not. Nobody guesses at "12.5k", at what
    is "about" or of another currency, nor at what may be a year, a day or a count, unless it stands
    behind a label.
    """
    said = SPACES.sub(" ", text).strip()
    if not said.isascii():
        said = said.replace("\u2212", "-")
    if len(said) > LONGEST or not any(c in "0123456789" for c in said):
        return None, REFUSED
    named = {CURRENCIES.get(one.lower(), one.upper()) for one in CURRENCY.findall(said)}
    bare = CURRENCY.sub(" ", said).strip(" .:=")
    while (shorter := AFTER.sub("", bare).strip()) != bare:
        bare = shorter
    bare = bare.rstrip(" .!;,")
    if re.match(r"[-(]\s?\d", bare) or re.search(r"(?i)\d\s?e[+-]?\d|\bnan\b|\binf", bare):
        return None, REFUSED
    if named - {currency} or re.match(r"0\d", bare):
        return None, AMBIGUOUS
    digits = _digits(bare, grouping)
    if digits is None:
        return None, AMBIGUOUS
    amount = Decimal(digits).quantize(Decimal("0.01"))
    if not (named or labelled) and (amount < BARE or YEAR.fullmatch(bare)):
        return None, AMBIGUOUS
    return (amount, "") if amount <= MOST_VALUE else (None, REFUSED)


def _digits(bare: str, grouping: str) -> str | None:
    if not bare.isascii() and not re.fullmatch(r"[\d ’.,]+", bare, re.ASCII):
        return None
    if PLAIN.fullmatch(bare):
        return bare.replace(",", ".")
    if SPACED.fullmatch(bare) or GROUPED.fullmatch(bare):
        cents = bare[-3] in ".,"
        whole = re.sub(r"\D", "", bare[:-3] if cents else bare)
        return f"{whole}.{bare[-2:]}" if cents else whole
    one = ONE_GROUP.fullmatch(bare)
    if MANY_GROUPS.fullmatch(bare) or (one and one[1] == grouping):
        return re.sub(r"\D", "", bare)
    return None


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan januar january", "feb februar february", "mär mrz mar märz march"),
            *("apr april", "mai may", "jun juni june", "jul juli july", "aug august"),
            *("sep sept september", "okt oct oktober october", "nov november"),
            "dez dec dezember december",
        ),
        1,
    )
    for name in names.split()
}
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
ISO = re.compile(r"(?<!\d)(?P<y>20\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)")
DOTTED = re.compile(
    r"(?<![\d.])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>(?:20)?\d\d)?(?![\d.:])"
)
DAY_MONTH = re.compile(
    rf"(?i)(?<!\d)(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th)?\s(?:of\s)?(?P<m>{MONTH})\b\.?"
    r"(?:,?\s(?P<y>20\d\d))?"
)
MONTH_DAY = re.compile(
    rf"(?i)\b(?P<m>{MONTH})\b\.?\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)"
    r"(?:,?\s(?P<y>20\d\d))?"
)
SLASHED = re.compile(r"(?<!\d)(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>(?:20)?\d\d)(?!\d)")


def find_day(text: str, today: date, *, ahead: bool) -> date | None:
    """Return the first day that a text names; None for none, and for one that is not sure.

    Without a year it is the next such day, or the last one where it isn't `ahead`. 11/12/2026 is
    another day on the other side of the ocean: it is read only where one number is no month.
    """
    for way in (ISO, DOTTED, DAY_MONTH, MONTH_DAY, SLASHED):
        found = way.search(text[:400])
        if found is None:
            continue
        day, month, year = _parts(found)
        if way is SLASHED:
            if month <= 12 and day <= 12 and month != day:
                return None
            if month > 12:
                day, month = month, day
        return _day(year, month, day, today, ahead)
    return None


def _parts(found: re.Match[str]) -> tuple[int, int, int | None]:
    written = found["m"].lower()
    month = int(written) if written.isdecimal() else MONTHS[written]
    year = int(found["y"]) if found["y"] else None
    return int(found["d"]), month, year + 2000 if year is not None and year < 100 else year


def _day(year: int | None, month: int, day: int, today: date, ahead: bool) -> date | None:
    try:
        if year is not None:
            return date(year, month, day)
        this = date(today.year, month, day)
        if ahead and this < today:
            return this.replace(year=today.year + 1)
        return this.replace(year=today.year - 1) if not ahead and this > today else this
    except ValueError:
        return None
