"""Inquiries that somebody began to qualify and has not touched for days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from portal.accounts.models import User
from portal.core.db import session
from portal.core.events import EventRow, record
from portal.deadlines.models import DeadlinePolicy
from portal.leads import events
from portal.leads.models import Lead, LeadState
from portal.leads.policies import said_of

APART = timedelta(days=1)
"""A person is told of stale drafts once in so long, of all that there are by then."""

TOUCHES = (
    events.LeadTaken.__name__,
    events.QualificationSaved.__name__,
    events.LeaksConfirmed.__name__,
)


def _touched() -> ColumnElement[datetime]:
    """Return when somebody last worked on a lead."""
    last = (
        select(func.max(EventRow.at))
        .where(EventRow.lead_id == Lead.id, EventRow.name.in_(TOUCHES))
        .scalar_subquery()
    )
    return func.greatest(Lead.state_since, last)


def _stale(at: datetime) -> ColumnElement[bool]:
    """Return the condition of a draft that nobody has touched for its policy's days."""
    hours = said_of(DeadlinePolicy.draft_days) * 24
    since = literal(at) - func.make_interval(0, 0, 0, 0, hours)
    # the first date is cheap to ask: what was begun later can't be stale
    return and_(Lead.state == LeadState.QUALIFYING, Lead.state_since <= since, _touched() <= since)


def _untold() -> ColumnElement[bool]:
    return or_(Lead.draft_told_at.is_(None), Lead.draft_told_at < _touched())


def forgetful_qualifiers(at: datetime) -> Sequence[int]:
    """Return who has a stale draft that she was not told of, and was told nothing for a day."""
    told = exists().where(
        EventRow.name == events.DraftsStale.__name__,
        EventRow.at > at - APART,
        EventRow.data["user_id"].as_integer() == Lead.qualifier_id,
    )
    return (
        session()
        .scalars(
            select(User.id)
            .join(Lead, Lead.qualifier_id == User.id)
            .where(_stale(at), _untold(), User.active, ~told)
            .distinct()
            .order_by(User.id)
        )
        .all()
    )


def tell_of_drafts(user_id: int, at: datetime) -> None:
    """Record once that drafts of a person are stale, one event for all of them."""
    # one at a time, so that two sweeps don't tell her twice
    session().execute(
        select(User.id).where(User.id == user_id).with_for_update(key_share=True)
    ).one()
    if user_id not in forgetful_qualifiers(at):
        return
    drafts = (
        session()
        .scalars(
            select(Lead)
            .where(Lead.qualifier_id == user_id, _stale(at))
            .order_by(Lead.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        .all()
    )
    if not drafts:
        return
    for lead in drafts:
        lead.draft_told_at = at
    session().flush()
    record(events.DraftsStale(at=at, user_id=user_id, lead_ids=[lead.id for lead in drafts]))
