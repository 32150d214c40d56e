"""Criteria made of others: all of them, any of them, none of them.

A part for which there is nothing to ask is left aside; where that is so of all, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, and_, not_, or_

from portal.matching.criteria import Criterion, Kind
from portal.matching.kinds.base import (
    KINDS,
    NOT_ASKED,
    Ask,
    Grade,
    KindOfCriterion,
    Part,
    kind_of,
    sure,
)
from portal.matching.lead_facts import LeadFacts


class _Compound(KindOfCriterion):
    """The fact about a partner is a tuple of the facts about the parts."""

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return any(kind_of(part).is_asked(part, lead) for part in criterion.of)

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        raise TypeError("each part has a fact of its own")

    def met_parts(self, criterion: Criterion, ask: Ask) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the parts for which there is something to ask."""
        for part in criterion.of:
            kind = kind_of(part)
            if kind.is_asked(part, ask.lead):
                yield sure(kind.meets(part, ask))

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        grades = [
            kind_of(part).grade(part, lead, value)
            if kind_of(part).is_asked(part, lead)
            else NOT_ASKED
            for part, value in zip(criterion.of, fact, strict=True)
        ]
        parts = [_said(part, one) for part, one in zip(criterion.of, grades, strict=True)]
        asked = [one for one in grades if one.met is not None]
        if not asked:
            return NOT_ASKED
        met = self.met([bool(one.met) for one in asked])
        return Grade(met, self.share([one.share for one in asked]), {"parts": parts})

    def met(self, each: Sequence[bool]) -> bool:
        """Say whether it is met, of its parts."""
        raise NotImplementedError

    def share(self, each: Sequence[float]) -> float:
        """Return the share of its parts' shares."""
        raise NotImplementedError


def _said(part: Criterion, grade: Grade) -> Part:
    said: Part = {"kind": str(part.kind), "share": round(grade.share, 4), **grade.said}
    return said if grade.met else {**said, "missed": True}


class AllOf(_Compound):
    """All of them; the share is the least of theirs."""

    kind = Kind.ALL

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return and_(*self.met_parts(criterion, ask))

    def met(self, each: Sequence[bool]) -> bool:
        return all(each)

    def share(self, each: Sequence[float]) -> float:
        return min(each)

    def name(self) -> str:
        return str(_("All of these"))

    def milder(self, criterion: Criterion) -> Criterion | None:
        eased = tuple(kind_of(part).milder(part) or part for part in criterion.of)
        return replace(criterion, of=eased) if eased != criterion.of else None

    def describe(self, criterion: Criterion) -> str:
        before, last = _said_parts(criterion)
        return str(_("%(before)s and %(last)s", before=before, last=last)) if before else last

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "all": lambda n: ngettext(
                "%(num)d partner doesn't meet all of several criteria",
                "%(num)d partners don't meet all of several criteria",
                n,
            )
        }


class AnyOf(_Compound):
    """Any of them; the share is the greatest of theirs."""

    kind = Kind.ANY

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return or_(*self.met_parts(criterion, ask))

    def met(self, each: Sequence[bool]) -> bool:
        return any(each)

    def share(self, each: Sequence[float]) -> float:
        return max(each)

    def name(self) -> str:
        return str(_("Any of these"))

    def describe(self, criterion: Criterion) -> str:
        before, last = _said_parts(criterion)
        return str(_("%(before)s or %(last)s", before=before, last=last)) if before else last

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "any": lambda n: ngettext(
                "%(num)d partner meets none of several criteria",
                "%(num)d partners meet none of several criteria",
                n,
            )
        }


class NoneOf(_Compound):
    """None of them; the share is what the greatest of theirs leaves of 1."""

    kind = Kind.NOT

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return not_(or_(*self.met_parts(criterion, ask)))

    def met(self, each: Sequence[bool]) -> bool:
        return not any(each)

    def share(self, each: Sequence[float]) -> float:
        return 1 - max(each)

    def name(self) -> str:
        return str(_("None of these"))

    def describe(self, criterion: Criterion) -> str:
        said = KINDS[Kind.ANY].describe(criterion)
        return str(_("not: %(criteria)s", criteria=said))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "not": lambda n: ngettext(
                "%(num)d partner meets what the rule shuts out",
                "%(num)d partners meet what the rule shuts out",
                n,
            )
        }


def _said_parts(criterion: Criterion) -> tuple[str, str]:
    """Say all parts but the last, and the last."""
    *before, last = [_within(one) for one in criterion.of] or [""]
    return ", ".join(before), last


def _within(part: Criterion) -> str:
    """Say a part; one that is itself made of several stands in brackets."""
    said = kind_of(part).describe(part)
    return f"({said})" if len(part.of) > 1 else said
