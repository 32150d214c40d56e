"""What every kind of criterion can be asked, whatever it asks itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import ColumnElement, false, func, literal, type_coerce
from sqlalchemy.types import NullType

from portal.matching.criteria import Criterion, Kind
from portal.matching.lead_facts import LeadFacts
from portal.matching.sources import Source

Check = tuple[str, ColumnElement[bool]]
"""What takes a partner out: the name it counts under, and true where it does."""

Part = dict[str, Any]


class Ask(NamedTuple):
    """For which lead, and where facts about partners are read."""

    lead: LeadFacts
    source: Source


class Grade(NamedTuple):
    """How a partner does: whether he meets it (None: nothing was asked), how well, what to say.

    `share` is the part of the weight that he gets, from 0 to 1.
    """

    met: bool | None
    share: float
    said: Mapping[str, Any]


NOT_ASKED = Grade(None, 0.0, {})
UNKNOWN = Grade(False, 0.0, {})


class Facts(NamedTuple):
    """What a phrase is made of; `far` counts km, or miles."""

    names: str = ""
    country: str | None = None
    subdivision: str | None = None
    within: str | None = None
    far: int | None = None
    miles: bool = False
    language: str | None = None
    mode: str | None = None
    figure: float | None = None


class KindOfCriterion:
    """One kind: its SQL, its grade, its words, and how it can be relaxed.

    What the lead doesn't name, nobody is asked for: `is_asked` says so.
    """

    kind: ClassVar[Kind]
    tells_itself: ClassVar[bool] = False
    """True where the fact is nothing but whether the partner meets it."""
    always_of_lead: ClassVar[bool] = False
    """True where what it asks depends on the lead, whatever it says."""

    def of_lead(self, criterion: Criterion) -> bool:
        """Say whether what it asks depends on the lead."""
        return self.always_of_lead

    def tells_whether(self, criterion: Criterion) -> bool:
        """Say the same of a criterion: where it names several, the fact is which of them."""
        return self.tells_itself

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        """Say whether there is anything to ask for such a lead."""
        return True

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        """Return what `grade` goes by, of each partner."""
        raise NotImplementedError

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        """Return the condition that a partner meets it; NULL counts as no."""
        raise NotImplementedError

    def checks(self, criterion: Criterion, ask: Ask) -> list[Check]:
        """Return what takes out who misses it, in order."""
        return [(str(self.kind), ~sure(self.meets(criterion, ask)))]

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        """Grade a partner by the fact about him; `met` is as `meets` has it."""
        raise NotImplementedError

    def name(self) -> str:
        """Return what the kind is called."""
        raise NotImplementedError

    def describe(self, criterion: Criterion) -> str:
        """Say what is asked of a partner: "within 80 km"."""
        raise NotImplementedError

    def phrase(self, facts: Facts) -> str:
        """Say why a partner who meets it suits; empty where that is nothing to tell."""
        return ""

    def out(self) -> dict[str, Callable[[int], str]]:
        """Return how to say that so many partners miss it, by the names they count under."""
        raise NotImplementedError

    def milder(self, criterion: Criterion) -> Criterion | None:
        """Return the next milder form, None where there is none but to do without."""
        return None


KINDS: dict[Kind, KindOfCriterion] = {}
"""What each kind of criterion can be asked; the package fills it."""


def kind_of(criterion: Criterion) -> KindOfCriterion:
    """Return what a criterion's kind can be asked."""
    return KINDS[criterion.kind]


def sure(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Take what isn't known as no."""
    return func.coalesce(condition, false())


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Take a list as the driver reads it; the ORM would look at every item again."""
    return type_coerce(column, NullType())


def overlap(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a list has one of these."""
    met: ColumnElement[bool] = column.op("&&", is_comparison=True)(
        literal(list(values), column.type)
    )
    return met
