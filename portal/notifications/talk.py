"""Telling what people of both sides write to each other about a lead to who has it on the other."""

from __future__ import annotations

from datetime import datetime

from portal.core.db import session
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.notifications import queries
from portal.notifications.telling import tell_news
from portal.timeline.events import NoteShared, NoteWritten


def tell_of_note(event: NoteWritten | NoteShared, at: datetime) -> None:
    """Tell the other side of a note about a lead, once, however often it is shared."""
    lead = session().get(Lead, event.lead_id) if event.lead_id is not None else None
    if lead is None or lead.holder_id is None or not event.shared:
        return
    people = [lead.holder_id]
    if event.organisation_id == lead.holder_organisation_id and event.user_id != lead.owner_id:
        people = looking_after(lead, at)
    others = (user_id for user_id in people if user_id != event.user_id)
    tell_news(others, Topic.COMMENTED, event, at, commented_id=lead.id, note_id=event.note_id)


def looking_after(lead: Lead, at: datetime) -> list[int]:
    """Return who of the vendor looks after a lead that somebody holds.

    Where nobody answers for it, those who answer for the firm that holds it.
    """
    owner = queries.find_user(lead.owner_id or 0)
    firm = (lead.holder_organisation_id or 0,)
    return [one.id for one in ([owner] if owner else queries.list_account_managers(firm, at))]
