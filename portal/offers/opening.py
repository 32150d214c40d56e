"""The next ring sees a lead: when its time has come, or everybody of the ring before is out.

Here: what a round that is under way does then. Not here: how its rings were made (`rings`), and
when a round is over (`operations`). Lead and round are locked wherever something changes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from portal.core.db import session
from portal.core.events import record
from portal.leads.contest import Mode
from portal.leads.models import Lead
from portal.offers import clocks, events, waiting
from portal.offers.models import Offer, OfferRound


def open_next(lead: Lead, current: OfferRound, at: datetime) -> None:
    """Let the next ring of a round see a lead, and each further one whose time has come.

    In turn there is one at a time: the firm before has had its own, and the next one has all of
    its minutes from now on, however late it is told. Does nothing where no ring is left.
    """
    if current.next_ring_at is None:
        return
    in_turn = current.mode == Mode.SERIAL
    if in_turn:
        end_turn(lead, current, at)
    if in_turn or current.next_ring_at > at:
        move(current, at - current.next_ring_at)
        clocks.follow(current, at)
    if current.head_start_until is not None:
        current.head_start_until = min(current.head_start_until, at)
    before = current.ring
    # of each firm by its ring; who said no before this was told is not told
    coming = (
        session()
        .execute(
            select(Offer.ring, Offer.organisation_id, Offer.declined_at)
            .where(
                Offer.round_id == current.id,
                Offer.ring > before,
                Offer.visible_from <= at,
                Offer.withdrawn_at.is_(None),
            )
            .order_by(Offer.organisation_id)
        )
        .all()
    )
    current.ring = max((row.ring for row in coming), default=before + 1)
    current.offered += len(coming)
    look_ahead(current)
    session().flush()
    waiting.end_heard(lead.id, at)
    firms = [row.organisation_id for row in coming if row.declined_at is None]
    tell_who_waited(lead, current, waiting.list_waiting(lead.id, firms, at), at)
    record(
        events.OfferVisible(
            at=at,
            lead_id=lead.id,
            round_id=current.id,
            number=current.number,
            organisation_ids=firms,
        )
    )


def look_ahead(current: OfferRound) -> None:
    """Note on a round when its next ring sees the lead, and how many firms it has."""
    following = (
        session()
        .execute(
            select(
                func.min(Offer.visible_from).label("opens_at"), func.count().label("firms")
            ).where(
                Offer.round_id == current.id,
                Offer.ring == current.ring + 1,
                Offer.withdrawn_at.is_(None),
            )
        )
        .one()
    )
    current.next_ring_at, current.next_ring_firms = following.opens_at, following.firms


def end_turn(lead: Lead, current: OfferRound, at: datetime) -> None:
    """End the offer of the firm whose turn it was."""
    ended = session().execute(
        update(Offer)
        .where(
            Offer.round_id == current.id,
            Offer.ring == current.ring,
            Offer.withdrawn_at.is_(None),
        )
        .values(open=False, ends_at=func.least(Offer.ends_at, at))
        .returning(Offer.organisation_id, Offer.declined_at)
        .execution_options(synchronize_session=False)
    )
    for row in ended.all():
        # who said no has heard of that
        if row.declined_at is None:
            record(
                events.TurnOver(
                    at=at,
                    lead_id=lead.id,
                    round_id=current.id,
                    organisation_id=row.organisation_id,
                )
            )


def move(current: OfferRound, by: timedelta) -> None:
    """Move the time of all rings that are to come; in turn the end of the round with them."""
    moved = {"visible_from": Offer.visible_from + by}
    if current.mode == Mode.SERIAL:
        moved["ends_at"] = Offer.ends_at + by
        current.ends_at += by
    session().execute(
        update(Offer)
        .where(Offer.round_id == current.id, Offer.ring > current.ring)
        .values(moved)
        .execution_options(synchronize_session=False)
    )


def tell_who_waited(lead: Lead, current: OfferRound, places: waiting.Places, at: datetime) -> None:
    """Say that a lead came back to those who stood by and see it now."""
    waiting.hear(lead.id, places, at)
    for user_id, organisation_id in places:
        record(
            events.StandByHeard(
                at=at,
                lead_id=lead.id,
                round_id=current.id,
                user_id=user_id,
                organisation_id=organisation_id,
            )
        )


def is_out(current: OfferRound) -> bool:
    """Say whether every firm of the ring that was opened last has said no."""
    left = select(Offer.id).where(
        Offer.round_id == current.id,
        Offer.ring == current.ring,
        Offer.declined_at.is_(None),
        Offer.withdrawn_at.is_(None),
    )
    return session().scalar(left.limit(1)) is None
