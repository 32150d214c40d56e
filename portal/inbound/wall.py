"""The wall before mails as they came: row policies, and the only code that opens them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

MAILS = "app.mails"
"""The ids of the mails that may be read and written, as `{1,2}`."""


@contextmanager
def open_mails(message_ids: Iterable[int], own: Session | None = None) -> Iterator[Session]:
    """Open the wall for these mails and close it behind."""
    with opened(MAILS, ids(message_ids), own) as session:
        yield session
