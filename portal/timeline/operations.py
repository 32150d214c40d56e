"""Write entries of the timeline and looks at contact data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert

from portal.core.db import apart, session
from portal.timeline.models import Activity, ContactLook


def enter(
    subject: str,
    subject_id: int,
    kind: str,
    text: str,
    at: datetime,
    author_id: int | None = None,
    organisation_id: int | None = None,
    code: str | None = None,
    planned_for: datetime | None = None,
) -> None:
    """Add an entry; what is not planned is done at `at`."""
    session().execute(
        insert(Activity).values(
            subject=subject,
            subject_id=subject_id,
            kind=kind,
            text=text,
            at=at,
            author_id=author_id,
            organisation_id=organisation_id,
            code=code,
            planned_for=planned_for,
            done_at=None if planned_for else at,
        )
    )


def log_looks(
    lead_ids: Iterable[int], user_id: int, channel: str, at: datetime, *, together: bool = False
) -> None:
    """Note that a person was shown contact data, in a transaction of its own.

    It is a look even when the page that showed it changes nothing. `together` writes it with what
    the open transaction writes: a mail that is rolled back has told nobody anything.
    """
    rows = [
        {"lead_id": lead_id, "user_id": user_id, "at": at, "channel": channel}
        for lead_id in lead_ids
    ]
    if rows and together:
        session().execute(insert(ContactLook), rows)
    elif rows:
        with apart() as own:
            own.execute(insert(ContactLook), rows)
