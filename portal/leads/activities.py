"""Activities about a lead: who has them, who reads them, and that a closed lead has none ahead.

They belong to the firm whose people planned them, as notes do: its people who work on the lead see
and settle them, the other side reads what is shared with it (`visibility`, the field of notes).
What the holder's firm has open keeps the lead from being closed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, or_, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.permissions import MANAGING_ROLES
from portal.accounts.queries import find_actor_of
from portal.core.db import AnyRow, session
from portal.core.errors import NotFound
from portal.leads.models import Lead, LeadState, LeadTeamMember, LeadType
from portal.leads.notes import about, may_write
from portal.leads.queries import find_visible
from portal.leads.sight import Sight
from portal.timeline import activities as timeline
from portal.timeline.activities import Listed
from portal.timeline.models import Activity, ActivityWords
from portal.timeline.rules import Entry, Kind, NothingAhead

# -- reads ------------------------------------------------------------------------------------


def load_activities(
    lead: Lead,
    actor: Actor,
    known: Sight | None = None,
    firms: Collection[int] | None = None,
    show: str = "",
) -> Sequence[Listed]:
    """Return what a person may read of the activities about a lead.

    Her own firm's, and what the other side shares where the table lets her: of `firms` only, where
    they are named. `show` is as of `timeline.activities.read`.
    """
    if not may_write(lead, actor, known):
        return load_own(lead.id, actor)
    shared: ColumnElement[bool] = ActivityWords.shared_at.is_not(None)
    if firms is not None:
        shared = and_(shared, ActivityWords.organisation_id.in_(firms))
    if actor.is_partner:
        shared = and_(
            shared, Organisation.kind == OrganisationKind.VENDOR, Activity.at >= lead.picked_at
        )
    readable = or_(timeline.own(actor.organisation_id), shared)
    return timeline.read(about(lead.id), actor.organisation_id, readable, [lead.id], show)


def load_own(lead_id: int, actor: Actor) -> Sequence[Listed]:
    """Return what the actor's firm did about a lead, which it may have given back since.

    Nothing for who only looks as her.
    """
    if actor.is_looked_as:
        return ()
    firm = actor.organisation_id
    return timeline.read(about(lead_id), firm, timeline.own(firm))


def list_assignees(lead: Lead, actor: Actor) -> Sequence[AnyRow]:
    """Return `id` and `name` of those of the actor's firm who may have an activity on a lead.

    Who holds it or manages its firm; of the vendor who answers for it, is in its team, or looks
    after all leads.
    """
    if actor.is_partner:
        works = or_(
            User.id.in_([actor.id, lead.holder_id or 0]), User.roles.overlap(list(MANAGING_ROLES))
        )
    else:
        team = select(LeadTeamMember.user_id).where(LeadTeamMember.lead_id == lead.id)
        works = or_(
            User.id.in_([actor.id, lead.owner_id or 0, lead.holder_id or 0]),
            User.id.in_(team),
            User.roles.contains(["channel_manager"]),
        )
    return timeline.list_people(actor, works)


def list_kinds(lead: Lead) -> list[str]:
    """Return the kinds of activities that leads of this type may have."""
    kinds = session().get_one(LeadType, lead.type_id).activity_kinds
    return [str(kind) for kind in Kind if kinds is None or kind in kinds]


# -- verbs ------------------------------------------------------------------------------------


def enter(lead: Lead, entry: Entry, *, done: bool, actor: Actor, at: datetime) -> Activity:
    """Plan an activity for the actor's firm, or note one that is done.

    Raises `Invalid` by field, `NotFound`, and `NothingAhead` for a plan on a lead that the firm has
    closed.
    """
    check_works(lead, actor)
    if not done:
        check_ahead(lead, actor)
    people = {row.id for row in list_assignees(lead, actor)}
    return timeline.enter(
        about(lead.id),
        entry,
        done=done,
        people=people,
        actor=actor,
        at=at,
        kinds=list_kinds(lead),
    )


def check_works(lead: Lead, actor: Actor) -> None:
    """Raise `NotFound` for whose firm has nothing to plan about this lead now."""
    if not may_write(lead, actor):
        raise NotFound()


def check_ahead(lead: Lead, actor: Actor) -> None:
    """Refuse a plan on a lead that the actor's own firm has closed, also in this moment."""
    # whoever closes it holds a stronger lock, and asks for what is planned under it
    state, firm = (
        session()
        .execute(
            select(Lead.state, Lead.holder_organisation_id)
            .where(Lead.id == lead.id)
            .with_for_update(read=True)
        )
        .one()
    )
    if state == LeadState.CLOSED and firm == actor.organisation_id:
        words = _("%(number)s is closed: note what is done, but plan nothing.", number=lead.number)
        raise NothingAhead(words)


def change(lead: Lead, activity_id: int, entry: Entry, actor: Actor, at: datetime) -> None:
    """Change what lies ahead: what, when, who.

    Raises `Invalid` by field, `NotFound`, `SettledAlready`.
    """
    check_works(lead, actor)
    people = {row.id for row in list_assignees(lead, actor)}
    kinds = list_kinds(lead)
    timeline.change(about(lead.id), activity_id, entry, people, actor, at, kinds)


def settle(
    lead: Lead, activity_id: int, *, done: bool, outcome: str, actor: Actor, at: datetime
) -> None:
    """Settle an activity as `timeline.activities.settle` does. Raises `NotFound`, and as there."""
    check_works(lead, actor)
    timeline.settle(about(lead.id), activity_id, done=done, outcome=outcome, actor=actor, at=at)


def share(lead: Lead, activity_id: int, shared: bool, actor: Actor, at: datetime) -> None:
    """Let the other side read an activity of the actor's firm, or no longer. Raises `NotFound`."""
    check_works(lead, actor)
    timeline.share(about(lead.id), activity_id, shared, actor, at)


def find_due(activity: Activity, user: User) -> Lead | None:
    """Return the lead of an activity that somebody has; None where she has no part in it now."""
    actor = find_actor_of(user.id)
    lead = find_visible(activity.subject_id, actor) if actor else None
    return lead if actor and lead is not None and may_write(lead, actor) else None
