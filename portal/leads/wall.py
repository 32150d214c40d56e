"""The wall before contact data: row policies of PostgreSQL, and the only code that opens it.

Whoever has not opened it reads, counts, changes and adds not one row of `lead_contacts`, whatever
the statement forgot to ask: no page, no worker, no import, no console. The policies stand in the
migrations and read settings that live as long as a transaction. Here they are set and taken back;
who may see what is decided before, by who opens (`contacts` for people). It stops a forgotten
condition, not somebody who may send statements of his own. What people of a firm wrote stands
behind the same wall: `timeline.wall`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.walls import ids, opened

NAMED = "app.contacts_of"
"""The ids of the leads whose contacts may be read and written, as `{1,2}`."""

ALL = "app.contacts"
"""`search`: every contact may be read; `intake`: and written."""


@contextmanager
def open_for(lead_ids: Iterable[int], own: Session | None = None) -> Iterator[Session]:
    """Open the wall for the contacts of these leads and close it behind.

    Yields the session in which it is open: `own`, else the current one, or one apart where that
    only reads. What is changed inside is written before it closes.
    """
    with opened(NAMED, ids(lead_ids), own) as session:
        yield session


@contextmanager
def open_to_search() -> Iterator[Session]:
    """Open the wall for reading all contacts: who has this e-mail, phone, domain or company?

    For what answers with leads, never with contacts. Compare text for equality: the policy lets
    PostgreSQL use no index for anything else, as it can't know what an operator gives away.
    """
    with opened(ALL, "search") as session:
        yield session


@contextmanager
def open_to_intake() -> Iterator[Session]:
    """Open the wall for a batch of leads that comes in."""
    with opened(ALL, "intake") as session:
        yield session
