"""Telling what both sides write to each other about a lead, and what its customer writes."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.correspondence.events import CustomerWrote, LetterCameBack
from portal.correspondence.queries import find_last_author
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.notifications import queries
from portal.notifications.telling import tell_news
from portal.timeline.events import NoteShared, NoteWritten


def tell_of_note(event: NoteWritten | NoteShared, at: datetime) -> None:
    """Tell the other side of a note about a lead, once, however often it is shared."""
    lead = session().get(Lead, event.lead_id) if event.lead_id is not None else None
    if lead is None or lead.holder_id is None or not event.shared:
        return
    people = holding(lead, at)
    if event.organisation_id == lead.holder_organisation_id and event.user_id != lead.owner_id:
        people = looking_after(lead, at)
    others = (user_id for user_id in people if user_id != event.user_id)
    tell_news(others, Topic.COMMENTED, event, at, commented_id=lead.id, note_id=event.note_id)


def holding(lead: Lead, at: datetime) -> list[int]:
    """Return who has a lead; while the holder is away, whoever stands in."""
    if lead.holder_id is None:
        return []
    return [one.id for one in queries.list_in_place_of(lead.holder_id, at)]


def looking_after(lead: Lead, at: datetime) -> list[int]:
    """Return who of the vendor looks after a lead that somebody holds.

    Where nobody answers for it, those who answer for the firm that holds it.
    """
    owner = queries.find_user(lead.owner_id or 0)
    firm = (lead.holder_organisation_id or 0,)
    return [one.id for one in ([owner] if owner else queries.list_account_managers(firm, at))]


def tell_of_customer(event: CustomerWrote, at: datetime) -> None:
    """Tell who has a lead that its customer wrote, and who of that side wrote to him last.

    Where it came to the vendor, whoever looks after the lead. Where none of these may read it by
    now, the channel managers.
    """
    lead = session().get(Lead, event.lead_id)
    if lead is None:
        return
    people = [*holding(lead, at), find_last_author(lead.id, event.organisation_id)]
    if event.organisation_id != lead.holder_organisation_id:
        people += looking_after(lead, at)
    readers = [one for one in dict.fromkeys(people) if one and may_read(lead, one, at)]
    if not readers:
        readers = [user.id for user in queries.list_with_role("channel_manager")]
    facts = {"customer_of_id": lead.id, "activity_id": event.activity_id}
    facts["message_id"] = event.message_id
    tell_news(readers, Topic.CUSTOMER_WROTE, event, at, **facts)


def may_read(lead: Lead, user_id: int, at: datetime) -> bool:
    """Say whether a lead exists for a person who is still here."""
    actor = find_actor_of(user_id, at)
    return actor is not None and find_visible(lead.id, actor) is not None


def tell_of_return(event: LetterCameBack, at: datetime) -> None:
    """Tell who wrote a letter to the customer that it did not arrive, and the holder it was for."""
    lead, writer = session().get(Lead, event.lead_id), queries.find_user(event.user_id)
    if lead is None:
        return
    people = [event.user_id]
    if writer is None or writer.organisation_id == lead.holder_organisation_id:
        people.append(lead.holder_id or event.user_id)
    facts = {"returned_of_id": lead.id, "letter_id": event.letter_id}
    tell_news(dict.fromkeys(people), Topic.LETTER_BACK, event, at, **facts)
