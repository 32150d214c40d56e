"""What comes to a lead's own address, `l+<secret>@`: for its timeline, or for people to look at.

What strangers write, what is doubted, what says it is from one of ours and nobody vouches for it,
and what comes from who holds the lead no longer waits for people, who put it into the timeline with
one press. Customers know the address: it makes nobody one of ours. Nobody is answered.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.core import circumstances
from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import Refused
from portal.core.events import record
from portal.core.mail import addresses, replies
from portal.correspondence import taking
from portal.correspondence.addresses import find_lead, side_of
from portal.correspondence.taking import CUSTOMER, Came, Customer
from portal.correspondence.writing import made_before
from portal.inbound.authentication import Vouched, vouched
from portal.inbound.events import LeadMailAccepted
from portal.inbound.keeping import keep_files, look_into, note_sender
from portal.inbound.mails import get_waiting, settle
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.parsing import Mail, text_in
from portal.inbound.unquoted import without_quote
from portal.leads.models import Lead

HOUR = timedelta(hours=1)
MOST_ABOUT_A_LEAD = 20
"""In an hour; then a program is likely, and the rest waits for people."""
PREFIX, ASKED = f"{addresses.LEADS}+", f"{replies.CUSTOMER}+"


class CannotAccept(Refused):
    """A mail can't be read any more, or its lead is gone."""

    code = "cannot_accept"


def name_of(token: str, domain: str) -> str | None:
    """Return a lead's address as it is kept, without its secret; None for what is none of ours."""
    settings: Settings = current_app.config["SETTINGS"]
    found = addresses.read_lead_address(token, settings.secret_key)
    return f"{PREFIX}{found[0]}-{found[1]}@{domain}" if found else None


def is_of_lead(message: InboundMessage) -> bool:
    """Say whether a mail came to a lead's own address, or to that of a question to its customer."""
    asked = message.recipient.startswith(ASKED) and message.lead_id is not None
    return asked or message.recipient.startswith(PREFIX)


def place_in(message: InboundMessage) -> tuple[Lead | None, int]:
    """Return the lead whose address a mail came to, and the pickup that it was made for."""
    if message.recipient.startswith(ASKED):
        return find_lead(message.lead_id or 0), 0
    lead_id, pickup_id = message.recipient[len(PREFIX) :].partition("@")[0].split("-")
    return find_lead(int(lead_id)), int(pickup_id)


def read(message: InboundMessage, mail: Mail, at: datetime) -> InboundMessage:
    """Put a mail into the timeline of its lead, or leave it to people."""
    note_sender(message.id, mail.sender, mail.sender_name)
    lead, pickup_id = place_in(message)
    if lead is None:
        return settle(message, MailState.IGNORED, "lead_gone", at)
    message.lead_id = lead.id
    why, by, sure = judge(lead, pickup_id, mail, at)
    if by is None:
        return settle(message, MailState.NOT_UNDERSTOOD, why, at)
    return take(message, mail, lead, pickup_id, by, at, sure=sure)


def judge(
    lead: Lead, pickup_id: int, mail: Mail, at: datetime
) -> tuple[str, Actor | Customer | None, bool]:
    """Return who wrote to a lead, and whether that is sure.

    Else nobody, and first the code that says why people look at it.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not mail.sender:
        return "odd_sender", None, False
    by = taking.who_wrote(lead, mail.sender)
    if by is None:
        why = "lead_moved" if side_of(lead, pickup_id) is None else "stranger_to_lead"
        return why, None, False
    said = vouched(mail.vouched, settings.authserv_id, mail.sender, mail.signatures)
    sure = said == Vouched.PASS
    if said == Vouched.FAIL or (isinstance(by, Actor) and not sure):
        return "not_vouched", None, False
    if count_lately(lead.id, at) >= MOST_ABOUT_A_LEAD:
        return "too_often", None, False
    return "", by, sure


def count_lately(lead_id: int, at: datetime) -> int:
    """Return how many mails came into the timeline of a lead within the hour."""
    query = select(func.count()).where(
        InboundMessage.lead_id == lead_id,
        InboundMessage.recipient.startswith(PREFIX),
        InboundMessage.state == MailState.TAKEN,
        InboundMessage.processed_at > at - HOUR,
    )
    return session().scalar(query) or 0


def take(
    message: InboundMessage,
    mail: Mail,
    lead: Lead,
    pickup_id: int,
    by: Actor | Customer,
    at: datetime,
    *,
    sure: bool = True,
) -> InboundMessage:
    """Put a mail into the timeline of a lead with its files; `sure` is whom it is from."""
    kept, left_out = keep_files(mail)
    inner = mail.forwarded or {}
    came = Came(
        message.id,
        mail.sender,
        mail.sender_name,
        mail.subject,
        mail.text if isinstance(by, Actor) else words_of_customer(mail.text, lead),
        kept,
        sure,
        (inner.get("sender", ""), inner.get("text", "")),
    )
    with circumstances.under(actor_id=by.id if isinstance(by, Actor) else None, channel="mail"):
        left_out += taking.take_in(lead, pickup_id, came, by, at)
    message.state, message.reason = MailState.TAKEN, f"files_left:{left_out}" if left_out else None
    message.processed_at = at
    message.user_id = by.id if isinstance(by, Actor) else None
    session().flush()
    return message


def words_of_customer(text: str, lead: Lead) -> str:
    """Return what a customer wrote without what he quotes of letters about a lead."""
    sent = "\n".join(f"{mail.text}\n{text_in(mail.html)}" for mail in made_before(lead))
    return without_quote(text, sent) or text


# -- by people --------------------------------------------------------------------------------


def accept(message_id: int, actor: Actor, at: datetime) -> Lead:
    """Take a mail of which somebody says that it is the customer's, or of one of ours.

    It stands where it would had that been sure. Raises `NotFound`, `Refused`.
    """
    message = get_waiting(message_id, lock=True)
    mail = look_into(message)
    lead, pickup_id = place_in(message) if is_of_lead(message) else (None, 0)
    if mail is None or lead is None:
        raise CannotAccept()
    take(message, mail, lead, pickup_id, who_is_it(lead, mail), at)
    record(LeadMailAccepted(at=at, lead_id=lead.id, message_id=message.id, user_id=actor.id))
    return lead


def who_is_it(lead: Lead, mail: Mail) -> Actor | Customer:
    """Return as whose a mail is taken that waits: of who works on the lead, else the customer's."""
    return (taking.who_wrote(lead, mail.sender) if mail.sender else None) or CUSTOMER
