"""The way of every mail that comes in: kept first, taken apart, read by the place it came to, once.

Whoever takes up a mail that a killed process left does nothing twice: what a mail does and that it
was done are one transaction. Not here: the listener (`mail_in`), how a mail is taken apart
(`parsing`), whose turn it is (`turns`), and what each place makes of it (`places`).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from portal.core.config import Settings
from portal.core.db import apart, session
from portal.inbound import away, bounces, copies, parsing, places, turns, wall
from portal.inbound.automatic import why_automatic
from portal.inbound.keeping import load_raw
from portal.inbound.mails import settle
from portal.inbound.models import InboundMessage, InboundRaw, InboundReading, MailState
from portal.inbound.parsing import Unreadable

KEPT = timedelta(days=30)
"""So long mails stay as they came."""

MOST_ATTEMPTS = 3
# by one reader at a time; the lock goes with the transaction, be its process killed
IN_WORK = text(
    "SELECT pg_try_advisory_xact_lock(hashtext('incoming'), mod(:message, 2147483647)::integer)"
)


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
            line=turns.line_of(recipient, token_id),
            bucket=turns.bucket_of(envelope_from),
        )
        .on_conflict_do_nothing(index_elements=["digest", "recipient"])
        .returning(InboundMessage.id)
    )
    if message_id is None:
        return None
    with wall.open_mails([message_id], session()) as opened:
        opened.add(InboundRaw(message_id=message_id, envelope_from=envelope_from[:320], raw=raw))
    return message_id


def read_message(message_id: int, at: datetime) -> InboundMessage | None:
    """Take a mail apart and in, once; None where that was done before or is being done now."""
    # before the attempt is counted: who is in work elsewhere was not tried here
    if not session().scalar(IN_WORK, {"message": message_id}):
        return None
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
        away.note(message, mail, at)
        return settle(message, MailState.IGNORED, automatic, at)
    if copies.is_copy(message, mail, message.token_id):
        return settle(message, MailState.DUPLICATE, "read_before", at)
    return places.read(message, mail, at)


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
