"""How a wall of row policies is opened: a setting that lives as long as a transaction.

The policies stand in the migrations and read the settings. What each wall hides and who opens it
stands in the room of the rows: contact data, who customers are, what people of a firm wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.core.db import in_transaction

SET = text("SELECT set_config(:setting, :value, true)")


def ids(found: Iterable[int]) -> str:
    """Return the value of a setting that names rows, as `{1,2}`."""
    return "{" + ",".join(str(int(one)) for one in found) + "}"


@contextmanager
def opened(setting: str, value: str, own: Session | None = None) -> Iterator[Session]:
    """Set a setting in a transaction and take it back behind, all changes written before.

    What is set so already stays until whoever set it takes it back.
    """
    with in_transaction(own) as session:
        before = session.info.get(setting, "")
        if before == value:
            yield session
            session.flush()
            return
        _set(session, setting, value)
        try:
            yield session
            session.flush()
        except BaseException:
            # in a transaction that PostgreSQL has given up nothing can be set, nor read
            with suppress(SQLAlchemyError):
                _set(session, setting, before)
            raise
        _set(session, setting, before)


def _set(session: Session, setting: str, value: str) -> None:
    session.info[setting] = value
    session.connection().execute(SET, {"setting": setting, "value": value})
