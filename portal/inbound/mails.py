"""A mail at the lead address becomes an inquiry: recognised, taken in, or left to people.

Who wrote there, or whose mail one of the vendor's people forwards, is whom to call; what can't be
understood waits for people. Not here: how a mail comes this far (`pipeline`), answers to our own
mails (`replies`), mails that came back (`bounces`), what is answered (notifications).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import find_actor_of, find_user_by_email
from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.duplicates import entrance
from portal.inbound import copies, forwards
from portal.inbound.authentication import vouched
from portal.inbound.events import InquiryMailed, MailNotUnderstood, MailPutAside, MailReadAgain
from portal.inbound.keeping import keep_files, look_into, note_sender
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.parsing import Mail
from portal.leads import rules
from portal.leads.addresses import own_host
from portal.leads.basis import Basis, BasisKind
from portal.leads.models import Lead
from portal.leads.notes import about
from portal.leads.operations import ContactDraft, Draft
from portal.timeline import activities, attachments
from portal.timeline.rules import Kind

SHOWN = 50
SYSTEM = "mail"
REPLIES = re.compile(r"(?i)^\s*((re|aw|fwd?|wg|antw|tr)\s*(\[\d+\])?\s*:\s*)+")
OURS = (OrganisationKind.VENDOR, OrganisationKind.AGENCY)


class NothingToTake(Refused):
    """Nobody can be called by what stands in this mail, or it was settled meanwhile."""

    code = "nothing_to_take"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a mail asks, and who: `by` is who of the vendor forwarded it."""

    address: str
    name: str
    subject: str
    text: str
    remark: str = ""
    by: Actor | None = None


def read(message: InboundMessage, mail: Mail, at: datetime) -> InboundMessage:
    """Take a mail in as an inquiry, or leave it to people."""
    found = recognise(mail)
    if isinstance(found, str):
        note_sender(message.id, mail.sender, mail.sender_name)
        return settle(message, MailState.NOT_UNDERSTOOD, found, at, by=staff_of(mail.sender))
    try:
        return take(message, mail, found, at)
    except Invalid:
        return settle(message, MailState.NOT_UNDERSTOOD, "refused", at)


def staff_of(address: str) -> Actor | None:
    """Return who of the vendor or its agencies has this address."""
    user = find_user_by_email(address) if address else None
    actor = find_actor_of(user.id) if user else None
    return actor if actor and actor.organisation_kind in OURS else None


def recognise(mail: Mail) -> Inquiry | str:
    """Return what a mail asks and who asks, or the code that says why nobody can tell."""
    if not mail.sender:
        return "odd_sender"
    by = staff_of(mail.sender)
    if by is None:
        return Inquiry(mail.sender, mail.sender_name, mail.subject, mail.text)
    if mail.forwarded is not None and mail.forwarded["sender"]:
        inner = mail.forwarded
        return Inquiry(
            inner["sender"], inner["sender_name"], inner["subject"], inner["text"], mail.text, by
        )
    original = forwards.find_original(mail.text)
    if original is None or staff_of(original.address) is not None:
        return "no_original"
    return Inquiry(
        original.address.lower(),
        original.name,
        original.subject or mail.subject,
        original.text,
        original.remark,
        by,
    )


def is_of_partner(address: str) -> bool:
    """Say whether somebody of a partner has this address."""
    user: User | None = find_user_by_email(address)
    return user is not None and user.organisation.is_partner


def take(message: InboundMessage, mail: Mail, asked: Inquiry, at: datetime) -> InboundMessage:
    """Make an inquiry of a mail, with the mail in its timeline. Raises `Invalid`."""
    first, last = forwards.names(asked.name)
    host = own_host(asked.address.rpartition("@")[2])
    subject = REPLIES.sub("", asked.subject)
    draft = Draft(
        title=cut(subject, "title"),
        source_system=SYSTEM,
        source_original="E-mail",
        basis=Basis(BasisKind.ASKED, at=message.received_at),
        captured_at=message.received_at,
        contact=ContactDraft(
            first_name=cut(first, "first_name"),
            last_name=cut(last, "last_name"),
            email=asked.address,
            domain=host,
            note=cut("\n\n".join(filter(None, [asked.remark, asked.text])), "note"),
        ),
    )
    taken = entrance.take_in(draft, at, asked.by)
    lead, vendor = taken.lead, vendor_id()
    kept, left_out = keep_files(mail)
    said = [subject, f"{asked.name} <{asked.address}>".strip(), asked.remark, asked.text]
    words = "\n\n".join(filter(None, said))
    activities.note(about(lead.id), Kind.EMAIL, words, vendor, message.received_at, shared=False)
    for stored in kept:
        attachments.attach_unsigned(about(lead.id), stored, vendor, message.received_at)
    note_sender(message.id, asked.address, asked.name)
    message.state, message.reason = MailState.TAKEN, f"files_left:{left_out}" if left_out else None
    message.processed_at, message.lead_id = at, lead.id
    message.user_id = asked.by.id if asked.by else None
    session().flush()
    settings: Settings = current_app.config["SETTINGS"]
    verdict = vouched(mail.vouched, settings.authserv_id, mail.sender)
    record(
        InquiryMailed(
            at=at,
            lead_id=lead.id,
            message_id=message.id,
            user_id=message.user_id,
            vouched=str(verdict),
        )
    )
    return message


def cut(text: str, field: str) -> str:
    """Return as much of a text as a field keeps."""
    return text[: rules.MOST[field]]


def vendor_id() -> int:
    """Return the vendor's id."""
    query = select(Organisation.id).where(Organisation.kind == OrganisationKind.VENDOR)
    found = session().scalar(query.order_by(Organisation.id).limit(1))
    if found is None:
        raise NotFound()
    return found


def settle(
    message: InboundMessage, state: MailState, reason: str, at: datetime, by: Actor | None = None
) -> InboundMessage:
    """Say what became of a mail that nothing was taken from."""
    message.state, message.reason, message.processed_at = state, reason, at
    message.user_id = by.id if by else None
    if state == MailState.NOT_UNDERSTOOD and copies.waits_already(message):
        copies.settle_as_copy(message)
    session().flush()
    if message.state == MailState.NOT_UNDERSTOOD:
        user_id = message.user_id
        told = MailNotUnderstood(at=at, message_id=message.id, user_id=user_id, reason=reason)
        record(told)
    return message


# -- by people --------------------------------------------------------------------------------


def list_not_understood() -> Sequence[InboundMessage]:
    """Return the mails that wait for people, the newest first."""
    query = (
        select(InboundMessage)
        .where(InboundMessage.state == MailState.NOT_UNDERSTOOD)
        .order_by(InboundMessage.id.desc())
        .limit(SHOWN)
    )
    return session().scalars(query).all()


def count_states(since: datetime) -> dict[str, int]:
    """Return how many mails came in since a moment, by what became of them."""
    rows = session().execute(
        select(InboundMessage.state, func.count())
        .where(InboundMessage.received_at > since)
        .group_by(InboundMessage.state)
    )
    return {row[0]: row[1] for row in rows}


def get_waiting(message_id: int, lock: bool = False) -> InboundMessage:
    """Return a mail that waits for people. Raises `NotFound`."""
    query = select(InboundMessage).where(
        InboundMessage.id == message_id, InboundMessage.state == MailState.NOT_UNDERSTOOD
    )
    found = session().scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound()
    return found


def take_by_hand(message_id: int, address: str, name: str, actor: Actor, at: datetime) -> Lead:
    """Make an inquiry of a mail that was not understood, of whom somebody says that asks.

    Raises `NotFound`, `NothingToTake`, `Invalid` at `email`.
    """
    message = get_waiting(message_id, lock=True)
    mail = look_into(message)
    if mail is None:
        raise NothingToTake()
    asked = Inquiry(address.strip().lower(), name.strip(), mail.subject, mail.text, by=actor)
    taken = take(message, replace(mail, forwarded=None), asked, at)
    return session().get_one(Lead, taken.lead_id)


def put_aside(message_id: int, actor: Actor, at: datetime) -> None:
    """Put a mail aside that asks for nothing. Raises `NotFound`."""
    message = get_waiting(message_id, lock=True)
    message.state, message.processed_at = MailState.PUT_ASIDE, at
    session().flush()
    record(MailPutAside(at=at, message_id=message.id, user_id=actor.id))


def read_again(message_id: int, actor: Actor, at: datetime) -> None:
    """Have a mail read as if it came just now that could not be read. Raises `NotFound`."""
    message = get_waiting(message_id, lock=True)
    if not message.may_be_read_again:
        raise NotFound()
    message.state, message.reason, message.processed_at = MailState.RECEIVED, None, None
    message.attempts, message.due_at, message.user_id = 0, None, None
    session().flush()
    record(MailReadAgain(at=at, message_id=message.id, user_id=actor.id))
