"""What the type of a lead has happen by itself: its expected end, and activities that are planned.

When an inquiry is taken to be qualified, its type plans for who does. When work on a lead begins,
its estimated end is set by the days that its type takes. What the type plans when a lead is
qualified is the vendor's to do, what it plans at a pickup the holder's: its owner's where the
vendor begins with it himself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.accounts.models import User
from portal.core.db import session
from portal.core.events import record
from portal.leads.definition import Moment
from portal.leads.events import KeyDatesChanged
from portal.leads.models import Lead, LeadDateChange, LeadState, LeadType
from portal.leads.notes import about
from portal.timeline import activities as timeline
from portal.timeline import operations as timeline_operations
from portal.timeline.models import Activity
from portal.timeline.rules import Entry, Why

CADENCE = "cadence"
"""The code of an activity that the type of a lead has planned."""

IN_THE_MORNING, IN_THE_EVENING = time(9), time(17)
AT_LEAST = timedelta(hours=1)


def due_of(at: datetime, days: int, timezone: str) -> datetime:
    """Return when something is due `days` after a moment: at nine, on a working day.

    On the day itself it is due at the end of it; where that is near already, an hour later.
    """
    zone = ZoneInfo(timezone)
    here = at.astimezone(zone)
    day = here.date() + timedelta(days=days)
    if days:
        day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)
        return datetime.combine(day, IN_THE_MORNING, zone)
    return max(datetime.combine(day, IN_THE_EVENING, zone), here + AT_LEAST)


def begin(lead_id: int, since: datetime, at: datetime) -> None:
    """Set when a lead is expected to be closed, and plan what its type plans when work begins.

    Nothing happens where it is not in the hands that it came into then, and not a second time.
    """
    lead = _lock(lead_id)
    if lead is None:
        return
    if lead.state == LeadState.HELD and lead.picked_at == since:
        worker = session().get(User, lead.holder_id)
    elif lead.state == LeadState.DIRECT and lead.state_since == since:
        worker = session().get(User, lead.owner_id or 0)
    else:
        return
    if worker is not None:
        estimate(lead, since, worker.timezone, at)
        plan(lead, Moment.PICKED_UP, worker, since, at)


def qualified(lead_id: int, qualified_at: datetime, at: datetime) -> None:
    """Plan what the type of a lead plans when it is qualified: its owner has it, or its qualifier.

    Nothing happens where it is not ready any more since, and not a second time.
    """
    lead = _lock(lead_id)
    if lead is None or lead.qualified_at != qualified_at:
        return
    owner = session().get(User, lead.owner_id or lead.qualifier_id or 0)
    if owner is not None and owner.active:
        plan(lead, Moment.QUALIFIED, owner, qualified_at, at)


def taken(lead: Lead, user_id: int, at: datetime) -> None:
    """Plan what the type of a locked lead plans when it is taken to be qualified.

    What was planned for somebody else of the firm then goes to who has it now.
    """
    who = session().get_one(User, user_id)
    begun = _of_cadence(lead.id, who.organisation_id)
    for activity in begun:
        timeline_operations.assign(activity, user_id, user_id, at)
    if not begun:
        plan(lead, Moment.TAKEN, who, at, at)


def drop(lead: Lead, user_id: int, at: datetime) -> None:
    """Settle what was planned for who qualifies a locked lead: it is qualified, or put aside."""
    for firm in _firms_with_cadence(lead.id):
        for activity in _of_cadence(lead.id, firm):
            timeline_operations.cancel(activity, Why.QUALIFIED, user_id, at)


def _firms_with_cadence(lead_id: int) -> Sequence[int]:
    query = select(Activity.organisation_id).where(
        Activity.subject == "lead", Activity.subject_id == lead_id, Activity.code == CADENCE
    )
    return [one for one in session().scalars(query.distinct()) if one is not None]


def _of_cadence(lead_id: int, organisation_id: int) -> list[Activity]:
    """Lock what is planned by itself and still open, of one firm."""
    its = timeline_operations.lock_open("lead", lead_id, organisation_id)
    return [one for one in its if one.code == CADENCE]


def _lock(lead_id: int) -> Lead | None:
    return session().scalar(
        select(Lead)
        .where(Lead.id == lead_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def estimate(lead: Lead, begun_at: datetime, timezone: str, at: datetime) -> None:
    """Set the estimated end of a locked lead whose work began, if its type says how long it takes.

    An end that somebody has set already stays.
    """
    days = session().get_one(LeadType, lead.type_id).days
    if days is None or lead.estimated_on is not None:
        return
    day = begun_at.astimezone(ZoneInfo(timezone)).date() + timedelta(days=days)
    lead.estimated_on = day
    session().add(
        LeadDateChange(
            lead_id=lead.id, field="estimated_on", was=None, day=day, at=at, user_id=None
        )
    )
    session().flush()
    record(
        KeyDatesChanged(
            at=at,
            lead_id=lead.id,
            user_id=None,
            dates_before={"estimated_on": ""},
            dates={"estimated_on": day.isoformat()},
        )
    )


def plan(lead: Lead, moment: Moment, who: User, since: datetime, at: datetime) -> None:
    """Plan what the type of a locked lead plans at a moment, which was `since`, for somebody."""
    planned = [
        one for one in session().get_one(LeadType, lead.type_id).cadence if one["when"] == moment
    ]
    if not planned or _is_planned(lead.id, who.organisation_id, since):
        return
    for one in planned:
        activity = timeline.plan(
            about(lead.id),
            Entry(
                one["kind"],
                text_of(one["names"], who.locale),
                # never due before it is told, whenever that may be
                due=max(due_of(since, one["days"], who.timezone), at + AT_LEAST),
                assignee_id=who.id,
            ),
            who.organisation_id,
            at,
        )
        activity.code = CADENCE
    session().flush()


def _is_planned(lead_id: int, organisation_id: int, since: datetime) -> bool:
    return (
        session().scalar(
            select(Activity.id)
            .where(
                Activity.subject == "lead",
                Activity.subject_id == lead_id,
                Activity.organisation_id == organisation_id,
                Activity.code == CADENCE,
                Activity.at >= since,
            )
            .limit(1)
        )
        is not None
    )


def text_of(names: Mapping[str, Any], locale: str | None) -> str:
    """Return what an activity is called in somebody's language, else in English."""
    return str(names.get((locale or "en")[:2]) or names.get("en", ""))
