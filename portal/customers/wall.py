"""The wall before who customers are: row policies as those before contact data (`leads.wall`).

Whoever has not opened it reads, counts, changes and adds not one row of `customer_names` or
`customer_addresses`. The policies stand in the migration. Who may see what is decided before, by
who opens: `who` for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

NAMED = "app.customers_of"
"""The ids of the customers whose names and addresses may be read and written, as `{1,2}`."""

ALL = "app.customers"
"""`search`: all of them may be read."""


@contextmanager
def open_for(customer_ids: Iterable[int], own: Session | None = None) -> Iterator[Session]:
    """Open the wall for these customers and close it behind.

    Yields the session in which it is open: `own`, else the current one, or one apart where that
    only reads. What is changed inside is written before it closes.
    """
    with opened(NAMED, ids(customer_ids), own) as session:
        yield session


@contextmanager
def open_to_search(own: Session | None = None) -> Iterator[Session]:
    """Open the wall for reading all: who is called this, or has this e-mail, phone or domain?

    For what answers with ids of customers. Only equality of text finds an index behind the wall.
    """
    with opened(ALL, "search", own) as session:
        yield session
