"""Reads of stand-by places: who waits for a lead, and who may."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, and_, bindparam, exists, func, or_, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.core.db import AnyRow, session
from portal.leads.models import Lead, LeadState
from portal.offers.models import Dismissal, Offer, OfferExclusion, StandBy
from portal.offers.queries import FOR_READER


@dataclass(frozen=True, slots=True)
class Place:
    """Whether a person waits for a lead that somebody else has, or could."""

    waits: bool = False
    may_wait: bool = False


_FIRM: BindParameter[int] = bindparam("firm")
_AT: BindParameter[datetime] = bindparam("at")
_SEEN = exists().where(
    Offer.lead_id == Lead.id, Offer.organisation_id == _FIRM, FOR_READER, Offer.visible_from <= _AT
)
_WAITS = exists().where(
    StandBy.lead_id == Lead.id,
    StandBy.user_id == bindparam("person"),
    StandBy.ended_at.is_(None),
    # who heard of it and was too late may wait anew
    or_(StandBy.heard_at.is_(None), Lead.state != LeadState.HELD),
)
_FIRM_IS_OUT = exists().where(
    OfferExclusion.lead_id == Lead.id, OfferExclusion.organisation_id == _FIRM
)
_SAID_NO = exists().where(
    Offer.lead_id == Lead.id,
    Offer.organisation_id == _FIRM,
    Dismissal.offer_id == Offer.id,
    Dismissal.user_id == bindparam("person"),
)
_WITH_ANOTHER = and_(
    Lead.state == LeadState.HELD, Lead.holder_organisation_id != _FIRM, ~Lead.suppressed
)
# every pick that comes too late asks this, so it is built once
PLACE = select(
    _WAITS.label("waits"),
    and_(_WITH_ANOTHER, ~_FIRM_IS_OUT, ~_SAID_NO).label("free"),
).where(Lead.id == bindparam("lead_id"), _SEEN)


def find_place(lead_id: int, actor: Actor, at: datetime) -> Place | None:
    """Return whether a person stands by for a lead; None where her firm never saw it.

    Who may pick may wait for what another firm holds, unless she or her firm said no to it or gave
    it back.
    """
    asked = {
        "lead_id": lead_id,
        "firm": actor.organisation_id,
        "units": reach.units_of(actor),
        "person": actor.id,
        "at": at,
    }
    row = session().execute(PLACE, asked).one_or_none()
    if row is None:
        return None
    picks = actor.may(Permission.PICKUPS_CLAIM)
    return Place(row.waits, picks and row.free and not row.waits)


def count_waiting(lead_id: int) -> int:
    """Return how many firms stand by for a lead."""
    return (
        session().scalar(
            select(func.count(StandBy.organisation_id.distinct())).where(
                StandBy.lead_id == lead_id, StandBy.ended_at.is_(None)
            )
        )
        or 0
    )


def list_places(lead_id: int) -> Sequence[AnyRow]:
    """Return every stand-by place of a lead with firm and person, the newest first."""
    return (
        session()
        .execute(
            select(
                StandBy.created_at,
                StandBy.heard_at,
                StandBy.ended_at,
                StandBy.outcome,
                StandBy.organisation_id,
                Organisation.name.label("firm"),
                User.name.label("who"),
            )
            .join(Organisation, Organisation.id == StandBy.organisation_id)
            .join(User, User.id == StandBy.user_id)
            .where(StandBy.lead_id == lead_id)
            .order_by(StandBy.id.desc())
        )
        .all()
    )


def waited_for(lead_ids: Collection[int]) -> Collection[int]:
    """Return those of the leads that somebody stands by for."""
    return (
        session()
        .scalars(
            select(StandBy.lead_id)
            .where(StandBy.lead_id.in_(lead_ids), StandBy.ended_at.is_(None))
            .distinct()
        )
        .all()
    )


def list_waited_for(actor: Actor) -> Sequence[AnyRow]:
    """Return the leads that a person stands by for, by number, the newest first."""
    return (
        session()
        .execute(
            select(StandBy.lead_id, Lead.number, StandBy.created_at)
            .join(Lead, Lead.id == StandBy.lead_id)
            .where(
                StandBy.user_id == actor.id,
                StandBy.organisation_id == actor.organisation_id,
                StandBy.ended_at.is_(None),
                or_(StandBy.heard_at.is_(None), Lead.state != LeadState.HELD),
            )
            .order_by(StandBy.id.desc())
        )
        .all()
    )
