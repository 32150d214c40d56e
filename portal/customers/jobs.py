"""What customers follow: a new one goes to support, a qualified lead finds whose it is."""

from __future__ import annotations

from datetime import datetime

from portal.core.reactions import reaction
from portal.customers import support, winning
from portal.customers.events import CustomerMade
from portal.leads.events import LeadQualified


@reaction("customers.hand_to_support")
def hand_to_support(event: CustomerMade, at: datetime) -> None:
    """Hand a customer to support who was made of a lead; one made by hand is no new business."""
    if event.lead_id is not None:
        support.hand_on(event.customer_id, event.lead_id, at)


@reaction("customers.link_qualified")
def link_qualified(event: LeadQualified, at: datetime) -> None:
    """Note whose a qualified lead is, where that is sure."""
    if event.lead_id is not None:
        winning.link_qualified(event.lead_id, event.user_id, at)
