"""The life cycle of a lead: which status follows which, as the rows of the definition say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    SQLColumnExpression,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from portal.core.db import AnyRow, session
from portal.core.errors import Refused
from portal.leads.models import Lead, LeadStatus, LeadTransition, LeadType, LifeState


class TransitionRefused(Refused):
    """The definition does not allow this change of status."""

    code = "transition_refused"


_CURRENT, _TARGET = aliased(LeadStatus), aliased(LeadStatus)


def _follows(
    type_id: SQLColumnExpression[int],
    roles: ColumnElement[Any] | None,
    units: ColumnElement[Any] | None = None,
) -> ColumnElement[bool]:
    """Return whether the target is the current status or may follow it.

    Without `roles` and `units` it is not asked who does it.
    """
    way = exists().where(
        LeadTransition.from_status_id == _CURRENT.id,
        LeadTransition.to_status_id == _TARGET.id,
        or_(LeadTransition.type_ids.is_(None), type_id == any_(LeadTransition.type_ids)),
    )
    if roles is not None:
        way = way.where(or_(LeadTransition.roles.is_(None), LeadTransition.roles.overlap(roles)))
    if units is not None:
        way = way.where(
            or_(LeadTransition.unit_ids.is_(None), LeadTransition.unit_ids.overlap(units))
        )
    # the lead of a query further out is meant, never any lead
    return or_(_TARGET.id == _CURRENT.id, way.correlate(_TARGET, _CURRENT, Lead))


def _of_type(type_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Return whether the target is a status of the active definition that the type may have."""
    return (
        exists()
        .where(
            LeadType.id == type_id,
            LeadType.definition_id == _TARGET.definition_id,
            or_(LeadType.status_ids.is_(None), _TARGET.id == any_(LeadType.status_ids)),
        )
        .correlate(_TARGET, Lead)
    )


_TYPE = bindparam("type_id", type_=BigInteger)
_ROLES = cast(bindparam("roles"), ARRAY(Text))
_UNITS = cast(bindparam("units"), ARRAY(BigInteger))
_FOLLOWERS = (
    select(_TARGET, _follows(_TYPE, _ROLES, _UNITS).label("allowed"))
    .join(_CURRENT, _CURRENT.definition_id == _TARGET.definition_id)
    .where(_CURRENT.id == bindparam("current_id"), _of_type(_TYPE))
    .order_by((_TARGET.id == _CURRENT.id).desc(), _TARGET.position, _TARGET.id)
)
BY_ANSWER = _FOLLOWERS.where(_TARGET.feedback_status == bindparam("answer"))
FIRST_OF_STATE = (
    select(_TARGET, _follows(_TYPE, None).label("allowed"))
    .join(_CURRENT, _CURRENT.definition_id == _TARGET.definition_id)
    .where(
        _CURRENT.id == bindparam("current_id"),
        _of_type(_TYPE),
        _TARGET.life_state == bindparam("life_state"),
        _TARGET.is_default,
    )
)
STANDING = (
    select(_TARGET)
    .where(
        _of_type(_TYPE),
        _TARGET.life_state == bindparam("life_state"),
        or_(_TARGET.id == bindparam("status_id"), _TARGET.is_default),
    )
    .order_by((_TARGET.id == bindparam("status_id")).desc())
    .limit(1)
)


LABELS = _FOLLOWERS.where(
    _TARGET.id != _CURRENT.id,
    _TARGET.life_state == _CURRENT.life_state,
    _TARGET.feedback_status.is_not_distinct_from(_CURRENT.feedback_status),
)


def list_followers(
    lead: Lead, roles: Collection[str], units: Sequence[int] = ()
) -> Sequence[LeadStatus]:
    """Return the other statuses of the lead's state and answer that somebody may put it into.

    `units` are those that he is in, as `reach.units_of` has them.
    """
    asked = {
        "current_id": lead.status_id,
        "type_id": lead.type_id,
        "roles": sorted(roles),
        "units": list(units),
    }
    return [row[0] for row in session().execute(LABELS, asked) if row.allowed]


def list_ways(
    lead: Lead, roles: Collection[str], units: Sequence[int] = ()
) -> Sequence[LeadStatus]:
    """Return every status into which somebody with these roles, in these units, may put a lead."""
    asked = {
        "current_id": lead.status_id,
        "type_id": lead.type_id,
        "roles": sorted(roles),
        "units": list(units),
    }
    rows = session().execute(_FOLLOWERS, asked)
    return [row[0] for row in rows if row.allowed and row[0].id != lead.status_id]


def status_for_answer(
    lead: Lead, answer: str, roles: Collection[str], units: Sequence[int] = ()
) -> LeadStatus:
    """Return the status that an answer of somebody with these roles, in these units, leads to.

    The same status is always allowed again; of several that stand for the answer it is the first
    one that may follow. Raises `TransitionRefused`.
    """
    asked = {
        "current_id": lead.status_id,
        "type_id": lead.type_id,
        "roles": sorted(roles),
        "units": list(units),
        "answer": answer,
    }
    rows = session().execute(BY_ANSWER, asked).all()
    if not rows:
        raise TransitionRefused(_("This programme has no status for this answer."))
    return _allowed(next((row for row in rows if row.allowed), rows[0]))


def first_of(lead: Lead, life_state: LifeState) -> LeadStatus:
    """Return the usual status of a life-cycle state. Raises `TransitionRefused`."""
    asked = {
        "current_id": lead.status_id,
        "type_id": lead.type_id,
        "life_state": life_state,
    }
    row = session().execute(FIRST_OF_STATE, asked).one_or_none()
    if row is None:
        raise TransitionRefused(_("This programme has no status for this step."))
    return _allowed(row)


def first_allowed(life_state: LifeState) -> ScalarSelect[int]:
    """Return, for a query of leads, the id that `first_of` finds; NULL where it would refuse."""
    return (
        select(_TARGET.id)
        .join(_CURRENT, _CURRENT.definition_id == _TARGET.definition_id)
        .where(
            _CURRENT.id == Lead.status_id,
            _of_type(Lead.type_id),
            _TARGET.life_state == life_state,
            _TARGET.is_default,
            _follows(Lead.type_id, None),
        )
        .correlate(Lead)
        .scalar_subquery()
    )


def status_again(lead: Lead, status_id: int, life_state: LifeState) -> int:
    """Return the id of a status that a lead was in before, for it to be in again.

    Where the definition has changed since and the lead can't be in it, that of the usual one of
    the state.
    """
    asked = {"type_id": lead.type_id, "status_id": status_id, "life_state": life_state}
    found = session().scalar(STANDING, asked)
    return found.id if found is not None else status_id


def _allowed(row: AnyRow) -> LeadStatus:
    """Return the status of a row if the definition allows the change to it."""
    status: LeadStatus = row[0]
    if not row.allowed:
        raise TransitionRefused(_("This change of status is not part of the programme."))
    return status
