"""Reads of the timeline that need no words: those stand behind the wall."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from portal.core.db import AnyRow, session
from portal.timeline.models import Activity, ContactLook
from portal.timeline.rules import Planned

OPEN: ColumnElement[bool] = and_(Activity.done_at.is_(None), Activity.cancelled_at.is_(None))
"""The condition of what lies ahead, as its indexes have it."""


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


def list_planned(subject: str, subject_id: int, organisation_id: int) -> Sequence[Planned]:
    """Return what a firm has planned about something, the next due first."""
    rows = session().execute(
        select(Activity.id, Activity.kind, Activity.planned_for)
        .where(
            Activity.subject == subject,
            Activity.subject_id == subject_id,
            Activity.organisation_id == organisation_id,
            OPEN,
        )
        .order_by(Activity.planned_for, Activity.id)
    )
    return [Planned(*row) for row in rows]


def count_planned_of(user_id: int) -> int:
    """Return how many open activities somebody has."""
    mine = select(func.count()).select_from(Activity).where(Activity.assignee_id == user_id, OPEN)
    return session().scalar(mine) or 0


def to_remind(at: datetime) -> Sequence[int]:
    """Return the open activities that somebody is to be reminded of by now."""
    return (
        session()
        .scalars(
            select(Activity.id)
            .where(OPEN, Activity.reminded_at.is_(None), Activity.remind_at <= at)
            .order_by(Activity.remind_at, Activity.id)
        )
        .all()
    )
