"""The wall before what people of a firm wrote: notes, what they said before, words of activities.

Row policies of PostgreSQL hide all of it from whoever has not opened the wall, as they do contact
data (`leads.wall`); here is how one opens it, for a transaction. Who may read what is decided
before, by who opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

NOTES = "app.notes_of"
"""The id of the firm whose notes may be read and written."""

SHARED_NOTES = "app.shared_notes_of"
"""The ids of the leads whose shared notes may be read, as `{1,2}`."""


@contextmanager
def open_notes(
    organisation_id: int, shared_of: Iterable[int] = (), own: Session | None = None
) -> Iterator[Session]:
    """Open the wall for a firm's own notes, and for those that others share on these leads."""
    with (
        opened(NOTES, str(int(organisation_id)), own) as session,
        opened(SHARED_NOTES, ids(shared_of), session),
    ):
        yield session
