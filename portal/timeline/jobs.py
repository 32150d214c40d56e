"""The clock of the timeline: who has an activity is reminded once; files without a row go."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import Payload, job, sweep
from portal.timeline import attachments, operations, queries


@sweep("timeline.remind", queries.to_remind)
def remind(activity_id: int, at: datetime) -> None:
    operations.remind(activity_id, at)


@job("timeline.forget_file", queue="bulk")
def forget_file(payload: Payload, _at: datetime) -> None:
    attachments.forget_file(str(payload["key"]))


@job("timeline.sweep_files", queue="bulk")
def sweep_files(_payload: Payload, at: datetime) -> None:
    attachments.sweep(at)
