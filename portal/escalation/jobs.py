"""The clock of escalation: steps at their minute, and once a week a note that nothing is heard."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.escalation import operations, queries


@sweep("escalation.take_steps", queries.clocks_due)
def take_steps(clock_id: int, at: datetime) -> None:
    operations.take_due(clock_id, at)


@sweep("escalation.note_silence", queries.silent_clocks, queue="bulk")
def note_silence(clock_id: int, at: datetime) -> None:
    operations.note_again(clock_id, at)
