"""Running clocks: they start, are moved, stand still, go on, and stop.

Who starts a clock has locked what it is about. `due_at` always is the moment that holds: while a
clock stands still, it is when what is left will be over once it goes on. What a clock means for
its pickup is `pickup.clocks`'.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from portal.core.db import session
from portal.deadlines.business_time import MINUTE, Calendar, after, counted, due_after
from portal.deadlines.models import Clock, ClockChange, ClockKind, ClockStep, DeadlinePolicy, Stop
from portal.deadlines.steps import Stepped, in_order, next_of, sooner, steps_of

PAST = "past"
"""What became of a step whose moment was over before its clock came to it."""


class Clocked(Stepped, Protocol):
    """What says how a clock runs: a policy, or a row with these of its columns."""

    @property
    def working(self) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """A clock as it will run: its end, what of time it counts, and the step that comes first."""

    minutes: int
    working: bool
    due_at: datetime
    next_step: int | None
    next_step_at: datetime | None


def plan(
    kind: ClockKind, policy: Clocked, at: datetime, minutes: int, calendar: Calendar | None
) -> Planned | None:
    """Return how a clock will run that starts now; None where the policy has no such clock.

    It counts working time where the policy says so. Nobody's calendar: every minute counts.
    """
    if minutes <= 0:
        return None
    working = kind in policy.working and calendar is not None
    due = due_after(at, minutes, calendar, working) if calendar else at + minutes * MINUTE
    place, moment = next_of(steps_of(policy), kind, due, minutes, ()) or (None, None)
    return Planned(minutes, working, due, place, moment)


def start(
    kind: ClockKind,
    lead_id: int,
    policy: DeadlinePolicy,
    at: datetime,
    *,
    minutes: int,
    calendar: Calendar | None = None,
    pickup_id: int | None = None,
    round_id: int | None = None,
    request_id: int | None = None,
    user_id: int | None = None,
    organisation_id: int | None = None,
) -> Clock | None:
    """Start a clock, with its first step set; None where the policy has no such clock."""
    planned = plan(kind, policy, at, minutes, calendar)
    if planned is None:
        return None
    return begin(
        Clock(
            kind=kind,
            lead_id=lead_id,
            pickup_id=pickup_id,
            round_id=round_id,
            request_id=request_id,
            user_id=user_id,
            organisation_id=organisation_id,
            policy_id=policy.id,
            started_at=at,
            length_minutes=minutes,
            working=planned.working,
            due_at=planned.due_at,
            first_due_at=planned.due_at,
        )
    )


def begin(clock: Clock) -> Clock:
    """Let a clock run whose end is known, with its first step set."""
    steps = steps_of(policy_of(clock))
    coming = next_of(steps, clock.kind, clock.due_at, clock.length_minutes, ())
    clock.next_step, clock.next_step_at = coming or (None, None)
    session().add(clock)
    session().flush()
    return clock


def find_running(
    kind: ClockKind,
    *,
    pickup_id: int | None = None,
    round_id: int | None = None,
    request_id: int | None = None,
) -> Clock | None:
    """Return the running clock of a kind, of a pickup, a round or a request."""
    found = list_running(
        pickup_id=pickup_id, round_id=round_id, request_id=request_id, kinds=(kind,)
    )
    return found[0] if found else None


def list_running(
    *,
    pickup_id: int | None = None,
    round_id: int | None = None,
    request_id: int | None = None,
    kinds: Collection[ClockKind] | None = None,
) -> Sequence[Clock]:
    """Return the running clocks of a pickup, a round or a request, fresh.

    Of a pickup without those of what was asked for about it.
    """
    query = select(Clock).where(Clock.stopped_at.is_(None)).order_by(Clock.id)
    if request_id is not None:
        query = query.where(Clock.request_id == request_id)
    elif pickup_id is not None:
        query = query.where(Clock.pickup_id == pickup_id, Clock.request_id.is_(None))
    else:
        query = query.where(Clock.round_id == round_id)
    if kinds is not None:
        query = query.where(Clock.kind.in_(kinds))
    return session().scalars(query.execution_options(populate_existing=True)).all()


def stop(clock: Clock, at: datetime, *, void: bool = False, missed: bool = False) -> None:
    """Stop a clock: what was waited for came, in time or late; or `missed`, or it is void.

    How late that was is kept. A clock that was stopped stays as it is.
    """
    if clock.stopped_at is not None:
        return
    late = max(0, int((at - clock.due_at).total_seconds()))
    clock.stopped_at = at
    clock.outcome = Stop.VOID if void else Stop.MISSED if late or missed else Stop.MET
    clock.late_seconds = 0 if void else late
    clock.next_step = clock.next_step_at = None
    session().flush()


def stop_all(
    at: datetime,
    *,
    pickup_id: int | None = None,
    round_id: int | None = None,
    request_id: int | None = None,
    kinds: Collection[ClockKind] | None = None,
    void: bool = False,
) -> Sequence[Clock]:
    """Stop the running clocks of a pickup, a round or a request, and return them."""
    stopped = list_running(
        pickup_id=pickup_id, round_id=round_id, request_id=request_id, kinds=kinds
    )
    for clock in stopped:
        stop(clock, at, void=void)
    return stopped


def run_again(clock: Clock) -> None:
    """Let a clock go on that was stopped, as if it had not been; no step is taken twice."""
    clock.stopped_at, clock.outcome, clock.late_seconds = None, None, 0
    arm(clock)


def move(
    clock: Clock, due: datetime, kind: str, by: int | None, at: datetime, reason: str | None = None
) -> None:
    """Let a running clock end at another moment, and keep who did so and how.

    Of the steps to that moment those are left out whose time is over already.
    """
    if kind == "extended":
        clock.extensions += 1
    note(clock, due, kind, by, at, reason)
    clock.due_at = due
    leave_out(clock, at, at)
    arm(clock)


def pause(
    clock: Clock,
    until: datetime,
    reason: str | None,
    by: int | None,
    at: datetime,
    calendar: Calendar | None = None,
) -> None:
    """Let a running clock stand still until a moment; what is left of it comes after that.

    Of one that stands still already nothing passes until it was to go on.
    """
    left = left_of(clock, max(at, clock.resumes_at or at), calendar)
    due = later(clock, until, left, calendar)
    note(clock, due, "paused", by, at, reason)
    clock.pauses += 1
    clock.paused_at, clock.resumes_at, clock.due_at = at, until, due
    leave_out(clock, until, at)
    arm(clock)


def resume(
    clock: Clock, at: datetime, by: int | None = None, calendar: Calendar | None = None
) -> None:
    """Let a clock go on; where that is earlier than was said, it ends as much earlier."""
    if clock.resumes_at is None:
        return
    # whatever came due since it was to go on is still to be taken
    due, ends = clock.due_at, min(at, clock.resumes_at)
    if at < clock.resumes_at:
        due = later(clock, at, left_of(clock, clock.resumes_at, calendar), calendar)
    note(clock, due, "resumed", by, at, None)
    clock.paused_at, clock.resumes_at, clock.due_at = None, None, due
    leave_out(clock, ends, at)
    arm(clock)


def left_of(clock: Clock, since: datetime, calendar: Calendar | None) -> timedelta:
    """Return how much of its time a clock has left at a moment; below zero it is over."""
    if calendar is None or clock.due_at <= since:
        return clock.due_at - since
    return counted(since, clock.due_at, calendar, working=clock.working)


def later(clock: Clock, since: datetime, left: timedelta, calendar: Calendar | None) -> datetime:
    """Return when so much of a clock's time after a moment is over."""
    return since + left if calendar is None else after(since, left, calendar, clock.working)


def note(
    clock: Clock, due: datetime, kind: str, by: int | None, at: datetime, reason: str | None
) -> None:
    """Keep that a clock is moved."""
    session().add(
        ClockChange(
            clock_id=clock.id,
            at=at,
            user_id=by,
            kind=kind,
            was_due=clock.due_at,
            due=due,
            reason=reason,
        )
    )


def leave_out(clock: Clock, until: datetime, at: datetime) -> None:
    """Keep as past those steps before a clock's new end whose moment is over by then."""
    steps = steps_of(policy_of(clock))
    taken = taken_of(clock)
    for place, moment in in_order(steps, clock.kind, clock.due_at, clock.length_minutes):
        if moment <= until and moment < clock.due_at and place not in taken:
            session().add(
                ClockStep(
                    clock_id=clock.id,
                    place=place,
                    action=steps[place].action,
                    due_at=clock.due_at,
                    planned_at=moment,
                    taken_at=at,
                    outcome=PAST,
                )
            )
    session().flush()


def arm(clock: Clock) -> None:
    """Set the step that comes next for a clock's end: of those that are still to be taken."""
    following = next_of(
        steps_of(policy_of(clock)),
        clock.kind,
        clock.due_at,
        clock.length_minutes,
        taken_of(clock),
    )
    coming = sooner(following, *refused_of(clock))
    clock.next_step, clock.next_step_at = coming or (None, None)
    session().flush()


def refused_of(clock: Clock) -> Sequence[tuple[int, datetime]]:
    """Return the places of refused steps that come again for a clock's present end, and when."""
    rows = session().execute(
        select(ClockStep.place, ClockStep.again_at).where(
            ClockStep.clock_id == clock.id,
            ClockStep.due_at == clock.due_at,
            ClockStep.again_at.is_not(None),
        )
    )
    return [(place, again_at) for place, again_at in rows if again_at is not None]


def taken_of(clock: Clock) -> frozenset[int]:
    """Return the places of the steps that were taken for a clock's present end."""
    return frozenset(
        session().scalars(
            select(ClockStep.place).where(
                ClockStep.clock_id == clock.id, ClockStep.due_at == clock.due_at
            )
        )
    )


def policy_of(clock: Clock) -> DeadlinePolicy:
    """Return the version of the policy that a clock began with."""
    return session().get_one(DeadlinePolicy, clock.policy_id)
