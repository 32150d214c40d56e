"""Telling who decides that a firm knew a lead's customer before, and of the decision."""

from __future__ import annotations

from datetime import datetime

from portal.core.db import session
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.notifications import queries
from portal.notifications.telling import tell_news
from portal.relations.events import KnowledgeClaimed, KnowledgeDecided
from portal.relations.models import KnowledgeClaim


def tell_of_claim(event: KnowledgeClaimed, at: datetime) -> None:
    """Tell the channel managers that they have to decide."""
    people = [user.id for user in queries.list_with_role("channel_manager")]
    tell_news(people, Topic.KNOWLEDGE, event, at, claim_id=event.claim_id, decided=0)


def tell_of_decision(event: KnowledgeDecided, at: datetime) -> None:
    """Tell who said so what was decided, and who holds the lead where that is another firm."""
    claim = session().get(KnowledgeClaim, event.claim_id)
    lead = session().get(Lead, event.lead_id)
    if claim is None or lead is None:
        return
    held_by = {lead.holder_id} if lead.holder_organisation_id != claim.organisation_id else set()
    people = {claim.user_id} | held_by
    tell_news(people, Topic.KNOWLEDGE, event, at, claim_id=claim.id, decided=1)
