"""Mail that comes in becomes an inquiry: kept first, taken apart, recognised, taken in.

Who wrote to the lead address, or whose mail one of the vendor's people forwards, is whom to call. A
program's mail is never answered; what can't be understood waits for people. Not here: the listener
(`mail_in`), how a mail is taken apart (`parsing`), answers to our own mails (`replies`), mails that
came back (`bounces`), what is answered (notifications).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import find_actor_of, find_user_by_email
from portal.core.config import Settings
from portal.core.db import apart, session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.duplicates import entrance
from portal.inbound import bounces, forwards, parsing, replies, wall
from portal.inbound.automatic import why_automatic
from portal.inbound.events import InquiryMailed, MailNotUnderstood, MailPutAside
from portal.inbound.keeping import keep_files, load_raw, look_into, note_sender
from portal.inbound.models import InboundMessage, InboundRaw, InboundReading, MailState
from portal.inbound.parsing import Mail, Unreadable
from portal.leads import rules
from portal.leads.addresses import own_host
from portal.leads.basis import Basis, BasisKind
from portal.leads.models import Lead
from portal.leads.notes import about
from portal.leads.operations import ContactDraft, Draft
from portal.timeline import activities, attachments
from portal.timeline.rules import Kind

KEPT = timedelta(days=30)
"""So long mails stay as they came."""

MOST_ATTEMPTS = 3
WAITS = timedelta(seconds=30)
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


# -- comes in ---------------------------------------------------------------------------------


def store(
    raw: bytes,
    envelope_from: str,
    recipient: str,
    adapter: str,
    at: datetime,
    token_id: int | None = None,
) -> int | None:
    """Keep a mail as it came and return its id; None where it is here already.

    `recipient` names the address without its secret; `token_id` is whose address it was.
    """
    message_id: int | None = session().scalar(
        insert(InboundMessage)
        .values(
            digest=hashlib.sha256(raw).digest(),
            recipient=recipient,
            received_at=at,
            size=len(raw),
            adapter=adapter,
            state=MailState.RECEIVED,
            attempts=0,
            token_id=token_id,
        )
        .on_conflict_do_nothing(index_elements=["digest", "recipient"])
        .returning(InboundMessage.id)
    )
    if message_id is None:
        return None
    with wall.open_mails([message_id], session()) as opened:
        opened.add(InboundRaw(message_id=message_id, envelope_from=envelope_from[:320], raw=raw))
    return message_id


def list_waiting(at: datetime) -> Sequence[int]:
    """Return the mails that wait for longer than the queue takes."""
    query = (
        select(InboundMessage.id)
        .where(InboundMessage.processed_at.is_(None), InboundMessage.received_at < at - WAITS)
        .order_by(InboundMessage.received_at)
        .limit(200)
    )
    return session().scalars(query).all()


# -- is understood, or not --------------------------------------------------------------------


def read_message(message_id: int, at: datetime) -> InboundMessage | None:
    """Take a mail apart and in, once; None where that was done before or is being done now."""
    with apart() as own:  # should this process be killed, the attempt counts
        tried = own.scalar(
            update(InboundMessage)
            .where(InboundMessage.id == message_id, InboundMessage.processed_at.is_(None))
            .values(attempts=InboundMessage.attempts + 1)
            .returning(InboundMessage.attempts)
        )
    message = session().scalar(
        select(InboundMessage)
        .where(InboundMessage.id == message_id, InboundMessage.processed_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if message is None or tried is None:
        return None
    if tried > MOST_ATTEMPTS:
        return settle(message, MailState.NOT_UNDERSTOOD, "gave_up", at)
    settings: Settings = current_app.config["SETTINGS"]
    raw = load_raw(message_id)
    if raw is None:
        return settle(message, MailState.NOT_UNDERSTOOD, "unreadable", at)
    try:
        mail = parsing.take_apart(raw.raw)
    except Unreadable as trouble:
        return settle(message, MailState.NOT_UNDERSTOOD, str(trouble), at)
    told = bounces.hear(message.recipient, mail, at)
    if told:
        return settle(message, MailState.IGNORED, told, at)
    automatic = why_automatic(
        mail.headers, mail.sender, mail.subject, raw.envelope_from, settings.mail_domain
    )
    if automatic:
        return settle(message, MailState.IGNORED, automatic, at)
    if message.recipient != settings.lead_address.lower() or is_of_partner(mail.sender):
        return replies.read(message, mail, at)
    found = recognise(mail)
    if isinstance(found, str):
        note_sender(message_id, mail.sender, mail.sender_name)
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
    record(InquiryMailed(at=at, lead_id=lead.id, message_id=message.id, user_id=message.user_id))
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
    session().flush()
    if state == MailState.NOT_UNDERSTOOD:
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


def forget_mails(at: datetime) -> int:
    """Forget mails as they came, after a set time; return how many."""
    old = (
        session()
        .scalars(
            select(InboundMessage.id)
            .where(InboundMessage.received_at < at - KEPT, InboundMessage.processed_at.is_not(None))
            .limit(5000)
        )
        .all()
    )
    with wall.open_mails(old, session()) as opened:
        opened.execute(delete(InboundReading).where(InboundReading.message_id.in_(old)))
        gone = opened.scalars(
            delete(InboundRaw)
            .where(InboundRaw.message_id.in_(old))
            .returning(InboundRaw.message_id)
        ).all()
    return len(gone)
