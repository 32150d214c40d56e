"""How figures came about: leads by week, what ended by month, and who processes how much.

What `queries` counts of a slice in a period, here for each week, month, firm or person up to a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, cast, func, literal, select

from portal.accounts.models import Organisation, User
from portal.core.db import session
from portal.feedback.models import Feedback
from portal.feedback.rules import Status
from portal.offers.models import Offer, OfferRound
from portal.partners.models import Partner
from portal.pickup.models import Pickup
from portal.reports.queries import seen, stands, within
from portal.reports.rules import A_WEEK, Period, months_on, months_until, weeks_until
from portal.reports.slices import Slice, Whose

NAMED = 8
"""So many firms or people stand side by side."""


@dataclass(frozen=True, slots=True)
class Week:
    """What became of the leads that came in a week: each part holds the one after it."""

    first: date
    came: int = 0
    picked: int = 0
    processed: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """What ended in a month."""

    first: date
    won: int = 0
    lost: int = 0

    @property
    def conversion(self) -> float | None:
        """Return the share of what came to an end that was won."""
        closed = self.won + self.lost
        return self.won / closed if closed else None


@dataclass(frozen=True, slots=True)
class Part:
    """How many leads came to a firm or a person, and how many were really processed."""

    name: str
    came: int
    processed: int

    @property
    def share(self) -> float:
        """Return the share of what came that was really processed."""
        return self.processed / self.came


@dataclass(frozen=True, slots=True)
class Developments:
    """What pictures show of a slice: each list is empty where there was nothing at all.

    `parts` are the firms or people who left most leads unprocessed in these weeks; `average` is the
    share of all firms or people, whether they are among these or not.
    """

    weeks: Sequence[Week]
    months: Sequence[Month]
    parts: Sequence[Part]
    average: float


def read_developments(whole: Slice, period: Period, at: datetime) -> Developments:
    """Return how the figures of a slice came about, up to the end of a period."""
    last = period.until(at)
    lately = weeks_until(last, period.zone)
    months = months_until(last, period.zone)
    return Developments(
        list_weeks(whole, lately), list_months(whole, months), *list_parts(whole, lately)
    )


def list_weeks(whole: Slice, period: Period) -> Sequence[Week]:
    """Return what became of the leads of each week, from the first on in which any came."""
    by_step = {step: _count(whole, period, step, By.WEEK) for step in Step}
    return [
        Week(first, *(by_step[step].get(first, 0) for step in Step))
        for first in _from_the_first(period.first, A_WEEK, period.last, by_step[Step.CAME])
    ]


def list_months(whole: Slice, period: Period) -> Sequence[Month]:
    """Return what ended in each month, from the first on in which anything did."""
    first = _first_of("month", Pickup.ended_at, period)
    asked = (
        select(
            first,
            func.count().filter(Pickup.outcome == Status.WON),
            func.count().filter(Pickup.outcome == Status.LOST),
        )
        .where(
            whole.pickups,
            within(Pickup.ended_at, period),
            Pickup.outcome.in_((Status.WON, Status.LOST)),
        )
        .group_by(first)
    )
    found = {month: (won, lost) for month, won, lost in session().execute(asked)}
    return [
        Month(first, *found.get(first, (0, 0)))
        for first in _from_the_first(period.first, None, period.last, found)
    ]


def list_parts(whole: Slice, period: Period) -> tuple[Sequence[Part], float]:
    """Return the firms or people who left most leads of a period unprocessed, and the average.

    There is nobody to be compared with of one's own leads, nor where all came to one.
    """
    if whole.whose is Whose.OWN:
        return [], 0.0
    by_person = whole.whose is Whose.FIRM
    by = By.PERSON if by_person else By.FIRM
    came, processed = (_count(whole, period, step, by) for step in (Step.CAME, Step.PROCESSED))
    named: Any = User if by_person else Organisation
    asked = select(named.id, named.name).where(named.id.in_(came))
    if not by_person:
        # a direct lead is no partner's
        asked = asked.join(Partner, Partner.organisation_id == Organisation.id)
    parts = [Part(name, came[one], processed.get(one, 0)) for one, name in session().execute(asked)]
    if len(parts) < 2:
        return [], 0.0
    parts.sort(key=lambda part: (part.processed - part.came, -part.came, part.name))
    average = sum(part.processed for part in parts) / sum(part.came for part in parts)
    return parts[:NAMED], average


class Step(StrEnum):
    """How far a lead came; who is further was here, too."""

    CAME = "came"
    PICKED = "picked"
    PROCESSED = "processed"


class By(StrEnum):
    """For what leads are counted one by one."""

    WEEK = "week"
    FIRM = "firm"
    PERSON = "person"


def _count(whole: Slice, period: Period, step: Step, by: By) -> Mapping[Any, int]:
    """Count the leads that came in a period and got so far by its end, for each week or whoever."""
    of_pickups = whole.by_pick or by is By.PERSON
    asked = (_picked if of_pickups else _offered)(whole, period, step, by)
    return {row[0]: row[1] for row in session().execute(asked)}


def _picked(whole: Slice, period: Period, step: Step, by: By) -> Select[Any, int]:
    keys: Mapping[By, Any] = {
        By.WEEK: _first_of("week", Pickup.picked_at, period),
        By.FIRM: Pickup.organisation_id,
        By.PERSON: Pickup.user_id,
    }
    asked = select(keys[by], func.count(Pickup.lead_id.distinct())).where(
        whole.pickups, within(Pickup.picked_at, period)
    )
    if step is Step.PROCESSED:
        answered = select(Feedback.id).where(Feedback.pickup_id == Pickup.id, stands(period))
        asked = asked.where(answered.exists())
    return asked.group_by(keys[by])


def _offered(whole: Slice, period: Period, step: Step, by: By) -> Select[Any, int]:
    key: Any = _first_of("week", OfferRound.opened_at, period)
    picked = select(Pickup.id).where(
        Pickup.lead_id == OfferRound.lead_id, whole.pickups, Pickup.picked_at < period.ends
    )
    asked: Select[*tuple[Any, ...]] = select().select_from(OfferRound)
    if by is By.FIRM:
        key = Offer.organisation_id
        asked = asked.join(Offer, Offer.round_id == OfferRound.id).where(seen(period))
        picked = picked.where(Pickup.organisation_id == Offer.organisation_id)
        if whole.offers is not None:
            asked = asked.where(whole.offers)
    elif whole.offers is not None:
        theirs = select(Offer.id).where(Offer.round_id == OfferRound.id, whole.offers, seen(period))
        asked = asked.where(theirs.exists())
    if step is Step.PROCESSED:
        picked = picked.join(Feedback, Feedback.pickup_id == Pickup.id).where(stands(period))
    if step is not Step.CAME:
        asked = asked.where(picked.exists())
    counted = asked.add_columns(key, func.count(OfferRound.lead_id.distinct()))
    return counted.where(within(OfferRound.opened_at, period)).group_by(key)


def _first_of(span: str, moment: Any, period: Period) -> ColumnElement[date]:
    """Return the first day of the week or month of a moment, where the reader is."""
    # written out, so that the same stands in what is grouped by
    zone, span_of = (literal(said, literal_execute=True) for said in (period.zone.key, span))
    return cast(func.date_trunc(span_of, func.timezone(zone, moment)), Date)


def _from_the_first(
    first: date, step: timedelta | None, last: date, found: Mapping[date, Any]
) -> Sequence[date]:
    """Return all weeks, or without a `step` months, from the first on in which there was any."""
    if not found:
        return []
    days, day = [], first
    while day <= last:
        days.append(day)
        day = months_on(day, 1) if step is None else day + step
    return [one for one in days if one >= min(found)]
