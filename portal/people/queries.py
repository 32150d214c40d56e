"""Reads for who administers people: everybody by name, and what each firm has in people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import contains_eager

from portal.accounts.models import Organisation, User, UserSession
from portal.accounts.operations import INVITATION_LASTS
from portal.accounts.permissions import PICKING_ROLES
from portal.core.db import AnyRow, session
from portal.leads.models import Lead, LeadState
from portal.partners.queries import escape
from portal.people.rules import Firm, State
from portal.pickup.models import Pickup
from portal.timeline.models import Activity
from portal.timeline.queries import OPEN

PAGE = 40
FOUND = 20
TRIGRAM = 3
"""Letters from which on a word is found by an index."""
MANAGING_ROLES = ("partner_manager", "distributor_manager")
WITHOUT_SECOND_STEP = "no_second_step"
BY_NAME = (func.lower(User.name), User.id)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty is everything."""

    text: str = ""
    role: str = ""
    state: str = ""
    firm_id: int | None = None

    @property
    def given(self) -> bool:
        """True where anything is narrowed."""
        return any(asdict(self).values())


@dataclass(frozen=True, slots=True)
class People:
    """A page of people by name, and the ids from which the pages before and after go on."""

    people: Sequence[User]
    before: int | None
    after: int | None


def list_people(
    filters: Filters, at: datetime, *, after: int | None = None, before: int | None = None
) -> People:
    """Return a page of people by name: the first, or what comes after or before somebody."""
    found = narrowed(filters, at)
    if before is not None:
        found = found.where(tuple_(*BY_NAME) < _place_of(before))
        backwards = found.order_by(BY_NAME[0].desc(), BY_NAME[1].desc()).limit(PAGE + 1)
        rows = list(session().scalars(backwards))
        shown = rows[:PAGE][::-1]
        return People(shown, _end(shown, 0, len(rows) > PAGE), _end(shown, -1, True))
    if after is not None:
        found = found.where(tuple_(*BY_NAME) > _place_of(after))
    rows = list(session().scalars(found.order_by(*BY_NAME).limit(PAGE + 1)))
    shown = rows[:PAGE]
    return People(shown, _end(shown, 0, after is not None), _end(shown, -1, len(rows) > PAGE))


def _end(shown: Sequence[User], which: int, more: bool) -> int | None:
    return shown[which].id if shown and more else None


def _place_of(user_id: int) -> ColumnElement[tuple[str, int]]:
    place = select(func.lower(User.name)).where(User.id == user_id).scalar_subquery()
    return tuple_(place, user_id)


def narrowed(filters: Filters, at: datetime) -> Select[User]:
    """Return the people that the filters leave, with their firms."""
    found = select(User).join(User.organisation).options(contains_eager(User.organisation))
    if len(filters.text) >= TRIGRAM:
        found = found.where(User.id.in_(matching(filters.text)))
    elif filters.text:
        found = found.where(begins(filters.text))
    if filters.role:
        found = found.where(User.roles.contains([filters.role]))
    if filters.firm_id is not None:
        found = found.where(User.organisation_id == filters.firm_id)
    if filters.state:
        found = found.where(in_state(filters.state, at))
    return found


def begins(words: str) -> ColumnElement[bool]:
    """Return the condition of people with a name or an address that begins like this.

    For words that are too short for an index: so many fit that the first page is soon found.
    """
    like = escape(words)
    return or_(
        User.name.ilike(f"{like}%"),
        User.name.ilike(f"% {like}%"),
        cast(User.email, Text).ilike(f"{like}%"),
    )


def matching(words: str) -> Select[int]:
    """Return the ids of people whose name, address or firm has these words in it.

    In two parts, so that each has its index.
    """
    like = f"%{escape(words)}%"
    own = select(User.id).where(or_(User.name.ilike(like), cast(User.email, Text).ilike(like)))
    firms = select(Organisation.id).where(Organisation.name.ilike(like))
    of_firm = select(User.id).where(User.organisation_id.in_(firms))
    both = union_all(own, of_firm).subquery()
    return select(both.c.id)


def in_state(state: str, at: datetime) -> ColumnElement[bool]:
    """Return the condition of people in a state; as `rules.state_of` tells it of one."""
    in_house = and_(User.active, Organisation.active)
    came = User.password_hash.is_not(None)
    ran_out = User.invited_at <= at - INVITATION_LASTS
    conditions: dict[str, ColumnElement[bool]] = {
        State.ACTIVE: and_(in_house, came, User.signed_in_at.is_not(None)),
        State.NEVER: and_(in_house, came, User.signed_in_at.is_(None)),
        State.INVITED: and_(in_house, not_(came), User.invited_at.is_not(None), not_(ran_out)),
        State.EXPIRED: and_(in_house, not_(came), ran_out),
        State.NOT_INVITED: and_(in_house, not_(came), User.invited_at.is_(None)),
        State.GONE: not_(in_house),
        WITHOUT_SECOND_STEP: and_(in_house, came, User.second_step_at.is_(None)),
    }
    return conditions[state]


def firms_in_people(organisation_ids: Collection[int]) -> dict[int, Firm]:
    """Return for each firm whether it is active, and whom it has."""
    there = User.active & User.id.is_not(None)
    rows = session().execute(
        select(
            Organisation.id,
            Organisation.active,
            func.coalesce(func.bool_or(there & User.roles.overlap(list(MANAGING_ROLES))), False),
            func.coalesce(func.bool_or(there & User.roles.overlap(list(PICKING_ROLES))), False),
        )
        .outerjoin(User, User.organisation_id == Organisation.id)
        .where(Organisation.id.in_(set(organisation_ids)))
        .group_by(Organisation.id)
    )
    return {row[0]: Firm(*row[1:]) for row in rows}


def find_firm(organisation_id: int | None) -> Organisation | None:
    """Return a firm, active or not."""
    return session().get(Organisation, organisation_id) if organisation_id else None


def count_sessions(user_id: int, at: datetime) -> int:
    """Return in how many browsers a person is signed in."""
    counted = select(func.count()).where(
        UserSession.user_id == user_id,
        UserSession.ended_at.is_(None),
        UserSession.expires_at > at,
    )
    return session().scalars(counted).one()


def list_held(user_id: int) -> Sequence[AnyRow]:
    """Return what a person holds: pickup, lead, number, title and when the next answer is due."""
    return (
        session()
        .execute(
            select(Pickup.id, Pickup.lead_id, Lead.number, Lead.title, Pickup.feedback_due_at)
            .join(Lead, Lead.id == Pickup.lead_id)
            .where(Pickup.user_id == user_id, Pickup.ended_at.is_(None))
            .order_by(Pickup.feedback_due_at, Pickup.id)
        )
        .all()
    )


@dataclass(frozen=True, slots=True)
class Tasks:
    """What else hangs on a person, in numbers."""

    drafts: int
    partners: int
    reports: int
    activities: int


def count_tasks(user_id: int) -> Tasks:
    """Return what hangs on a person besides leads in hand."""
    counts = [
        select(func.count()).select_from(model).where(*which).scalar_subquery()
        for model, which in (
            (Lead, (Lead.state == LeadState.QUALIFYING, Lead.qualifier_id == user_id)),
            (Organisation, (Organisation.account_manager_id == user_id,)),
            (User, (User.manager_id == user_id,)),
            (Activity, (Activity.assignee_id == user_id, OPEN)),
        )
    ]
    return Tasks(*session().execute(select(*counts)).one())


def find_firms(words: str) -> Sequence[Organisation]:
    """Return active firms by part of their name, those that begin with it first."""
    name = func.lower(Organisation.name)
    begins = case((name.startswith(words.lower(), autoescape=True), 0), else_=1)
    return (
        session()
        .scalars(
            select(Organisation)
            .where(Organisation.active, Organisation.name.ilike(f"%{escape(words)}%"))
            .order_by(begins, name, Organisation.id)
            .limit(FOUND)
        )
        .all()
    )
