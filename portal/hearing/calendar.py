"""Mails by the calendar: for each week, month or weekday once, from 7:00 where the reader is.

Where the house stood still they come later, and say the same; so they do where they fall into the
reader's quiet hours, or where she is away: then once she is back, or not at all where they tell of
a week that she was away from. That somebody was told is noted with
the mail, in one transaction, whether or not there was anything to say. What such a mail says is its
room's; here is only whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    Select,
    and_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.hearing.queries import in_quiet_hours
from portal.hearing.rules import FROM_HOUR
from portal.partners.queries import away_on, away_through

Here = ColumnElement[datetime]
"""The moment where a person is, less the hours of a day before its mails are sent."""
Due = ColumnElement[date]


@dataclass(frozen=True, slots=True)
class Mailing:
    """A mail by the calendar, in terms of a query of people.

    `due` is the last day on which it was due to somebody, None where it never is; `told` the one
    for which she got it last. `wants` says who is to have what was due on a day. What `lapses` does
    not come later to who was away on that day.
    """

    told: InstrumentedAttribute[date | None]
    due: Callable[[Here], Due]
    wants: Callable[[Due], ColumnElement[bool]]
    lapses: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """It is a person's turn to be told what was due on a day."""

    user: User
    actor: Actor
    due: date


def each_week(here: Here) -> Due:
    """Return the Monday of the week that it is."""
    return cast(func.date_trunc("week", here), Date)


def each_month(here: Here) -> Due:
    """Return the first day of the month that it is."""
    return cast(func.date_trunc("month", here), Date)


def list_due(mailing: Mailing, at: datetime, due: date | None = None) -> Sequence[int]:
    """Return whose turn it is; where a day is given, of what was due then and nothing else."""
    query = _turns(mailing, at)
    if due is not None:
        query = query.where(query.selected_columns.due == due)
    return [user_id for user_id, _due in session().execute(query.order_by(User.id))]


def take_turn(mailing: Mailing, user_id: int, at: datetime) -> Turn | None:
    """Note that a person is told, and return her turn; None where it isn't hers any more."""
    user = session().get_one(User, user_id, with_for_update=True, populate_existing=True)
    row: Row[int, date] | None = (
        session().execute(_turns(mailing, at).where(User.id == user_id)).first()
    )
    if row is None:
        return None
    due = row[1]
    setattr(user, mailing.told.key, due)
    session().flush()
    actor = find_actor_of(user_id, at)
    return None if actor is None else Turn(user, actor, due)


def _turns(mailing: Mailing, at: datetime) -> Select[int, date]:
    here = func.timezone(User.timezone, literal(at)) - timedelta(hours=FROM_HOUR)
    due = mailing.due(here)
    lapsed = away_on(due) if mailing.lapses else false()
    return (
        select(User.id, due.label("due"))
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(
            User.active,
            Organisation.active,
            and_(mailing.wants(due), due.is_not(None)),
            or_(mailing.told.is_(None), mailing.told < due),
            # from that hour on who is back, too
            away_through(at - timedelta(hours=FROM_HOUR)).is_(None),
            ~lapsed,
            ~in_quiet_hours(at),
        )
    )
