"""The queue of outgoing mail: written with its cause, drained by a job.

queued → sending → sent. A mail that can't be delivered now waits its turn on the ladder; one that
never can, or has used the ladder up, is failed and seen on the page about mails. What is for an
address that takes no mails of ours is held until somebody releases it. Should a worker
die between the server's yes and our note of it, the mail goes out a second time with the same
Message-ID, never a third time. Mails that only lay in the dead worker's batch are just taken up
again: which one was being handed over is written down before.

No domain gets more mails a minute than the setting says; those of other domains overtake.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from flask import current_app
from rq.timeouts import BaseTimeoutException
from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    Update,
    bindparam,
    case,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock, jobs, logs, mishaps
from portal.core.config import Settings
from portal.core.db import ask, put, session, unit_of_work
from portal.core.mail import addresses, enclosures, rendering, replies, standing, transport
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.rendering import Rendered
from portal.core.mail.replies import Reply

log = logs.get(__name__)

BATCH = 50
# seconds: then a drain takes no new batch; then it leaves the rest of its batch to the next one
SECONDS, AT_MOST = 30.0, 60.0
# connections that end one after the other with a mail: then the server is left alone for a while
LOST_AT_MOST = 3
MINUTE = timedelta(minutes=1)
# a mail that has been `sending` for so long lost its worker
LEASE = timedelta(minutes=5)
SERVER_AWAY = timedelta(minutes=1)
LADDER = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))
INTERRUPTED = "interrupted while sending"
OUT_OF_TIME = "not tried yet"
NOBODY = "nobody to send it to any more"
# what opens something for whoever reads it: it stands in the mail, and in the row until it is sent
OPENING = (
    r"(?:/|%2F)"
    r"(?:m|reset|invite|sign-in|partner-sign-up|form-confirmation|address-check|your-inquiry)"
    r"(?:/|%2F)"
)
OPENED = r"[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]{8,})?"
SECRET = re.compile(rf"(?i)({OPENING}){OPENED}")
REPLY = re.compile(
    rf"(?i)(\b(?:{replies.LOCAL}|{replies.CUSTOMER})(?:\+|%2B|-)){replies.SECRET}"
    rf"|(\b{addresses.LEADS}(?:\+|%2B))[0-9a-z]+-[0-9a-z]+-[0-9a-z]{{25}}"
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom a mail goes, and how she reads."""

    user_id: int | None
    address: str
    name: str
    locale: str = "en"
    timezone: str = "Europe/Berlin"


# On the table and built once: building them costs more than running them.
_MAILS = cast(Table, OutgoingEmail.__table__)
KNOWN = select(_MAILS.c.id).where(_MAILS.c.dedupe_key == bindparam("key"))
WRITE = insert(_MAILS).on_conflict_do_nothing(index_elements=["dedupe_key"])
# A note about a mail is committed without waiting for the disk; the statements say so themselves,
# which is one way to the database less for each mail. A killed worker loses nothing by that. Should
# the database's machine lose its power, the last half second of notes is gone, and those mails go
# out a second time.
NO_WAIT = func.set_config("synchronous_commit", "off", True)
TAKE_UP = text("SELECT pg_advisory_xact_lock(hashtext('outgoing_emails.pace'))")
TAKEN = (
    OutgoingEmail.id,
    OutgoingEmail.to_address,
    OutgoingEmail.to_name,
    OutgoingEmail.subject,
    OutgoingEmail.text,
    OutgoingEmail.html,
    OutgoingEmail.headers,
    OutgoingEmail.encloses,
    OutgoingEmail.message_id,
    OutgoingEmail.attempts,
    OutgoingEmail.created_at,
    OutgoingEmail.kind,
    OutgoingEmail.user_id,
    OutgoingEmail.lead_id,
)

FindPast = Callable[[Sequence[Row[Any]]], Collection[int]]
"""Finds which mails of those that are about to go are for nobody any more."""

_finders: list[FindPast] = []


def looked_over_by(find: FindPast) -> FindPast:
    """Register, once, who knows for whom a mail still is that waited."""
    _finders[:] = [find]
    return find


# the attempt names the claim: who lost his lease changes nothing any more
def _still_ours(which: str) -> Update:
    return update(_MAILS).where(
        _MAILS.c.id == bindparam(f"{which}_id"),
        _MAILS.c.status == "sending",
        _MAILS.c.attempts == bindparam(f"{which}_attempt"),
    )


BEGIN = (
    _still_ours("next")
    .values(handed_at=bindparam("now"), next_attempt_at=bindparam("lease"))
    .returning(NO_WAIT)
)
NOTE = _still_ours("last").returning(NO_WAIT)


@cache
def _noting(names: tuple[str, ...]) -> Update:
    """Return what writes these columns of a mail; they are three sets, and each is built once."""
    return NOTE.values(**{name: bindparam(f"new_{name}") for name in names})


@cache
def _noting_and_beginning(names: tuple[str, ...]) -> Update:
    return BEGIN.add_cte(_noting(names).cte("noted"))


def post(
    kind: str,
    to: Recipient,
    context: Mapping[str, Any],
    at: datetime,
    dedupe_key: str,
    lead_id: int | None = None,
    headers: Mapping[str, str] | None = None,
    encloses: enclosures.Facts | None = None,
    answers: Sequence[Reply] = (),
    reply_to: str = "",
    passing: Sequence[str] = (),
) -> None:
    """Write a mail into the queue, once per `dedupe_key`: where it stands there already, nothing.

    The first of `answers` is where an answer to it arrives, the others stand in it somewhere; who
    is none of our people answers to `reply_to`.
    `context` holds plain values; contact data of a lead never belongs into a mail that is not for
    its holder. What it `encloses` is made when it is sent. Whoever has it sent empties what is
    `passing` in the context soon: of such a mail a copy without that is made now, which lasts.
    """
    settings: Settings = current_app.config["SETTINGS"]
    more = dict(headers or {})
    message_id = addresses.message_id(dedupe_key, settings.mail_domain, settings.secret_key)
    ref = ""
    if answers and to.user_id is not None:
        ref, reply_to = answers[0].ref, answers[0].address(settings.inbound_domain)
        for one in answers:
            replies.write(one, to.user_id, dedupe_key, message_id, at)
    if reply_to:
        more["Reply-To"] = reply_to
    facts = {**context, "reply_to": reply_to, "ref": ref}
    mail = rendering.render(kind, facts, to.locale, to.timezone)
    lasting = None
    if passing:
        bare = facts | {name: dict.fromkeys(facts[name]) for name in passing}
        lasting = rendering.render(kind, bare, to.locale, to.timezone)
    if ref:
        mail = replace(mail, text=f"{mail.text}\nRef: {ref}\n")
    row = _row(kind, to, mail, at, dedupe_key, message_id, more, lead_id, encloses)
    if lasting is not None:
        row["lasting"] = {"text": lasting.text, "html": lasting.html}
    put(WRITE, row)
    jobs.soon("mail.drain")


def post_made(
    kind: str,
    to: Recipient,
    mail: Rendered,
    at: datetime,
    dedupe_key: str,
    encloses: enclosures.Facts | None = None,
) -> None:
    """Write a mail into the queue that is made already, once per `dedupe_key`."""
    settings: Settings = current_app.config["SETTINGS"]
    message_id = addresses.message_id(dedupe_key, settings.mail_domain, settings.secret_key)
    put(WRITE, _row(kind, to, mail, at, dedupe_key, message_id, encloses=encloses))
    jobs.soon("mail.drain")


def _row(
    kind: str,
    to: Recipient,
    mail: Rendered,
    at: datetime,
    dedupe_key: str,
    message_id: str,
    headers: Mapping[str, str] | None = None,
    lead_id: int | None = None,
    encloses: enclosures.Facts | None = None,
) -> dict[str, Any]:
    return {
        "dedupe_key": dedupe_key,
        "lasting": None,
        "kind": kind,
        "user_id": to.user_id,
        "lead_id": lead_id,
        "to_address": to.address,
        "to_name": addresses.one_line(to.name),
        "domain": addresses.domain_of(to.address),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "headers": dict(headers or {}),
        "encloses": dict(encloses) if encloses else None,
        "message_id": message_id,
        "status": "queued",
        "attempts": 0,
        "next_attempt_at": at,
        "created_at": at,
    }


def known(dedupe_key: str) -> bool:
    """Say whether a mail with this key was written before, whatever became of it."""
    return ask(KNOWN, {"key": dedupe_key}).first() is not None


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
                batch = claim(at, pace=settings.mail_per_domain)
            if not batch:
                return
            ends = None if payload.get("all") else began + AT_MOST
            if not send_batch(server, batch, at, ends):
                return
    # whoever nudged while this one ran may have trusted in it
    jobs.wake("mail.drain")


def send_batch(
    server: transport.Transport, batch: Sequence[Row[Any]], at: datetime, ends: float | None
) -> bool:
    """Send claimed mails one by one and note each at once; False where there is no use to go on.

    `ends` is the moment, by the monotonic clock, after which the rest is left to others.
    """
    lost = 0
    waiting = list(batch)
    with unit_of_work():
        ours = begin(waiting[0])
    while waiting:
        mail, rest = waiting[0], [row.id for row in waiting[1:]]
        if ends is not None and time.monotonic() > ends:
            with unit_of_work():
                put_back([mail.id, *rest], OUT_OF_TIME, at, timedelta(0))
            jobs.wake("mail.drain")
            return False
        try:
            outcome, stop = attempt(server, mail, at) if ours else ({}, None)
        except transport.ServerAway as away:
            log.warning("mail server unreachable", error=str(away))
            with unit_of_work():
                put_back([mail.id, *rest], str(away), at)
            return False
        except BaseTimeoutException:
            # this one may be out; the others were never tried
            with unit_of_work():
                put_back(rest, OUT_OF_TIME, at, timedelta(0))
            raise
        waiting = waiting[1:]
        lost = lost + 1 if stop else 0
        stopping = bool(stop and (stop.hung or lost >= LOST_AT_MOST))
        with unit_of_work():
            if stopping or not waiting:
                note(mail, outcome)
            else:
                ours = begin(waiting[0], mail, outcome)
            standing.refused(mail.id, outcome.get("error") or "", at)
        if stopping and stop:
            log.warning("mail server gives no answer", error=str(stop))
            with unit_of_work():
                put_back(rest, str(stop), at)
            return False
    return True


def attempt(
    server: transport.Transport, mail: Row[Any], at: datetime
) -> tuple[dict[str, Any], transport.Lost | None]:
    """Hand one mail over; return what becomes of its row, and how the connection ended if it did.

    Raises `transport.ServerAway`.
    """
    try:
        server.send(mail, enclosed_in(mail, at))
    except enclosures.NobodyToSendIt:
        return over(NOBODY), None
    except transport.Lost as lost:
        return later(mail, str(lost), at), lost
    except transport.NotNow as problem:
        return later(mail, str(problem), at), None
    except transport.Never as problem:
        return over(str(problem)), None
    except (BaseTimeoutException, transport.ServerAway):
        raise
    except Exception as error:
        # one mail that can't be written must not stop all others
        log.error("mail can't be sent", mail=mail.id, exc_info=error)
        server.drop()
        return over(mishaps.describe(error)), None
    return done(mail, clock.now()), None


def enclosed_in(mail: Row[Any], at: datetime) -> Sequence[enclosures.Enclosure]:
    """Make the files that go along with a mail."""
    if mail.encloses is None:
        return ()
    with unit_of_work():
        return enclosures.make(mail.encloses, at)


def claim(at: datetime, limit: int = BATCH, pace: int = 0) -> list[Row[Any]]:
    """Take mails that are due: they are `sending` until settled, or until the lease is over.

    With a `pace` no domain has more than so many in any minute, whoever else drains. What is for an
    address that takes none, or has no ground any more, is held instead; what is for nobody any more
    is given up.
    """
    while claimed := take(at, limit, pace):
        past = {mail_id for find in _finders for mail_id in find(claimed)}
        give_up(past)
        taken = [mail for mail in claimed if mail.id not in past]
        held = standing.hold(taken)
        for reason in set(held.values()):
            hold_back([mail_id for mail_id, why in held.items() if why == reason], reason)
        if ready := [mail for mail in taken if mail.id not in held]:
            return ready
    return []


def give_up(mail_ids: Collection[int]) -> None:
    """Let claimed mails go nowhere; whom to call stands in them no more."""
    if not mail_ids:
        return
    lasting = OutgoingEmail.lasting
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.id.in_(mail_ids))
        .values(
            status="failed",
            error=NOBODY,
            tried_at=None,
            text=func.coalesce(lasting["text"].astext, OutgoingEmail.text),
            html=func.coalesce(lasting["html"].astext, OutgoingEmail.html),
            lasting=None,
        )
        .execution_options(synchronize_session=False)
    )


def hold_back(mail_ids: Sequence[int], reason: str) -> None:
    """Keep claimed mails that must not go out; they used no rung and no pace."""
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.id.in_(mail_ids))
        .values(
            status="held",
            error=reason,
            attempts=func.greatest(OutgoingEmail.attempts - 1, 0),
            tried_at=None,
        )
        .execution_options(synchronize_session=False)
    )


def take(at: datetime, limit: int, pace: int) -> list[Row[Any]]:
    """Take so many mails that are due, whomever they are for."""
    which: list[ColumnElement[bool]] = [
        OutgoingEmail.status == "queued",
        OutgoingEmail.next_attempt_at <= at,
    ]
    # by the real clock: a lease must not be over while the drain still runs
    now = clock.now()
    room = Counter[str]()
    if pace:
        # one after the other, so that two drains don't both find the same room
        session().execute(TAKE_UP)
        room = recent(now)
        full = [domain for domain, count in room.items() if count >= pace]
        if full:
            which.append(OutgoingEmail.domain.not_in(full))
    due = session().execute(
        select(OutgoingEmail.id, OutgoingEmail.domain)
        .where(*which)
        .order_by(OutgoingEmail.next_attempt_at, OutgoingEmail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen: list[int] = []
    for mail_id, domain in due:
        if pace and domain:
            room[domain] += 1
            if room[domain] > pace:
                continue
        chosen.append(mail_id)
    if not chosen:
        return []
    rows = session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.id.in_(chosen))
        .values(
            status="sending",
            attempts=OutgoingEmail.attempts + 1,
            next_attempt_at=now + LEASE,
            tried_at=now,
            handed_at=None,
        )
        .returning(*TAKEN)
        .execution_options(synchronize_session=False)
    )
    found: list[Row[Any]] = list(rows)
    return sorted(found, key=lambda row: int(row.id))


def recent(now: datetime) -> Counter[str]:
    """Count the mails that each domain had within the last minute."""
    rows = session().execute(
        select(OutgoingEmail.domain, func.count())
        .where(OutgoingEmail.tried_at > now - MINUTE, OutgoingEmail.domain != "")
        .group_by(OutgoingEmail.domain)
    )
    return Counter({row[0]: row[1] for row in rows})


def take_back_interrupted(at: datetime) -> None:
    """Queue mails again whose worker died; who dies twice with the same mail in hand fails it."""
    in_hand = OutgoingEmail.handed_at.is_not(None)
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.status == "sending", OutgoingEmail.next_attempt_at <= at)
        .values(
            status=case(
                (in_hand & (func.coalesce(OutgoingEmail.error, "") == INTERRUPTED), "failed"),
                else_="queued",
            ),
            error=case((in_hand, INTERRUPTED), else_=OutgoingEmail.error),
            next_attempt_at=at,
        )
        .execution_options(synchronize_session=False)
    )


def begin(
    mail: Row[Any], last: Row[Any] | None = None, outcome: Mapping[str, Any] | None = None
) -> bool:
    """Write down that a claimed mail is about to be handed over; False if it is not ours now.

    In the same way to the database, what became of the `last` one.
    """
    now = clock.now()
    values = {
        "next_id": mail.id,
        "next_attempt": mail.attempts,
        "now": now,
        "lease": now + LEASE,
    }
    if last is None or not outcome:
        return ask(BEGIN, values).first() is not None
    both = _noting_and_beginning(tuple(outcome))
    return ask(both, {**values, **_noted(last, outcome)}).first() is not None


def done(mail: Row[Any], at: datetime) -> dict[str, Any]:
    """Return what becomes of a mail that the server has taken: its links open nothing any more."""
    return {
        "status": "sent",
        "sent_at": at,
        "tried_at": at,
        "error": None,
        "text": masked(mail.text),
        "html": masked(mail.html),
        "headers": {name: masked(value) for name, value in mail.headers.items()},
    }


def masked(said: str) -> str:
    """Return a text of a mail without the secrets of its links and addresses."""
    return REPLY.sub(r"\1\2…", SECRET.sub(r"\1…", said))


def masked_of_ours(said: str, public_url: str) -> str:
    """Return what others wrote without the secrets of links and addresses of ours in it.

    Links to other places stay, however they look.
    """
    host = re.escape(public_url.partition("://")[2]).replace(":", "(?::|%3A)")
    links = rf"(?i)((?:{host}|(?<![^\s<>(\[\"'])){OPENING}){OPENED}"
    return REPLY.sub(r"\1\2…", re.sub(links, r"\1…", said))


def later(mail: Row[Any], error: str, at: datetime) -> dict[str, Any]:
    """Return the next rung of the ladder for a mail; after the last one it is over."""
    if mail.attempts > len(LADDER):
        return over(error)
    return {"status": "queued", "next_attempt_at": at + LADDER[mail.attempts - 1], "error": error}


def over(error: str) -> dict[str, Any]:
    """Return what becomes of a mail that is given up: somebody sees it and may send it again."""
    return {"status": "failed", "error": error}


def put_back(mail_ids: list[int], error: str, at: datetime, wait: timedelta = SERVER_AWAY) -> None:
    """Queue mails again that were never tried, because the server is away: no rung is used."""
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.id.in_(mail_ids), OutgoingEmail.status == "sending")
        .values(
            status="queued",
            attempts=func.greatest(OutgoingEmail.attempts - 1, 0),
            next_attempt_at=at + wait,
            tried_at=None,
            handed_at=None,
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


def note(mail: Row[Any], outcome: Mapping[str, Any]) -> None:
    """Write down what became of a claimed mail, if it is still ours."""
    if outcome:
        ask(_noting(tuple(outcome)), _noted(mail, outcome))


def _noted(mail: Row[Any], outcome: Mapping[str, Any]) -> dict[str, Any]:
    new = {f"new_{name}": value for name, value in outcome.items()}
    return {"last_id": mail.id, "last_attempt": mail.attempts, **new}
