"""Sheets by the calendar: written to whoever wants one, and forgotten once they are long back."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from portal.accounts.models import User
from portal.accounts.permissions import HAVE_SHEETS
from portal.core.jobs import Payload, job, sweep
from portal.hearing.calendar import Mailing, list_due, take_turn
from portal.hearing.queries import (
    find_kept,
    read_defaults,
    sheet_due,
    values_of,
    wants_sheet,
)
from portal.sheets import mails, operations

WEEKLY = Mailing(User.sheet_told_on, sheet_due, wants_sheet)


@sweep("sheets.send", partial(list_due, WEEKLY), queue="mail")
def send(user_id: int, at: datetime) -> None:
    """Write the sheet of this week to a person, once."""
    turn = take_turn(WEEKLY, user_id, at)
    if turn is None or not any(map(turn.actor.may, HAVE_SHEETS)):
        return
    wanted = values_of(turn.user, find_kept(user_id), read_defaults())
    key = f"sheet:{user_id}:{turn.due.isoformat()}"
    mails.post_weekly(turn.user, turn.actor, wanted["sheet_kind"], at, key)


@job("sheets.forget", queue="bulk")
def forget(_payload: Payload, at: datetime) -> None:
    operations.forget(at)
