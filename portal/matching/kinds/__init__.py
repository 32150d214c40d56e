"""The kinds of criteria: what each asks of a partner, in SQL, in figures and in words.

One class is one kind. From it come the condition in the database, the fact that is read, the grade
by that fact, the sentence of the rule and the phrase of the explanation. The condition and the
grade are two tellings of the same, side by side: tests/matching/test_criteria.py holds each against
the other, for every kind. Here is what holds of criteria whatever their kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, null, true

from portal.matching.criteria import Criterion
from portal.matching.kinds import compounds, firm, places, trade, work
from portal.matching.kinds.base import (
    KINDS,
    NOT_ASKED,
    Ask,
    Check,
    Facts,
    Grade,
    KindOfCriterion,
    Part,
    kind_of,
    sure,
)

__all__ = [
    "FORBIDDEN",
    "KINDS",
    "MAY_NAME",
    "NOT_ASKED",
    "Ask",
    "Check",
    "Facts",
    "Grade",
    "KindOfCriterion",
    "Part",
    "checks",
    "columns",
    "kind_of",
    "meets",
    "sure",
    "taker",
]

FORBIDDEN = "forbidden."
"""What the name begins with under which partners count who meet what they must not."""

for _one in (
    places.Region(),
    places.Radius(),
    places.Place(),
    places.Territory(),
    trade.Brand(),
    trade.Product(),
    trade.Specialisation(),
    trade.Certification(),
    trade.Industry(),
    trade.SizeBand(),
    trade.Language(),
    firm.People(),
    firm.Value(),
    firm.Level(),
    firm.Newcomer(),
    firm.Capacity(),
    firm.Present(),
    firm.Own(),
    work.Conversion(),
    work.Punctuality(),
    work.Response(),
    work.Volume(),
    work.Registrant(),
    work.Campaigner(),
    work.Relation(),
    compounds.AllOf(),
    compounds.AnyOf(),
    compounds.NoneOf(),
):
    KINDS[_one.kind] = _one

MAY_NAME = frozenset(
    kind for kind, one in KINDS.items() if one.of_lead(Criterion(kind)) and not one.always_of_lead
)
"""Kinds that ask for what the lead names unless they name something themselves."""


def checks(criterion: Criterion, ask: Ask) -> list[Check]:
    """Return what takes partners out by a criterion; none by one that only ranks."""
    kind = kind_of(criterion)
    if criterion.weighted or not kind.is_asked(criterion, ask.lead):
        return []
    if criterion.forbidden:
        return [(f"{FORBIDDEN}{criterion.kind}", sure(kind.meets(criterion, ask)))]
    return kind.checks(criterion, ask)


def meets(criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
    """Return the condition that a criterion doesn't take a partner out; NULL counts as no."""
    kind = kind_of(criterion)
    if criterion.weighted or not kind.is_asked(criterion, ask.lead):
        return true()
    met = kind.meets(criterion, ask)
    return ~sure(met) if criterion.forbidden else met


def columns(criterion: Criterion, ask: Ask, *, passed: bool) -> Iterator[ColumnElement[Any]]:
    """Yield the facts that partners are graded by: one, or one for each part in the depth.

    Of those who have `passed` what is forbidden or a plain must needs no look.
    """
    kind = kind_of(criterion)
    if criterion.of:
        for part in criterion.of:
            yield from columns(part, ask, passed=False)
    elif not kind.is_asked(criterion, ask.lead) or (passed and criterion.forbidden):
        yield null()
    elif passed and criterion.required and kind.tells_whether(criterion):
        yield true()
    else:
        yield kind.fact(criterion, ask)


def taker(criteria: Sequence[Criterion]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what makes the facts about a partner, one per criterion, of what `columns` read."""

    def take(found: Sequence[Any]) -> tuple[Any, ...]:
        taken = iter(_as_keys(found))
        return tuple([_take(criterion, taken) for criterion in criteria])

    return take if any(criterion.of for criterion in criteria) else _as_keys


def _as_keys(found: Sequence[Any]) -> tuple[Any, ...]:
    # a list can't be the key under which partners share a part
    return tuple([tuple(value) if type(value) is list else value for value in found])


def _take(criterion: Criterion, taken: Iterator[Any]) -> Any:
    if criterion.of:
        return tuple([_take(part, taken) for part in criterion.of])
    return next(taken)
