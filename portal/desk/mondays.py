"""The list of the overdue by mail: Mondays at 7:00 where the reader is, to who wants it.

Nothing comes where nothing is over.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_date, ngettext

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.core.jobs import sweep
from portal.desk.lead_filters import Asking
from portal.desk.overdue import count_overdue, last_sunday, list_overdue
from portal.hearing.calendar import Mailing, each_week, list_due, take_turn
from portal.hearing.operations import MONDAYS_LIST
from portal.hearing.queries import wants_mondays
from portal.leads.queries import seen_by
from portal.notifications import letters
from portal.notifications.letters import Letter

NAMED = 20
"""So many leads stand in the mail; the page has them all."""


MONDAYS = Mailing(User.monday_told_on, each_week, lambda _monday: wants_mondays(), lapses=True)


@sweep("desk.tell_mondays", partial(list_due, MONDAYS), queue="mail")
def tell_monday(user_id: int, at: datetime) -> None:
    """Write the list of this week to a person, once."""
    turn = take_turn(MONDAYS, user_id, at)
    if turn is None or not turn.actor.may(Permission.BOARD_SEE):
        return
    letter = overdue_list(turn.user, turn.actor, at)
    if letter is not None:
        letters.post(letter, turn.user, at, f"mondays:{user_id}:{turn.due.isoformat()}")


def overdue_list(user: User, actor: Actor, at: datetime) -> Letter | None:
    """Return the mail; None where nothing is over."""
    reached = reach.read(actor)
    asking = Asking(actor, at, ZoneInfo(user.timezone), reached, seen_by(actor, reached))
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
    stop, headers = letters.stopping(MONDAYS_LIST, "overdue", user, at)
    context = {
        "rows": rows,
        "count": count,
        "more": count - len(rows),
        "day": day,
        "path": f"/neglected/overdue?until={sunday.isoformat()}",
        "stop_path": stop,
    }
    return Letter("overdue_list", context, headers=headers)
