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
from sqlalchemy.exc import InterfaceError, OperationalError

from portal.core.config import Settings
from portal.core.db import apart, session
from portal.core.mail.models import ReplyToken
from portal.inbound import away, bounces, copies, parsing, places, turns, wall
from portal.inbound.automatic import why_automatic
from portal.inbound.keeping import load_raw
from portal.inbound.mails import settle
from portal.inbound.models import InboundMessage, InboundRaw, InboundReading, MailState
from portal.inbound.parsing import Unreadable

KEPT = timedelta(days=30)
"""So long mails stay as they came."""

AT_ONCE = 1000
"""So many are forgotten in one transaction."""

MOST_ATTEMPTS = 3
SOONEST, LATEST = timedelta(minutes=1), timedelta(minutes=30)
TIMES = 5
"""A mail that could not be read waits so many times as long as it has waited: 1, 5, 30 minutes."""
NOT_ITS_FAULT = (OSError, OperationalError, InterfaceError)
"""No process to be had, a full disk, a database that is away: that costs a mail no attempt."""
EXCUSED = timedelta(days=3)
"""So long; then it counts whatever was in the way, and people hear of the mail."""
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


def try_to_read(message_id: int, at: datetime) -> None:
    """Read a mail as `read_message` does; where that raises it is put off, and it is raised."""
    try:
        read_message(message_id, at)
    except Exception as trouble:
        session().rollback()  # or the mail stays locked
        put_off(message_id, trouble, at)
        raise


def put_off(message_id: int, trouble: Exception, at: datetime) -> None:
    """Let a mail wait that could not be read, its attempt given back where it isn't to blame."""
    with apart() as own:
        message = own.get(InboundMessage, message_id, with_for_update=True)
        if message is None or message.processed_at is not None:
            return
        waited = at - message.received_at
        message.due_at = at + min(max(waited * TIMES, SOONEST), LATEST)
        if isinstance(trouble, NOT_ITS_FAULT) and waited < EXCUSED:
            message.attempts = max(message.attempts - 1, 0)


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
        return leave_unread(message, "gave_up", at)
    settings: Settings = current_app.config["SETTINGS"]
    raw = load_raw(message_id)
    if raw is None:
        return leave_unread(message, "unreadable", at)
    try:
        mail = parsing.take_apart(raw.raw)
    except Unreadable as trouble:
        return leave_unread(message, str(trouble), at)
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
        return settle(message, MailState.DUPLICATE, copies.READ_BEFORE, at)
    places.read(message, mail, at)
    copies.settle_others(message)
    return message


def leave_unread(message: InboundMessage, reason: str, at: datetime) -> InboundMessage:
    """Leave a mail to people that nobody could read, as that of whose address it came to."""
    settle(message, MailState.NOT_UNDERSTOOD, reason, at)
    token = session().get(ReplyToken, message.token_id) if message.token_id else None
    if token is not None:
        message.user_id = token.user_id
        session().flush()
    return message


def forget_mails(at: datetime) -> int:
    """Forget some mails as they came, the oldest first, after a set time; return how many."""
    old = (
        session()
        .scalars(
            select(InboundMessage.id)
            .where(
                InboundMessage.received_at < at - KEPT,
                InboundMessage.forgotten_at.is_(None),
                InboundMessage.processed_at.is_not(None),
            )
            .order_by(InboundMessage.received_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        .all()
    )
    with wall.open_mails(old, session()) as opened:
        for kept in (InboundReading, InboundRaw):
            opened.execute(delete(kept).where(kept.message_id.in_(old)))
    session().execute(
        update(InboundMessage).where(InboundMessage.id.in_(old)).values(forgotten_at=at)
    )
    return len(old)
