"""The wall before whom partners know: row policies of PostgreSQL, and the only code that opens it.

It opens for one firm, to keep its own list, or to meet a lead's customer with all lists, which
reads marks that nobody can read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

OWN = "app.known_customers"
"""The ids of the firms whose lists may be read and written, as `{1}`."""

MEETING = "app.meeting_customers"
"""`yes`: every list may be compared with a lead."""


@contextmanager
def open_for(organisation_id: int) -> Iterator[Session]:
    """Open the wall for a firm's own list and close it behind."""
    with opened(OWN, ids([organisation_id])) as session:
        yield session


@contextmanager
def open_to_meet() -> Iterator[Session]:
    """Open the wall for comparing all lists."""
    with opened(MEETING, "yes") as session:
        yield session
