"""Reads of people, organisations and sessions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Row,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, joinedload

from portal.accounts import permissions
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User, UserSession
from portal.core.db import ask, session
from portal.core.errors import NotFound
from portal.core.tokens import find as find_token
from portal.core.tokens import hash_secret

# absences are an upper room's, so their table is named here and not its model; the day is that of
# the firm's calendar, and where no moment is named nobody stands in for anybody
_AWAY = table("absences", *map(column, ("user_id", "delegate_id", "organisation_id")))
_TODAY = cast(
    func.timezone(Organisation.timezone, cast(bindparam("at"), DateTime(timezone=True))), Date
)
STANDS_IN_FOR = func.array(
    select(_AWAY.c.user_id)
    .where(
        _AWAY.c.delegate_id == User.id,
        _AWAY.c.organisation_id == User.organisation_id,
        _TODAY.between(literal_column("absences.starts_on"), literal_column("absences.ends_on")),
    )
    .correlate(User, Organisation)
    .scalar_subquery(),
    type_=ARRAY(BigInteger),
).label("stands_in_for")

ACTOR_COLUMNS = (
    User.id,
    User.organisation_id,
    User.unit_id,
    User.name,
    User.email,
    User.roles,
    User.locale,
    User.timezone,
    User.theme,
    User.second_step_at,
    Organisation.kind,
    Organisation.name.label("organisation_name"),
)


# asked with every request: built once, because building costs more than asking
SESSION_ACTOR = (
    select(
        *ACTOR_COLUMNS,
        UserSession.id.label("session_id"),
        UserSession.last_seen_at,
        UserSession.looks_as_id,
        STANDS_IN_FOR,
    )
    .join(User, User.id == UserSession.user_id)
    .join(Organisation, Organisation.id == User.organisation_id)
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.ended_at.is_(None),
        UserSession.expires_at > bindparam("at"),
        User.active,
        Organisation.active,
    )
)


def find_session_actor(secret: str, at: datetime) -> tuple[Actor, datetime] | None:
    """Return who is signed in by this session secret, and when it was last seen.

    Or as whom she looks, as long as she may and that person has access.
    """
    asked = {"token_hash": hash_secret(secret), "at": at}
    row = ask(SESSION_ACTOR, asked).one_or_none()
    if row is None:
        return None
    actor = _actor(row, secret, row.session_id)
    if row.looks_as_id is not None and actor.may(permissions.Permission.PEOPLE_VIEW_AS):
        actor = _looking(actor, row.looks_as_id)
    return actor, row.last_seen_at


def _looking(viewer: Actor, user_id: int) -> Actor:
    """Return a person as an administrator looks as her; himself where there is nothing to see."""
    seen = find_actor_of(user_id)
    if seen is None or seen.may(permissions.Permission.PEOPLE_VIEW_AS):
        return viewer
    return replace(
        seen,
        session_token=viewer.session_token,
        session_id=viewer.session_id,
        second_step=True,  # his own has been asked for
        viewer_id=viewer.id,
    )


def find_actor_of(user_id: int, at: datetime | None = None) -> Actor | None:
    """Return a person as an actor: for jobs, commands and mail, where nobody is signed in.

    None where the person or the firm is not active any more. For whom she stands in is known where
    a moment is named.
    """
    row = (
        session()
        .execute(
            select(*ACTOR_COLUMNS, STANDS_IN_FOR)
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(User.id == user_id, User.active, Organisation.active),
            {"at": at},
        )
        .one_or_none()
    )
    return None if row is None else _actor(row)


def get_actor(user_id: int, at: datetime | None = None) -> Actor:
    """Return an active person as an actor, as `find_actor_of` does. Raises `NotFound`."""
    found = find_actor_of(user_id, at)
    if found is None:
        raise NotFound()
    return found


def _actor(row: Row[*tuple[object, ...]], secret: str = "", session_id: int = 0) -> Actor:
    return Actor(
        id=row.id,
        organisation_id=row.organisation_id,
        organisation_kind=row.kind,
        organisation_name=row.organisation_name,
        unit_id=row.unit_id,
        name=row.name,
        email=row.email,
        roles=tuple(row.roles),
        permissions=permissions.of_roles(row.roles),
        locale=row.locale,
        timezone=row.timezone,
        theme=row.theme,
        session_token=secret,
        session_id=session_id,
        second_step=row.second_step_at is not None,
        stands_in_for=frozenset(row.stands_in_for),
    )


def find_user_by_email(email: str) -> User | None:
    """Return the person with this address, whatever the case."""
    return session().scalar(
        select(User).where(User.email == email).options(joinedload(User.organisation))
    )


def get_session(secret: str) -> UserSession:
    """Return the row of a session secret."""
    return (
        session()
        .scalars(select(UserSession).where(UserSession.token_hash == hash_secret(secret)))
        .one()
    )


def find_session(session_id: int) -> UserSession | None:
    """Return a session row: when, from where and with what it began."""
    return session().get(UserSession, session_id)


def list_sessions(user_id: int, at: datetime) -> Sequence[UserSession]:
    """Return where a person is signed in, last seen first; of very many the last hundred."""
    return (
        session()
        .scalars(
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.ended_at.is_(None),
                UserSession.expires_at > at,
            )
            .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
            .limit(100)
        )
        .all()
    )


def is_new_device(user_id: int, device_hash: bytes) -> bool:
    """Tell whether a person signed in on named devices before, and never on this one.

    Nobody is told of her very first sign-in.
    """
    known = session().scalars(
        select(UserSession.device_hash == device_hash)
        .where(UserSession.user_id == user_id, UserSession.device_hash.is_not(None))
        .distinct()
    )
    return set(known) == {False}


def knows_device(email: str, device_hash: bytes) -> bool:
    """Tell whether the person with this address was ever signed in in this browser."""
    known = (
        select(UserSession.id)
        .join(User, User.id == UserSession.user_id)
        .where(User.email == email, UserSession.device_hash == device_hash)
    )
    return bool(session().scalar(select(known.exists())))


def list_with_second_step(organisation_id: int) -> set[int]:
    """Return the ids of the people of a firm who give a code at sign-in, too."""
    return set(
        session().scalars(
            select(User.id).where(
                User.organisation_id == organisation_id, User.second_step_at.is_not(None)
            )
        )
    )


def find_invited(secret: str, at: datetime) -> User | None:
    """Return whom an invitation is for; None where it is used, too old or taken back."""
    token = find_token("invitation", secret, at)
    user = session().get(User, token.user_id) if token else None
    if user is None or not user.active or not user.organisation.active:
        return None
    return None if user.password_hash else user


def find_person(user_id: int | None) -> User | None:
    """Return a person, active or not."""
    return session().get(User, user_id) if user_id else None


def get_person(user_id: int, organisation_id: int) -> User:
    """Return a person of a firm, active or not. Raises `NotFound`."""
    found = session().get(User, user_id)
    if found is None or found.organisation_id != organisation_id:
        raise NotFound()
    return found


def find_name(user_id: int) -> str:
    """Return a person's name, whether she is active or not; empty where there is nobody."""
    return session().scalar(select(User.name).where(User.id == user_id)) or ""


def list_everybody(organisation_id: int) -> Sequence[User]:
    """Return all people of a firm by name, who has no access any more last."""
    return (
        session()
        .scalars(
            select(User)
            .where(User.organisation_id == organisation_id)
            .order_by(User.active.desc(), User.name, User.id)
        )
        .all()
    )


def find_account_manager(organisation_id: int) -> User | None:
    """Return who of the vendor answers for a partner, as long as she is there."""
    return session().scalar(
        select(User)
        .join(Organisation, Organisation.account_manager_id == User.id)
        .where(Organisation.id == organisation_id, User.active)
    )


def list_staff() -> Sequence[User]:
    """Return the active people of the vendor by name."""
    return (
        session()
        .scalars(
            select(User)
            .join(User.organisation)
            .where(User.active, Organisation.kind == OrganisationKind.VENDOR)
            .order_by(User.name, User.id)
        )
        .all()
    )


def list_people(organisation_id: int) -> Sequence[User]:
    """Return the active people of a firm by name."""
    return (
        session()
        .scalars(
            select(User)
            .where(User.organisation_id == organisation_id, User.active)
            .order_by(User.name, User.id)
        )
        .all()
    )


def list_pickers(organisation_id: int) -> Sequence[User]:
    """Return the active people of a firm who may pick up leads, by name."""
    return (
        session()
        .scalars(
            select(User)
            .where(
                User.organisation_id == organisation_id,
                User.active,
                User.roles.overlap(list(permissions.PICKING_ROLES)),
            )
            .order_by(User.name, User.id)
        )
        .all()
    )


def find_distributor(organisation_id: int) -> Organisation | None:
    """Return the distributor above a firm, the nearest one; None where there is none."""
    seen: set[int] = set()
    firm = session().get(Organisation, organisation_id)
    while firm is not None and firm.parent_id is not None and firm.id not in seen:
        seen.add(firm.id)
        firm = session().get(Organisation, firm.parent_id)
        if firm is not None and firm.kind == OrganisationKind.DISTRIBUTOR:
            return firm
    return None


def list_colleagues(user: User) -> Sequence[User]:
    """Return the active people of somebody's firm who report on leads, but for herself, by name."""
    reporting = [*permissions.PICKING_ROLES, *permissions.MANAGING_ROLES]
    return (
        session()
        .scalars(
            select(User)
            .where(
                User.organisation_id == user.organisation_id,
                User.id != user.id,
                User.active,
                User.roles.overlap(reporting),
            )
            .order_by(User.name, User.id)
        )
        .all()
    )


# asked twice a second for all open streams of a process
ENDED_SESSIONS = text(
    """
    SELECT asked FROM unnest(CAST(:session_ids AS bigint[])) AS asked
    WHERE NOT EXISTS (
      SELECT FROM sessions s
      JOIN users u ON u.id = s.user_id
      JOIN organisations o ON o.id = u.organisation_id
      WHERE s.id = asked AND s.ended_at IS NULL AND s.expires_at > :at AND u.active AND o.active
    )
    """
)


def find_ended_sessions(on: Session, session_ids: Collection[int], at: datetime) -> Sequence[int]:
    """Return those of the sessions that open nothing any more: over, too old, or of who is out."""
    asked = {"session_ids": list(session_ids), "at": at}
    return on.execute(ENDED_SESSIONS, asked).scalars().all()
