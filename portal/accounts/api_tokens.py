"""Tokens of other systems: made, shown once, looked up, revoked.

A token opens what its scopes say and nothing else, in the name of one of the vendor's people.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select, update
from sqlalchemy.orm import aliased

from portal.accounts.actor import Actor
from portal.accounts.events import ApiTokenMade, ApiTokenRevoked
from portal.accounts.models import ApiToken, Organisation, OrganisationKind, User
from portal.accounts.queries import find_actor_of, find_user_by_email
from portal.core import tokens
from portal.core.db import AnyRow, apart, session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record

BEGINS = "fct_"
"""How every token begins, so that one that got lost is known for what it is."""

LONGEST_NAME = 60
SHOWN = 200
SYSTEM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
TOUCHED_AFTER = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token can open."""

    LEADS_WRITE = "leads:write"
    SIGNALS_WRITE = "signals:write"


SCOPE_WORDS: dict[str, Any] = {
    Scope.LEADS_WRITE: _l("Bring inquiries"),
    Scope.SIGNALS_WRITE: _l("Tell what customers did"),
}


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes in with a token."""

    token_id: int
    system: str
    scopes: frozenset[str]
    actor: Actor


def make_token(
    email: str,
    name: str,
    scopes: Collection[str],
    at: datetime,
    *,
    system: str = "api",
    days: int | None = None,
    by: Actor | None = None,
) -> tuple[ApiToken, str]:
    """Make a token and return it with its secret, which nobody can read again.

    Raises `Invalid` at `email`, `name`, `scopes`, `system`, `days`.
    """
    errors = {}
    name, system = name.strip(), system.strip().lower()
    user = find_user_by_email(email.strip())
    if user is None or not _may_stand_for(user):
        errors["email"] = str(_("Nobody of the vendor with access has this address."))
    if not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = str(_("Please give a name of up to %(most)d characters.", most=60))
    if not scopes or not set(scopes) <= set(Scope):
        errors["scopes"] = str(
            _("Please choose what it may do: %(known)s.", known=", ".join(Scope))
        )
    if not SYSTEM.fullmatch(system):
        errors["system"] = str(_("Please use small letters, digits, dots and hyphens: crm-north."))
    if days is not None and not 0 < days <= 3660:
        errors["days"] = str(_("Please give a number of days from 1 to %(most)d.", most=3660))
    if errors or user is None:
        raise Invalid(errors)
    secret = BEGINS + tokens.new_secret()
    token = ApiToken(
        name=name,
        system=system,
        user_id=user.id,
        token_hash=tokens.hash_secret(secret),
        scopes=[scope for scope in Scope if scope in scopes],
        made_at=at,
        made_by=by.id if by else None,
        expires_at=at + timedelta(days=days) if days else None,
    )
    session().add(token)
    session().flush()
    record(
        ApiTokenMade(
            at=at,
            token_id=token.id,
            user_id=user.id,
            by_user_id=by.id if by else None,
            scopes=list(token.scopes),
        )
    )
    return token, secret


def _may_stand_for(user: User) -> bool:
    firm = user.organisation
    return user.active and firm.active and firm.kind == OrganisationKind.VENDOR


def revoke_token(token_id: int, actor: Actor, at: datetime) -> ApiToken:
    """Have a token open nothing any more; doing it twice is fine. Raises `NotFound`."""
    token = session().get(ApiToken, token_id, with_for_update={"key_share": True})
    if token is None:
        raise NotFound()
    if token.revoked_at is None:
        token.revoked_at, token.revoked_by = at, actor.id
        session().flush()
        record(
            ApiTokenRevoked(at=at, token_id=token.id, user_id=token.user_id, by_user_id=actor.id)
        )
    return token


def find_bearer(secret: str, at: datetime) -> Bearer | None:
    """Return who comes in with this secret; None where it opens nothing."""
    if not secret.startswith(BEGINS) or len(secret) > 100:
        return None
    token = session().scalar(
        select(ApiToken).where(
            ApiToken.token_hash == tokens.hash_secret(secret),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > at),
        )
    )
    if token is None:
        return None
    actor = find_actor_of(token.user_id)
    if actor is None or actor.organisation_kind != OrganisationKind.VENDOR:
        return None
    if token.used_at is None or at - token.used_at > TOUCHED_AFTER:
        with apart() as own:
            own.execute(update(ApiToken).where(ApiToken.id == token.id).values(used_at=at))
    return Bearer(token.id, token.system, frozenset(token.scopes), actor)


def list_tokens() -> Sequence[AnyRow]:
    """Return tokens with the names of whom they stand for and who made them, the newest first."""
    maker = aliased(User)
    query = (
        select(
            ApiToken,
            User.name.label("person"),
            maker.name.label("maker"),
            (User.active & Organisation.active).label("has_access"),
        )
        .join(User, User.id == ApiToken.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .outerjoin(maker, maker.id == ApiToken.made_by)
        .order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
        .limit(SHOWN)
    )
    return session().execute(query).all()
