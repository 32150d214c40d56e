"""Which of the built outlines are those of countries and states, to shade them on a map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import pycountry
from flask import current_app

from portal.web.assets import Assets
from portal.web.maps import Region

US = "US-"


def find(codes: Iterable[str]) -> Sequence[Region]:
    """Return the outlines of countries and states by their codes, each once.

    Of states outside the US there are none: their country is drawn instead, as a `part`.
    """
    assets: Assets = current_app.extensions["assets"]
    boxes = assets.read_data("regions.json")
    found: dict[str, Region] = {}
    for code in codes:
        state = _states().get(code, "")
        name = state or _country(code.partition("-")[0])
        if name not in boxes:
            continue
        part = "-" in code and not state
        if name not in found or found[name].part:
            left, top, right, bottom = boxes[name]
            found[name] = Region(name, (left, top, right, bottom), part)
    return list(found.values())


@cache
def _states() -> dict[str, str]:
    return {
        one.code: f"us-{one.name.lower().replace(' ', '-')}"
        for one in pycountry.subdivisions
        if one.code.startswith(US)
    }


def _country(code: str) -> str:
    known = pycountry.countries.get(alpha_2=code)
    return f"c{known.numeric}" if known else ""
