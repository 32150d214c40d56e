"""The chain of all events: each link is a hash over its event and the link before.

Whoever changes or removes an event afterwards, past the trigger that refuses it, breaks the chain
at that place, and `verify` says where. An event gets its link a little later than itself, from the
dispatcher, so that picks don't stand in line for it. The personal words of an event are bound by a
salted hash: they can be erased, salt and all, and the chain stays whole.

What a chain can't show by itself is that its end was cut off. Therefore its head is written into
the log once a day, and `verify` takes a head that somebody noted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Table,
    bindparam,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock, jobs, logs
from portal.core.db import AnyRow, Base, ask, session, unit_of_work
from portal.core.events import EVENT_COLUMNS, EventPrivate, EventRow

log = logs.get(__name__)

BEGINNING = bytes(32)
"""What stands before the first link."""
AT_ONCE, SECONDS = 1000, 10.0
READ_AT_ONCE = 5000


class EventLink(Base):
    """The place of an event in the chain; empty until the dispatcher has come by.

    A trigger on `events` writes the row, whoever writes the event. Another refuses to change what
    is linked, and to delete.
    """

    __tablename__ = "event_links"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    words_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the event's personal words with their salt; None where it had none."""
    linked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(place IS NULL) = (hash IS NULL)", name="whole"),
        Index("ix_event_links_waiting", "event_id", postgresql_where=text("place IS NULL")),
    )


_LINKS = cast(Table, EventLink.__table__)
_EVENT = (*EVENT_COLUMNS, EventPrivate.texts, EventPrivate.salt)
LINE_UP = text("SELECT pg_try_advisory_xact_lock(hashtext('event_links'))")
LINK = (
    update(_LINKS)
    .where(_LINKS.c.event_id == bindparam("id"), _LINKS.c.place.is_(None))
    .values(
        {name: bindparam(f"new_{name}") for name in ("place", "hash", "words_hash", "linked_at")}
    )
)


@dataclass(frozen=True, slots=True)
class Head:
    """The last link: its place, counted from 1, and its hash. 0 where nothing is linked yet."""

    place: int = 0
    hash: bytes = BEGINNING

    def __str__(self) -> str:
        return f"{self.place}:{self.hash.hex()}"


def head() -> Head:
    """Return the last link."""
    row = session().execute(
        select(EventLink.place, EventLink.hash)
        .where(EventLink.place.is_not(None))
        .order_by(EventLink.place.desc())
        .limit(1)
    )
    found = row.one_or_none()
    return Head(found.place, found.hash) if found else Head()


def link_waiting(seconds: float = SECONDS) -> None:
    """Link every event that waits, until none is left or so many seconds are over.

    Opens its own units of work. Where another process links just now, that one goes on.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with unit_of_work():
            if not session().scalar(LINE_UP) or _link_some(clock.now()) < AT_ONCE:
                return


def _link_some(at: datetime) -> int:
    rows = session().execute(
        select(*_EVENT)
        .join(EventLink, EventLink.event_id == EventRow.id)
        .outerjoin(EventPrivate, EventPrivate.event_id == EventRow.id)
        .where(EventLink.place.is_(None))
        .order_by(EventRow.id)
        .limit(AT_ONCE)
    )
    last, links = head(), []
    for row in rows:
        words = words_hash(row)
        last = Head(last.place + 1, link_hash(last, row, words))
        links.append(
            {
                "id": row.id,
                "new_place": last.place,
                "new_hash": last.hash,
                "new_words_hash": words,
                "new_linked_at": at,
            }
        )
    if links:
        ask(LINK, links)
    return len(links)


def link_hash(before: Head, row: AnyRow, words: bytes | None) -> bytes:
    """Return the SHA-256 of an event, its place and the link before."""
    said = [
        before.place + 1,
        row.id,
        row.at.astimezone(UTC).isoformat(),
        row.name,
        row.lead_id,
        row.actor_id,
        row.channel,
        row.request_id,
        row.data,
        words.hex() if words else None,
    ]
    return hashlib.sha256(before.hash + _canonical(said)).digest()


def words_hash(row: AnyRow) -> bytes | None:
    """Return the SHA-256 of an event's personal words with their salt; None where there are none.

    The salt goes with the words, so that nobody can try afterwards which words they were.
    """
    if row.texts is None:
        return None
    return hashlib.sha256(bytes(row.salt) + _canonical(row.texts)).digest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# -- verifying ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """A place where the chain is not what it was; `event_id` where the event is known."""

    place: int | None
    event_id: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `erased` counts events whose personal words were erased since."""

    head: Head
    links: int
    waiting: int
    erased: int
    faults: list[Fault]

    @property
    def whole(self) -> bool:
        """Say whether nothing was changed, removed or put in."""
        return not self.faults


def verify(noted: Head | None = None) -> Verdict:
    """Go through the whole chain, in little memory, and say where it is broken.

    `noted` is a head from earlier, which must still stand at its place.
    """
    last, links, erased, faults = Head(), 0, 0, []
    for row in _read():
        links += 1
        if row.place != last.place + 1:
            faults.append(Fault(last.place + 1, None, f"gone up to place {row.place - 1}"))
            # what follows is judged by what stands before it
            last = Head(row.place - 1, b"")
        if row.id is None:
            faults.append(Fault(row.place, row.event_id, "the event is gone"))
        elif last.hash and row.hash != link_hash(last, row, row.words_hash):
            faults.append(Fault(row.place, row.id, "the event was changed"))
        if row.texts is None:
            erased += row.words_hash is not None
        elif words_hash(row) != row.words_hash:
            faults.append(Fault(row.place, row.id, "its personal words were changed"))
        if noted and noted.place == row.place and noted.hash != row.hash:
            faults.append(Fault(row.place, row.id, "not the hash that was noted"))
        last = Head(row.place, bytes(row.hash))
    if noted and noted.place > last.place:
        faults.append(Fault(last.place + 1, None, f"gone up to place {noted.place}, as noted"))
    faults += [
        Fault(None, event_id, "the event has no place in the chain") for event_id in _unknown()
    ]
    waiting = session().scalar(
        select(func.count()).select_from(EventLink).where(EventLink.place.is_(None))
    )
    return Verdict(last, links, waiting or 0, erased, faults)


def _read() -> Iterator[AnyRow]:
    place = 0
    while True:
        rows = (
            session()
            .execute(
                select(
                    EventLink.event_id,
                    EventLink.place,
                    EventLink.hash,
                    EventLink.words_hash,
                    *_EVENT,
                )
                .outerjoin(EventRow, EventRow.id == EventLink.event_id)
                .outerjoin(EventPrivate, EventPrivate.event_id == EventLink.event_id)
                .where(EventLink.place > place)
                .order_by(EventLink.place)
                .limit(READ_AT_ONCE)
            )
            .all()
        )
        yield from rows
        if len(rows) < READ_AT_ONCE:
            return
        place = rows[-1].place


def _unknown() -> list[int]:
    linked = exists().where(EventLink.event_id == EventRow.id)
    return list(session().scalars(select(EventRow.id).where(~linked).order_by(EventRow.id)))


@jobs.job("audit.note_head", queue="bulk")
def note_head(_payload: jobs.Payload, _at: datetime) -> None:
    """Write the head into the log, which is kept elsewhere."""
    last = head()
    log.info("audit chain", place=last.place, hash=last.hash.hex())
