"""What happened, who must hear of it, and the mark that it was heard.

An event row holds ids and codes only and is never changed or deleted (a trigger refuses). Texts
that may have to be erased stand in `event_private`. For each reaction that `wiring.REACTIONS` names
one delivery row is written in the same transaction, so that nothing is lost between the commit and
the queue: Redis only hurries the dispatcher, a sweep finds what it missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import circumstances
from portal.core.db import Base, Id, apart, ask, session

MAX_ATTEMPTS = 8
LEASE = timedelta(minutes=2)


class EventRow(Base):
    """One thing that happened. `data` holds ids, codes and numbers, no personal text.

    A trigger (made by the first migration) refuses to change or delete a row.
    """

    __tablename__ = "events"

    id: Mapped[Id]
    at: Mapped[datetime]
    name: Mapped[str]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str]
    request_id: Mapped[str | None]
    data: Mapped[dict[str, Any]]

    __table_args__ = (
        Index(None, "lead_id", "id"),
        Index(None, "name", "at"),
    )


EVENT_COLUMNS = (
    EventRow.id,
    EventRow.at,
    EventRow.name,
    EventRow.lead_id,
    EventRow.actor_id,
    EventRow.channel,
    EventRow.request_id,
    EventRow.data,
)
"""What is said of an event where it is read or linked past the ORM."""


class EventPrivate(Base):
    """Personal text that belongs to an event and can be erased without touching it.

    A trigger refuses to change it. `salt` goes into the hash that binds it to the event.
    """

    __tablename__ = "event_private"

    event_id: Mapped[int] = mapped_column(
        ForeignKey("events.id"), primary_key=True, autoincrement=False
    )
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[bytes] = mapped_column(
        LargeBinary, server_default=text("uuid_send(gen_random_uuid())")
    )


class Delivery(Base):
    """One reaction that an event still owes, until `done_at` is set."""

    __tablename__ = "deliveries"

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    reaction: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_deliveries_open",
            "due_at",
            "id",
            postgresql_where=text("done_at IS NULL AND failed_at IS NULL"),
        ),
        Index(
            "ix_deliveries_failed",
            "failed_at",
            postgresql_where=text("failed_at IS NOT NULL"),
        ),
    )


OPEN = and_(Delivery.done_at.is_(None), Delivery.failed_at.is_(None))
"""The condition of a delivery that is still owed and tried by itself."""
GIVEN_UP = and_(Delivery.done_at.is_(None), Delivery.failed_at.is_not(None))
"""The condition of one that waits for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of every event: a frozen dataclass in the past tense, ids and plain values."""

    at: datetime
    lead_id: int | None = None

    known: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # `slots=True` makes each class twice, in the same module
        other = Event.known.get(cls.__name__)
        if other is not None and other.__module__ != cls.__module__:
            raise TypeError(f"{cls.__name__} is an event of {other.__module__} already")
        Event.known[cls.__name__] = cls


# on the tables and built once, one statement for both: every change in the house writes an event
_EVENTS, _DELIVERIES = cast(Table, EventRow.__table__), cast(Table, Delivery.__table__)
_EVENT = (
    insert(_EVENTS)
    .values(
        {
            name: bindparam(name, type_=_EVENTS.c[name].type)
            for name in set(_EVENTS.c.keys()) - {"id"}
        }
    )
    .returning(_EVENTS.c.id)
    .cte("event")
)
_OWED = (
    insert(_DELIVERIES)
    .from_select(
        ["event_id", "reaction", "due_at", "attempts"],
        select(
            _EVENT.c.id,
            func.unnest(bindparam("reactions", type_=ARRAY(Text))),
            bindparam("at", type_=_EVENTS.c.at.type),
            literal_column("0"),
        ),
        include_defaults=False,
    )
    .cte("owed")
)
WRITE_EVENT = select(_EVENT.c.id).add_cte(_OWED)

_reactions: dict[str, tuple[str, ...]] = {}


def configure(reactions: Mapping[type[Event], Iterable[str]]) -> None:
    """Tell which jobs react to which event; called once by the factory with `wiring.REACTIONS`."""
    _reactions.clear()
    for kind, names in reactions.items():
        _reactions[kind.__name__] = tuple(names)


def record(event: Event, private: dict[str, Any] | None = None, on: Session | None = None) -> int:
    """Write `event` and the deliveries it causes; return its id.

    In the current transaction, or in that of `on`.
    """
    return _write(on or session(), event, private)


def record_all(events: Sequence[Event], on: Session | None = None) -> None:
    """Write many events of one kind, in few ways to the database."""
    on = on or session()
    if not events:
        return
    reactions = _reactions.get(type(events[0]).__name__, ())
    ask(WRITE_EVENT, [_values(event, reactions) for event in events], on)
    on.info.setdefault("recorded", []).extend(events)
    if reactions:
        on.info["deliveries"] = True


def record_apart(event: Event, private: dict[str, Any] | None = None) -> None:
    """Write `event` in a transaction of its own, so that it outlives a refusal or a rollback."""
    with apart() as own:
        _write(own, event, private)


def _values(event: Event, reactions: Sequence[str]) -> dict[str, Any]:
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    at, lead_id = values.pop("at"), values.pop("lead_id")
    now = circumstances.current()
    if now.as_id is not None:
        values["as_user_id"] = now.as_id
    return {
        "at": at,
        "name": type(event).__name__,
        "lead_id": lead_id,
        "actor_id": now.actor_id,
        "channel": now.channel,
        "request_id": now.request_id,
        "data": values,
        "reactions": list(reactions),
    }


def _write(on: Session, event: Event, private: dict[str, Any] | None) -> int:
    reactions = _reactions.get(type(event).__name__, ())
    event_id: int = ask(WRITE_EVENT, _values(event, reactions), on).scalar_one()
    # what the open pages hear of after the commit
    on.info.setdefault("recorded", []).append(event)
    if private:
        on.execute(insert(EventPrivate).values(event_id=event_id, texts=private))
    if reactions:
        on.info["deliveries"] = True
    return event_id


def load(row: EventRow) -> Event:
    """Return the event object that was recorded as `row`."""
    kind = Event.known[row.name]
    names = {field.name for field in fields(kind)}
    return kind(
        at=row.at,
        lead_id=row.lead_id,
        **{k: v for k, v in row.data.items() if k in names},
    )


def claim_deliveries(
    at: datetime,
    limit: int = 200,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> list[int]:
    """Take open deliveries that are due, oldest first, and return their ids.

    `only` and `without` name reactions. Their due time moves `LEASE` ahead: if the worker dies,
    they come up again by themselves. Of those that were begun before without success one is taken,
    the last of all, so that one which ends its worker keeps nobody from being heard.
    """
    due = _due(at, only, without)
    _give_up(due, at)
    fresh = _take(at, *due, Delivery.attempts == 0, limit=limit)
    again = _take(at, *due, Delivery.attempts > 0, limit=1)
    return [*sorted(fresh), *again]


def _take(at: datetime, *which: ColumnElement[bool], limit: int) -> Sequence[int]:
    chosen = (
        select(Delivery.id)
        .where(*which)
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # materialised: as a plain subquery it could run, and lock, more than once
        .cte("chosen")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        session()
        .scalars(
            update(Delivery)
            .where(Delivery.id == chosen.c.id)
            .values(due_at=at + LEASE, attempts=Delivery.attempts + 1)
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        .all()
    )


ENDED_WITHOUT_A_WORD = "the process that ran it ended, time and again"


def _give_up(due: Collection[ColumnElement[bool]], at: datetime) -> None:
    """Leave to a person what was begun as often as may be and never came to an end."""
    session().execute(
        update(Delivery)
        .where(*due, Delivery.attempts >= MAX_ATTEMPTS)
        .values(failed_at=at, error=ENDED_WITHOUT_A_WORD)
        .execution_options(synchronize_session=False)
    )


def is_due(at: datetime, only: Collection[str]) -> bool:
    """Say whether a delivery to one of these reactions is due."""
    return bool(session().scalar(select(exists().where(*_due(at, only, ())))))


def _due(
    at: datetime, only: Collection[str] | None, without: Collection[str]
) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [OPEN, Delivery.due_at <= at]
    if only is not None:
        which.append(Delivery.reaction.in_(sorted(only)))
    if without:
        which.append(Delivery.reaction.not_in(sorted(without)))
    return which


def open_delivery(delivery_id: int) -> tuple[Delivery, Event] | None:
    """Lock one open delivery and return it with its event; None if done or in other hands."""
    row = (
        session()
        .execute(
            select(Delivery, EventRow)
            .join(EventRow, EventRow.id == Delivery.event_id)
            .where(Delivery.id == delivery_id, OPEN)
            .with_for_update(of=Delivery, skip_locked=True)
        )
        .one_or_none()
    )
    return None if row is None else (row[0], load(row[1]))


def delivery_failed(delivery_id: int, error: str, at: datetime) -> None:
    """Note that a claimed reaction raised; it comes again later, at last it waits for a person."""
    delivery = session().get_one(Delivery, delivery_id, with_for_update=True)
    if delivery.done_at is not None:
        return
    delivery.error = error[:300]
    delivery.due_at = at + timedelta(seconds=10 * 3**delivery.attempts)
    if delivery.attempts >= MAX_ATTEMPTS:
        delivery.failed_at = at


def retry_deliveries(at: datetime, delivery_id: int | None = None) -> int:
    """Open failed deliveries again, one or all; return how many."""
    which: list[ColumnElement[bool]] = [GIVEN_UP]
    if delivery_id is not None:
        which.append(Delivery.id == delivery_id)
    opened = session().scalars(
        update(Delivery)
        .where(*which)
        .values(failed_at=None, attempts=0, due_at=at)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    count = len(opened.all())
    if count:
        session().info["deliveries"] = True
    return count
