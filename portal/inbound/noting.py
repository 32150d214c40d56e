"""What somebody writes in answer to a mail, and is no answer to a question: a note about a lead."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.core.mail.outbox import masked
from portal.inbound import queries
from portal.inbound.events import ReplyCommented
from portal.inbound.rules import Topic
from portal.leads.models import Lead
from portal.leads.notes import check_writes, write_note
from portal.timeline.notes import LONGEST


def is_shared(topic: str | None, mark: str, lead_id: int, actor: Actor) -> bool:
    """Say whether what somebody writes about a lead, and sends along, is for the other side, too.

    All that a partner writes is; of the vendor's people what answers a note of the firm that holds
    the lead still (`mark`).
    """
    if actor.is_partner:
        return True
    return topic == Topic.TALK and bool(mark) and mark == queries.mark_of_talk(lead_id)


def comment(
    lead_id: int, words: str, message_id: int | None, shared: bool, actor: Actor, at: datetime
) -> None:
    """Add what somebody wrote to the notes about a lead, for the other side to read if `shared`.

    What opens something for whoever reads it, in a mail of ours that is quoted, is left out.
    Raises `NotFound` for whom they are none of hers.
    """
    lead = session().get(Lead, lead_id)
    if lead is None:
        raise NotFound()
    check_writes(lead, actor)
    if not words:
        return
    note = write_note(lead, masked(words)[:LONGEST], shared, actor, at)
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
