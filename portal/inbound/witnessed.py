"""An answer of a customer by mail to whether anybody called: yes or no in its first line.

Only the address that was asked is heard, and only where nobody doubts it. All other words stand in
the lead's timeline and change nothing; whoever has it is told. What somebody else writes to that
address, of a forwarded question say, waits for people. Nobody is answered.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, select

from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import NotFound, Refused
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.replies import CUSTOMER as PREFIX
from portal.core.mail.replies import hash_token
from portal.correspondence.taking import CUSTOMER, Came, take_in
from portal.inbound.authentication import Vouched, vouched
from portal.inbound.deciding import By, who
from portal.inbound.keeping import keep_files, note_sender
from portal.inbound.mails import settle
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.parsing import Mail, text_in
from portal.inbound.unquoted import without_quote
from portal.inbound.written import own_words
from portal.leads import wall
from portal.leads.models import Lead, LeadContact
from portal.pickup.models import Pickup
from portal.witness import operations
from portal.witness.mails import key_of
from portal.witness.models import CustomerLetter, Said, Way
from portal.witness.rules import LASTS, read_word

MOST_AN_HOUR = 10
HOUR = timedelta(hours=1)


def find_place(token: str, domain: str) -> str | None:
    """Return the name of the address at which a customer answers; None for what is none."""
    letter = session().scalar(
        select(CustomerLetter.id).where(CustomerLetter.secret_hash == hash_token(token))
    )
    return f"{PREFIX}+{letter}@{domain}" if letter is not None else None


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
    lead = session().get_one(Lead, session().get_one(Pickup, letter.pickup_id).lead_id)
    message.lead_id = lead.id
    if why := why_not_heard(message, mail, lead.id, at):
        return settle(message, MailState.NOT_UNDERSTOOD, why, at)
    sent = sent_with(letter)
    said = read_word(own_words(mail.written, sent).words.strip())
    words = without_quote(mail.text, sent)
    if said and hear(letter, said, at) and "\n" not in words and not mail.files:
        return settle(message, MailState.APPLIED, said, at)
    return take(message, mail, words or mail.text, letter, at)


def take(
    message: InboundMessage, mail: Mail, words: str, letter: CustomerLetter, at: datetime
) -> InboundMessage:
    """Put what a customer wrote besides into the timeline of the lead, with its files.

    What is said of who holds the lead no longer stays with the vendor.
    """
    pickup = session().get_one(Pickup, letter.pickup_id, populate_existing=True)
    lead = session().get_one(Lead, pickup.lead_id)
    kept, left_out = keep_files(mail)
    came = Came(message.id, mail.sender, mail.sender_name, mail.subject, words, kept)
    left_out += take_in(lead, pickup.id if pickup.ended_at else 0, came, CUSTOMER, at)
    reason = f"files_left:{left_out}" if left_out else "customer_wrote"
    return settle(message, MailState.TAKEN, reason, at)


def hear(letter: CustomerLetter, said: Said, at: datetime) -> bool:
    """Keep what a customer says; False where there is nothing to be said any more."""
    if letter.settled_at is None or letter.settled_at < at - LASTS:
        return False
    try:
        with session().begin_nested():
            operations.answer(letter.id, said, Way.MAIL, at)
    except (Refused, NotFound):
        return False
    return True


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
    came = select(func.count()).where(
        InboundMessage.recipient == message.recipient,
        InboundMessage.processed_at > at - HOUR,
        InboundMessage.state.in_((MailState.APPLIED, MailState.TAKEN)),
    )
    return "too_often" if (session().scalar(came) or 0) >= MOST_AN_HOUR else None


def sent_with(letter: CustomerLetter) -> str:
    """Return what the mail said that is answered: programs quote its text, or its HTML."""
    query = select(OutgoingEmail.text, OutgoingEmail.html)
    found = session().execute(query.where(OutgoingEmail.dedupe_key == key_of(letter.id))).first()
    return f"{found.text}\n{text_in(found.html)}".strip() if found else ""
