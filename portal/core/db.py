"""The database: one typed `Base`, one session, and the unit of work that commits.

Commit happens in three places only (HTTP boundary, job, CLI command), all through `unit_of_work`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Row, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, registry

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

db = SQLAlchemy(
    model_class=Base,
    session_options={"expire_on_commit": False},
    engine_options={
        "pool_size": 10,
        "max_overflow": 20,
        # a crowd waits its turn; who has no database at all is told so at once
        "pool_timeout": 15,
        "pool_use_lifo": True,
        "pool_pre_ping": True,
        # parameters may be contact data: they never reach a log or an error text
        "hide_parameters": True,
    },
)


def session() -> Session:
    """Return the session of the current request, job or command."""
    return db.session()


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
    """Return the settings of the second, small pool: the one that `apart` takes from.

    Who works apart mostly holds a connection already. Were both from one pool, as many requests as
    it has connections would wait for each other.
    """
    return {APART: {"url": url, "pool_size": 2, "max_overflow": 8}}


@contextmanager
def apart() -> Iterator[Session]:
    """Commit what happens inside in a transaction of its own, whatever becomes of the current."""
    with (
        Session(db.engines[APART], join_transaction_mode="create_savepoint") as own,
        own.begin(),
    ):
        yield own


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
