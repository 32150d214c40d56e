"""Who leaves, or moves to another firm, hands on what she holds: in one transaction with it.

So nothing ever stays with somebody who is out. Here: the verbs for people and whole firms that
hold leads. What else ends with the access stands in accounts.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import exists, select

from portal.accounts import administration, managers
from portal.accounts import operations as accounts
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.customers import support
from portal.leads.models import Lead
from portal.leads.operations import put_back_drafts
from portal.offers import operations as offers
from portal.pickup import reassign
from portal.pickup.models import Pickup
from portal.timeline import operations as timeline
from portal.timeline.models import Activity
from portal.timeline.operations import lock_planned_of


class HoldsLeads(Refused):
    """Somebody holds leads that have to be handed on first."""

    code = "holds_leads"


def deactivate(user: User, to_user_id: int | None, actor: Actor, at: datetime) -> int:
    """Let a person in no more; her leads go to a colleague, or back where there is none.

    What she had begun to qualify waits in the queue again, what else she had planned goes to who
    answers for the lead, and nobody reports to her. Returns how
    many leads were handed on. Raises `LastAdmin`, where the firm looks after its people itself
    `LastManager`, and what `reassign.reassign` raises.
    """
    if actor.is_partner:
        offers.lock_partner(user.organisation_id)
        managers.keep_one(user)
    count = hand_on(user, to_user_id, actor, at)
    release_planned(user, actor, at)
    put_back_drafts(user.id, at)
    administration.release(user)
    accounts.deactivate(user, at)
    return count


def hand_on(user: User, to_user_id: int | None, actor: Actor, at: datetime) -> int:
    """Hand all leads that a person holds to a colleague, or give them back; return how many.

    Raises `Invalid` for herself, and what `reassign.reassign` raises.
    """
    if to_user_id == user.id:
        raise Invalid({"to": _("Please choose a colleague who picks up leads.")})
    return reassign.hand_on_all(user.id, user.organisation_id, to_user_id, actor, at)


def release_planned(user: User, actor: Actor, at: datetime) -> int:
    """Hand on what somebody who leaves still has planned; return how much it was.

    It goes to who holds the lead, or at the vendor answers for lead or partner, or helps new
    customers start; else to who lets her go, if that is a colleague and may have it; else it waits
    for somebody to take it on.
    """
    planned = lock_planned_of(user.id)
    for activity in planned:
        timeline.assign(activity, _next_after(user, activity, actor), actor.id, at)
    return len(planned)


def _next_after(user: User, activity: Activity, actor: Actor) -> int | None:
    candidates: list[int | None] = []
    if activity.subject == "lead":
        lead = session().get_one(Lead, activity.subject_id)
        candidates = [lead.holder_id, lead.owner_id]
    elif activity.subject == "partner":
        candidates = [session().get_one(Organisation, activity.subject_id).account_manager_id]
    elif activity.subject == "customer":
        candidates = [support.find_supporter()]
    if activity.subject != "customer" or actor.may(Permission.CUSTOMERS_SEE):
        candidates.append(actor.id)
    for user_id in candidates:
        other = session().get(User, user_id) if user_id is not None else None
        of_firm = other is not None and other.organisation_id == activity.organisation_id
        if other is not None and of_firm and other.active and other.id != user.id:
            return other.id
    return None


def move(
    user: User, organisation: Organisation, roles: Collection[str], actor: Actor, at: datetime
) -> None:
    """Move a person who holds no leads to another firm. Raises `HoldsLeads`, and as `accounts`."""
    offers.lock_partner(user.organisation_id)
    if session().scalar(
        select(exists().where(Pickup.user_id == user.id, Pickup.ended_at.is_(None)))
    ):
        raise HoldsLeads(
            _("%(name)s holds leads of this firm. Please hand them on first.", name=user.name)
        )
    release_planned(user, actor, at)
    put_back_drafts(user.id, at)
    administration.move(user, organisation, roles, at, actor.id)


def close(organisation: Organisation, actor: Actor, at: datetime) -> int:
    """Take a firm out of the programme: all its leads go back, nobody of it gets in any more.

    Returns how many leads it held. Raises `Refused` for the vendor.
    """
    offers.lock_partner(organisation.id)
    held = (
        session()
        .execute(
            select(Pickup.user_id, Pickup.lead_id).where(
                Pickup.organisation_id == organisation.id, Pickup.ended_at.is_(None)
            )
        )
        .all()
    )
    offers.lock_leads([row.lead_id for row in held])
    count = sum(
        reassign.hand_on_all(user_id, organisation.id, None, actor, at)
        for user_id in sorted({row.user_id for row in held})
    )
    administration.close(organisation, at, actor.id)
    return count
