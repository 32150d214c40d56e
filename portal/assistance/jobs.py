"""Jobs of requests: what a lead's end ends."""

from __future__ import annotations

from datetime import datetime

from portal.assistance import operations
from portal.core.events import Event
from portal.core.reactions import reaction


@reaction("assistance.void")
def void(event: Event, at: datetime) -> None:
    """React to a lead that leaves the hands of its holder."""
    if event.lead_id is not None:
        operations.void_of(event.lead_id, at)
