"""What happens by itself: inquiries come to who qualifies them, nurture goes on and ends."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.core.reactions import reaction
from portal.leads.events import LeadCaptured
from portal.qualification import nurture, routing
from portal.scoring.events import LeadHandedOn


@reaction("qualification.route")
def route(event: LeadCaptured, at: datetime) -> None:
    if event.lead_id is not None:
        routing.route(event.lead_id, at)


@reaction("qualification.route_waiting", queue="bulk")
def route_waiting(_event: object, at: datetime) -> None:
    routing.route_waiting(at)


@reaction("qualification.end_nurture")
def end_nurture(event: LeadHandedOn, at: datetime) -> None:
    """Write no more to who has come back by himself."""
    if event.lead_id is not None:
        nurture.attend(event.lead_id, at)


@sweep("qualification.nurture", nurture.due, queue="mail")
def attend(lead_id: int, at: datetime) -> None:
    nurture.attend(lead_id, at)
