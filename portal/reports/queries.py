"""What figures count, in statements for a whole slice or for each of its firms or people.

A figure of a period is as it stood when the period ended, so that it says the same whenever it is
asked, unless the past was set right since (an answer taken back, a lead handed to a colleague);
what is owed is as of the moment of asking.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.core.db import AnyRow, session
from portal.feedback.models import Feedback
from portal.feedback.rules import Status
from portal.leads.models import Lead
from portal.offers.models import Offer, OfferRound
from portal.partners.models import Partner
from portal.pickup.models import Pickup
from portal.reports.rules import Bounds, last_days
from portal.reports.slices import Slice, Whose, firms_below, shares_figures

A_DAY = 86_400
OWED = 10
"""So many owed answers are named."""
PAGE = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted of a slice in a period; each is defined in `words`, `offered` are leads."""

    generated: int = 0
    offered: int = 0
    processed: int = 0
    followed_up: int = 0
    won: int = 0
    lost: int = 0
    pending: int = 0
    long_term: int = 0
    owed: int = 0
    deal_days: float | None = None
    deal_size: Decimal | None = None
    value: Decimal | None = None

    @property
    def processed_share(self) -> float | None:
        """Return the share of what was offered that was really processed."""
        return self.processed / self.offered if self.offered else None

    @property
    def closed(self) -> int:
        """Return how many leads came to an end."""
        return self.won + self.lost

    @property
    def conversion(self) -> float | None:
        """Return the share of what came to an end that was won."""
        return self.won / self.closed if self.closed else None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to report."""
        return not any(getattr(self, one.name) for one in fields(self))


@dataclass(frozen=True, slots=True)
class Each:
    """By what a slice is taken apart: the firm or the person of a pickup, and which of them."""

    key: InstrumentedAttribute[int]
    ids: Collection[int]

    @property
    def of_firms(self) -> bool:
        """Tell whether it is by firm."""
        return self.key is Pickup.organisation_id


Counts = dict[int | None, dict[str, Any]]


def read(whole: Slice, period: Bounds, at: datetime) -> Figures:
    """Return the figures of a slice."""
    (found,) = read_periods(whole, [period], at)
    return found


def read_periods(whole: Slice, periods: Sequence[Bounds], at: datetime) -> Sequence[Figures]:
    """Return the figures of a slice in each of these periods."""
    found = []
    for period, in_hand in zip(periods, _in_hand_at_ends(whole, periods, at)[None], strict=True):
        counts = dict(in_hand)
        for part in OF_A_PERIOD:
            counts |= part(whole, period, at, None)[None]
        if whole.whose is Whose.PROGRAMME:
            counts["generated"] = count_captured(period)
        found.append(Figures(**counts))
    return found


def read_each(whole: Slice, period: Bounds, at: datetime, each: Each) -> Mapping[int, Figures]:
    """Return the figures of each firm or person of a slice that is asked for."""
    counts: Counts = {one: {} for one in each.ids}
    for part in PARTS:
        for key, found in part(whole, period, at, each).items():
            counts[key] |= found
    return {key: Figures(**found) for key, found in counts.items() if key is not None}


def read_last(whole: Slice, days: int, at: datetime) -> Figures:
    """Return what came and what ended in the last days, and nothing else."""
    period = last_days(days, at)
    counts = _came(whole, period, at, None)[None] | _ended(whole, period, at, None)[None]
    return Figures(**counts)


def count_captured(period: Bounds) -> int:
    """Return how many inquiries came in; one that was merged into another is that other one."""
    came = select(func.count(Lead.id)).where(
        Lead.captured_at >= period.begins,
        Lead.captured_at < period.ends,
        Lead.merged_into.is_(None),
    )
    return session().scalar(came) or 0


def within(moment: Any, period: Bounds) -> ColumnElement[bool]:
    return and_(moment >= period.begins, moment < period.ends)


def seen(period: Bounds) -> ColumnElement[bool]:
    """Return the condition of an offer that its firm saw until a period ended, before it went.

    Of a lead that others took while its ring had not come yet, a firm never knew.
    """
    return and_(
        Offer.visible_from < period.ends,
        Offer.visible_from <= func.least(Offer.ends_at, OfferRound.ended_at),
    )


def stands(period: Bounds) -> ColumnElement[bool]:
    """Return the condition of an answer that was given until a period ended, and stands."""
    return and_(Feedback.at < period.ends, Feedback.taken_back_at.is_(None))


def _ask(query: Select[*tuple[Any, ...]], each: Each | None, key: Any = None) -> Counts:
    """Return what a statement counts, by its key; None where the slice isn't taken apart."""
    if each is not None:
        key = each.key if key is None else key
        query = query.add_columns(key.label("each")).where(key.in_(each.ids)).group_by(key)
    found: Counts = {}
    for row in session().execute(query):
        counts = dict(row._mapping)
        found[counts.pop("each", None)] = counts
    return found


def _came(whole: Slice, period: Bounds, _at: datetime, each: Each | None) -> Counts:
    """Leads that came, and those of them that were picked up and answered on."""
    if whole.by_pick or (each is not None and not each.of_firms):
        return _picked(whole, period, each)
    answered = (
        select(Feedback.id)
        .join(Pickup, Pickup.id == Feedback.pickup_id)
        .where(Pickup.lead_id == OfferRound.lead_id, whole.pickups, stands(period))
    )
    lead_id = OfferRound.lead_id
    asked: Select[*tuple[Any, ...]] = select().select_from(OfferRound)
    if each is not None:
        asked = asked.join(Offer, Offer.round_id == OfferRound.id).where(seen(period))
        answered = answered.where(Pickup.organisation_id == Offer.organisation_id)
    elif whole.offers is not None:
        theirs = select(Offer.id).where(Offer.round_id == OfferRound.id, whole.offers, seen(period))
        asked = asked.where(theirs.exists())
    asked = asked.add_columns(
        func.count(lead_id.distinct()).label("generated"),
        func.count(lead_id.distinct()).label("offered"),
        func.count(func.distinct(case((answered.exists(), lead_id)))).label("processed"),
    ).where(within(OfferRound.opened_at, period))
    return _ask(asked, each, Offer.organisation_id)


def _picked(whole: Slice, period: Bounds, each: Each | None) -> Counts:
    answered = select(Feedback.id).where(Feedback.pickup_id == Pickup.id, stands(period))
    lead_id = Pickup.lead_id
    return _ask(
        select(
            func.count(lead_id.distinct()).label("generated"),
            func.count(lead_id.distinct()).label("offered"),
            func.count(func.distinct(case((answered.exists(), lead_id)))).label("processed"),
        ).where(whole.pickups, within(Pickup.picked_at, period)),
        each,
    )


def _contacted(whole: Slice, period: Bounds, _at: datetime, each: Each | None) -> Counts:
    """Leads whose customers were spoken with for the first time."""
    followed_up = func.count(Pickup.lead_id.distinct()).label("followed_up")
    asked = select(followed_up).where(whole.pickups, within(Pickup.first_contact_at, period))
    return _ask(asked, each)


def _ended(whole: Slice, period: Bounds, _at: datetime, each: Each | None) -> Counts:
    """What was won and lost, how long it took and what it brought."""
    won = Pickup.outcome == Status.WON
    lasted = func.avg(func.extract("epoch", Pickup.ended_at - Pickup.picked_at)).filter(won)
    asked: Select[*tuple[Any, ...]] = select(
        func.count().filter(won).label("won"),
        func.count().filter(Pickup.outcome == Status.LOST).label("lost"),
        cast(lasted / A_DAY, Float).label("deal_days"),
    ).where(whole.pickups, within(Pickup.ended_at, period))
    if whole.tells_values:
        asked = asked.add_columns(
            func.avg(Feedback.value).filter(won).label("deal_size"),
            func.sum(Feedback.value).filter(won).label("value"),
        ).outerjoin(
            Feedback,
            and_(
                Feedback.pickup_id == Pickup.id,
                Feedback.status == Status.WON,
                Feedback.taken_back_at.is_(None),
            ),
        )
    return _ask(asked, each)


def _in_hand(whole: Slice, period: Bounds, at: datetime, each: Each | None) -> Counts:
    """What was in hand when the period ended, and what is owed by now."""
    found = _in_hand_at_ends(whole, [period], at, each)
    return {key: counts for key, (counts,) in found.items()}


def _in_hand_at_ends(
    whole: Slice, periods: Sequence[Bounds], at: datetime, each: Each | None = None
) -> Mapping[int | None, Sequence[dict[str, Any]]]:
    """What was in hand when each of these periods ended: all that is, is passed but once."""
    lasting = Pickup.lead_id.in_(select(Lead.id).where(Lead.long_term))
    asked: Select[*tuple[Any, ...]] = select(func.count().filter(Pickup.owes(at)).label("owed"))
    for index, period in enumerate(periods):
        there = and_(
            Pickup.picked_at < period.ends,
            or_(Pickup.ended_at.is_(None), Pickup.ended_at >= period.ends),
        )
        asked = asked.add_columns(
            func.count().filter(there, ~lasting).label(f"pending {index}"),
            func.count().filter(there, lasting).label(f"long_term {index}"),
        )
    first = min(period.ends for period in periods)
    asked = asked.where(whole.pickups, or_(Pickup.ended_at.is_(None), Pickup.ended_at >= first))
    return {
        key: [
            {
                "pending": row[f"pending {index}"],
                "long_term": row[f"long_term {index}"],
                "owed": row["owed"],
            }
            for index in range(len(periods))
        ]
        for key, row in _ask(asked, each).items()
    }


OF_A_PERIOD = (_came, _contacted, _ended)
PARTS = (*OF_A_PERIOD, _in_hand)


def list_owed(whole: Slice, at: datetime) -> Sequence[AnyRow]:
    """Return the first answers that are owed, the longest due first, and who owes them."""
    longest = (Pickup.feedback_due_at, Pickup.id)
    # chosen before anything is joined: of very many only these few are named
    first = select(Pickup.id).where(whole.pickups, Pickup.owes(at)).order_by(*longest).limit(OWED)
    return (
        session()
        .execute(
            select(
                Pickup.id,
                Pickup.lead_id,
                Pickup.user_id,
                Pickup.feedback_due_at,
                Lead.number,
                Lead.title,
                Lead.temperature,
                User.name.label("holder"),
                Organisation.name.label("firm"),
            )
            .join(Lead, Lead.id == Pickup.lead_id)
            .join(User, User.id == Pickup.user_id)
            .join(Organisation, Organisation.id == Pickup.organisation_id)
            .where(Pickup.id.in_(first))
            .order_by(*longest)
        )
        .all()
    )


def list_each(
    whole: Slice, actor: Actor, at: datetime, number: int, size: int = PAGE
) -> Sequence[tuple[int, str]]:
    """Return id and name of a page of firms or people of a slice, one more than fit.

    Who owes most comes first; of one's own leads there is nobody else to be named.
    """
    if whole.whose is Whose.OWN:
        return []
    by_person = whole.whose is Whose.FIRM
    key = Pickup.user_id if by_person else Pickup.organisation_id
    owed = (
        select(key.label("id"), func.count().label("owed"))
        .where(whole.pickups, Pickup.owes(at))
        .group_by(key)
        .subquery()
    )
    named: Any = User if by_person else Organisation
    asked = select(named.id, named.name).outerjoin(owed, owed.c.id == named.id)
    if by_person:
        asked = asked.where(User.organisation_id == actor.organisation_id, User.active)
    else:
        asked = asked.join(Partner, Partner.organisation_id == Organisation.id).where(
            Organisation.active
        )
    if whole.whose is Whose.RESELLERS:
        asked = asked.where(Organisation.id.in_(firms_below(actor)), shares_figures())
    elif whole.whose is Whose.PARTNERS:
        asked = asked.where(reach.answers_for(actor, Organisation.id))
    asked = asked.order_by(owed.c.owed.desc().nulls_last(), func.lower(named.name), named.id)
    rows = session().execute(asked.limit(size + 1).offset((number - 1) * size))
    return [(row[0], row[1]) for row in rows]


def each_of(whole: Slice, ids: Collection[int]) -> Each:
    """Return by what a slice is taken apart."""
    return Each(Pickup.user_id if whole.whose is Whose.FIRM else Pickup.organisation_id, ids)
