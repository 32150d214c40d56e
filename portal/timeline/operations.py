"""Write entries of the timeline and looks at contact data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.core.db import session
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
    own: Session, lead_ids: Iterable[int], user_id: int, channel: str, at: datetime
) -> None:
    """Note that a person was shown contact data, in the transaction that reads it."""
    rows = [
        {"lead_id": lead_id, "user_id": user_id, "at": at, "channel": channel}
        for lead_id in lead_ids
    ]
    if rows:
        own.execute(insert(ContactLook), rows)
