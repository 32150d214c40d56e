"""The wall before what was written into sheets: row policies, and the only code that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

RETURNS = "app.sheet_returns"
"""The ids of the returned sheets whose rows may be read and written, as `{1,2}`."""


@contextmanager
def open_return(return_id: int) -> Iterator[Session]:
    """Open the wall for the rows of a returned sheet and close it behind; yields its session."""
    with opened(RETURNS, ids([return_id])) as session:
        yield session
