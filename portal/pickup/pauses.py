"""A lead in hand rests because the customer asked to wait: its clocks stand still until a day.

The holder says why and until when. What is left of each deadline comes after that, so gate, lists
and steps need to know nothing more. An answer ends the rest of the feedback clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.core.events import record
from portal.deadlines import clocks
from portal.deadlines.business_time import midnight
from portal.deadlines.models import Clock, ClockChange, ClockKind, DeadlinePolicy
from portal.leads.models import Lead
from portal.offers.operations import lock_lead, lock_partner, read_reason
from portal.partners.calendars import calendar_of
from portal.pickup import operations, queries
from portal.pickup.clocks import follow, list_of
from portal.pickup.events import LeadRested, LeadWentOn
from portal.pickup.models import Pickup


class CanNotRest(Refused):
    """A lead in hand can't rest (again) now."""

    code = "can_not_rest"


def refusal_of(pickup: Pickup, policy: DeadlinePolicy, at: datetime) -> CanNotRest | None:
    """Return why a lead in hand can't rest now, or None."""
    clock = clocks.find_running(ClockKind.FEEDBACK, pickup_id=pickup.id)
    if not policy.most_pauses or not policy.pause_days or clock is None:
        return CanNotRest(_("Deadlines of this lead don’t stand still."))
    if clock.resumes_at is not None:
        return CanNotRest(_("This lead rests already."))
    if pickup.last_feedback_at is None:
        return CanNotRest(_("Please report once before you let it rest."))
    if clock.due_at <= at or pickup.blocked_at is not None:
        return CanNotRest(_("An answer is due. Please report first, then you can let it rest."))
    rested = count_pauses(pickup.id)
    if rested >= policy.most_pauses:
        return CanNotRest(
            ngettext(
                "This lead has rested %(num)d time, as often as agreed.",
                "This lead has rested %(num)d times, as often as agreed.",
                rested,
            )
        )
    return None


def count_pauses(pickup_id: int) -> int:
    """Return how often a lead in hand has rested."""
    return (
        session().scalar(
            select(func.count())
            .select_from(ClockChange)
            .join(Clock, Clock.id == ClockChange.clock_id)
            .where(
                Clock.pickup_id == pickup_id,
                Clock.kind == ClockKind.FEEDBACK,
                ClockChange.kind == "paused",
            )
        )
        or 0
    )


def rests_until(pickup_id: int) -> datetime | None:
    """Return until when a lead in hand rests; None where its clock runs."""
    clock = clocks.find_running(ClockKind.FEEDBACK, pickup_id=pickup_id)
    return clock.resumes_at if clock else None


def last_day(pickup: Pickup, policy: DeadlinePolicy, at: datetime) -> date:
    """Return the last day until which a lead in hand may rest."""
    return _today(pickup, at) + timedelta(days=policy.pause_days)


def pause(
    pickup_id: int, reason_key: str | None, until: date | None, actor: Actor, at: datetime
) -> Lead:
    """Let a lead in hand rest until a day: all its clocks stand still until that day begins.

    Raises `Invalid` by field, `CanNotRest`, `NotFound`, `NotYoursAnyMore`.
    """
    pickup, lead = operations.lock_pickup(pickup_id, actor)
    policy = queries.get_policy(pickup)
    refusal = refusal_of(pickup, policy, at)
    if refusal is not None:
        raise refusal
    errors = check_day(until, _today(pickup, at), last_day(pickup, policy, at))
    try:
        reason = read_reason("pause", reason_key)
    except Invalid as wrong:
        raise Invalid(wrong.errors | errors) from None
    if errors or until is None:
        raise Invalid(errors)
    calendar = calendar_of(pickup.organisation_id, pickup.user_id)
    begins = midnight(until, calendar.zone)
    for clock in list_of(pickup.id):
        if clock.due_at > at:
            clocks.pause(clock, begins, reason.key, actor.id, at, calendar)
            follow(pickup, clock)
    record(
        LeadRested(
            at=at,
            lead_id=lead.id,
            pickup_id=pickup.id,
            user_id=actor.id,
            organisation_id=pickup.organisation_id,
            reason_id=reason.id,
            until=begins.isoformat(),
        )
    )
    return lead


def check_day(until: date | None, today: date, last: date) -> dict[str, str]:
    """Return a sentence where a lead can't rest until a day."""
    if until is None:
        return {"until": _("Please give the day on which it goes on.")}
    if until <= today:
        return {"until": _("Please choose a day ahead.")}
    if until > last:
        return {"until": _("At most until %(day)s.", day=format_date(last))}
    return {}


def go_on(pickup_id: int, actor: Actor, at: datetime) -> Lead:
    """Let a lead go on that rests; its deadlines come as much earlier. Doing it twice is fine.

    Raises `NotFound`, `NotYoursAnyMore`.
    """
    pickup, lead = operations.lock_pickup(pickup_id, actor)
    _resume(pickup, [one for one in list_of(pickup.id) if one.resumes_at], actor.id, at)
    return lead


def due_to_go_on(at: datetime) -> Sequence[int]:
    """Return the clocks whose day to go on has come."""
    return (
        session()
        .scalars(
            select(Clock.id)
            .where(Clock.stopped_at.is_(None), Clock.resumes_at <= at)
            .order_by(Clock.resumes_at, Clock.id)
        )
        .all()
    )


def resume(clock_id: int, at: datetime) -> None:
    """Let a clock go on whose day has come. Nothing happens where it goes on or ended meanwhile."""
    seen = session().get(Clock, clock_id)
    if seen is None or seen.pickup_id is None or seen.organisation_id is None:
        return
    lock_partner(seen.organisation_id)
    lock_lead(seen.lead_id)
    pickup = session().get_one(
        Pickup, seen.pickup_id, with_for_update={"key_share": True}, populate_existing=True
    )
    clock = session().get_one(Clock, clock_id, populate_existing=True)
    if clock.stopped_at is None and clock.resumes_at is not None and clock.resumes_at <= at:
        _resume(pickup, [clock], None, at)


def _resume(pickup: Pickup, resting: Sequence[Clock], by: int | None, at: datetime) -> None:
    calendar = calendar_of(pickup.organisation_id, pickup.user_id)
    for clock in resting:
        clocks.resume(clock, at, by, calendar)
        follow(pickup, clock)
    if any(one.kind == ClockKind.FEEDBACK for one in resting):
        record(
            LeadWentOn(
                at=at,
                lead_id=pickup.lead_id,
                pickup_id=pickup.id,
                user_id=by,
                organisation_id=pickup.organisation_id,
            )
        )


def _today(pickup: Pickup, at: datetime) -> date:
    zone = session().get_one(Organisation, pickup.organisation_id).timezone
    return at.astimezone(ZoneInfo(zone)).date()
