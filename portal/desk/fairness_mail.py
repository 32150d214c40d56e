"""How leads were shared out, by mail: once a month from the first at 7:00 where the reader is.

It waits until the month before has been counted to its end. Nothing comes where too few firms took
part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.permissions import HEAR_OF_FAIRNESS
from portal.core.db import session
from portal.core.jobs import sweep
from portal.desk import fairness_words as words
from portal.desk.fairness import (
    bounds_of,
    list_months,
    month_before,
    month_of,
    read_figures,
    vendors_zone,
)
from portal.desk.fairness_rules import LEAST, FirmMonth
from portal.desk.models import FairMonth
from portal.hearing.calendar import Mailing, each_month, list_due, take_turn
from portal.hearing.operations import FAIRNESS
from portal.hearing.queries import wants_fairness
from portal.notifications import letters
from portal.notifications.letters import Letter
from portal.web.filters import number

MONTHLY = Mailing(User.fairness_told_on, each_month, lambda _first: wants_fairness())


def due_readers(at: datetime) -> Sequence[int]:
    """Return who is to hear how leads were shared out last month, once that is counted."""
    if not list_months():
        return []
    zone = vendors_zone()
    told = month_before(month_of(at, zone))
    counted = session().get(FairMonth, told)
    if counted is None or counted.counted_at < bounds_of(told, zone)[1]:
        return []
    return list_due(MONTHLY, at, month_before(told, -1))


@sweep("desk.tell_fairness", due_readers, queue="mail")
def tell_month(user_id: int, at: datetime) -> None:
    """Write to a person how leads were shared out last month, once."""
    turn = take_turn(MONTHLY, user_id, at)
    if turn is None or not any(map(turn.actor.may, HEAR_OF_FAIRNESS)):
        return
    letter = shared_out(turn.user, month_before(turn.due), at)
    if letter is not None:
        letters.post(letter, turn.user, at, f"fairness:{user_id}:{turn.due.isoformat()}")


def told_of(own: FirmMonth) -> dict[str, str]:
    """Return what the mail says of the reader's own firm."""
    return {
        "offers": number(own.offers),
        "picks": number(own.picks),
        "hot": number(own.hot_picks),
    }


def shared_out(user: User, month: date, at: datetime) -> Letter | None:
    """Return the mail about a month; None where too few firms took part, or nothing was offered."""
    found = read_figures(month, user.organisation_id)
    if found is None or found.whole.firms < LEAST or not found.whole.offers:
        return None
    kept, whole, own = found.month, found.whole, found.own
    stop, headers = letters.stopping(FAIRNESS, "fairness", user, at)
    with letters.to(user):
        context = {
            "month": words.month_said(month),
            "leads": kept.leads,
            "time": words.time_said(kept.half_minutes),
            "ginis": [
                {"name": str(name), "said": words.gini_said(value)}
                for name, value in (
                    (_("Offers"), kept.gini_offers),
                    (_("Picked up"), kept.gini_picks),
                    (_("Hot ones picked up"), kept.gini_hot),
                )
            ],
            "headings": words.headings(),
            "chapters": [
                {
                    "name": words.chapter_called(by),
                    "groups": [
                        {
                            "name": words.group_called(by, one),
                            "shares": words.shares_of(one, whole),
                        }
                        for one in groups
                    ],
                }
                for by, groups in found.groups.items()
                if groups
            ],
            "own": own and told_of(own),
            "path": f"/fairness?month={month:%Y-%m}",
            "stop_path": stop,
        }
    return Letter("shared_out", context, headers=headers)
