"""The wall before what people of a firm wrote: notes, what they said before, words of activities.

Row policies of PostgreSQL hide all of it from whoever has not opened the wall, as they do contact
data (`leads.wall`); here is how one opens it, for a transaction. Who may read what is decided
before, by who opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.core.db import in_transaction

NOTES = "app.notes_of"
"""The id of the firm whose notes may be read and written."""

SHARED_NOTES = "app.shared_notes_of"
"""The ids of the leads whose shared notes may be read, as `{1,2}`."""

SET = text("SELECT set_config(:setting, :value, true)")


@contextmanager
def open_notes(
    organisation_id: int, shared_of: Iterable[int] = (), own: Session | None = None
) -> Iterator[Session]:
    """Open the wall for a firm's own notes, and for those that others share on these leads."""
    value = "{" + ",".join(str(int(lead_id)) for lead_id in shared_of) + "}"
    with (
        opened(NOTES, str(int(organisation_id)), own) as session,
        opened(SHARED_NOTES, value, session),
    ):
        yield session


@contextmanager
def opened(setting: str, value: str, own: Session | None = None) -> Iterator[Session]:
    """Set a setting in a transaction and take it back behind, all changes written before."""
    with in_transaction(own) as session:
        before = session.info.get(setting, "")
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
