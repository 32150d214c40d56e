"""The list of the overdue: leads in work that were to be closed by a day, the longest over first.

How long it is until the expected day and how long it is over is computed for the day on which it
is read. Never contact data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, Select, cast, func, select, tuple_
from sqlalchemy.orm import aliased

from portal.accounts.models import Organisation, User
from portal.core.db import AnyRow, session
from portal.desk.lead_filters import Asking
from portal.desk.neglected import IN_WORK, expected_on
from portal.leads.models import Lead
from portal.pickup.models import Pickup
from portal.web.paging import Page, cut
from portal.web.sheets import AT_ONCE

PAGE = 50
BEGAN_ON = func.coalesce(Lead.started_on, cast(Lead.picked_at, Date))
PLACE = (expected_on(), Lead.id)


def last_sunday(today: date) -> date:
    """Return the day up to which a week's list goes by itself: the Sunday before this week."""
    return today - timedelta(days=today.isoweekday())


def listed(until: date, asking: Asking) -> Select[*tuple[Any, ...]]:
    """Return the query of what was to be closed up to and including a day, in its order.

    `left` are the days from today to the expected one, below nought when it is over.
    """
    owner, holder = aliased(User, name="owner"), aliased(User, name="holder")
    return (
        select(
            Lead.id,
            Lead.number,
            Lead.title,
            Lead.temperature,
            Lead.status_id,
            BEGAN_ON.label("began_on"),
            Lead.estimated_on,
            expected_on().label("expected_on"),
            (expected_on() - asking.today).label("left"),
            Lead.target_amount,
            Lead.probability,
            Pickup.last_feedback_at,
            Organisation.name.label("firm"),
            holder.name.label("holder"),
            owner.name.label("owner"),
        )
        .select_from(Lead)
        .outerjoin(Pickup, (Pickup.lead_id == Lead.id) & Pickup.ended_at.is_(None))
        .outerjoin(Organisation, Organisation.id == Pickup.organisation_id)
        .outerjoin(holder, holder.id == Pickup.user_id)
        .outerjoin(owner, owner.id == Lead.owner_id)
        .where(IN_WORK, expected_on() <= until, asking.visible)
        .order_by(*PLACE)
    )


def list_overdue(until: date, asking: Asking, number: int = 1, size: int = PAGE) -> Page[AnyRow]:
    """Return a page of the list."""
    query = listed(until, asking).limit(size + 1).offset((number - 1) * size)
    return cut(session().execute(query).all(), number, size)


def count_overdue(until: date, asking: Asking) -> int:
    """Return how many there are."""
    query = select(func.count(Lead.id)).where(IN_WORK, expected_on() <= until, asking.visible)
    return session().scalar(query) or 0


def count_expected(day: date, asking: Asking) -> int:
    """Return how many leads in work are to be closed on a day."""
    query = select(func.count(Lead.id)).where(IN_WORK, expected_on() == day, asking.visible)
    return session().scalar(query) or 0


def every_overdue(until: date, asking: Asking) -> Iterator[Sequence[AnyRow]]:
    """Yield the whole list, some hundred at a time."""
    query, last = listed(until, asking).limit(AT_ONCE), None
    while True:
        after = query if last is None else query.where(tuple_(*PLACE) > last)
        rows = session().execute(after).all()
        yield rows
        if len(rows) < AT_ONCE:
            return
        last = (rows[-1].expected_on, rows[-1].id)
