"""How leads were shared out, in words: what groups are called, and how even a Gini is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import format_date, format_decimal, get_locale
from flask_babel import gettext as _

from portal.catalog.queries import book
from portal.desk.fairness_rules import LARGEST, OTHERS, UNKNOWN, Group, share
from portal.matching.kinds.work import lasting
from portal.matching.names import region_name
from portal.web.filters import percent


def level_called(level_id: int | None) -> str:
    """Return the name of a level."""
    return book().label(level_id, str(get_locale())) or str(_("No level"))


def size_called(band: str) -> str:
    """Return the name of a band of sizes."""
    if band == UNKNOWN:
        return str(_("Size not given"))
    if band == LARGEST:
        return str(_("250 people and more"))
    least, _dash, most = band.partition("-")
    return str(_("%(least)s to %(most)s people", least=least, most=most))


CALLED: Mapping[str, Callable[[Any], str]] = {
    "level": level_called,
    "region": region_name,
    "size": size_called,
}


def chapter_called(by: str) -> str:
    """Return by what firms are put together."""
    return {
        "level": str(_("By level")),
        "region": str(_("By region")),
        "size": str(_("By size of the firm")),
    }[by]


def group_called(by: str, group: Group) -> str:
    """Return the name of a group."""
    return str(_("Others together")) if group.key == OTHERS else CALLED[by](group.key)


def shares_of(group: Group, whole: Group) -> list[str]:
    """Return a group's part of firms, offers, picks and hot picks, as percent."""
    parts = (
        (group.firms, whole.firms),
        (group.offers, whole.offers),
        (group.picks, whole.picks),
        (group.hot_picks, whole.hot_picks),
    )
    return [percent(share(part, of)) if of else "–" for part, of in parts]


def gini_said(value: float | None) -> str:
    """Say a Gini coefficient with two decimals."""
    return "–" if value is None else str(format_decimal(value, "0.00"))


def time_said(minutes: float | None) -> str:
    """Say how long leads waited."""
    return "–" if minutes is None else lasting(minutes)


def month_said(month: date) -> str:
    """Return the name of a month."""
    return str(format_date(month, "LLLL y"))


def headings() -> Sequence[str]:
    """Return what stands above the shares of groups."""
    return [str(one) for one in (_("Firms"), _("Offers"), _("Picked up"), _("Hot ones picked up"))]
