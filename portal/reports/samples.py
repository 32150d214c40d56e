"""What the report of the week is shown of to who writes its words: his own report of last week."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import session
from portal.hearing.operations import monday_of
from portal.notifications.samples import for_whom, sample_of
from portal.reports.rules import A_WEEK, week_of
from portal.reports.weekly import weekly_report
from portal.wording.samples import Sample, shows


@shows("weekly_report")
def of_last_week(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the reader's report of last week, with its pictures."""
    user = session().get_one(User, actor.id)
    week = week_of(monday_of(user, at) - A_WEEK, ZoneInfo(user.timezone))
    letter = weekly_report(user, actor, week, at)
    return sample_of(letter, user, for_whom(user), letter.encloses) if letter else None
