"""The database: one typed `Base`, one session, and the unit of work that commits.

Commit happens in three places only (HTTP boundary, job, CLI command), all through `unit_of_work`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Identity,
    Insert,
    MetaData,
    Row,
    Text,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, registry
from sqlalchemy.pool import ConnectionPoolEntry

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            str: Text(),
            dict[str, Any]: JSONB(),
            list[Any]: JSONB(),
            list[dict[str, Any]]: JSONB(),
            dict[str, str]: JSONB(),
            dict[str, int]: JSONB(),
        },
    )


AnyRow = Row[*tuple[Any, ...]]
"""A row of columns whose types the reader looks up in the query."""

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]

READING = "reading"
"""The pool of whoever only reads. Its connections refuse every change, and each statement stands
by itself: there is nothing to begin and to end, which spares two ways to the database in a page."""


class PortalSession(FlaskSession):
    """The session; once told `only_read`, PostgreSQL refuses it every change."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        return db.engines[READING] if self.info.get(READING) else super().get_bind(*args, **kwargs)


db = SQLAlchemy(
    model_class=Base,
    session_options={"expire_on_commit": False, "class_": PortalSession},
    engine_options={
        # kept once they were needed: to open one costs more than a pick
        "pool_size": 18,
        "max_overflow": 0,
        # a crowd waits its turn; who has no database at all is told so at once
        "pool_timeout": 15,
        "pool_use_lifo": True,
        # parameters may be contact data: they never reach a log or an error text
        "hide_parameters": True,
    },
)


def init_database(app: Flask) -> None:
    """Connect the application with its database."""
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "checkin", _note_return)
            event.listen(engine, "checkout", partial(_ping_after_a_rest, engine.dialect))
        event.listen(db.engines[READING], "connect", _refuse_changes)


REST = 2.0
"""Seconds that a connection may lie unused before it is asked whether it still stands.

Asking each time costs a round trip in every request. A connection that breaks sooner than that
breaks in somebody's hands, as it does when PostgreSQL stops in the midst of a request.
"""


def _note_return(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["returned"] = time.monotonic()


def _ping_after_a_rest(
    dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _lent: Any
) -> None:
    returned = record.info.get("returned")
    if returned is None or time.monotonic() - returned < REST:
        return
    try:
        dialect.do_ping(connection)
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def _refuse_changes(connection: psycopg.Connection[Any], _record: ConnectionPoolEntry) -> None:
    connection.execute("SET default_transaction_read_only = on")
    # before anything else begins: a setting of a transaction that is rolled back is lost
    connection.commit()


def session() -> Session:
    """Return the session of the current request, job or command."""
    return db.session()


def only_read() -> None:
    """Have this session refuse changes, until it is removed."""
    session().info[READING] = True


def end_reading() -> None:
    """End what only read. What was changed in memory only is forgotten."""
    own = session()
    if own.new or own.dirty or own.deleted:
        own.rollback()
    else:
        own.commit()


def ask(
    statement: Executable,
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    on: Session | None = None,
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement of plain columns in the session's transaction, without the ORM's part in it.

    For what every request or every pick asks: there the ORM costs as much as the statement. What
    the session holds unwritten is written first, as the session's own `execute` does. With several
    `values` it is run for each of them, in few ways to the database.
    """
    own = on or session()
    own.flush()
    return own.connection().execute(statement, values)


GATHERED = "gathered"
TOGETHER = 200


def put(statement: Insert, row: Mapping[str, Any]) -> None:
    """Write a row that nobody waits for: at once, or inside `together` with others of its kind."""
    gathered: dict[Insert, list[Mapping[str, Any]]] | None = session().info.get(GATHERED)
    if gathered is None:
        ask(statement, row)
        return
    gathered.setdefault(statement, []).append(row)
    if len(gathered[statement]) >= TOGETHER:
        _write_out(gathered)


@contextmanager
def together() -> Iterator[None]:
    """Have the rows that are `put` inside written together, some hundred at a time.

    Until it ends they can't be read. When anything is raised the rest of them is forgotten, as the
    unit of work is to forget all others.
    """
    info = session().info
    if GATHERED in info:
        yield
        return
    gathered = info[GATHERED] = {}
    try:
        yield
        _write_out(gathered)
    finally:
        info.pop(GATHERED, None)


def _write_out(gathered: dict[Insert, list[Mapping[str, Any]]]) -> None:
    while gathered:
        statement, rows = gathered.popitem()
        ask(statement, rows)


_after_commit: list[Callable[[], None]] = []


def after_commit(hook: Callable[[], None]) -> None:
    """Register `hook` (once, at start) to run after each commit of a unit of work."""
    if hook not in _after_commit:
        _after_commit.append(hook)


def commit() -> None:
    """Commit and run the hooks. Called by the boundaries only."""
    db.session.commit()
    for hook in _after_commit:
        hook()


def rollback() -> None:
    """Roll back. Called by the boundaries only."""
    db.session.rollback()


APART = "apart"


def engines_of(url: str) -> dict[str, Any]:
    """Return the settings of the two other pools: who only reads, and who works `apart`.

    Who works apart mostly holds a connection already. Were both from one pool, as many requests as
    it has connections would wait for each other.
    """
    return {
        READING: {
            "url": url,
            "pool_size": 18,
            "max_overflow": 0,
            "isolation_level": "AUTOCOMMIT",
        },
        APART: {"url": url, "pool_size": 8, "max_overflow": 0},
    }


@contextmanager
def apart() -> Iterator[Session]:
    """Commit what happens inside in a transaction of its own, whatever becomes of the current."""
    with (
        Session(
            db.engines[APART], join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as own,
        own.begin(),
    ):
        yield own


@contextmanager
def in_transaction(own: Session | None = None) -> Iterator[Session]:
    """Yield a session in which a setting lasts for more than a statement: `own`, else the current.

    Where the current only reads, each of its statements stands by itself; then it is one apart, and
    the same for all that is done inside.
    """
    if own is not None:
        yield own
        return
    current = session()
    if not current.info.get(READING):
        yield current
    elif APART in current.info:
        yield current.info[APART]
    else:
        with apart() as other:
            current.info[APART] = other
            try:
                yield other
            finally:
                current.info.pop(APART, None)


def hang_up(close: bool = True) -> None:
    """Give up all connections; a forked child, which shares its parent's, does not close them."""
    for engine in db.engines.values():
        engine.dispose(close=close)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Commit what happens inside, or roll it back when anything is raised."""
    try:
        yield db.session()
    except BaseException:
        db.session.rollback()
        db.session.remove()
        raise
    commit()
    # the next unit of work in this process starts with nothing remembered
    db.session.remove()
