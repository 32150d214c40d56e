"""Criteria of what kind of firm a partner is, and whether it has time now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import NullType

from portal.catalog import field_answers
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.matching.criteria import Criterion, Kind, Measure
from portal.matching.kinds.base import UNKNOWN, Ask, Facts, Grade, KindOfCriterion, sure
from portal.matching.lead_facts import LeadFacts
from portal.matching.names import own_names
from portal.web.filters import number

# from so many people on a firm is small, medium, large: the European Commission's definition of
# small and medium-sized enterprises (Recommendation 2003/361/EC); below it is a micro enterprise
SIZES = (10, 50, 250)
CLOSE_ENOUGH = 0.5
NEW_DAYS = 180
DAY_SECONDS = 86_400


class Level(KindOfCriterion):
    """The partner has at least a level. The share is his rank of the rank asked for, or of all."""

    kind = Kind.LEVEL

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return ask.source.c.level_id

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        least = ask.lead.ranks.get(criterion.level_id or 0, 1)
        return ask.source.c.level_id.in_(
            sorted(level for level, rank in ask.lead.ranks.items() if rank >= least)
        )

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        if fact not in lead.ranks:
            return UNKNOWN
        rank, least = lead.ranks[fact], lead.ranks.get(criterion.level_id or 0)
        wanted = least or max(lead.ranks.values())
        share = min(1.0, rank / wanted) if wanted else 0.0
        return Grade(rank >= (1 if least is None else least), share, {"ids": [fact]})

    def name(self) -> str:
        return str(_("Level"))

    def describe(self, criterion: Criterion) -> str:
        level = book().label(criterion.level_id, str(get_locale()))
        return str(_("at least %(level)s", level=level)) if level else str(_("the higher level"))

    def phrase(self, facts: Facts) -> str:
        return str(_("level %(level)s", level=facts.names)) if facts.names else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "level": lambda n: ngettext(
                "%(num)d partner is below the level", "%(num)d partners are below the level", n
            )
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        levels = {level.id: level.rank or 0 for level in book().active("partner_level")}  # type: ignore[attr-defined]
        below = [one for one in levels if 0 < levels[one] < levels.get(criterion.level_id or 0, 0)]
        return replace(criterion, level_id=max(below, key=levels.__getitem__)) if below else None


class People(KindOfCriterion):
    """The firm has so many people."""

    kind = Kind.PEOPLE

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return ask.source.c.people

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        people = ask.source.c.people
        return and_(
            people.is_not(None),
            *([people >= criterion.least] if criterion.least is not None else []),
            *([people <= criterion.most] if criterion.most is not None else []),
        )

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        least, most = criterion.least, criterion.most
        met = (
            fact is not None and (least is None or fact >= least) and (most is None or fact <= most)
        )
        return Grade(met, float(met), {"figure": fact})

    def name(self) -> str:
        return str(_("Size of the firm"))

    def describe(self, criterion: Criterion) -> str:
        least, most = criterion.least, criterion.most
        if least is None:
            return str(_("at most %(most)s people", most=number(most)))
        if most is None:
            return str(_("at least %(least)s people", least=number(least)))
        return str(_("%(least)s to %(most)s people", least=number(least), most=number(most)))

    def phrase(self, facts: Facts) -> str:
        people = int(facts.figure or 0)
        return str(ngettext("%(num)s person", "%(num)s people", people))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "people": lambda n: ngettext(
                "%(num)d partner is not of the size, or doesn't say",
                "%(num)d partners are not of the size, or don't say",
                n,
            )
        }


class Value(KindOfCriterion):
    """Large leads for large firms, small ones for small firms.

    A firm's size goes by its people, in four steps (`SIZES`), or by what it sold in the last
    twelve months, in quarters of all partners. The share is how close that is to where the lead's
    value band stands among all: 1 − |firm − lead|, both from 0 to 1. It is met from a half on, or
    from `least`.
    """

    kind = Kind.VALUE
    always_of_lead = True

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return lead.value is not None and bool(self.steps(criterion, lead))

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.size(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        steps = self.steps(criterion, ask.lead)
        close = [
            step
            for step in range(len(steps) + 1)
            if self.closeness(step, steps, ask.lead) >= self.least(criterion)
        ]
        size = self.size(criterion, ask)
        bounds = literal(list(steps), ARRAY(type(size.type)))
        return func.width_bucket(size, bounds).in_(close)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        if fact is None:
            return UNKNOWN
        steps = self.steps(criterion, lead)
        share = self.closeness(bisect_right(steps, fact), steps, lead)
        return Grade(share >= self.least(criterion), share, {"share": share})

    @staticmethod
    def steps(criterion: Criterion, lead: LeadFacts) -> Sequence[int]:
        """Return from which sizes on a firm stands a step higher."""
        return lead.volumes if criterion.by is Measure.VOLUME else SIZES

    @staticmethod
    def size(criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        """Return a firm's size."""
        c = ask.source.c
        found: ColumnElement[Any] = c.volume if criterion.by is Measure.VOLUME else c.people
        return found

    @staticmethod
    def least(criterion: Criterion) -> float:
        """Return from which share on it is met."""
        return CLOSE_ENOUGH if criterion.least is None else criterion.least

    @staticmethod
    def closeness(step: int, steps: Sequence[int], lead: LeadFacts) -> float:
        """Return how close a firm at a step is to the lead's value."""
        return round(1 - abs((lead.value or 0.0) - step / len(steps)), 4)

    def name(self) -> str:
        return str(_("Value against size"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.by is Measure.VOLUME:
            return str(_("sells about as large as the lead is"))
        return str(_("is about as large as the lead is"))

    def phrase(self, facts: Facts) -> str:
        return str(_("right size for a lead of this value"))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "value": lambda n: ngettext(
                "%(num)d partner is too large or too small for the lead's value",
                "%(num)d partners are too large or too small for the lead's value",
                n,
            )
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        return replace(criterion, least=0.25) if self.least(criterion) > 0.25 else None


class Newcomer(KindOfCriterion):
    """The firm joined so few days ago; the share falls off with the days."""

    kind = Kind.NEWCOMER

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.days(ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return self.days(ask) < (criterion.days or NEW_DAYS)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        most = criterion.days or NEW_DAYS
        if fact is None or fact >= most:
            return UNKNOWN
        return Grade(True, 1 - max(fact, 0) / most, {"figure": fact})

    @staticmethod
    def days(ask: Ask) -> ColumnElement[Any]:
        """Return since how many whole days a firm takes part."""
        source = ask.source
        since = func.extract("epoch", literal(source.at) - source.c.joined_at)
        return cast(func.floor(since / DAY_SECONDS), Integer)

    def name(self) -> str:
        return str(_("New partner"))

    def describe(self, criterion: Criterion) -> str:
        return str(
            ngettext(
                "joined in the last %(num)d day",
                "joined in the last %(num)d days",
                criterion.days or NEW_DAYS,
            )
        )

    def phrase(self, facts: Facts) -> str:
        return str(_("new in the programme"))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "newcomer": lambda n: ngettext(
                "%(num)d partner is no newcomer any more",
                "%(num)d partners are no newcomers any more",
                n,
            )
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        return replace(criterion, days=(criterion.days or NEW_DAYS) * 2)


class Capacity(KindOfCriterion):
    """The firm may hold more leads; the share is what is free."""

    kind = Kind.CAPACITY

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        share = 1 - cast(ask.source.held(), Float(53)) / func.nullif(ask.source.c.capacity, 0)
        return func.greatest(func.coalesce(share, 0), 0)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return ask.source.held() < ask.source.c.capacity

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(fact > 0, fact, {"free": round(fact, 2)})

    def name(self) -> str:
        return str(_("Free capacity"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("has time for more"))

    def phrase(self, facts: Facts) -> str:
        return str(_("has time for more")) if facts.mode == "weighted" else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "capacity": lambda n: ngettext(
                "%(num)d partner has no time for more", "%(num)d partners have no time for more", n
            )
        }


class Present(KindOfCriterion):
    """The firm is not away, on its own calendar day."""

    kind = Kind.PRESENT
    tells_itself = True

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return ~ask.source.away()

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {})

    def name(self) -> str:
        return str(_("Not away"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("is not away"))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "present": lambda n: ngettext("%(num)d partner is away", "%(num)d partners are away", n)
        }


class Own(KindOfCriterion):
    """The partner gives one of these answers in the programme's own fields."""

    kind = Kind.OWN

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        given = [case((said, one)) for one, said in self.answers(criterion, ask)]
        answers: array[Any] = array(given, type_=Text())
        return type_coerce(func.array_remove(answers, null()), NullType())

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return or_(false(), *(sure(said) for _one, said in self.answers(criterion, ask)))

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        shown = [one for one in criterion.own if one in (fact or ())]
        return Grade(bool(shown), float(bool(shown)), {"own": shown})

    @staticmethod
    def answers(criterion: Criterion, ask: Ask) -> Iterator[tuple[str, ColumnElement[bool]]]:
        """Yield the answers with the conditions that partners give them.

        A field that was not asked any more is answered by nobody.
        """
        known = {
            one.key: one
            for one in book().fields.get(FieldSubject.PARTNER, ())
            if one.key in ask.lead.fields
        }
        for one in criterion.own:
            field, answer = field_answers.find(known, one)
            if field is None:
                yield one, false()
            else:
                yield one, field_answers.condition(field, ask.source.c.custom, answer)

    def name(self) -> str:
        return str(_("Own fields"))

    def describe(self, criterion: Criterion) -> str:
        names = own_names(criterion.own, str(get_locale()), gone=True)
        return str(_("one of: %(names)s", names=names))

    def phrase(self, facts: Facts) -> str:
        return facts.names

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "own": lambda n: ngettext(
                "%(num)d partner gives none of the answers asked for",
                "%(num)d partners give none of the answers asked for",
                n,
            )
        }
