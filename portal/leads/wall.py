"""The wall before contact data, firms' notes and the words of their activities: row policies of
PostgreSQL, and the only code that opens it.

Whoever has not opened it reads, counts, changes and adds not one row of `lead_contacts`,
`firm_notes`, `note_versions` or `activity_words`, whatever the statement forgot to ask: no page, no
worker, no import, no console. The policies stand in the migrations and read settings that live as
long as a transaction. Here they are set and taken back; who may see what is decided before, by who
opens (`contacts`, `notes` and `activities` for people). It stops a forgotten condition, not
somebody who may send statements of his own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.core.db import in_transaction

NAMED = "app.contacts_of"
"""The ids of the leads whose contacts may be read and written, as `{1,2}`."""

ALL = "app.contacts"
"""`search`: every contact may be read; `intake`: and written."""

NOTES = "app.notes_of"
"""The id of the firm whose notes may be read and written."""

SHARED_NOTES = "app.shared_notes_of"
"""The ids of the leads whose shared notes may be read, as `{1,2}`."""

SET = text("SELECT set_config(:setting, :value, true)")


@contextmanager
def open_for(lead_ids: Iterable[int], own: Session | None = None) -> Iterator[Session]:
    """Open the wall for the contacts of these leads and close it behind.

    Yields the session in which it is open: `own`, else the current one, or one apart where that
    only reads. What is changed inside is written before it closes.
    """
    value = "{" + ",".join(str(int(lead_id)) for lead_id in lead_ids) + "}"
    with _opened(NAMED, value, own) as opened:
        yield opened


@contextmanager
def open_to_search() -> Iterator[Session]:
    """Open the wall for reading all contacts: who has this e-mail, phone, domain or company?

    For what answers with leads, never with contacts. Compare text for equality: the policy lets
    PostgreSQL use no index for anything else, as it can't know what an operator gives away.
    """
    with _opened(ALL, "search") as opened:
        yield opened


@contextmanager
def open_to_intake() -> Iterator[Session]:
    """Open the wall for a batch of leads that comes in."""
    with _opened(ALL, "intake") as opened:
        yield opened


@contextmanager
def open_notes(
    organisation_id: int, shared_of: Iterable[int] = (), own: Session | None = None
) -> Iterator[Session]:
    """Open the wall for a firm's own notes, and for those that others share on these leads."""
    value = "{" + ",".join(str(int(lead_id)) for lead_id in shared_of) + "}"
    with (
        _opened(NOTES, str(int(organisation_id)), own) as opened,
        _opened(SHARED_NOTES, value, opened),
    ):
        yield opened


@contextmanager
def _opened(setting: str, value: str, own: Session | None = None) -> Iterator[Session]:
    with in_transaction(own) as opened:
        before = opened.info.get(setting, "")
        _set(opened, setting, value)
        try:
            yield opened
            opened.flush()
        except BaseException:
            # in a transaction that PostgreSQL has given up nothing can be set, nor read
            with suppress(SQLAlchemyError):
                _set(opened, setting, before)
            raise
        _set(opened, setting, before)


def _set(opened: Session, setting: str, value: str) -> None:
    opened.info[setting] = value
    opened.connection().execute(SET, {"setting": setting, "value": value})
