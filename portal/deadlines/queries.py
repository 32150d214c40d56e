"""Reads of policies."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import DeadlinePolicy

STANDARD = select(DeadlinePolicy).where(DeadlinePolicy.standard)
NEWEST = select(DeadlinePolicy).where(DeadlinePolicy.replaced_at.is_(None))
IN_USE = NEWEST.where(DeadlinePolicy.retired_at.is_(None))
IN_ORDER = (DeadlinePolicy.standard.desc(), DeadlinePolicy.name, DeadlinePolicy.key)


def get_policy() -> DeadlinePolicy:
    """Return the standard policy."""
    policy = session().scalar(STANDARD)
    if policy is None:
        raise NotFound()
    return policy


def get_newest(key: str) -> DeadlinePolicy:
    """Return the newest version of a policy, retired or not, or raise NotFound."""
    policy = session().scalar(NEWEST.where(DeadlinePolicy.key == key))
    if policy is None:
        raise NotFound()
    return policy


def list_policies() -> Sequence[DeadlinePolicy]:
    """Return the newest version of every policy: the standard first, then by name."""
    return session().scalars(NEWEST.order_by(*IN_ORDER)).all()


def list_versions(key: str) -> Sequence[tuple[DeadlinePolicy, str | None]]:
    """Return every version of a policy, the newest first, with the name of who made it."""
    rows = session().execute(
        select(DeadlinePolicy, User.name)
        .outerjoin(User, User.id == DeadlinePolicy.created_by)
        .where(DeadlinePolicy.key == key)
        .order_by(DeadlinePolicy.version.desc())
    )
    return [(row[0], row[1]) for row in rows]


def ruling(key: SQLColumnExpression[str | None]) -> ColumnElement[int]:
    """Return, for a query, the id of the policy that holds where a type names this key.

    That is the newest version of the one it names; the standard where it names none, or one that
    is not in use.
    """
    named, standard = aliased(DeadlinePolicy), aliased(DeadlinePolicy)
    return func.coalesce(
        select(named.id)
        .where(named.key == key, named.replaced_at.is_(None), named.retired_at.is_(None))
        .scalar_subquery(),
        select(standard.id).where(standard.standard).scalar_subquery(),
    )
