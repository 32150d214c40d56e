"""The life cycle of a lead: which status follows which, as the rows of the definition say."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from portal.core.db import AnyRow, session
from portal.core.errors import Refused
from portal.leads.models import Lead, LeadStatus, LeadTransition, LifeState


class TransitionRefused(Refused):
    """The definition does not allow this change of status."""

    code = "transition_refused"


_CURRENT, _TARGET = aliased(LeadStatus), aliased(LeadStatus)
_SAME_OR_FOLLOWS = or_(
    _TARGET.id == _CURRENT.id,
    exists().where(
        LeadTransition.from_status_id == _CURRENT.id,
        LeadTransition.to_status_id == _TARGET.id,
    ),
)
_FOLLOWERS = (
    select(
        _TARGET,
        _SAME_OR_FOLLOWS.label("allowed"),
    )
    .join(_CURRENT, _CURRENT.definition_id == _TARGET.definition_id)
    .where(_CURRENT.id == bindparam("current_id"))
)
BY_ANSWER = _FOLLOWERS.where(_TARGET.feedback_status == bindparam("answer"))
FIRST_OF_STATE = _FOLLOWERS.where(_TARGET.life_state == bindparam("life_state"), _TARGET.is_default)


def status_for_answer(current_id: int, answer: str) -> LeadStatus:
    """Return the status that an answer leads to from the current one.

    The same status is always allowed again. Raises `TransitionRefused`.
    """
    row = session().execute(BY_ANSWER, {"current_id": current_id, "answer": answer}).one_or_none()
    if row is None:
        raise TransitionRefused(_("This programme has no status for this answer."))
    return _allowed(row)


def first_of(current_id: int, life_state: LifeState) -> LeadStatus:
    """Return the default status of a life-cycle state. Raises `TransitionRefused`."""
    asked = {"current_id": current_id, "life_state": life_state}
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
            _TARGET.life_state == life_state,
            _TARGET.is_default,
            _SAME_OR_FOLLOWS,
        )
        .correlate(Lead)
        .scalar_subquery()
    )


def _allowed(row: AnyRow) -> LeadStatus:
    """Return the status of a row if the definition allows the change to it."""
    status: LeadStatus = row[0]
    if not row.allowed:
        raise TransitionRefused(_("This change of status is not part of the programme."))
    return status
