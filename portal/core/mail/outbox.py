"""The queue of outgoing mail: written with its cause, drained by a job.

queued → sending → sent. A mail that can't be delivered now waits its turn on the ladder; one that
never can, or has used the ladder up, is failed and seen by administrators. Should a worker die
between the server's yes and our note of it, the mail goes out a second time with the same
Message-ID, never a third time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from rq.timeouts import BaseTimeoutException
from sqlalchemy import ColumnElement, Row, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock, jobs, logs, mishaps
from portal.core.config import Settings
from portal.core.db import session, unit_of_work
from portal.core.mail import addresses, rendering, transport
from portal.core.mail.models import OutgoingEmail

log = logs.get(__name__)

BATCH = 50
SECONDS = 30.0
# a mail that has been `sending` for so long lost its worker
LEASE = timedelta(minutes=5)
SERVER_AWAY = timedelta(minutes=1)
LADDER = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))
INTERRUPTED = "interrupted while sending"


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom a mail goes, and how she reads."""

    user_id: int | None
    address: str
    name: str
    locale: str = "en"
    timezone: str = "Europe/Berlin"


def post(
    kind: str,
    to: Recipient,
    context: Mapping[str, Any],
    at: datetime,
    dedupe_key: str,
    lead_id: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> bool:
    """Write a mail into the queue, once per `dedupe_key`; False where it stands there already.

    `context` holds plain values; contact data of a lead never belongs into a mail that is not for
    its holder.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if known(dedupe_key):
        return False
    mail = rendering.render(kind, context, to.locale, to.timezone)
    more = dict(headers or {})
    if lead_id is not None and to.user_id is not None:
        more["Reply-To"] = addresses.reply_address(
            lead_id, to.user_id, settings.mail_domain, settings.secret_key
        )
    written = session().scalar(
        insert(OutgoingEmail)
        .values(
            dedupe_key=dedupe_key,
            kind=kind,
            user_id=to.user_id,
            lead_id=lead_id,
            to_address=to.address,
            to_name=addresses.one_line(to.name),
            domain=addresses.domain_of(to.address),
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            headers=more,
            message_id=addresses.message_id(dedupe_key, settings.mail_domain, settings.secret_key),
            status="queued",
            attempts=0,
            next_attempt_at=at,
            created_at=at,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(OutgoingEmail.id)
    )
    jobs.soon("mail.drain")
    return written is not None


def known(dedupe_key: str) -> bool:
    """Say whether a mail with this key was written before, whatever became of it."""
    return (
        session().scalar(
            select(select(OutgoingEmail.id).where(OutgoingEmail.dedupe_key == dedupe_key).exists())
        )
        is True
    )


@jobs.long_job("mail.drain", queue="mail", timeout=180)
def drain(payload: jobs.Payload, at: datetime) -> None:
    """Send what is due, over one connection, until nothing is left or half a minute is over.

    With `{"all": true}` it goes on until nothing is left.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.smtp_url:
        return
    began = time.monotonic()
    with unit_of_work():
        take_back_interrupted(at)
    with transport.Transport(settings) as server:
        while payload.get("all") or time.monotonic() - began < SECONDS:
            with unit_of_work():
                batch = claim(at)
            if not batch:
                return
            for number, mail in enumerate(batch):
                try:
                    server.send(mail)
                except transport.ServerAway as away:
                    log.warning("mail server unreachable", error=str(away))
                    with unit_of_work():
                        put_back([row.id for row in batch[number:]], str(away), at)
                    return
                except transport.NotNow as problem:
                    with unit_of_work():
                        try_later(mail, str(problem), at)
                except transport.Never as problem:
                    with unit_of_work():
                        give_up(mail, str(problem))
                except BaseTimeoutException:
                    raise
                except Exception as error:
                    log.error("mail can't be sent", mail=mail.id, exc_info=error)
                    with unit_of_work():
                        give_up(mail, mishaps.describe(error))
                else:
                    with unit_of_work():
                        settle(mail, clock.now())


def claim(at: datetime, limit: int = BATCH) -> list[Row[Any]]:
    """Take mails that are due: they are `sending` until settled, or until the lease is over."""
    due = (
        select(OutgoingEmail.id)
        .where(OutgoingEmail.status == "queued", OutgoingEmail.next_attempt_at <= at)
        .order_by(OutgoingEmail.next_attempt_at, OutgoingEmail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    rows = session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.id == due.c.id)
        # by the real clock: a lease must not be over while the drain still runs
        .values(
            status="sending",
            attempts=OutgoingEmail.attempts + 1,
            next_attempt_at=clock.now() + LEASE,
        )
        .returning(
            OutgoingEmail.id,
            OutgoingEmail.to_address,
            OutgoingEmail.to_name,
            OutgoingEmail.subject,
            OutgoingEmail.text,
            OutgoingEmail.html,
            OutgoingEmail.headers,
            OutgoingEmail.message_id,
            OutgoingEmail.attempts,
            OutgoingEmail.created_at,
        )
        .execution_options(synchronize_session=False)
    )
    found: list[Row[Any]] = list(rows)  # type: ignore[arg-type]
    return sorted(found, key=lambda row: int(row.id))


def take_back_interrupted(at: datetime) -> None:
    """Queue mails again whose worker died in mid-sending; the second time they are failed."""
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.status == "sending", OutgoingEmail.next_attempt_at <= at)
        .values(
            status=case((OutgoingEmail.error == INTERRUPTED, "failed"), else_="queued"),
            error=INTERRUPTED,
            next_attempt_at=at,
        )
        .execution_options(synchronize_session=False)
    )


def settle(mail: Row[Any], at: datetime) -> None:
    """Note that the server has taken the mail."""
    _change(mail, status="sent", sent_at=at, error=None)


def try_later(mail: Row[Any], error: str, at: datetime) -> None:
    """Put a mail on the next rung of the ladder; after the last one it is failed."""
    if mail.attempts > len(LADDER):
        give_up(mail, error)
    else:
        wait = LADDER[mail.attempts - 1]
        _change(mail, status="queued", next_attempt_at=at + wait, error=error)


def give_up(mail: Row[Any], error: str) -> None:
    """Mark a mail as failed: an administrator sees it and may try again."""
    _change(mail, status="failed", error=error)


def put_back(mail_ids: list[int], error: str, at: datetime) -> None:
    """Queue mails again that were never tried, because the server is away: no rung is used."""
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.id.in_(mail_ids), OutgoingEmail.status == "sending")
        .values(
            status="queued",
            attempts=func.greatest(OutgoingEmail.attempts - 1, 0),
            next_attempt_at=at + SERVER_AWAY,
            # a mail that was interrupted once stays so: it may go twice, not three times
            error=case((OutgoingEmail.error == INTERRUPTED, INTERRUPTED), else_=error),
        )
        .execution_options(synchronize_session=False)
    )


def retry_failed(at: datetime, mail_id: int | None = None) -> int:
    """Queue failed mails again, one or all; return how many."""
    which: list[ColumnElement[bool]] = [OutgoingEmail.status == "failed"]
    if mail_id is not None:
        which.append(OutgoingEmail.id == mail_id)
    queued = session().scalars(
        update(OutgoingEmail)
        .where(*which)
        .values(status="queued", attempts=0, next_attempt_at=at, error=None)
        .returning(OutgoingEmail.id)
        .execution_options(synchronize_session=False)
    )
    count = len(queued.all())
    if count:
        jobs.soon("mail.drain")
    return count


def oldest_waiting() -> datetime | None:
    """Return since when the oldest mail that is not sent yet waits."""
    return session().scalar(
        select(func.min(OutgoingEmail.created_at)).where(
            or_(OutgoingEmail.status == "queued", OutgoingEmail.status == "sending")
        )
    )


def _change(mail: Row[Any], **values: Any) -> None:
    # the attempt names the claim: who lost his lease changes nothing any more
    session().execute(
        update(OutgoingEmail)
        .where(
            OutgoingEmail.id == mail.id,
            OutgoingEmail.status == "sending",
            OutgoingEmail.attempts == mail.attempts,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
