"""The clocks of a lead in hand: they begin with its pickup, and answers, contact and its end stop
them.

`Pickup.feedback_due_at` is the date that the gate and all lists ask; the running feedback clock has
the same one, and both are written here alone. Callers have locked firm, lead and pickup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import distinct_on

from portal.core.db import session
from portal.deadlines import clocks
from portal.deadlines.business_time import Calendar, due_after
from portal.deadlines.clocks import Clocked, Planned
from portal.deadlines.models import Clock, ClockChange, ClockKind, DeadlinePolicy, Stop
from portal.deadlines.rules import minutes_of_days
from portal.offers.operations import lock_partner
from portal.partners.calendars import calendar_of
from portal.pickup.models import Pickup

HOUR = 60
CALENDAR = "calendar"
"""Why a clock was moved that follows whoever is waited for: he is away, or back."""
HANDED_ON = "handed_on"
"""Why it is noted with a clock that somebody else is waited for; it says whom it waited for."""


class Picked(Clocked, Protocol):
    """What says which clocks a pickup has: a row with these columns of policy and type of lead."""

    @property
    def response_hours(self) -> int: ...
    @property
    def completion_days(self) -> int: ...
    @property
    def days(self) -> int | None: ...


def plan(
    said: Picked, rhythm_days: int, calendar: Calendar | None, at: datetime
) -> dict[ClockKind, Planned]:
    """Return the clocks of a lead that is picked up now, by kind; there always is one of feedback.

    Where the policy has no time for completion, what the type of lead says holds.
    """
    minutes = {
        ClockKind.RESPONSE: said.response_hours * HOUR,
        ClockKind.FEEDBACK: minutes_of_days(
            rhythm_days, working=ClockKind.FEEDBACK in said.working
        ),
        ClockKind.COMPLETION: minutes_of_days(
            said.completion_days or said.days or 0, working=ClockKind.COMPLETION in said.working
        ),
    }
    found = {
        kind: clocks.plan(kind, said, at, length, calendar) for kind, length in minutes.items()
    }
    return {kind: one for kind, one in found.items() if one is not None}


def as_values(planned: dict[ClockKind, Planned]) -> dict[str, Any]:
    """Return clocks as the statement of a claim takes them, a list of each of their columns."""
    return {
        "clock_kinds": [str(kind) for kind in planned],
        "clock_minutes": [one.minutes for one in planned.values()],
        "clock_working": [one.working for one in planned.values()],
        "clock_dues": [one.due_at for one in planned.values()],
        "clock_steps": [one.next_step for one in planned.values()],
        "clock_step_ats": [one.next_step_at for one in planned.values()],
    }


def list_of(pickup_id: int) -> Sequence[Clock]:
    """Return the clocks of a pickup that run, the next due first."""
    return sorted(clocks.list_running(pickup_id=pickup_id), key=lambda one: one.due_at)


def answered(pickup: Pickup, at: datetime, *, contacted: bool) -> None:
    """Stop the feedback clock of a pickup that was answered, and start the next one.

    An answer that tells of contact with the customer stops the response clock, too.
    """
    stopped = (ClockKind.FEEDBACK, ClockKind.RESPONSE) if contacted else (ClockKind.FEEDBACK,)
    clocks.stop_all(at, pickup_id=pickup.id, kinds=stopped)
    policy = session().get_one(DeadlinePolicy, pickup.policy_id)
    started = clocks.start(
        ClockKind.FEEDBACK,
        pickup.lead_id,
        policy,
        at,
        minutes=minutes_of_days(pickup.rhythm_days, working=ClockKind.FEEDBACK in policy.working),
        calendar=calendar_of(pickup.organisation_id, pickup.user_id),
        pickup_id=pickup.id,
        user_id=pickup.user_id,
        organisation_id=pickup.organisation_id,
    )
    if started is not None:
        pickup.feedback_due_at = started.due_at


def ended(pickup: Pickup, at: datetime, *, done: bool) -> None:
    """Stop all clocks of a pickup that ends.

    Where what was waited for is not `done`, those are void whose time was not over.
    """
    for clock in clocks.list_running(pickup_id=pickup.id):
        clocks.stop(clock, at, void=not done and clock.due_at > at)


def taken_back(pickup: Pickup, said_at: datetime, at: datetime) -> None:
    """Let the clocks of a pickup run again that an answer had stopped which is taken back.

    That goes for how the vendor had ended the lead, too.
    """
    current = clocks.find_running(ClockKind.FEEDBACK, pickup_id=pickup.id)
    if current is not None and current.started_at == said_at:
        clocks.stop(current, at, void=True)
    stopped = session().scalars(
        select(Clock)
        .where(
            Clock.pickup_id == pickup.id,
            Clock.request_id.is_(None),
            Clock.stopped_at == said_at,
            Clock.id != (current.id if current else 0),
        )
        # of one kind the last one that counted; void ones are of what was taken back before
        .order_by(Clock.kind, Clock.outcome == Stop.VOID, Clock.id.desc())
        .ext(distinct_on(Clock.kind))
        .execution_options(populate_existing=True)
    )
    for clock in stopped.all():
        clocks.run_again(clock)
        if clock.kind == ClockKind.FEEDBACK:
            pickup.feedback_due_at = clock.due_at


def handed_on(pickup: Pickup, at: datetime) -> None:
    """Have the clocks of a pickup wait for who holds it now; their moments stay.

    They stay for good, since they follow the calendar of who held it before, and it is kept with
    them who that was. What the vendor was asked for still waits for whom it was asked of.
    """
    for clock in clocks.list_running(pickup_id=pickup.id):
        clocks.note(clock, clock.due_at, "moved", clock.user_id, at, HANDED_ON)
        clock.user_id = pickup.user_id
    session().flush()


def contacted(pickup: Pickup, made_at: datetime) -> None:
    """Note that a lead in hand was spoken or written to; the response clock stops."""
    made_at = max(made_at, pickup.picked_at)
    if pickup.first_contact_at is None:
        pickup.first_contact_at = made_at
        clocks.stop_all(made_at, pickup_id=pickup.id, kinds=(ClockKind.RESPONSE,))


def not_contacted(pickup: Pickup, made_at: datetime) -> None:
    """Take back that a lead in hand was spoken to at a moment: its clock goes on."""
    if pickup.first_contact_at != made_at:
        return
    pickup.first_contact_at = None
    stopped = session().scalars(
        select(Clock).where(
            Clock.pickup_id == pickup.id,
            Clock.kind == ClockKind.RESPONSE,
            Clock.stopped_at == made_at,
        )
    )
    for clock in stopped.all():
        clocks.run_again(clock)


def reached(pickup: Pickup, kind: str, done_at: datetime, at: datetime) -> None:
    """Have an answer due soon after a milestone of a policy, unless it is due before, or rests."""
    policy = session().get_one(DeadlinePolicy, pickup.policy_id)
    if kind not in policy.milestones or done_at < (pickup.last_feedback_at or pickup.picked_at):
        return
    clock = clocks.find_running(ClockKind.FEEDBACK, pickup_id=pickup.id)
    if clock is None or clock.resumes_at is not None:
        return
    calendar = calendar_of(pickup.organisation_id, pickup.user_id)
    due = due_after(done_at, policy.milestone_hours * HOUR, calendar, clock.working)
    if max(due, at) < clock.due_at:
        move(pickup, clock, max(due, at), "moved", None, at, "milestone")


def move(
    pickup: Pickup,
    clock: Clock,
    due: datetime,
    kind: str,
    by: int | None,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Let a running clock of a pickup end at another moment, and keep who did so and how."""
    clocks.move(clock, due, kind, by, at, reason)
    follow(pickup, clock)


def follow(pickup: Pickup, clock: Clock) -> None:
    """Have a pickup say the date of its clock."""
    if clock.kind == ClockKind.FEEDBACK:
        pickup.feedback_due_at = clock.due_at
        session().flush()


def follow_calendar(organisation_id: int, at: datetime) -> None:
    """Let what runs for an organisation end as its calendar has it now.

    Somebody is away, or back, or works at other hours. What is over stays so, and a moment that
    people have named, for more time or a pause, stays what they named, as does that of a lead that
    was handed on.
    """
    lock_partner(organisation_id)
    by_hand = exists().where(
        ClockChange.clock_id == Clock.id, ClockChange.reason.is_distinct_from(CALENDAR)
    )
    running = session().scalars(
        select(Clock)
        .where(
            Clock.organisation_id == organisation_id,
            Clock.stopped_at.is_(None),
            Clock.due_at > at,
            ~by_hand,
        )
        .order_by(Clock.pickup_id, Clock.id)
        .execution_options(populate_existing=True)
    )
    calendars: dict[int | None, Calendar] = {}
    for clock in running.all():
        calendar = calendars.get(clock.user_id) or calendar_of(organisation_id, clock.user_id)
        calendars[clock.user_id] = calendar
        due = due_after(clock.started_at, clock.length_minutes, calendar, clock.working)
        due = max(due, at)
        if due == clock.due_at:
            continue
        if clock.pickup_id is None or clock.kind != ClockKind.FEEDBACK:
            clocks.move(clock, due, "moved", None, at, CALENDAR)
            continue
        pickup = session().get_one(
            Pickup, clock.pickup_id, with_for_update={"key_share": True}, populate_existing=True
        )
        move(pickup, clock, due, "moved", None, at, CALENDAR)
