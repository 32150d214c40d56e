"""Jobs of feedback: what partners' work comes to, counted each night and when leads end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.core import jobs
from portal.core.jobs import Payload, job
from portal.core.reactions import reaction
from portal.feedback import rates
from portal.feedback.events import FeedbackGiven
from portal.feedback.rules import CLOSING
from portal.matching import groups

# ten thousand firms take seconds; a queue that works on other things must not end it
COUNTING = 900


@job("feedback.count_rates", queue="bulk", timeout=COUNTING)
def count_rates(payload: Payload, at: datetime) -> None:
    """Count what all partners' work comes to, or that of one; doubt groups by it."""
    if "organisation_id" in payload:
        rates.count_firm(int(payload["organisation_id"]), at)
    else:
        rates.count_all(at)
    groups.doubt(groups.RATES)


@reaction("feedback.renew_rates", queue="bulk")
def renew_rates(event: Any, _at: datetime) -> None:
    """React to the end of a lead in a firm's hands, or to its being undone.

    Answers on the way change deadlines met alone: those are counted at night.
    """
    if isinstance(event, FeedbackGiven) and event.status not in CLOSING:
        return
    firm = event.organisation_id
    if firm is None:
        return
    jobs.soon("feedback.count_rates", {"organisation_id": firm}, job_id=f"rates-{firm}")
