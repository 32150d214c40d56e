"""The clock of drafts; those of feedback and offers stand in their own rooms."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.deadlines import drafts


@sweep("deadlines.tell_of_drafts", drafts.forgetful_qualifiers, queue="bulk")
def tell_of_drafts(user_id: int, at: datetime) -> None:
    drafts.tell_of_drafts(user_id, at)
