"""Reads for This morning: what ends, what has changed, who answered in time; one statement each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import AnyRow, session
from portal.core.events import GIVEN_UP, Delivery
from portal.core.jobs import JobFailure
from portal.core.mail.models import MailAddress, OutgoingEmail
from portal.deadlines.models import Clock, ClockKind, Stop
from portal.leads.models import DEAD, TO_QUALIFY, HandOver, Lead, LeadState, LeadStatus, LifeState
from portal.leads.queries import given_to
from portal.offers.models import Offer, OfferRound
from portal.offers.queries import FOR_READER
from portal.people.models import SignUpRequest
from portal.pickup.models import Pickup
from portal.qualification.models import DeskWork
from portal.qualification.queue import begun_by

PERIOD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Changes:
    """How many leads came in, were qualified, offered, picked up, won, lost, and came back."""

    came_in: int
    qualified: int
    offered: int
    picked: int
    won: int
    lost: int
    back: int


def read_changes(visible: ColumnElement[bool], since: datetime) -> Changes:
    """Return what has changed of the leads that somebody sees.

    A lead that took several steps meanwhile counts where it stands by now.
    """
    moved = Lead.state_since >= since
    closed = and_(moved, Lead.state == LeadState.CLOSED)

    def count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(*conditions)

    row = (
        session()
        .execute(
            select(
                count(Lead.captured_at >= since),
                count(moved, Lead.state == LeadState.QUALIFIED),
                count(moved, Lead.state == LeadState.OFFERED),
                count(moved, Lead.state == LeadState.HELD),
                count(closed, LeadStatus.life_state == LifeState.WON),
                count(closed, LeadStatus.life_state.in_(DEAD)),
                count(moved, Lead.state.in_((LeadState.RETURNED, LeadState.RECALLED))),
            )
            .select_from(Lead)
            .join(LeadStatus, LeadStatus.id == Lead.status_id)
            # two indexes, and few rows of each
            .where(or_(moved, Lead.captured_at >= since), visible)
        )
        .one()
    )
    return Changes(*row)


@dataclass(frozen=True, slots=True)
class FirmChanges:
    """What has changed for a firm, or for one of its people: new offers, and what is in hand."""

    offered: int
    picked: int
    answered: int
    won: int
    gone: int


def read_firm_changes(actor: Actor, since: datetime, at: datetime, *, of_firm: bool) -> FirmChanges:
    """Return what has changed for somebody of a partner, or for her whole firm.

    `gone` is what was recalled, or what the vendor closed or took away.
    """
    stands = (Lead.id == Offer.lead_id) & (Lead.round == Offer.round)
    offered = (
        select(func.count(Offer.id))
        .join(Lead, stands)
        .where(
            Lead.state == LeadState.OFFERED,
            Offer.organisation_id == actor.organisation_id,
            FOR_READER,
            Offer.open,
            Offer.visible_from >= since,
            Offer.visible_from <= at,
            Offer.ends_at > at,
            Offer.declined_at.is_(None),
        )
    )
    # by the clocks of a firm: pickups have no index of what is over
    own = [
        Clock.organisation_id == actor.organisation_id,
        Clock.kind == ClockKind.FEEDBACK,
        or_(Clock.stopped_at.is_(None), Clock.stopped_at >= since),
    ]
    if not of_firm:
        own.append(Pickup.user_id == actor.id)
    ended = Pickup.ended_at >= since

    def pickups(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(Pickup.id.distinct()).filter(*conditions)

    row = (
        session()
        .execute(
            select(
                offered.scalar_subquery(),
                pickups(Pickup.picked_at >= since),
                pickups(Pickup.last_feedback_at >= since),
                pickups(ended, Pickup.outcome == "won"),
                pickups(ended, Pickup.outcome == "recalled"),
            )
            .select_from(Clock)
            .join(Pickup, Pickup.id == Clock.pickup_id)
            .where(*own),
            {"units": reach.units_of(actor), "person": actor.id},
        )
        .one()
    )
    return FirmChanges(*row)


@dataclass(frozen=True, slots=True)
class InTime:
    """How many answers came, and the share of them that came in time."""

    answers: int
    share: float | None


def read_in_time(firms: Collection[int] | None, at: datetime, user_id: int | None = None) -> InTime:
    """Return how far answers came in time in the last 90 days; None is every firm's."""
    met = func.count().filter(Clock.outcome == Stop.MET)
    query = select(func.count(), met).where(
        Clock.kind == ClockKind.FEEDBACK,
        Clock.stopped_at >= at - PERIOD,
        Clock.outcome.in_((Stop.MET, Stop.MISSED)),
        Clock.organisation_id.is_not(None),
    )
    if firms is not None:
        query = query.where(Clock.organisation_id.in_(firms))
    if user_id is not None:
        query = query.where(Clock.user_id == user_id)
    answers, in_time = session().execute(query).one()
    return InTime(answers, in_time / answers if answers else None)


@dataclass(frozen=True, slots=True)
class Won:
    """What somebody closed in the last 90 days, and how much of it was won."""

    closed: int
    won: int

    @property
    def share(self) -> float | None:
        """Return the share that was won."""
        return self.won / self.closed if self.closed else None


def read_won(actor: Actor, at: datetime) -> Won:
    """Return what somebody who holds leads has closed."""
    row = (
        session()
        .execute(
            select(func.count(), func.count().filter(LeadStatus.life_state == LifeState.WON))
            .select_from(Lead)
            .join(LeadStatus, LeadStatus.id == Lead.status_id)
            .where(
                Lead.holder_id == actor.id,
                Lead.state == LeadState.CLOSED,
                Lead.closed_at >= at - PERIOD,
            )
        )
        .one()
    )
    return Won(row[0], row[1])


@dataclass(frozen=True, slots=True)
class Qualifying:
    """How the work of somebody who qualifies stands: what waits, hers, and what became of it."""

    waiting: int
    came_in: int
    mine: int
    oldest: datetime | None
    week: int
    hours: float | None
    picked: int
    won: int


def read_qualifying(actor: Actor, since: datetime, at: datetime) -> Qualifying:
    """Return how the qualifying of somebody stands, `picked` and `won` of what she qualified."""
    to_do = and_(Lead.state.in_(TO_QUALIFY), given_to(actor))
    waiting = (
        session()
        .execute(
            select(
                func.count(),
                func.count().filter(Lead.captured_at >= since),
                func.count().filter(
                    Lead.state == LeadState.QUALIFYING, Lead.qualifier_id == actor.id
                ),
                func.min(Lead.state_since),
            ).where(to_do)
        )
        .one()
    )
    hers = Lead.qualifier_id == actor.id
    moved = Lead.state_since >= since
    took = func.extract("epoch", Lead.qualified_at - Lead.captured_at) / 3600
    week = Lead.qualified_at >= at - timedelta(days=7)
    done = (
        session()
        .execute(
            select(
                func.count().filter(week),
                func.percentile_cont(0.5).within_group(took).filter(week),
                func.count().filter(moved, Lead.state == LeadState.HELD),
                func.count().filter(moved, LeadStatus.life_state == LifeState.WON),
            )
            .select_from(Lead)
            .join(LeadStatus, LeadStatus.id == Lead.status_id)
            .where(hers, Lead.qualified_at.is_not(None))
        )
        .one()
    )
    hours = float(done[1]) if done[1] is not None else None
    return Qualifying(*waiting, done[0], hours, done[2], done[3])


def list_call_backs(actor: Actor, until: datetime) -> Sequence[AnyRow]:
    """Return whom somebody has promised to call back until then, the next first."""
    return (
        session()
        .execute(
            select(Lead.id, Lead.number, Lead.title, DeskWork.call_back_at)
            .join(DeskWork, DeskWork.lead_id == Lead.id)
            .where(DeskWork.call_back_at <= until, begun_by(actor))
            .order_by(DeskWork.call_back_at, Lead.id)
        )
        .all()
    )


def list_ending(visible: ColumnElement[bool], until: datetime, limit: int) -> Sequence[AnyRow]:
    """Return the offers that end until then, the next first; each row has the `count` of all."""
    return (
        session()
        .execute(
            select(
                Lead.id,
                Lead.number,
                Lead.title,
                Lead.temperature,
                OfferRound.ends_at,
                func.count().over().label("count"),
            )
            .join(OfferRound, (OfferRound.lead_id == Lead.id) & (OfferRound.number == Lead.round))
            .where(
                Lead.state == LeadState.OFFERED,
                OfferRound.ended_at.is_(None),
                OfferRound.ends_at <= until,
                visible,
            )
            .order_by(OfferRound.ends_at, Lead.id)
            .limit(limit)
        )
        .all()
    )


def read_hand_overs(since: datetime, at: datetime) -> tuple[int, int, float | None]:
    """Return how many hand-overs were asked for and done since then, and the median days."""
    took = func.extract("epoch", HandOver.done_at - HandOver.asked_at) / 86400
    month = HandOver.done_at >= at - timedelta(days=30)
    row = (
        session()
        .execute(
            select(
                func.count().filter(HandOver.asked_at >= since),
                func.count().filter(HandOver.done_at >= since),
                func.percentile_cont(0.5).within_group(took).filter(month),
            ).select_from(HandOver)
        )
        .one()
    )
    return row[0], row[1], None if row[2] is None else float(row[2])


@dataclass(frozen=True, slots=True)
class House:
    """What of the house itself waits: work and mails that failed, addresses, firms, people."""

    jobs: int
    mails: int
    marked: int
    requests: int
    invited: int


def read_house(at: datetime) -> House:
    """Return what of the house itself waits for an administrator."""
    failed = select(func.count()).select_from(JobFailure).scalar_subquery()
    given_up = select(func.count()).select_from(Delivery).where(GIVEN_UP).scalar_subquery()
    mails = select(func.count(OutgoingEmail.id)).where(OutgoingEmail.status == "failed")
    marked = select(func.count(MailAddress.id)).where(MailAddress.marked_at.is_not(None))
    requests = select(func.count(SignUpRequest.id)).where(
        SignUpRequest.confirmed_at.is_not(None), SignUpRequest.decided_at.is_(None)
    )
    invited = select(func.count(User.id)).where(
        User.active,
        User.invited_at < at - timedelta(days=3),
        User.signed_in_at.is_(None),
        User.password_hash.is_(None),
    )
    row = (
        session()
        .execute(
            select(
                failed + given_up,
                mails.scalar_subquery(),
                marked.scalar_subquery(),
                requests.scalar_subquery(),
                invited.scalar_subquery(),
            )
        )
        .one()
    )
    return House(*row)
