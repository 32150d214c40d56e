"""Which deadline policy holds for a lead: by the first use that fits, by its type, or the standard.

Here: finding it, what names which, and retiring one that nothing names. What a policy says and how
it changes is `deadlines`'; which firms a use asks for is said by rooms that know firms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, ScalarSelect, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.core.db import session
from portal.core.errors import Refused
from portal.deadlines import operations
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.queries import Firm, list_policies, list_uses, ruling
from portal.leads.definition_words import called
from portal.leads.models import Lead, LeadDefinition, LeadType
from portal.leads.versions import ONE_AT_A_TIME

RULING = DeadlinePolicy.id == ruling(LeadType.policy_key, LeadType.key, Lead.temperature)
"""Joins the policy that holds for a lead and its type as long as no firm has it."""


def ruling_with(firm: Firm) -> ColumnElement[bool]:
    """Return what joins the policy that holds for a lead and its type once a firm has it."""
    return DeadlinePolicy.id == ruling(LeadType.policy_key, LeadType.key, Lead.temperature, firm)


class PolicyNamed(Refused):
    """A type of lead or a use names the policy, so it stays."""

    code = "policy_named"


OF_LEAD = (
    select(DeadlinePolicy)
    .select_from(Lead)
    .join(LeadType, LeadType.id == Lead.type_id)
    .join(DeadlinePolicy, RULING)
    .where(Lead.id == bindparam("lead_id"))
)


def policy_of(lead: Lead) -> DeadlinePolicy:
    """Return the policy that holds for what begins with a lead now."""
    return session().scalars(OF_LEAD, {"lead_id": lead.id}).one()


def said_of(column: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """Return, for a query of leads, a number of the policy that holds for each."""
    return (
        select(column)
        .join(LeadType, RULING)
        .where(LeadType.id == Lead.type_id)
        .correlate(Lead)
        .scalar_subquery()
    )


def types_by_policy() -> Mapping[str, Sequence[str]]:
    """Return what the types of the active definition are called, by the policy they name."""
    found: dict[str, list[str]] = {}
    rows = session().execute(
        select(LeadType.policy_key, LeadType.names)
        .join(LeadDefinition, LeadDefinition.id == LeadType.definition_id)
        .where(LeadDefinition.active, LeadType.policy_key.is_not(None))
        .order_by(LeadType.position, LeadType.id)
    )
    for key, names in rows:
        found.setdefault(str(key), []).append(called(names))
    return found


def find_strays() -> Mapping[str, Sequence[str]]:
    """Return what names a policy that is not in use, by its key: types, and lines of uses."""
    in_use = {one.key for one in list_policies() if one.in_use}
    found = {key: list(types) for key, types in types_by_policy().items() if key not in in_use}
    for line, use in enumerate(list_uses(), start=1):
        if use.policy_key not in in_use:
            found.setdefault(use.policy_key, []).append(
                _("line %(number)d of which policy where", number=line)
            )
    return found


def set_active(key: str, active: bool, by: int | None, at: datetime) -> DeadlinePolicy:
    """Retire a policy that nothing names, or take one into use again.

    Raises `PolicyNamed`, and as `deadlines.operations.set_active` does.
    """
    # so that no version is activated meanwhile that names it
    session().execute(ONE_AT_A_TIME)
    types = types_by_policy().get(key, ())
    if types and not active:
        raise PolicyNamed(
            _(
                "It stays: these types of lead name it. %(types)s. Let a draft of the lead "
                "definition name another one first.",
                types=", ".join(types),
            )
        )
    if not active and key in {one.policy_key for one in list_uses()}:
        raise PolicyNamed(
            _("It stays: it is used for some leads. Let “Which policy where” say otherwise first.")
        )
    return operations.set_active(key, active, by, at)
