"""A firm's offer ends before its time: what becomes of the round that others are still in.

The lead and its round are locked, and before them the firms (`operations.lock_partners`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from portal.core.db import session
from portal.core.events import record
from portal.leads.contest import Mode
from portal.leads.models import Lead
from portal.offers import clocks, events, opening
from portal.offers.models import Offer, OfferRound
from portal.offers.operations import go_on


def take_out(lead: Lead, current: OfferRound, taken: Sequence[Offer], at: datetime) -> bool:
    """Take offers out of a round, which goes on; False where nobody is left who could pick.

    What then becomes of the lead is the caller's to say.
    """
    for one in taken:
        take_back(one, at)
    if nobody_left(current, at):
        return False
    told = sum(one.ring <= current.ring for one in taken)
    if told:
        current.offered -= told
        session().flush()
        go_on(lead, current, at)
    else:
        close_gap(current, taken[0].ring, at)
    return True


def with_offered_on(lead_id: int, organisation_id: int) -> set[int]:
    """Return a firm with those to whom it offered a lead on in the present round."""
    passed_on = session().execute(
        select(Offer.organisation_id, Offer.via_organisation_id)
        .join(Lead, (Lead.id == Offer.lead_id) & (Lead.round == Offer.round))
        .where(Offer.lead_id == lead_id, Offer.via_organisation_id.is_not(None))
    ).all()  # fmt: skip
    found, latest = {organisation_id}, {organisation_id}
    while latest:
        latest = {firm for firm, via in passed_on if via in latest} - found
        found |= latest
    return found


def list_standing(current: OfferRound, firms: Collection[int], at: datetime) -> Sequence[Offer]:
    """Return the offers of firms in a round that stand, or whose turn is still to come."""
    return (
        session()
        .scalars(
            select(Offer)
            .where(
                Offer.round_id == current.id,
                Offer.organisation_id.in_(firms),
                ~Offer.direct,
                Offer.declined_at.is_(None),
                Offer.withdrawn_at.is_(None),
                Offer.ends_at > at,
            )
            .order_by(Offer.organisation_id)
            .execution_options(populate_existing=True)
        )
        .all()
    )


def take_back(offer: Offer, at: datetime) -> None:
    """End one offer of a locked round before its time."""
    offer.withdrawn_at, offer.open, offer.ends_at = at, False, at
    session().flush()
    record(
        events.OfferWithdrawn(
            at=at,
            lead_id=offer.lead_id,
            round_id=offer.round_id,
            offer_id=offer.id,
            organisation_id=offer.organisation_id,
            user_id=offer.user_id,
        )
    )


def nobody_left(current: OfferRound, at: datetime) -> bool:
    """Say whether no firm of a round is left that could still pick the lead up."""
    left = select(Offer.id).where(
        Offer.round_id == current.id,
        Offer.declined_at.is_(None),
        Offer.withdrawn_at.is_(None),
        Offer.ends_at > at,
    )
    return session().scalar(left.limit(1)) is None


def close_gap(current: OfferRound, ring: int, at: datetime) -> None:
    """Let the rings behind one that has nobody left come in its place; they see it that earlier."""
    left = select(Offer.id).where(
        Offer.round_id == current.id, Offer.ring == ring, Offer.withdrawn_at.is_(None)
    )
    if session().scalar(left.limit(1)) is None:
        earlier = timedelta(minutes=current.ring_minutes or 0)
        moved = {"ring": Offer.ring - 1, "visible_from": Offer.visible_from - earlier}
        if current.mode == Mode.SERIAL:
            moved["ends_at"] = Offer.ends_at - earlier
            current.ends_at -= earlier
        session().execute(
            update(Offer)
            .where(Offer.round_id == current.id, Offer.ring > ring, Offer.withdrawn_at.is_(None))
            .values(moved)
            .execution_options(synchronize_session=False)
        )
        current.rings -= 1
        clocks.follow(current, at)
    opening.look_ahead(current)
    session().flush()
