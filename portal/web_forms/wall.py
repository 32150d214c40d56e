"""The wall before what people typed into forms: it opens for named entries, never for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

NAMED = "app.web_form_entries"
"""The ids of the entries whose words may be read and written, as `{1,2}`."""


@contextmanager
def open_for(entry_ids: Iterable[int], own: Session | None = None) -> Iterator[Session]:
    """Open the wall for the words of these entries and close it behind."""
    with opened(NAMED, ids(entry_ids), own) as session:
        yield session
