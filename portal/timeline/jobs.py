"""The clock of activities: who has one is reminded of it once."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.timeline import operations, queries


@sweep("timeline.remind", queries.to_remind)
def remind(activity_id: int, at: datetime) -> None:
    operations.remind(activity_id, at)
