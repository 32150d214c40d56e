"""What somebody writes in answer to a mail, and is no answer to a question: a note about a lead."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.inbound.events import ReplyCommented
from portal.leads.models import Lead
from portal.leads.notes import check_writes, write_note
from portal.timeline.notes import LONGEST


def comment(
    lead_id: int, words: str, message_id: int | None, shared: bool, actor: Actor, at: datetime
) -> None:
    """Add what somebody wrote to the notes about a lead, for the other side to read if `shared`.

    Raises `NotFound` for whom they are none of hers.
    """
    lead = session().get(Lead, lead_id)
    if lead is None:
        raise NotFound()
    check_writes(lead, actor)
    if not words:
        return
    note = write_note(lead, words[:LONGEST], shared, actor, at)
    record(
        ReplyCommented(
            at=at,
            lead_id=lead_id,
            message_id=message_id,
            note_id=note.id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )
