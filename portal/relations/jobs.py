"""Who knows a lead's customer is found out when the lead is ready; offering it asks once more."""

from __future__ import annotations

from datetime import datetime

from portal.core.db import session
from portal.core.reactions import reaction
from portal.leads.events import LeadQualified
from portal.leads.models import Lead
from portal.relations import operations


@reaction("relations.meet", queue="bulk")
def meet(event: LeadQualified, at: datetime) -> None:
    lead = session().get(Lead, event.lead_id)
    if lead is not None:
        operations.meet(lead, at)
