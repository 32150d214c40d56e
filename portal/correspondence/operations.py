"""Write to whom a lead is about: checked, kept in the timeline, and into the queue of mails, once.

It is an activity of the firm like one that somebody notes by hand: the first contact counts by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import text as sql

from portal.accounts.actor import Actor
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.core.mail import standing
from portal.correspondence.addresses import address_of, find_lead
from portal.correspondence.events import LetterCameBack, LetterSent
from portal.correspondence.models import Letter
from portal.correspondence.queries import count_letters, find_by_mark, list_of_mails, may_correspond
from portal.correspondence.rules import DAY, CannotWrite, Standing, why_not
from portal.correspondence.writing import KIND, fill, post
from portal.leads import wall
from portal.leads.contacts import load_contact
from portal.leads.models import Lead, LeadContact
from portal.leads.notes import about
from portal.leads.operations import is_suppressed, suppression_keys
from portal.leads.queries import get_visible, lock_visible
from portal.timeline import activities
from portal.timeline.rules import LONGEST, Entry, Kind

IN_LINE = sql("SELECT pg_advisory_xact_lock(hashtext('letters'), CAST(:lead AS integer))")


def get_lead(lead_id: int, actor: Actor, *, lock: bool = False) -> Lead:
    """Return a lead whose customer a person may write to. Raises `NotFound`."""
    lead = lock_visible(lead_id, actor) if lock else get_visible(lead_id, actor)
    if not may_correspond(lead, actor) or address_of(lead, actor) is None:
        raise NotFound()
    return lead


def refusal_of(lead: Lead, contact: LeadContact, actor: Actor, at: datetime) -> str:
    """Say why no letter can be written now; empty where one can."""
    keys = suppression_keys(contact, lead.source_system, lead.external_id)
    about_lead, of_person = count_letters(lead.id, actor.id, at - DAY)
    return why_not(
        Standing(
            has_address=bool(contact.email),
            may_be_approached=not (lead.suppressed or is_suppressed(keys)),
            has_basis=lead.basis is not None,
            takes_mails=not standing.find_barred([contact.email or ""]),
            about_lead=about_lead,
            of_person=of_person,
        )
    )


def send(
    lead_id: int, subject: str, text: str, shared: bool, once: str, actor: Actor, at: datetime
) -> Letter:
    """Send a letter to whom a lead is about; the same words of one form once.

    Raises `NotFound`, `CannotWrite`, `Invalid` (`subject`, `text`).
    """
    session().execute(IN_LINE, {"lead": lead_id})
    lead = get_lead(lead_id, actor, lock=True)
    once = mark_of_words(once, lead, actor, subject, text)
    if sent := find_by_mark(once):
        return sent
    contact = load_contact(lead, actor, at, together=True)
    if why := refusal_of(lead, contact, actor, at):
        raise CannotWrite(why)
    filled = fill(lead, contact, subject, text, actor)
    said = f"{filled.subject}\n\n{filled.text}"
    if len(said) > LONGEST:
        raise Invalid({"text": str(_("Please shorten it a little."))})
    activity = activities.enter(
        about(lead.id),
        Entry(Kind.EMAIL, said, shared=shared),
        done=True,
        people=(actor.id,),
        actor=actor,
        at=at,
    )
    letter = Letter(
        lead_id=lead.id,
        activity_id=activity.id,
        author_id=actor.id,
        organisation_id=actor.organisation_id,
        at=at,
        once=once,
    )
    session().add(letter)
    session().flush()
    post(letter, filled, lead, actor, at)
    record(
        LetterSent(
            at=at,
            lead_id=lead.id,
            letter_id=letter.id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )
    return letter


def mark_of_words(once: str, lead: Lead, actor: Actor, subject: str, text: str) -> str:
    """Return the mark of a letter: its form's, of these words, in the hands of a person.

    Who goes back in the browser and writes something else sends another letter by the same form.
    """
    said = (once, str(lead.id), str(actor.id), subject.strip(), text.replace("\r\n", "\n").strip())
    return hashlib.sha256("\0".join(said).encode()).hexdigest()


@standing.ground(KIND)
def list_groundless(mail_ids: Collection[int]) -> Collection[int]:
    """Return which mails of letters must not go out any more: it may be days after they were sent.

    The customer has asked for no more mails meanwhile, or the lead is out of its writer's hands.
    """
    held = dict.fromkeys(mail_ids)
    for mail_id, letter in list_of_mails(mail_ids):
        lead, actor = find_lead(letter.lead_id), find_actor_of(letter.author_id)
        if lead is not None and actor is not None and has_ground(lead, letter, actor):
            del held[mail_id]
    return held


def has_ground(lead: Lead, letter: Letter, actor: Actor) -> bool:
    """Say whether a letter may still go out in its writer's name."""
    if actor.organisation_id != letter.organisation_id or not may_correspond(lead, actor):
        return False
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
    if contact is None or lead.suppressed or lead.basis is None:
        return False
    return not is_suppressed(suppression_keys(contact, lead.source_system, lead.external_id))


def note_return(letter_id: int, at: datetime) -> None:
    """Note that a letter did not arrive, once."""
    letter = session().get(Letter, letter_id, with_for_update=True, populate_existing=True)
    if letter is None or letter.came_back_at is not None:
        return
    letter.came_back_at = at
    session().flush()
    record(
        LetterCameBack(at=at, lead_id=letter.lead_id, letter_id=letter.id, user_id=letter.author_id)
    )
