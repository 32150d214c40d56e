"""The clock of escalation: steps at their minute, silence noted each week, what should never be."""

from __future__ import annotations

from datetime import datetime

from portal.core.db import unit_of_work
from portal.core.jobs import Payload, long_job, sweep
from portal.escalation import invariants, operations, queries
from portal.escalation.models import Broken


@sweep("escalation.take_steps", queries.clocks_due)
def take_steps(clock_id: int, at: datetime) -> None:
    operations.take_due(clock_id, at)


@sweep("escalation.note_silence", queries.silent_clocks, queue="bulk")
def note_silence(clock_id: int, at: datetime) -> None:
    operations.note_again(clock_id, at)


@long_job("escalation.check_invariants")
def check_invariants(_payload: Payload, at: datetime) -> None:
    for kind in Broken:
        with unit_of_work():
            invariants.check(kind, at)
