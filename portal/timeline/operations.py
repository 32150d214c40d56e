"""Write entries of the timeline and looks at contact data; settle and hand on what is planned.

Here: what needs none of the words that people wrote. Those stand behind the wall, with who may
plan what (`leads.activities`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.core.db import session
from portal.core.events import record
from portal.timeline.events import (
    ActivityDue,
    ActivityHandedOn,
    ActivityPlannedAgain,
    ActivitySettled,
)
from portal.timeline.models import Activity, ContactLook
from portal.timeline.queries import OPEN
from portal.timeline.rules import Why


def enter(
    subject: str,
    subject_id: int,
    kind: str,
    text: str,
    at: datetime,
    author_id: int | None = None,
    organisation_id: int | None = None,
    code: str | None = None,
    planned_for: datetime | None = None,
) -> None:
    """Add an entry; what is not planned is done at `at`."""
    session().execute(
        insert(Activity).values(
            subject=subject,
            subject_id=subject_id,
            kind=kind,
            text=text,
            at=at,
            author_id=author_id,
            organisation_id=organisation_id,
            code=code,
            planned_for=planned_for,
            done_at=None if planned_for else at,
        )
    )


def log_looks(
    own: Session, lead_ids: Iterable[int], user_id: int, channel: str, at: datetime
) -> None:
    """Note that a person was shown contact data, in the transaction that reads it."""
    rows = [
        {"lead_id": lead_id, "user_id": user_id, "at": at, "channel": channel}
        for lead_id in lead_ids
    ]
    if rows:
        own.execute(insert(ContactLook), rows)


def lock_open(subject: str, subject_id: int, organisation_id: int) -> list[Activity]:
    """Lock what a firm has planned about something, in the order of its ids."""
    return list(
        session().scalars(
            select(Activity)
            .where(
                Activity.subject == subject,
                Activity.subject_id == subject_id,
                Activity.organisation_id == organisation_id,
                OPEN,
            )
            .order_by(Activity.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def lock_planned_of(user_id: int) -> list[Activity]:
    """Lock what somebody has planned, in the order of its ids."""
    return list(
        session().scalars(
            select(Activity)
            .where(Activity.assignee_id == user_id, OPEN)
            .order_by(Activity.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def cancel_planned(
    subject: str,
    subject_id: int,
    organisation_id: int,
    why: Why,
    user_id: int | None,
    at: datetime,
) -> int:
    """Cancel what a firm has planned about something; return how much it was."""
    planned = lock_open(subject, subject_id, organisation_id)
    for activity in planned:
        activity.cancelled_at, activity.settled_by_id, activity.code = at, user_id, why
    session().flush()
    for activity in planned:
        record(
            ActivitySettled(
                at=at,
                lead_id=lead_of(activity),
                activity_id=activity.id,
                user_id=user_id,
                organisation_id=organisation_id,
                outcome="cancelled",
                code=why,
            )
        )
    return len(planned)


def cancel(activity: Activity, why: Why, user_id: int, at: datetime) -> None:
    """Cancel a locked activity that nobody needs any more."""
    activity.cancelled_at, activity.settled_by_id, activity.code = at, user_id, why
    session().flush()
    record(
        ActivitySettled(
            at=at,
            lead_id=lead_of(activity),
            activity_id=activity.id,
            user_id=user_id,
            organisation_id=activity.organisation_id or 0,
            outcome="cancelled",
            code=why,
        )
    )


def plan_again(subject: str, subject_id: int, since: datetime, user_id: int, at: datetime) -> int:
    """Let all lie ahead again that was cancelled in the moment in which a lead was closed.

    Whoever had it and is not there any more has it no longer. Returns how much it was.
    """
    cancelled = session().scalars(
        select(Activity)
        .where(
            Activity.subject == subject,
            Activity.subject_id == subject_id,
            Activity.cancelled_at == since,
            Activity.code == Why.CLOSED,
        )
        .order_by(Activity.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = list(cancelled)
    for activity in found:
        activity.cancelled_at = activity.settled_by_id = activity.code = None
        assignee = session().get(User, activity.assignee_id or 0, populate_existing=True)
        if assignee is None or not assignee.active:
            activity.assignee_id = None
    session().flush()
    for activity in found:
        record(
            ActivityPlannedAgain(
                at=at, lead_id=lead_of(activity), activity_id=activity.id, user_id=user_id
            )
        )
    return len(found)


def hand_on_planned(
    subject: str,
    subject_id: int,
    organisation_id: int,
    from_user_id: int,
    to_user_id: int,
    by_user_id: int,
    at: datetime,
) -> None:
    """Let what somebody has planned about something go to a colleague, who has it from now on."""
    for activity in lock_open(subject, subject_id, organisation_id):
        if activity.assignee_id == from_user_id:
            assign(activity, to_user_id, by_user_id, at)


def assign(activity: Activity, to_user_id: int | None, by_user_id: int, at: datetime) -> None:
    """Give a locked activity to somebody else, or to nobody."""
    was = activity.assignee_id
    if was == to_user_id:
        return
    # whoever has it now was not reminded yet
    activity.assignee_id, activity.reminded_at = to_user_id, None
    session().flush()
    record(
        ActivityHandedOn(
            at=at,
            lead_id=lead_of(activity),
            activity_id=activity.id,
            user_id=to_user_id,
            was_user_id=was,
            by_user_id=by_user_id,
        )
    )


def remind(activity_id: int, at: datetime) -> None:
    """Note once that somebody is to be reminded of what she has planned."""
    activity = session().scalar(
        select(Activity)
        .where(
            Activity.id == activity_id,
            OPEN,
            Activity.reminded_at.is_(None),
            Activity.remind_at <= at,
        )
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if activity is None:
        return
    activity.reminded_at = at
    session().flush()
    if activity.assignee_id is not None and activity.planned_for is not None:
        record(
            ActivityDue(
                at=at,
                lead_id=lead_of(activity),
                activity_id=activity.id,
                user_id=activity.assignee_id,
                due=activity.planned_for.isoformat(),
            )
        )


def lead_of(activity: Activity) -> int | None:
    """Return the lead that an activity is about, if it is about one."""
    return activity.subject_id if activity.subject == "lead" else None
