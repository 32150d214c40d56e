"""Tell the customer of a lead in hand who calls, ask once whether anybody did, keep what is said.

A pickup plans its mails, a sweep writes each when it is due, looking anew at how things stand. Lock
order: partner → lead → pickup → letter or word. Nothing here takes a lead out of anybody's hands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.core.mail.replies import hash_token
from portal.deadlines.models import Clock, Stop
from portal.feedback import operations as feedback
from portal.leads import wall
from portal.leads.models import Lead, LeadContact, LeadState
from portal.leads.operations import DO_NOT_CALL, suppress, suppression_keys
from portal.offers import operations as offers
from portal.pickup import clocks
from portal.pickup import operations as pickups
from portal.pickup.contact import find_noted_contact
from portal.pickup.models import Pickup
from portal.pickup.queries import get_policy
from portal.pickup.rules import NotYoursAnyMore
from portal.witness import mails, queries
from portal.witness.events import CustomerAsked, CustomerDeclined, CustomerSaid, CustomerTold
from portal.witness.models import CustomerLetter, CustomerWord, LetterKind, Outcome, Said, Way
from portal.witness.rules import LATE, SETTLES, Settled, TooLateToChange, may_change

LOOKS_AGAIN = timedelta(hours=1)
"""So long later it is looked again whether a clock that rests goes on."""


# -- planned ----------------------------------------------------------------------------------


def introduce(pickup_id: int, at: datetime) -> None:
    """Plan that the customer is told who holds the lead now, where its policy says so."""
    pickup = session().get_one(Pickup, pickup_id)
    if get_policy(pickup).customer_told:
        _plan(LetterKind.TOLD, pickup, at + SETTLES)


def ask(pickup_id: int, at: datetime) -> None:
    """Plan that the customer is asked once the time for first contact is over, likewise."""
    pickup, clock = session().get_one(Pickup, pickup_id), queries.find_response(pickup_id)
    if get_policy(pickup).customer_asked and clock is not None:
        _plan(LetterKind.ASKED, pickup, max(clock.due_at, at))


def _plan(kind: LetterKind, pickup: Pickup, due: datetime) -> None:
    session().execute(
        insert(CustomerLetter)
        .values(kind=kind, pickup_id=pickup.id, user_id=pickup.user_id, due_at=due)
        .on_conflict_do_nothing()
    )


# -- written ----------------------------------------------------------------------------------


def write(letter_id: int, at: datetime) -> None:
    """Write a mail to a customer that is due, once; or note why it is not written."""
    letter = _lock(letter_id)
    if letter is None:
        return
    pickup = session().get_one(Pickup, letter.pickup_id)
    lead, clock = session().get_one(Lead, pickup.lead_id), queries.find_response(pickup.id)
    if moved := _moved(letter, clock, at):
        letter.due_at = moved
        session().flush()
        return
    if letter.kind == LetterKind.ASKED:
        letter.user_id = pickup.user_id
    contact = mails.find_customer(lead, pickup)
    outcome = Outcome.SENT
    if clock is None or is_past(letter, pickup, clock, at):
        outcome = Outcome.PAST
    elif letter.kind == LetterKind.TOLD and queries.was_told(lead.id, at, letter.user_id):
        outcome = Outcome.KNOWN
    elif contact is None:
        outcome = Outcome.NOBODY
    else:
        token = mails.write(letter, lead, contact, clock.due_at, at)
        letter.secret_hash, letter.call_by = hash_token(token), clock.due_at
    letter.settled_at, letter.outcome = at, outcome
    session().flush()
    if outcome == Outcome.SENT:
        record(_told(letter, lead.id, at))


def _lock(letter_id: int) -> CustomerLetter | None:
    """Lock a mail that waits, and its pickup; None where it is settled."""
    seen = session().get(CustomerLetter, letter_id)
    if seen is None:
        return None
    # whoever gives the lead back just now is waited for
    session().get_one(
        Pickup, seen.pickup_id, with_for_update={"read": True}, populate_existing=True
    )
    return session().scalar(
        select(CustomerLetter)
        .where(CustomerLetter.id == letter_id, CustomerLetter.settled_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _moved(letter: CustomerLetter, clock: Clock | None, at: datetime) -> datetime | None:
    """Return when a question is due whose time has not come; None where it has.

    That is when the time for first contact is over; while it rests, it is looked again later.
    """
    if letter.kind != LetterKind.ASKED or clock is None:
        return None
    if clock.stopped_at is None and clock.paused_at is not None:
        return max(clock.due_at, at + LOOKS_AGAIN)
    return clock.due_at if clock.due_at > at else None


def is_past(letter: CustomerLetter, pickup: Pickup, clock: Clock, at: datetime) -> bool:
    """Say whether there is no use any more in what a mail would say."""
    if pickup.ended_at is not None or letter.due_at < at - LATE:
        return True
    if letter.kind == LetterKind.ASKED:
        return clock.outcome == Stop.VOID
    return pickup.user_id != letter.user_id or clock.stopped_at is not None or clock.due_at <= at


def _told(letter: CustomerLetter, lead_id: int, at: datetime) -> CustomerTold | CustomerAsked:
    """Return the event of a mail that was written."""
    about: dict[str, Any] = {
        "at": at,
        "lead_id": lead_id,
        "letter_id": letter.id,
        "pickup_id": letter.pickup_id,
        "user_id": letter.user_id,
    }
    if letter.kind == LetterKind.ASKED or letter.call_by is None:
        return CustomerAsked(**about)
    return CustomerTold(**about, call_by=letter.call_by.isoformat())


# -- what the customer says --------------------------------------------------------------------


def answer(letter_id: int, said: Said, way: Way, at: datetime) -> CustomerWord:
    """Keep whether somebody called, as the customer says; the same twice is once.

    A yes is the first contact where the holder has noted none; what the holder answered stays.
    Raises `NotFound`, `Settled`, `TooLateToChange`.
    """
    letter = session().get(CustomerLetter, letter_id)
    if letter is None or letter.kind != LetterKind.ASKED or letter.outcome != Outcome.SENT:
        raise NotFound()
    seen = session().get_one(Pickup, letter.pickup_id)
    offers.lock_partner(seen.organisation_id)
    try:
        pickup, lead = pickups.lock_lead_and_pickup(seen)
    except NotYoursAnyMore:
        raise Settled(_("This is settled by now.")) from None
    word = session().get(CustomerWord, pickup.id, with_for_update=True, populate_existing=True)
    before = word.said if word else None
    if word is None:
        word = CustomerWord(pickup_id=pickup.id, said=said, way=way, first_at=at, said_at=at)
        session().add(word)
    elif before == said:
        return word
    elif not may_change(word.first_at, at):
        raise TooLateToChange(_("What you said first stands by now."))
    word.said, word.way, word.said_at = said, way, at
    if said == Said.YES:
        _confirm_contact(word, pickup, at)
    elif word.contact_at is not None:
        _withdraw_contact(word, word.contact_at, pickup)
    session().flush()
    record(
        CustomerSaid(
            at=at,
            lead_id=lead.id,
            letter_id=letter.id,
            pickup_id=pickup.id,
            user_id=pickup.user_id,
            organisation_id=pickup.organisation_id,
            said=said,
            before=before,
            way=way,
        )
    )
    return word


def _confirm_contact(word: CustomerWord, pickup: Pickup, at: datetime) -> None:
    """Note first contact by the customer's word, if the holder has not.

    When that was nobody says; the question was whether it was in time.
    """
    if pickup.first_contact_at is not None:
        return
    clock = queries.find_response(pickup.id)
    clocks.contacted(pickup, min(clock.due_at, at) if clock else at)
    word.contact_at = pickup.first_contact_at


def _withdraw_contact(word: CustomerWord, made_at: datetime, pickup: Pickup) -> None:
    """Take back first contact by the customer's word; what the holder said or did since stays."""
    clocks.not_contacted(pickup, made_at)
    feedback.forget_contact(pickup, made_at)
    own = [one for one in (feedback.told_of_contact(pickup), find_noted_contact(pickup)) if one]
    if own:
        clocks.contacted(pickup, min(own))
    word.contact_at = None


def decline(letter_id: int, at: datetime) -> None:
    """Put a customer who asks for it on the list of those nobody approaches; twice is once.

    Whoever holds the lead by now hears of it, and it stays in those hands. Raises `NotFound`.
    """
    letter = session().get(CustomerLetter, letter_id)
    if letter is None or letter.outcome != Outcome.SENT:
        raise NotFound()
    pickup = session().get_one(Pickup, letter.pickup_id)
    offers.lock_partner(pickup.organisation_id)
    lead = offers.lock_lead(pickup.lead_id)
    if lead.suppressed:
        return
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
    if contact is None:
        raise NotFound()
    keys = suppression_keys(contact, lead.source_system, lead.external_id)
    on_offer = lead.state == LeadState.OFFERED
    # one that is on offer again is taken off by whoever reacts
    suppress(keys, DO_NOT_CALL, at, None if on_offer else lead.id)
    if not on_offer:
        lead.suppressed = True
        lead.version += 1
    session().flush()
    pickup = queries.find_held(lead.id) or pickup
    record(
        CustomerDeclined(
            at=at,
            lead_id=lead.id,
            letter_id=letter.id,
            pickup_id=pickup.id,
            user_id=pickup.user_id,
            organisation_id=pickup.organisation_id,
        )
    )
