"""Reads of the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from portal.core.db import session
from portal.timeline.models import Activity, ContactLook


def list_entries(
    subject: str, subject_id: int, organisation_id: int | None, limit: int = 200
) -> Sequence[Activity]:
    """Return the entries that a firm may read, newest first: its own and the common ones.

    `organisation_id=None` returns the common ones and everybody's feedback: what the vendor reads.
    """
    readable = (
        or_(Activity.organisation_id.is_(None), Activity.organisation_id == organisation_id)
        if organisation_id is not None
        else or_(Activity.organisation_id.is_(None), Activity.kind == "feedback")
    )
    return (
        session()
        .scalars(
            select(Activity)
            .where(Activity.subject == subject, Activity.subject_id == subject_id, readable)
            .options(joinedload(Activity.author))
            .order_by(Activity.at.desc(), Activity.id.desc())
            .limit(limit)
        )
        .all()
    )


def list_looks(lead_id: int, limit: int = 50) -> Sequence[ContactLook]:
    """Return who looked at the contact data of a lead, newest first."""
    return (
        session()
        .scalars(
            select(ContactLook)
            .where(ContactLook.lead_id == lead_id)
            .order_by(ContactLook.id.desc())
            .limit(limit)
        )
        .all()
    )
