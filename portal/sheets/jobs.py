"""Sheets by the calendar: written to whoever wants one, and forgotten once they are long back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.jobs import Payload, job, sweep
from portal.sheets import mails, operations
from portal.sheets.contents import READERS
from portal.sheets.models import SheetWish
from portal.sheets.queries import due_readers
from portal.sheets.rules import due_on


@sweep("sheets.send", due_readers, queue="mail")
def send(user_id: int, at: datetime) -> None:
    """Write the sheet of this week to a person, once."""
    user = session().get_one(User, user_id)
    wish = session().get(SheetWish, user_id, with_for_update=True, populate_existing=True)
    if wish is None:
        return
    day = due_on(wish.weekday, at.astimezone(ZoneInfo(user.timezone)))
    if wish.told_on is not None and wish.told_on >= day:
        return
    wish.told_on = day
    session().flush()
    actor = find_actor_of(user_id, at)
    if actor is None or not any(map(actor.may, READERS)):
        return
    mails.post_weekly(user, actor, wish.kind, at, f"sheet:{user_id}:{day.isoformat()}")


@job("sheets.forget", queue="bulk")
def forget(_payload: Payload, at: datetime) -> None:
    operations.forget(at)
