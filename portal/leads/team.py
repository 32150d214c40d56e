"""Who of the vendor works on a lead: its owner, and the team beside him.

The owner answers for a lead while a partner holds it; at pickup it is the account manager of the
holder's firm. Who is in the team sees the lead. Handing it to operations is in `hand_over`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind, User
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_person, list_staff
from portal.accounts.reach import Reached
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.leads.events import LeadOwnerSet, LeadTeamJoined, LeadTeamLeft
from portal.leads.models import Lead, LeadState, LeadTeamMember
from portal.leads.queries import find_visible, get_visible, handed_to, is_member


@dataclass(frozen=True, slots=True)
class Side:
    """The vendor's people on a lead, and what the reader may change of it."""

    owner: User | None
    members: Sequence[User]
    staff: Sequence[User]
    may_assign: bool
    may_change: bool

    @property
    def others(self) -> list[User]:
        """Return who could join the team."""
        there = {user.id for user in self.members} | {self.owner.id if self.owner else 0}
        return [user for user in self.staff if user.id not in there]


def read_side(lead: Lead, actor: Actor) -> Side:
    """Return who of the vendor works on a lead."""
    may_change = may_change_team(lead, actor)
    return Side(
        owner=find_person(lead.owner_id),
        members=list_members(lead.id),
        staff=list_staff() if may_change else (),
        may_assign=actor.may(Permission.LEADS_ASSIGN),
        may_change=may_change,
    )


def list_members(lead_id: int) -> Sequence[User]:
    """Return the team of a lead by name."""
    return (
        session()
        .scalars(
            select(User)
            .join(LeadTeamMember, LeadTeamMember.user_id == User.id)
            .where(LeadTeamMember.lead_id == lead_id)
            .order_by(User.name, User.id)
        )
        .all()
    )


def may_change_team(lead: Lead, actor: Actor) -> bool:
    """Tell whether somebody who sees a lead says who works on it: its owner, or who assigns."""
    return actor.may(Permission.LEADS_ASSIGN) or lead.owner_id == actor.id


def sees_whole(lead: Lead, actor: Actor, reached: Reached | None = None) -> bool:
    """Tell whether somebody sees all of a lead, whichever partner had a part in it.

    Who answers for it himself or through his people, who is in its team, and operations, once it
    was handed over.
    """
    if actor.may(Permission.LEADS_SEE_ALL):
        return True
    if lead.owner_id is not None and lead.owner_id in reach.read_people(actor, reached):
        return True
    if is_member(lead.id, actor.id):
        return True
    handed = lead.id in session().scalars(handed_to(actor)).all()
    return handed and actor.may(Permission.HAND_OVERS_TAKE)


def is_visible(lead_id: int, actor: Actor) -> bool:
    """Tell whether a lead exists for somebody, after what has changed just now."""
    return find_visible(lead_id, actor) is not None


def set_owner(lead_id: int, user_id: int, actor: Actor, at: datetime) -> Lead:
    """Say who answers for a lead. Raises `Invalid` for who isn't the vendor's, and `NotFound`."""
    lead = get_visible(lead_id, actor)
    was = lead.owner_id
    if user_id == was:
        return lead
    check_staff(user_id, "owner_id")
    lead.owner_id = user_id
    session().flush()
    record(LeadOwnerSet(at=at, lead_id=lead.id, user_id=user_id, was_user_id=was))
    return lead


def add_member(lead_id: int, user_id: int, actor: Actor, at: datetime) -> None:
    """Take somebody of the vendor into the team of a lead; twice is once.

    Raises `Invalid`, `NotFound`, and `Refused` for who doesn't say who works on it.
    """
    lead = get_to_change(lead_id, actor)
    check_staff(user_id, "user_id")
    added = session().scalar(
        insert(LeadTeamMember)
        .values(lead_id=lead.id, user_id=user_id, added_by=actor.id, added_at=at)
        .on_conflict_do_nothing()
        .returning(LeadTeamMember.user_id)
    )
    if added is not None:
        record(LeadTeamJoined(at=at, lead_id=lead.id, user_id=user_id, by_user_id=actor.id))


def remove_member(lead_id: int, user_id: int, actor: Actor, at: datetime) -> None:
    """Let somebody leave the team of a lead. Raises `NotFound`, `Refused`."""
    lead = get_to_change(lead_id, actor)
    gone = session().scalar(
        delete(LeadTeamMember)
        .where(LeadTeamMember.lead_id == lead.id, LeadTeamMember.user_id == user_id)
        .returning(LeadTeamMember.user_id)
    )
    if gone is None:
        raise NotFound()
    record(LeadTeamLeft(at=at, lead_id=lead.id, user_id=user_id, by_user_id=actor.id))


def get_to_change(lead_id: int, actor: Actor) -> Lead:
    """Return a lead of which somebody says who works on it. Raises `NotFound`, `Refused`."""
    lead = get_visible(lead_id, actor)
    if not may_change_team(lead, actor):
        raise Refused(_("That is decided by who answers for the lead."))
    return lead


def check_staff(user_id: int, field: str) -> None:
    """Raise `Invalid` for who isn't an active person of the vendor."""
    user = session().get(User, user_id)
    vendors = user is not None and user.organisation.kind == OrganisationKind.VENDOR
    if user is None or not vendors or not user.active:
        raise Invalid({field: _("Please choose somebody of the vendor.")})


def follow_account_manager(organisation_id: int, was_id: int | None, user_id: int | None) -> None:
    """Let the leads that a firm holds go to its new account manager with it.

    What somebody else answers for stays with him.
    """
    if user_id is None:
        return
    session().execute(
        update(Lead)
        .where(
            Lead.holder_organisation_id == organisation_id,
            Lead.state == LeadState.HELD,
            Lead.owner_id.is_not_distinct_from(was_id),
        )
        .values(owner_id=user_id)
    )
