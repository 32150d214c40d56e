"""The wall before what holders and the vendor write to each other about requests.

Row policies of PostgreSQL hide it from whoever has not opened the wall for a request by its id.
Who may read which is decided before, by who opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

REQUESTS = "app.requests"


@contextmanager
def open_for(request_ids: Iterable[int]) -> Iterator[Session]:
    """Open the wall for the words of these requests."""
    with opened(REQUESTS, ids(request_ids)) as own:
        yield own
