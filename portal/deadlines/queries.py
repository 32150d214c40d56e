"""Reads of policies, and of which one is used where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, SQLColumnExpression, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.models import Organisation, OrganisationKind, Unit, User
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import DeadlinePolicy, PolicyUse

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


def list_overflow_units(*, closed: bool = False) -> Mapping[int, str]:
    """Return the names of the vendor's units by id: who can take what nobody else does.

    With `closed` those that there once were as well.
    """
    asked = (
        select(Unit.id, Unit.name)
        .join(Organisation, Organisation.id == Unit.organisation_id)
        .where(Organisation.kind == OrganisationKind.VENDOR)
        .order_by(Unit.name, Unit.id)
    )
    rows = session().execute(asked if closed else asked.where(Unit.closed_at.is_(None)))
    return {row.id: row.name for row in rows}


def list_uses(*, lock: bool = False) -> Sequence[PolicyUse]:
    """Return which policy is used where, in the order in which that is tried."""
    asked = select(PolicyUse).order_by(PolicyUse.position, PolicyUse.id)
    if lock:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    return session().scalars(asked).all()


@dataclass(frozen=True, slots=True)
class Firm:
    """How a query of leads reaches the firm that a use may ask for.

    `in_group` says of the column of a group whether the firm is in it.
    """

    level_id: SQLColumnExpression[int | None]
    in_group: Callable[[SQLColumnExpression[int | None]], ColumnElement[bool]]


def ruling(
    named_key: SQLColumnExpression[str | None],
    type_key: SQLColumnExpression[str],
    temperature: SQLColumnExpression[str | None],
    firm: Firm | None = None,
) -> ColumnElement[int]:
    """Return, for a query, the id of the policy that holds for a lead, `firm` holding it.

    That is the policy of the first use that fits, then the one that its type names, then the
    standard: each time the newest version, and one that is in use.
    """
    used, named, standard = (aliased(DeadlinePolicy) for _each in range(3))
    by_firm = (
        (PolicyUse.group_id.is_(None), PolicyUse.level_id.is_(None))
        if firm is None
        else (
            or_(PolicyUse.group_id.is_(None), firm.in_group(PolicyUse.group_id)),
            or_(PolicyUse.level_id.is_(None), PolicyUse.level_id == firm.level_id),
        )
    )
    return func.coalesce(
        select(used.id)
        .join(PolicyUse, PolicyUse.policy_key == used.key)
        .where(
            used.replaced_at.is_(None),
            used.retired_at.is_(None),
            or_(PolicyUse.type_key.is_(None), PolicyUse.type_key == type_key),
            or_(PolicyUse.temperature.is_(None), PolicyUse.temperature == temperature),
            *by_firm,
        )
        .order_by(PolicyUse.position, PolicyUse.id)
        .limit(1)
        .correlate_except(used, PolicyUse)
        .scalar_subquery(),
        select(named.id)
        .where(named.key == named_key, named.replaced_at.is_(None), named.retired_at.is_(None))
        .correlate_except(named)
        .scalar_subquery(),
        select(standard.id).where(standard.standard).correlate_except(standard).scalar_subquery(),
    )
