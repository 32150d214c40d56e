"""Countries and their states as somebody types them: by name or by code."""

from __future__ import annotations

import re
from functools import cache

import pycountry
from flask_babel import gettext as _

from portal.accounts.tree import is_region
from portal.core.errors import Invalid
from portal.leads.intake.normalise import find_country, find_subdivision, spelling_key
from portal.matching.names import country_name, subdivision_name

NAMED_BOTH_WAYS = ("DE", "AT", "CH")
"""Countries whose states are known by their English and German names."""


def read_regions(text: str) -> list[str]:
    """Return the codes of countries and states that were typed, with commas between them.

    What is no region stays as it was typed. Raises `Invalid` for a name that several states have.
    """
    found: list[str] = []
    for piece in re.split(r"[,;\n]+", text):
        typed = piece.strip()
        code = _find(typed)
        if code:
            found.append(code)
            continue
        parts = typed.split()
        codes = [part.upper() for part in parts if is_region(part.upper())]
        found += codes if len(codes) == len(parts) else [typed]
    return list(dict.fromkeys(found))


def name_of(code: str) -> str:
    """Return the name of a country or state."""
    return subdivision_name(code) if "-" in code else country_name(code)


def _find(typed: str) -> str | None:
    code = typed.upper() if is_region(typed.upper()) else find_country(typed)
    if code or not typed:
        return code
    states = _states().get(spelling_key(typed), set())
    known = {find_subdivision(typed, country) for country in NAMED_BOTH_WAYS} - {None}
    states = states | known if len(typed) > 3 else states
    if len(states) > 1:
        words = _(
            "There are several called %(name)s. Please take one of %(codes)s.",
            name=typed,
            codes=", ".join(sorted(str(state) for state in states)),
        )
        raise Invalid({"territories": words})
    return next(iter(states), None)


@cache
def _states() -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for state in pycountry.subdivisions:
        found.setdefault(spelling_key(state.name), set()).add(state.code)
    return found
