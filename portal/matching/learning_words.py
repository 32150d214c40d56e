"""What outcomes say about weights, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flask_babel import gettext as _

from portal.matching.criteria import Criterion
from portal.matching.learning import Finding
from portal.matching.words import describe_criterion
from portal.web.filters import percent


class Told(NamedTuple):
    """One line of the page: what is asked, its points now and proposed, and why."""

    asks: str
    weight: float
    proposed: float
    why: str


def tell_advice(
    criteria: Sequence[Mapping[str, Any]], advice: Iterable[Mapping[str, Any]]
) -> list[Told]:
    """Put into words what was found about the criteria of a rule."""
    return [
        Told(
            describe_criterion(Criterion.from_data(criteria[one["clause"]])),
            one["weight"],
            one["proposed"],
            _reason(one),
        )
        for one in advice
    ]


def _reason(one: Mapping[str, Any]) -> str:
    if one["finding"] == Finding.ALIKE:
        return str(_("Nearly all met it alike: nothing can be learned from that."))
    if one["finding"] == Finding.SELDOM:
        return str(_("Too few of these leads asked for it: nothing can be learned from that."))
    low, high = percent(abs(one["low"])), percent(abs(one["high"]))
    if one["low"] < 0 < one["high"]:
        return str(
            _(
                "It made no difference that can be told from chance: between %(low)s less often "
                "and %(high)s more often.",
                low=low,
                high=high,
            )
        )
    if one["ratio"] > 0:
        return str(
            _(
                "Partners who meet it fully won %(ratio)s more often than those who don’t, "
                "between %(low)s and %(high)s.",
                ratio=percent(one["ratio"]),
                low=low,
                high=high,
            )
        )
    return str(
        _(
            "Partners who meet it fully won %(ratio)s less often than those who don’t, between "
            "%(low)s and %(high)s.",
            ratio=percent(-one["ratio"]),
            low=high,
            high=low,
        )
    )
