"""Reads of the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from portal.core.db import AnyRow, session
from portal.timeline.models import ContactLook


def list_looks(lead_id: int, limit: int = 50) -> Sequence[AnyRow]:
    """Return who looked at the contact data of a lead: `user_id`, `times`, `last`; newest first."""
    last = func.max(ContactLook.at).label("last")
    return (
        session()
        .execute(
            select(ContactLook.user_id, func.count().label("times"), last)
            .where(ContactLook.lead_id == lead_id)
            .group_by(ContactLook.user_id)
            .order_by(last.desc())
            .limit(limit)
        )
        .all()
    )
