"""The sweep that finds letters that did not arrive."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.correspondence import operations, queries


@sweep("correspondence.note_returns", queries.list_came_back, queue="mail")
def note_return(letter_id: int, at: datetime) -> None:
    operations.note_return(letter_id, at)
