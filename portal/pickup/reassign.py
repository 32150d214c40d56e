"""A lead in hand goes to a colleague of the same firm, or everything that somebody holds does.

Whoever hands on is the firm's manager, or somebody who looks after people when one of them leaves.
What he had planned about it goes along, and what was owed stays owed: neither clock nor due date
starts anew, and the gate of the new holder counts it as hers. Lock order as everywhere: partner →
lead → pickup; then who takes it, so that nobody who leaves in this moment is left with it.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.leads.models import Lead
from portal.offers import operations as offers
from portal.pickup import clocks, operations, queries, suspension
from portal.pickup.events import LeadReassigned
from portal.pickup.models import Pickup
from portal.pickup.rules import HeldByAnother, may_take_over
from portal.timeline.operations import hand_on_planned


def reassign(
    pickup_id: int, to_user_id: int, actor: Actor, at: datetime, *, held_by: int | None = None
) -> Lead:
    """Hand a lead in hand on to a colleague of its holder, who is its holder from now on.

    `held_by` is who held it when the actor decided: where somebody else has handed it on since, it
    stays there. Handing it to who holds it already changes nothing. Raises `NotFound` for a pickup
    that is not the actor's to hand on, `NotYoursAnyMore` for one that has ended, `HeldByAnother`,
    `Invalid` for somebody who picks up no leads of this firm, `Absent`, `CapacityReached`.
    """
    seen = queries.get_in_charge(pickup_id, actor)
    offers.lock_partner(seen.organisation_id)
    pickup, lead = operations.lock_lead_and_pickup(seen)
    if pickup.user_id == to_user_id:
        return lead
    if held_by is not None and pickup.user_id != held_by:
        holder = session().get_one(User, pickup.user_id)
        raise HeldByAnother(
            _(
                "%(number)s was handed on a moment ago: %(name)s holds it now.",
                number=lead.number,
                name=holder.name,
            )
        )
    taker = lock_taker(to_user_id, pickup.organisation_id)
    position = queries.position_of(get_actor(taker.id), at)
    refusal = may_take_over(position.standing, position.gate, taker.name)
    if refusal is not None:
        raise refusal
    before = pickup.user_id
    pickup.user_id, pickup.handed_from_id = taker.id, before
    lead.holder_id = taker.id
    lead.version += 1
    session().flush()
    clocks.handed_on(pickup, at)
    hand_on_planned("lead", lead.id, pickup.organisation_id, before, taker.id, actor.id, at)
    record(
        LeadReassigned(
            at=at,
            lead_id=lead.id,
            pickup_id=pickup.id,
            user_id=taker.id,
            was_user_id=before,
            by_user_id=actor.id,
            organisation_id=pickup.organisation_id,
        )
    )
    suspension.end_answered(pickup, at)
    return lead


def lock_taker(user_id: int, organisation_id: int) -> User:
    """Return a colleague who may hold leads, active until this transaction ends.

    Raises `Invalid`.
    """
    taker = session().scalar(
        select(User)
        .where(User.id == user_id, User.organisation_id == organisation_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if taker is None or not taker.active or not set(taker.roles) & set(PICKING_ROLES):
        raise Invalid({"to": _("Please choose a colleague who picks up leads.")})
    return taker


def hand_on_all(
    user_id: int, organisation_id: int, to_user_id: int | None, actor: Actor, at: datetime
) -> int:
    """Hand everything that somebody holds on to one colleague, or give all of it back.

    For who leaves; returns how many leads it was. All or nothing: raises what `reassign` raises.
    """
    offers.lock_partner(organisation_id)
    held = (
        session()
        .execute(
            select(Pickup.id, Pickup.lead_id)
            .where(
                Pickup.user_id == user_id,
                Pickup.organisation_id == organisation_id,
                Pickup.ended_at.is_(None),
            )
            # the order in which leads are locked everywhere
            .order_by(Pickup.lead_id)
        )
        .all()
    )
    offers.lock_leads([row.lead_id for row in held])
    for pickup_id, _lead_id in held:
        if to_user_id is None:
            operations.give_back_for_leaver(pickup_id, actor, at)
        else:
            reassign(pickup_id, to_user_id, actor, at)
    return len(held)
