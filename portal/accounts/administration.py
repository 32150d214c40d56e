"""Verbs of who administers people: what is noted of them, their roles, firm, unit and sessions.

Inviting, deactivating and what a person does herself stand in `operations`. Whoever holds leads is
moved by `pickup.leavers`, which hands them on first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from flask_babel import gettext as _
from sqlalchemy import select, update

from portal.accounts import admins, managers, operations, tree
from portal.accounts.events import (
    OrganisationChanged,
    OrganisationClosed,
    OrganisationReopened,
    PersonChanged,
    PersonMoved,
    PersonSignedOut,
    RolesChanged,
)
from portal.accounts.models import Organisation, OrganisationKind, Unit, User
from portal.accounts.permissions import MANAGING_ROLES, ROLES_OF_KIND
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record

LANGUAGES = ("en", "de")
LONGEST = {"name": 120, "phone": 60}


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is in a firm, and where."""

    roles: tuple[str, ...]
    unit_id: int | None = None
    manager_id: int | None = None


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is noted of a person."""

    name: str
    phone: str | None
    locale: str
    timezone: str
    place: Place


def get_person(user_id: int) -> User:
    """Return anybody, active or not. Raises `NotFound`."""
    found = session().get(User, user_id)
    if found is None:
        raise NotFound()
    return found


def change(user: User, wanted: Particulars, at: datetime, by_user_id: int) -> None:
    """Change what is noted of a person; new roles hold from her next click on.

    Saying the same again changes nothing. Raises `Invalid` by field, and `LastAdmin`.
    """
    errors = check(user.organisation, wanted)
    if errors:
        raise Invalid(errors)
    # first: it locks the administrators in one order, before any row is changed
    put(user, wanted.place, at, by_user_id)
    values = {
        "name": wanted.name.strip(),
        "phone": wanted.phone or None,
        "locale": wanted.locale,
        "timezone": wanted.timezone,
    }
    fields = sorted(name for name, value in values.items() if getattr(user, name) != value)
    for name in fields:
        setattr(user, name, values[name])
    if fields:
        record(PersonChanged(at=at, user_id=user.id, by_user_id=by_user_id, fields=fields))


def put(user: User, place: Place, at: datetime, by_user_id: int) -> None:
    """Give a person roles, a unit and a superior within the own firm.

    Raises `Invalid` by field, and `LastAdmin`.
    """
    errors = check_roles(user.organisation, place.roles)
    if errors:
        raise Invalid(errors)
    if admins.ADMIN not in place.roles:
        admins.keep_one(user)
    set_roles(user, place.roles, at, by_user_id)
    session().flush()
    tree.set_unit(user, place.unit_id, at)
    tree.set_manager(user, place.manager_id, at)


def put_in_own_firm(user: User, place: Place, at: datetime, by_user_id: int) -> None:
    """Put a person of a manager's own firm where that manager wants her.

    Raises what `put` does, and `LastManager` where nobody would be left to look after the others.
    """
    if not set(place.roles) & set(MANAGING_ROLES):
        managers.keep_one(user)
    put(user, place, at, by_user_id)


def set_roles(user: User, roles: Collection[str], at: datetime, by_user_id: int) -> None:
    """Make a person what she shall be from now on."""
    before, after = list(user.roles), list(dict.fromkeys(roles))
    if set(before) == set(after):
        return
    user.roles = after
    session().flush()
    record(
        RolesChanged(
            at=at,
            user_id=user.id,
            by_user_id=by_user_id,
            roles_before=before,
            roles_after=after,
        )
    )


def check(organisation: Organisation, wanted: Particulars) -> dict[str, str]:
    """Return a sentence per field that can't be right."""
    errors: dict[str, str] = {}
    if not wanted.name.strip():
        errors["name"] = _("Please give a name.")
    for field, limit in LONGEST.items():
        if len(getattr(wanted, field) or "") > limit:
            errors[field] = _("Please take at most %(limit)d characters.", limit=limit)
    if wanted.locale not in LANGUAGES:
        errors["locale"] = _("Please choose from the list.")
    if wanted.timezone not in available_timezones():
        errors["timezone"] = _("Please choose a time zone from the list, as Europe/Berlin.")
    return errors | check_roles(organisation, wanted.place.roles)


def check_roles(organisation: Organisation, roles: Collection[str]) -> dict[str, str]:
    """Return what speaks against these roles in a firm, at the field `roles`."""
    if not roles:
        return {"roles": _("Please choose at least one role.")}
    if not set(roles) <= set(ROLES_OF_KIND[organisation.kind]):
        return {"roles": _("Please choose among the roles of this firm.")}
    return {}


def move(
    user: User, organisation: Organisation, roles: Collection[str], at: datetime, by_user_id: int
) -> None:
    """Move a person to another firm, with roles of its kind; what let her in before ends.

    Of an invitation that waits a fresh one is sent, in the new firm's name. Raises `Invalid` and
    `LastAdmin`. Who holds leads goes through `pickup.leavers`.
    """
    errors = check_roles(organisation, roles)
    if not organisation.active:
        errors["organisation_id"] = _("This firm has no access any more.")
    if organisation.id == user.organisation_id:
        errors["organisation_id"] = _("%(name)s is there already.", name=user.name)
    if errors:
        raise Invalid(errors)
    if admins.ADMIN not in roles or organisation.kind != user.organisation.kind:
        admins.keep_one(user)
    left = user.organisation_id
    user.organisation, user.organisation_id = organisation, organisation.id
    user.unit_id = None
    release(user)
    set_roles(user, roles, at, by_user_id)
    operations.shut_out(user.id, at)
    session().flush()
    record(
        PersonMoved(
            at=at,
            user_id=user.id,
            by_user_id=by_user_id,
            organisation_ids=[left, organisation.id],
        )
    )
    if user.active and user.password_hash is None and user.invited_at is not None:
        operations.invite_again(user, at, by_user_id)


def sign_out(user: User, at: datetime, by_user_id: int) -> None:
    """End every session of a person; she may sign in again."""
    operations.end_sessions_of(user.id, at)
    record(PersonSignedOut(at=at, user_id=user.id, by_user_id=by_user_id))


def close(organisation: Organisation, at: datetime, by_user_id: int) -> None:
    """Let nobody of a firm in any more; its people stay noted. Raises `Refused` for the vendor.

    Who holds leads goes through `pickup.leavers`.
    """
    if organisation.kind == OrganisationKind.VENDOR:
        raise Refused(_("The vendor’s own firm stays. Please take the access of its people away."))
    if not organisation.active:
        return
    organisation.active = False
    session().flush()
    for user_id in session().scalars(
        select(User.id).where(User.organisation_id == organisation.id).order_by(User.id)
    ):
        operations.shut_out(user_id, at)
    record(OrganisationClosed(at=at, organisation_id=organisation.id, by_user_id=by_user_id))


def reopen(organisation: Organisation, at: datetime, by_user_id: int) -> None:
    """Let the people of a firm in again, those who were not deactivated themselves."""
    if organisation.active:
        return
    organisation.active = True
    session().flush()
    record(OrganisationReopened(at=at, organisation_id=organisation.id, by_user_id=by_user_id))


def change_organisation(
    organisation: Organisation,
    name: str,
    domain: str | None,
    locale: str,
    timezone: str,
    at: datetime,
    by_user_id: int,
) -> None:
    """Change what is noted of a firm. Raises `Invalid` by field."""
    errors: dict[str, str] = {}
    name = name.strip()
    if not name:
        errors["name"] = _("Please give the firm a name.")
    elif len(name) > LONGEST["name"]:
        errors["name"] = _("Please take at most %(limit)d characters.", limit=LONGEST["name"])
    elif operations.is_name_taken(name, besides=organisation.id):
        errors["name"] = _("There is a firm with this name already.")
    if locale not in LANGUAGES:
        errors["locale"] = _("Please choose from the list.")
    if timezone not in available_timezones():
        errors["timezone"] = _("Please choose a time zone from the list, as Europe/Berlin.")
    if errors:
        raise Invalid(errors)
    values = {"name": name, "domain": domain or None, "locale": locale, "timezone": timezone}
    fields = sorted(
        field for field, value in values.items() if getattr(organisation, field) != value
    )
    for field in fields:
        setattr(organisation, field, values[field])
    session().flush()
    if fields:
        record(
            OrganisationChanged(
                at=at, organisation_id=organisation.id, by_user_id=by_user_id, fields=fields
            )
        )


def release(user: User) -> None:
    """Take a person who leaves her firm out of its tree: nobody reports to her any more."""
    for column in (User.manager_id, Unit.manager_id, Organisation.account_manager_id):
        session().execute(
            update(column.class_)
            .where(column == user.id)
            .values({column.key: None})
            .execution_options(synchronize_session="fetch")
        )
    user.manager_id = None
