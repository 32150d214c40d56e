"""What somebody writes in answer to a mail, and is no answer to a question: a note about a lead."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.actor import Actor
from portal.assistance import operations as requests
from portal.assistance.rules import LONGEST as LONGEST_REQUEST
from portal.core.db import session
from portal.core.errors import NotFound, Refused
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


def say(
    topic: str | None,
    mark: str,
    lead_id: int,
    words: str,
    message_id: int | None,
    shared: bool,
    actor: Actor,
    at: datetime,
) -> None:
    """Add what somebody wrote to the request of which its mail told (`mark`), else to the notes.

    So it is a note, too, where the request takes no more. Raises `NotFound` as `comment` does.
    """
    if topic == Topic.HELP and words and mark.isdecimal():
        try:
            with session().begin_nested():
                requests.ask_again(int(mark), masked(words)[:LONGEST_REQUEST], actor, at)
        except (NotFound, Refused):
            comment(lead_id, words, message_id, shared, actor, at)
    else:
        comment(lead_id, words, message_id, shared, actor, at)


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
