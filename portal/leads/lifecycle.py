"""The life cycle of a lead: which status follows which, as the rows of the definition say."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.core.db import session
from portal.core.errors import Refused
from portal.leads.models import LeadStatus, LeadTransition, LifeState


class TransitionRefused(Refused):
    """The definition does not allow this change of status."""

    code = "transition_refused"


def status_for_answer(current_id: int, answer: str) -> LeadStatus:
    """Return the status that an answer leads to from the current one.

    The same status is always allowed again. Raises `TransitionRefused`.
    """
    current, target = aliased(LeadStatus), aliased(LeadStatus)
    status = session().scalar(
        select(target)
        .join(current, current.definition_id == target.definition_id)
        .where(current.id == current_id, target.feedback_status == answer)
    )
    if status is None:
        raise TransitionRefused(_("This programme has no status for this answer."))
    return allowed(current_id, status)


def first_of(current_id: int, life_state: LifeState) -> LeadStatus:
    """Return the default status of a life-cycle state. Raises `TransitionRefused`."""
    current, target = aliased(LeadStatus), aliased(LeadStatus)
    status = session().scalar(
        select(target)
        .join(current, current.definition_id == target.definition_id)
        .where(current.id == current_id, target.life_state == life_state, target.is_default)
    )
    if status is None:
        raise TransitionRefused(_("This programme has no status for this step."))
    return allowed(current_id, status)


def allowed(current_id: int, status: LeadStatus) -> LeadStatus:
    """Return `status` if the rows allow the change to it, else raise `TransitionRefused`."""
    if status.id != current_id and not session().scalar(
        select(LeadTransition.to_status_id).where(
            LeadTransition.from_status_id == current_id, LeadTransition.to_status_id == status.id
        )
    ):
        raise TransitionRefused(_("This change of status is not part of the programme."))
    return status
