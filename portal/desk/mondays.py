"""The list of the overdue by mail: Mondays at 7:00 where the reader is, to who wants it.

Where the house stood still on a Monday it comes later that week; nothing comes where nothing is
over. What was told is noted with the mail, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_date, ngettext
from sqlalchemy import Date, cast, func, literal, or_, select

from portal.accounts import reach
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.jobs import sweep
from portal.desk.lead_filters import Asking
from portal.desk.overdue import count_overdue, last_sunday, list_overdue
from portal.hearing.operations import monday_of
from portal.hearing.queries import wants_mondays
from portal.leads.queries import seen_by
from portal.notifications import letters
from portal.notifications.letters import Letter

FROM_HOUR = timedelta(hours=7)
NAMED = 20
"""So many leads stand in the mail; the page has them all."""


def due_readers(at: datetime) -> Sequence[int]:
    """Return who wants the list of this week and has not got it."""
    here = func.timezone(User.timezone, literal(at))
    monday = func.date_trunc("week", here)
    return (
        session()
        .scalars(
            select(User.id)
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(
                wants_mondays(),
                User.active,
                Organisation.active,
                here >= monday + FROM_HOUR,
                or_(User.monday_told_on.is_(None), User.monday_told_on < cast(monday, Date)),
            )
            .order_by(User.id)
        )
        .all()
    )


@sweep("desk.tell_mondays", due_readers, queue="mail")
def tell_monday(user_id: int, at: datetime) -> None:
    """Write the list of this week to a person, once."""
    user = session().get_one(User, user_id, with_for_update=True, populate_existing=True)
    monday, actor = monday_of(user, at), find_actor_of(user_id, at)
    if user.monday_told_on is not None and user.monday_told_on >= monday:
        return
    user.monday_told_on = monday
    session().flush()
    if actor is None or not actor.may(Permission.BOARD_SEE):
        return
    reached = reach.read(actor)
    asking = Asking(actor, at, ZoneInfo(user.timezone), reached, seen_by(actor, reached))
    letter = overdue_list(user, asking)
    if letter is not None:
        letters.post(letter, user, at, f"mondays:{user_id}:{monday.isoformat()}")


def overdue_list(user: User, asking: Asking) -> Letter | None:
    """Return the mail; None where nothing is over."""
    sunday = last_sunday(asking.today)
    found = list_overdue(sunday, asking, size=NAMED).items
    if not found:
        return None
    count = count_overdue(sunday, asking)
    with letters.to(user):
        rows: list[dict[str, Any]] = [
            {
                "number": row.number,
                "title": row.title,
                "temperature": row.temperature,
                "path": f"/leads/{row.id}",
                "over": ngettext("%(num)d day over", "%(num)d days over", -row.left),
                "expected": format_date(row.expected_on, "long"),
                "whom": ", ".join(part for part in (row.holder, row.firm) if part),
                "owner": row.owner or "",
            }
            for row in found
        ]
        day = format_date(sunday, "long")
    context = {
        "rows": rows,
        "count": count,
        "more": count - len(rows),
        "day": day,
        "path": f"/neglected/overdue?until={sunday.isoformat()}",
    }
    return Letter("overdue_list", context)
