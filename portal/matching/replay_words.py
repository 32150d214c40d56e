"""What a replay found, in words."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.catalog.queries import book
from portal.matching.names import region_name
from portal.matching.replaying import SIZES
from portal.web.filters import number

BY: dict[str, Callable[[], str]] = {
    "level": lambda: str(_("By level")),
    "size": lambda: str(_("By size of the firm")),
    "region": lambda: str(_("By region")),
}
"""By what offers are added up, with the heading of it."""


def many_words(low: int, high: int | None) -> str:
    """Say how many partners were found for a lead, from and to."""
    if high is None:
        return str(_("%(low)s or more", low=number(low)))
    if high == 0:
        return str(_("nobody"))
    if low == high:
        return str(_("one partner"))
    return str(_("%(low)s to %(high)s", low=number(low), high=number(high)))


def trait_words(key: str, value: int | str | None) -> str:
    """Name the level, the size or the region of firms."""
    if value is None:
        return str(_("not known"))
    if key == "region":
        return region_name(str(value))
    if key == "level":
        return book().label(int(value), str(get_locale())) or str(_("not known"))
    low, high = next(span for span in SIZES if span[0] == value)
    if high is None:
        return str(_("%(low)s people or more", low=number(low)))
    return str(_("%(low)s to %(high)s people", low=number(low), high=number(high)))
