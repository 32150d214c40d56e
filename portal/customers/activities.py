"""Activities of the vendor's people about a customer: theirs who see customers, nobody else's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import ROLES, Permission
from portal.accounts.queries import find_actor_of
from portal.core.db import AnyRow
from portal.customers.models import Customer
from portal.customers.queries import get_visible
from portal.customers.sight import sees_addresses
from portal.timeline import activities as timeline
from portal.timeline import attachments, notes
from portal.timeline.activities import Listed, Subject
from portal.timeline.attachments import Attached
from portal.timeline.models import Activity, FirmNote

SEEING_ROLES = tuple(role for role, may in ROLES.items() if Permission.CUSTOMERS_SEE in may)


def about(customer_id: int) -> Subject:
    """Return a customer as what activities are about."""
    return Subject("customer", customer_id)


def may_plan(actor: Actor) -> bool:
    """Say whether somebody reads and plans what is done about customers.

    Words about a customer say who it is: who sees the addresses does, nobody else.
    """
    return sees_addresses(actor)


def load_activities(customer: Customer, actor: Actor, show: str = "") -> Sequence[Listed]:
    """Return the activities about a customer; none for who may not read them."""
    if not may_plan(actor):
        return ()
    firm = actor.organisation_id
    return timeline.read(about(customer.id), firm, timeline.own(firm), show=show)


def load_notes(customer: Customer, actor: Actor) -> Sequence[FirmNote]:
    """Return the notes about a customer; none for who may not read them."""
    if not may_plan(actor):
        return ()
    firm = actor.organisation_id
    return notes.read(about(customer.id), firm, notes.own(firm))


def load_files(customer: Customer, actor: Actor) -> Sequence[Attached]:
    """Return the files attached to a customer; none for who may not read them."""
    if not may_plan(actor):
        return ()
    firm = actor.organisation_id
    return attachments.read(about(customer.id), firm, attachments.own(firm))


def list_assignees(actor: Actor) -> Sequence[AnyRow]:
    """Return `id` and `name` of those who may have an activity about a customer."""
    return timeline.list_people(
        actor, or_(User.id == actor.id, User.roles.overlap(list(SEEING_ROLES)))
    )


def find_due(activity: Activity, user: User) -> Customer | None:
    """Return the customer of an activity that somebody has; None where she sees none now."""
    actor = find_actor_of(user.id)
    if actor is None or not may_plan(actor):
        return None
    return get_visible(activity.subject_id, actor)
