"""Sheets by the calendar: written to whoever wants one, and forgotten once they are long back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from portal.accounts.models import User
from portal.accounts.permissions import HAVE_SHEETS
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.jobs import Payload, job, sweep
from portal.hearing.queries import due_for_sheets, find_kept, read_defaults, values_of
from portal.hearing.rules import sheet_due_on
from portal.sheets import mails, operations


@sweep("sheets.send", due_for_sheets, queue="mail")
def send(user_id: int, at: datetime) -> None:
    """Write the sheet of this week to a person, once."""
    user = session().get_one(User, user_id, with_for_update=True, populate_existing=True)
    wanted = values_of(user, find_kept(user_id), read_defaults())
    if wanted["sheet_weekday"] is None:
        return
    day = sheet_due_on(wanted["sheet_weekday"], at.astimezone(ZoneInfo(user.timezone)))
    if user.sheet_told_on is not None and user.sheet_told_on >= day:
        return
    user.sheet_told_on = day
    session().flush()
    actor = find_actor_of(user_id, at)
    if actor is None or not any(map(actor.may, HAVE_SHEETS)):
        return
    mails.post_weekly(user, actor, wanted["sheet_kind"], at, f"sheet:{user_id}:{day.isoformat()}")


@job("sheets.forget", queue="bulk")
def forget(_payload: Payload, at: datetime) -> None:
    operations.forget(at)
