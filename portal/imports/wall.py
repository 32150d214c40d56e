"""The wall before rows of files: row policies, as before contacts, and the code that opens it.

A row of a list is contact data of leads that may be on offer already. The policies stand in the
migration. `leads.wall.open_for` opens it for the rows of single leads, for whoever erases them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

OF = "app.rows_of"
"""The ids of the imports whose rows may be read and written, as `{1,2}`."""


@contextmanager
def open_to(import_id: int) -> Iterator[Session]:
    """Open the wall for the rows of an import and close it behind; yields the session of it."""
    with opened(OF, ids([import_id])) as session:
        yield session
