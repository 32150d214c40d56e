"""Criteria of how a partner has worked in the last twelve months; see `partners.PartnerRates`.

Of whom nothing is known yet, he meets none of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, and_

from portal.matching.criteria import Criterion, Kind, Measure
from portal.matching.kinds.base import UNKNOWN, Ask, Facts, Grade, KindOfCriterion
from portal.matching.lead_facts import LeadFacts
from portal.web.filters import money, percent

DAY_MINUTES = 1440
HOUR_MINUTES = 60


class _AtLeast(KindOfCriterion):
    """A figure that is better the larger it is.

    Where `least` is given it is met from there on, and the share is the figure's part of it.
    """

    column: ClassVar[str]
    usual: ClassVar[float | None] = None

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        found: ColumnElement[Any] = ask.source.c[self.column]
        return found

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        column, least = ask.source.c[self.column], self.least(criterion)
        return and_(column > 0, *([column >= least] if least else []))

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        if not fact or fact < 0:
            return UNKNOWN
        least = self.least(criterion)
        share = min(1.0, fact / least) if least else self.alone(fact, lead)
        return Grade(not least or fact >= least, share, {"figure": fact})

    def least(self, criterion: Criterion) -> float | None:
        """Return from which figure on it is met, None where any will do."""
        return self.usual if criterion.least is None else criterion.least

    def alone(self, fact: float, lead: LeadFacts) -> float:
        """Return the share where the rule doesn't say from which figure on it is met."""
        return min(1.0, fact)

    def milder(self, criterion: Criterion) -> Criterion | None:
        least = self.least(criterion)
        return replace(criterion, least=least / 2) if least else None


class Conversion(_AtLeast):
    """Of the leads that the firm picked and that are closed, so many were won."""

    kind = Kind.CONVERSION
    column = "conversion"

    def name(self) -> str:
        return str(_("Conversion"))

    def describe(self, criterion: Criterion) -> str:
        if not criterion.least:
            return str(_("wins more of its leads"))
        return str(_("wins at least %(share)s of its leads", share=percent(criterion.least)))

    def phrase(self, facts: Facts) -> str:
        return str(_("wins %(share)s of its leads", share=percent(facts.figure)))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "conversion": lambda n: ngettext(
                "%(num)d partner wins too few of its leads",
                "%(num)d partners win too few of their leads",
                n,
            )
        }


class Punctuality(_AtLeast):
    """So many of the firm's answers came in time."""

    kind = Kind.PUNCTUALITY
    column = "punctuality"

    def name(self) -> str:
        return str(_("Punctuality"))

    def describe(self, criterion: Criterion) -> str:
        if not criterion.least:
            return str(_("answers in time more often"))
        return str(_("answers in time at least %(share)s", share=percent(criterion.least)))

    def phrase(self, facts: Facts) -> str:
        return str(_("answers in time: %(share)s", share=percent(facts.figure)))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "punctuality": lambda n: ngettext(
                "%(num)d partner answers in time too rarely",
                "%(num)d partners answer in time too rarely",
                n,
            )
        }


class Response(KindOfCriterion):
    """The firm calls the customer, or picks, within so many minutes; the share falls off to 0.

    It goes by the median of the time from the pick to the first contact, or from when it sees an
    offer to the pick.
    """

    kind = Kind.RESPONSE

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        c = ask.source.c
        picks = criterion.by is Measure.PICK
        found: ColumnElement[Any] = c.minutes_to_pick if picks else c.minutes_to_contact
        return found

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return self.fact(criterion, ask) <= (criterion.most or DAY_MINUTES)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        most = criterion.most or DAY_MINUTES
        if fact is None or fact > most:
            return UNKNOWN
        return Grade(True, 1 - fact / most, {"figure": fact})

    def name(self) -> str:
        return str(_("Response time"))

    def describe(self, criterion: Criterion) -> str:
        time = lasting(criterion.most or DAY_MINUTES)
        if criterion.by is Measure.PICK:
            return str(_("picks up within %(time)s", time=time))
        return str(_("calls the customer within %(time)s", time=time))

    def phrase(self, facts: Facts) -> str:
        return str(_("reacts within %(time)s", time=lasting(facts.figure or 0)))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "response": lambda n: ngettext(
                "%(num)d partner reacts too slowly", "%(num)d partners react too slowly", n
            )
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        return replace(criterion, most=(criterion.most or DAY_MINUTES) * 2)


class Volume(_AtLeast):
    """The firm won deals of so much; without `least` the share goes by quarters of all partners."""

    kind = Kind.VOLUME
    column = "volume"

    def alone(self, fact: float, lead: LeadFacts) -> float:
        if not lead.volumes:
            return 1.0
        return (1 + bisect_right(lead.volumes, fact)) / (1 + len(lead.volumes))

    def name(self) -> str:
        return str(_("Sales volume"))

    def describe(self, criterion: Criterion) -> str:
        if not criterion.least:
            return str(_("sells more"))
        return str(_("won deals of at least %(value)s", value=money(criterion.least)))

    def phrase(self, facts: Facts) -> str:
        return str(_("strong sales"))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "volume": lambda n: ngettext(
                "%(num)d partner has sold too little", "%(num)d partners have sold too little", n
            )
        }


class Registrant(_AtLeast):
    """The firm brought leads itself in so many different months."""

    kind = Kind.REGISTRANT
    column = "months_brought"
    usual = 3

    def name(self) -> str:
        return str(_("Brings own leads"))

    def describe(self, criterion: Criterion) -> str:
        return str(
            ngettext(
                "brought leads in at least %(num)d month",
                "brought leads in at least %(num)d different months",
                round(self.least(criterion) or 1),
            )
        )

    def phrase(self, facts: Facts) -> str:
        months = round(facts.figure or 0)
        return str(
            ngettext(
                "brought leads in %(num)d month",
                "brought leads in %(num)d different months",
                months,
            )
        )

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "registrant": lambda n: ngettext(
                "%(num)d partner brings leads too rarely",
                "%(num)d partners bring leads too rarely",
                n,
            )
        }


class Campaigner(_AtLeast):
    """The firm took part in so many campaigns."""

    kind = Kind.CAMPAIGNER
    column = "campaigns"
    usual = 1

    def name(self) -> str:
        return str(_("Takes part in campaigns"))

    def describe(self, criterion: Criterion) -> str:
        return str(
            ngettext(
                "takes part in at least %(num)d campaign",
                "takes part in at least %(num)d campaigns",
                round(self.least(criterion) or 1),
            )
        )

    def phrase(self, facts: Facts) -> str:
        return str(
            ngettext(
                "takes part in %(num)d campaign",
                "takes part in %(num)d campaigns",
                round(facts.figure or 0),
            )
        )

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "campaigner": lambda n: ngettext(
                "%(num)d partner takes part in too few campaigns",
                "%(num)d partners take part in too few campaigns",
                n,
            )
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        least = self.least(criterion) or 1
        return replace(criterion, least=least - 1) if least > 1 else None


class Relation(KindOfCriterion):
    """The partner knows the customer already."""

    kind = Kind.RELATION
    tells_itself = True
    always_of_lead = True

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return ask.source.c.organisation_id.in_(ask.lead.known_by)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {})

    def name(self) -> str:
        return str(_("Knows the customer"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("knows the customer already"))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "relation": lambda n: ngettext(
                "%(num)d partner doesn't know the customer",
                "%(num)d partners don't know the customer",
                n,
            )
        }


def lasting(minutes: float) -> str:
    """Say how long something takes, in minutes, hours or days."""
    if minutes < 2 * HOUR_MINUTES:
        return str(ngettext("%(num)d minute", "%(num)d minutes", round(minutes)))
    if minutes < 2 * DAY_MINUTES:
        return str(ngettext("%(num)d hour", "%(num)d hours", round(minutes / HOUR_MINUTES)))
    return str(ngettext("%(num)d day", "%(num)d days", round(minutes / DAY_MINUTES)))
