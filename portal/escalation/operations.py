"""Take the steps of a policy that are due about a clock; remind a holder by hand; note silence.

A clock has one transaction. What changes what a partner has or may is done under the locks of its
verbs, in their order: partner → lead → pickup → clock. The clock is claimed by one conditional
UPDATE that moves it on to its next step: of two that come at once the second finds it moved, and
whoever is killed in between has done nothing. That a step is taken once for each moment at which
its clock was due, the table sees to as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import cast

from sqlalchemy import Table, insert, select, text

from portal.core.db import AnyRow, ask, session
from portal.core.errors import NotFound, Refused
from portal.core.events import record
from portal.deadlines.models import Action, ClockStep
from portal.deadlines.steps import next_of, steps_of
from portal.escalation import queries
from portal.escalation.actions import ACTIONS
from portal.escalation.events import HolderReminded, SilenceNoted, StepsTaken
from portal.escalation.rules import EFFECTS, TELLS, DueStep, Outcome, due_steps
from portal.offers import operations as offers
from portal.pickup import operations as pickups
from portal.pickup.models import Pickup
from portal.pickup.rules import NotYoursAnyMore

CLAIM = text(
    """
    UPDATE clocks SET next_step = :next_step, next_step_at = :next_step_at
    WHERE id = :id AND due_at = :due AND next_step_at <= :at
      AND stopped_at IS NULL AND paused_at IS NULL
    RETURNING id
    """
)
KEEP = insert(cast(Table, ClockStep.__table__))


def take_due(clock_id: int, at: datetime) -> list[tuple[str, Outcome]]:
    """Take what is due of a clock's steps; return their actions and what became of each.

    Nothing where it has stopped, stands still, or somebody else has just seen to it.
    """
    clock = queries.find_due(clock_id, at)
    if clock is None:
        return []
    steps = steps_of(clock)
    due = due_steps(steps, clock.kind, clock.due_at, clock.length_minutes, clock.taken, at)
    changes = any(one.action in EFFECTS for one in due)
    pickup = lock(clock) if changes else None
    taken = {*clock.taken, *(one.place for one in due)}
    following = next_of(steps, clock.kind, clock.due_at, clock.length_minutes, taken)
    place, moment = following or (None, None)
    values = {"id": clock_id, "due": clock.due_at, "at": at}
    values |= {"next_step": place, "next_step_at": moment}
    if ask(CLAIM, values).scalar() is None:
        return []
    outcomes = [(one, act(one, clock, pickup, at)) for one in due]
    keep(clock, outcomes, at)
    return [(one.action, outcome) for one, outcome in outcomes]


def lock(clock: AnyRow) -> Pickup | None:
    """Lock whose lead it is, the lead and its pickup; return the latter, None where it is over."""
    if clock.pickup_id is None:
        offers.lock_lead(clock.lead_id)
        return None
    seen = session().get_one(Pickup, clock.pickup_id)
    offers.lock_partner(seen.organisation_id)
    try:
        return pickups.lock_lead_and_pickup(seen)[0]
    except NotYoursAnyMore:
        return None


def act(step: DueStep, clock: AnyRow, pickup: Pickup | None, at: datetime) -> Outcome:
    """Do what a step says; return what became of it."""
    if step.covered:
        return Outcome.COVERED
    if step.action == Action.NOTE:
        note(clock, at)
        return Outcome.DONE
    if step.action not in ACTIONS:
        return Outcome.DONE if step.action in TELLS else Outcome.PAST
    try:
        with session().begin_nested():
            return Outcome.DONE if ACTIONS[step.action](clock, pickup, at) else Outcome.PAST
    except (Refused, NotFound):
        return Outcome.REFUSED


def keep(clock: AnyRow, outcomes: Iterable[tuple[DueStep, Outcome]], at: datetime) -> None:
    """Write down what became of the steps, and have told what is to be told."""
    rows = [
        {
            "clock_id": clock.id,
            "place": step.place,
            "action": step.action,
            "due_at": clock.due_at,
            "planned_at": step.planned_at,
            "taken_at": at,
            "outcome": outcome,
        }
        for step, outcome in outcomes
    ]
    ask(KEEP, rows)
    done = [step for step, outcome in outcomes if outcome == Outcome.DONE]
    if done:
        record(
            StepsTaken(
                at=at,
                lead_id=clock.lead_id,
                clock_id=clock.id,
                kind=clock.kind,
                due=clock.due_at.isoformat(),
                planned=done[-1].planned_at.isoformat(),
                places=[step.place for step in done],
                actions=[step.action for step in done],
            )
        )


def note(clock: AnyRow, at: datetime) -> None:
    """Enter into the record of a lead that nothing was heard."""
    since = clock.last_feedback_at or clock.picked_at or clock.started_at
    record(
        SilenceNoted(
            at=at,
            lead_id=clock.lead_id,
            clock_id=clock.id,
            kind=clock.kind,
            due=clock.due_at.isoformat(),
            since=since.isoformat(),
            answered=clock.last_feedback_at is not None,
            organisation_id=clock.organisation_id,
        )
    )


def note_again(clock_id: int, at: datetime) -> bool:
    """Note silence that goes on once more; False where it does not, or was just noted."""
    if not queries.lock_silent(clock_id):
        return False
    # asked under the lock: of two at once the second sees what the first has noted
    clock = queries.find_silent(clock_id, at)
    if clock is None:
        return False
    note(clock, at)
    return True


def remind(pickup_ids: Collection[int], by: int | None, at: datetime) -> list[int]:
    """Ask the holders of leads how far they are; return the leads in hand that it was done for.

    Not for those that are in nobody's hands any more, nor where somebody has just asked.
    """
    found = session().execute(
        select(Pickup.id, Pickup.lead_id, Pickup.user_id)
        .where(Pickup.id.in_(pickup_ids), Pickup.ended_at.is_(None))
        .order_by(Pickup.id)
        .with_for_update(key_share=True)
    )
    rows = found.all()
    lately = queries.reminded_lately([row.lead_id for row in rows], at)
    asked = [row for row in rows if row.id not in lately]
    for row in asked:
        record(
            HolderReminded(
                at=at, lead_id=row.lead_id, pickup_id=row.id, user_id=row.user_id, by_user_id=by
            )
        )
    return [row.id for row in asked]
