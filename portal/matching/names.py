"""What places, distances, languages and answers in own fields are called. Text only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import pycountry
from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.catalog import field_answers
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book, retired
from portal.matching.criteria import MILE_KM
from portal.web.filters import number

NEAREST = 5
"""Distances are told to so many km or miles, which don't give a place away."""


def nearest(km: float, *, miles: bool = False) -> int:
    """Return how far that is as it is told: in km, or in miles where a rule counts in them."""
    return round((km / MILE_KM if miles else km) / NEAREST) * NEAREST


def about(km: float, *, miles: bool = False) -> str:
    """Say a distance without giving the place away."""
    return distance(get_locale(), nearest(km, miles=miles), miles)


@lru_cache(maxsize=1024)
def distance(_locale: Locale, far: int, miles: bool) -> str:
    """Say a distance as `nearest` has it."""
    if far < NEAREST:
        return str(_("close by"))
    if miles:
        return str(_("about %(miles)s miles away", miles=number(far)))
    return str(_("about %(km)s km away", km=number(far)))


def place(country: str | None, subdivision: str | None) -> str:
    """Return the most exact name known of a region."""
    if subdivision:
        return subdivision_name(subdivision)
    return country_name(country) if country else ""


def country_name(code: str) -> str:
    """Return a country's name in the reader's language, its code where it has none."""
    return str(get_locale().territories.get(code, code))


def region_name(code: str) -> str:
    """Return the name of a country, or of a state by its whole code."""
    return subdivision_name(code) if "-" in code else country_name(code)


def subdivision_name(code: str) -> str:
    """Return a state's or region's name, its code where it has none."""
    found = _subdivisions().get(code)
    return found or code


def language_name(code: str) -> str:
    """Return a language's name in the reader's language."""
    return str(get_locale().languages.get(code.split("-", maxsplit=1)[0], code))


def is_language(code: str) -> bool:
    """Say whether a language has such a code."""
    return code in Locale("en").languages


@cache
def _subdivisions() -> dict[str, str]:
    return {entry.code: entry.name for entry in pycountry.subdivisions}


def own_choices(locale: str, named: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return the answers in own fields about partners that may be ticked: key and words.

    Those `named` already stay, and say that they are out of use.
    """
    in_use = {
        f"{field.key}={key}": f"{field.label(locale)}: {label}"
        for field in book().fields_of(FieldSubject.PARTNER)
        for key, label in field_answers.choices(field, locale)
    }
    gone = {one: own_names([one], locale, gone=True) or one for one in named if one not in in_use}
    return [*in_use.items(), *gone.items()]


def own_names(answers: Sequence[str], locale: str, *, gone: bool = False) -> str:
    """Say answers in own fields: "Showroom: Yes".

    Those of a field that nobody asks any more are left out. With `gone` they are told, and marked
    as such like choices that are out of use.
    """
    known = {
        one.key: one for one in book().fields.get(FieldSubject.PARTNER, ()) if one.active or gone
    }
    found = (field_answers.find(known, one) for one in answers)
    told = (
        (field_answers.in_use(field, answer), f"{field.label(locale)}: {words}")
        for field, answer in found
        if field is not None and (words := field_answers.words(field, answer, locale))
    )
    return ", ".join(words if used or not gone else retired(words) for used, words in told)
