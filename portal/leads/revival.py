"""A lead that has ended without success begins anew, as an inquiry to be qualified.

What was found out about it stays with it, and so does its history: who had it on offer and in
hand, and how it ended. Who may, and when, is decided by who asks.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from portal.core.db import session
from portal.core.events import record
from portal.leads import archive, wall
from portal.leads.dates import clear_dates
from portal.leads.events import LeadRevived
from portal.leads.models import Lead, LeadContact, LeadState
from portal.leads.operations import is_suppressed, suppression_keys
from portal.leads.queries import get_definition
from portal.leads.rules import DoNotCall


def revive(lead: Lead, user_id: int | None, at: datetime) -> None:
    """Put a locked dead lead into the queue of those to be qualified, in the status of a new one.

    Nobody is `user_id` where its nurture is over. Raises `DoNotCall` for whoever asked meanwhile
    not to be approached.
    """
    if is_left_alone(lead):
        raise DoNotCall(
            _("The contact of %(number)s asked not to be approached.", number=lead.number)
        )
    definition = get_definition()
    was, reason_id = definition.statuses[lead.status_id].key, lead.disqualified_reason_id
    lead.status_id = definition.first_status(definition.types[lead.type_id]).id
    # holder and state leave together, as the table demands
    lead.holder_id = lead.holder_organisation_id = None
    lead.state, lead.state_since = LeadState.CAPTURED, at
    lead.qualifier_id = lead.disqualified_reason_id = lead.disqualified_original = None
    lead.qualified_at = lead.picked_at = lead.sql_at = None
    lead.closed_at = lead.draft_told_at = None
    lead.version += 1
    archive.forget(lead)
    session().flush()
    clear_dates(lead, user_id, at)
    record(LeadRevived(at=at, lead_id=lead.id, user_id=user_id, was=was, reason_id=reason_id))


def is_left_alone(lead: Lead) -> bool:
    """Say whether the contact of a lead asked not to be approached, on this lead or another."""
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
        keys = suppression_keys(contact, lead.source_system, lead.external_id) if contact else []
    return lead.suppressed or is_suppressed(keys)
