"""An answer of a customer by mail to whether anybody called: yes or no in its first line.

Only the address that was asked is heard, and only where nobody doubts it. Any other words say
nothing of themselves; whoever else writes to that address, a forwarded question say, is left to
people and hears nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, or_, select

from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import NotFound, Refused
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.replies import CUSTOMER, hash_token
from portal.inbound.authentication import Vouched, vouched
from portal.inbound.deciding import By, who
from portal.inbound.keeping import note_sender
from portal.inbound.mails import settle
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.parsing import Mail, text_in
from portal.inbound.written import own_words
from portal.leads import wall
from portal.leads.models import LeadContact
from portal.pickup.models import Pickup
from portal.witness import operations
from portal.witness.mails import key_of
from portal.witness.models import CustomerLetter, Way
from portal.witness.rules import LASTS, read_word

MOST_AN_HOUR = 5
HOUR = timedelta(hours=1)
UNCLEAR, LATE = "customer_words", "customer_late"
HERS = (UNCLEAR, LATE)
"""Why a mail of hers was left to people."""


def find_place(token: str, domain: str) -> str | None:
    """Return the name of the address at which a customer answers; None for what is none."""
    letter = session().scalar(
        select(CustomerLetter.id).where(CustomerLetter.secret_hash == hash_token(token))
    )
    return f"{CUSTOMER}+{letter}@{domain}" if letter is not None else None


def letter_of(message: InboundMessage) -> CustomerLetter | None:
    """Return the mail to a customer that is answered."""
    said = message.recipient.partition("@")[0].partition("+")[2]
    return session().get(CustomerLetter, int(said)) if said.isdecimal() else None


def read(message: InboundMessage, mail: Mail, at: datetime) -> InboundMessage:
    """Keep what a customer says of whether anybody called, or leave it to people."""
    note_sender(message.id, mail.sender, mail.sender_name)
    letter = letter_of(message)
    if letter is None or letter.settled_at is None:
        return settle(message, MailState.NOT_UNDERSTOOD, "stranger", at)
    lead_id = session().get_one(Pickup, letter.pickup_id).lead_id
    message.lead_id = lead_id
    if why := why_not_heard(message, mail, lead_id, at):
        return settle(message, MailState.NOT_UNDERSTOOD, why, at)
    said = read_word(own_words(mail.written, sent_with(letter)).words)
    if said is None or letter.settled_at < at - LASTS:
        return settle(message, MailState.NOT_UNDERSTOOD, UNCLEAR, at)
    try:
        with session().begin_nested():
            operations.answer(letter.id, said, Way.MAIL, at)
    except (Refused, NotFound):
        return settle(message, MailState.NOT_UNDERSTOOD, LATE, at)
    return settle(message, MailState.APPLIED, said, at)


def why_not_heard(message: InboundMessage, mail: Mail, lead_id: int, at: datetime) -> str | None:
    """Return as a code why a mail isn't taken for the customer's own; None where it is."""
    settings: Settings = current_app.config["SETTINGS"]
    with wall.open_for([lead_id], session()):
        contact = session().get(LeadContact, lead_id)
    asked = contact.email if contact else None
    if not mail.sender or not asked or who(mail.sender, asked) != By.PERSON:
        return "other_than_asked"
    if vouched(mail.vouched, settings.authserv_id, mail.sender) == Vouched.FAIL:
        return "not_vouched"
    # what others sent there is not held against her
    hers = or_(InboundMessage.state == MailState.APPLIED, InboundMessage.reason.in_(HERS))
    came = select(func.count()).where(
        InboundMessage.recipient == message.recipient,
        InboundMessage.processed_at > at - HOUR,
        hers,
    )
    return "too_often" if (session().scalar(came) or 0) >= MOST_AN_HOUR else None


def sent_with(letter: CustomerLetter) -> str:
    """Return what the mail said that is answered: programs quote its text, or its HTML."""
    query = select(OutgoingEmail.text, OutgoingEmail.html)
    found = session().execute(query.where(OutgoingEmail.dedupe_key == key_of(letter.id))).first()
    return f"{found.text}\n{text_in(found.html)}".strip() if found else ""
