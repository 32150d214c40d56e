"""The overflow unit's queue: leads that found nobody else, why, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import false, or_, select

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.models import Unit, User
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import Rung
from portal.desk.memory import why_words
from portal.leads.models import Lead, LeadState
from portal.leads.queries import visible_to
from portal.offers.models import Dismissal, Offer, OfferRound, Redistribution
from portal.web.access import requires

blueprint = Blueprint("overflow", __name__)
MOST = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead that the overflow unit has: on offer to its people, or in the hands of one."""

    lead_id: int
    number: str
    title: str
    temperature: str | None
    unit: str
    why: str
    since: datetime
    ends_at: datetime | None
    holder: str | None
    may_pick: bool


@blueprint.get("/overflow")
@requires(Permission.OFFERS_SEE, Permission.BOARD_SEE)
def overflow() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    if actor.is_partner:
        raise NotFound()
    rows = list_overflow(actor, at)
    return render_template(
        "desk/overflow.html",
        waiting=[row for row in rows if row.holder is None],
        held=[row for row in rows if row.holder is not None],
    )


def list_overflow(actor: Actor, at: datetime) -> list[Waiting]:
    """Return what the overflow unit has, as far as somebody sees it, the first to end first.

    The unit's people see what is offered to them, who leads sees what he sees of all leads.
    """
    query = (
        select(Lead, OfferRound, Redistribution, Offer, Unit.name.label("unit"), User.name)
        .join(OfferRound, (OfferRound.lead_id == Lead.id) & (OfferRound.number == Lead.round))
        .join(Redistribution, Redistribution.round_id == OfferRound.id)
        .join(Offer, Offer.round_id == OfferRound.id)
        .join(Unit, Unit.id == Offer.unit_id)
        .outerjoin(User, User.id == Lead.holder_id)
        .where(
            Redistribution.rung == Rung.OVERFLOW,
            Lead.state.in_((LeadState.OFFERED, LeadState.HELD)),
        )
        .order_by(OfferRound.ends_at, Lead.id)
        .limit(MOST)
    )
    units = reach.units_of(actor) if actor.may(Permission.OFFERS_SEE) else []
    seen = visible_to(actor) if actor.may(Permission.BOARD_SEE) else false()
    query = query.where(or_(Unit.id.in_(units), seen))
    dismissed = set(
        session().scalars(select(Dismissal.offer_id).where(Dismissal.user_id == actor.id))
    )
    return [
        Waiting(
            lead_id=row.Lead.id,
            number=row.Lead.number,
            title=row.Lead.title,
            temperature=row.Lead.temperature,
            unit=row.unit,
            why=why_words(row.Redistribution.why),
            since=row.OfferRound.opened_at,
            ends_at=row.OfferRound.ends_at if row.Lead.state == LeadState.OFFERED else None,
            holder=row.name if row.Lead.state == LeadState.HELD else None,
            may_pick=row.Lead.state == LeadState.OFFERED
            and row.OfferRound.ends_at > at
            and actor.may(Permission.PICKUPS_CLAIM)
            and row.Offer.unit_id in units
            and row.Offer.id not in dismissed,
        )
        for row in session().execute(query)
    ]
