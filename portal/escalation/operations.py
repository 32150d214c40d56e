"""Take the steps of a policy that are due about a clock; remind a holder by hand; note silence.

A clock has one transaction. What changes what a partner has or may is done under the locks of its
verbs, in their order: partner → lead → pickup → clock. The clock is claimed by one conditional
UPDATE that moves it on to its next step: of two that come at once the second finds it moved, and
whoever is killed in between has done nothing. That a step is taken once for each moment at which
its clock was due, the table sees to as well. Only a step that takes a lead back, and is refused
because there is work on it, comes again when that doesn't keep the lead any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime

from sqlalchemy import select, text, update

from portal.core.db import AnyRow, ask, session
from portal.core.errors import NotFound, Refused
from portal.core.events import record
from portal.deadlines.models import Action, Clock, ClockStep
from portal.deadlines.steps import next_of, sooner, steps_of
from portal.escalation import queries
from portal.escalation.actions import ACTIONS
from portal.escalation.events import HolderReminded, SilenceNoted, StepsTaken
from portal.escalation.rules import EFFECTS, REFUSABLE, DueStep, Outcome, again, due_steps
from portal.offers import operations as offers
from portal.pickup import operations as pickups
from portal.pickup import recall
from portal.pickup.models import Pickup
from portal.pickup.rules import NotYoursAnyMore

# the steps are kept as done at once; what became of a few otherwise is written once it is known
CLAIM = text(
    """
    WITH claimed AS (
      UPDATE clocks SET next_step = :next_step, next_step_at = :next_step_at
      WHERE id = :id AND due_at = :due AND next_step_at <= :at
        AND stopped_at IS NULL AND paused_at IS NULL
      RETURNING id
    )
    INSERT INTO clock_steps (clock_id, place, action, due_at, planned_at, taken_at, outcome)
    SELECT id, step.place, step.action, :due, step.planned_at, :at, step.outcome
    FROM claimed, unnest(
      CAST(:places AS int[]), CAST(:actions AS text[]), CAST(:planned AS timestamptz[]),
      CAST(:outcomes AS text[])
    ) AS step (place, action, planned_at, outcome)
    ON CONFLICT (clock_id, place, due_at)
    DO UPDATE SET taken_at = excluded.taken_at, outcome = excluded.outcome, again_at = NULL
    """
)


def take_due(clock_id: int, at: datetime) -> dict[int, Outcome]:
    """Take what is due of a clock's steps; return what became of each, by its place.

    Nothing where it has stopped, stands still, or somebody else has just seen to it.
    """
    clock = queries.find_due(clock_id, at)
    if clock is None:
        return {}
    steps = steps_of(clock)
    due = due_steps(steps, clock.kind, clock.due_at, clock.length_minutes, clock.taken, at)
    changes = any(one.action in EFFECTS for one in due)
    pickup = lock(clock) if changes else None
    outcomes = {one.place: Outcome.COVERED if one.covered else Outcome.DONE for one in due}
    refused = {
        int(place): datetime.fromisoformat(moment)
        for place, moment in (clock.refused or {}).items()
    }
    taken = {*clock.taken, *outcomes}
    following = sooner(
        next_of(steps, clock.kind, clock.due_at, clock.length_minutes, taken),
        *((place, moment) for place, moment in refused.items() if place not in outcomes),
    )
    if not claim(clock, due, outcomes, following, at):
        return {}
    come_again: dict[int, datetime] = {}
    for one in due:
        if pickup is not None and pickup.ended_at is not None:
            outcomes[one.place] = Outcome.PAST
        elif not one.covered:
            try:
                outcomes[one.place] = act(one, clock, pickup, at)
            except recall.WorkProtected as kept:
                outcomes[one.place] = Outcome.REFUSED
                come_again[one.place] = again(kept.facts["until"], at)
    if changes:
        correct(clock, outcomes, come_again)
    if come_again:
        set_next(clock, sooner(following, *come_again.items()))
    # what is refused once more says nothing new
    said = [one for one in due if one.place not in refused or one.place not in come_again]
    tell(clock, said, outcomes, at)
    return outcomes


def claim(
    clock: AnyRow,
    due: Sequence[DueStep],
    outcomes: Mapping[int, Outcome],
    following: tuple[int, datetime] | None,
    at: datetime,
) -> bool:
    """Move a clock on to the step that follows and keep those that are due as taken.

    False where somebody else was faster.
    """
    place, moment = following or (None, None)
    kept = ask(
        CLAIM,
        {
            "id": clock.id,
            "due": clock.due_at,
            "at": at,
            "next_step": place,
            "next_step_at": moment,
            "places": [one.place for one in due],
            "actions": [one.action for one in due],
            "planned": [one.planned_at for one in due],
            "outcomes": [outcomes[one.place].value for one in due],
        },
    )
    return kept.rowcount > 0


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
    """Do what a step says; return what became of it. Raises `WorkProtected`."""
    if step.action == Action.NOTE:
        note(clock, at)
        return Outcome.DONE
    change = ACTIONS.get(step.action)
    if change is None:
        return Outcome.DONE
    try:
        with session().begin_nested() if step.action in REFUSABLE else nullcontext():
            return Outcome.DONE if change(clock, pickup, at) else Outcome.PAST
    except recall.WorkProtected:
        raise
    except (Refused, NotFound):
        return Outcome.REFUSED


def correct(
    clock: AnyRow, outcomes: Mapping[int, Outcome], come_again: Mapping[int, datetime]
) -> None:
    """Write what became of steps that were not simply done, and when some come again."""
    for place, outcome in outcomes.items():
        if outcome in (Outcome.PAST, Outcome.REFUSED):
            session().execute(
                update(ClockStep)
                .where(
                    ClockStep.clock_id == clock.id,
                    ClockStep.place == place,
                    ClockStep.due_at == clock.due_at,
                )
                .values(outcome=outcome, again_at=come_again.get(place))
            )


def set_next(clock: AnyRow, following: tuple[int, datetime] | None) -> None:
    """Set the step that comes next for a clock that was claimed."""
    place, moment = following or (None, None)
    session().execute(
        update(Clock).where(Clock.id == clock.id).values(next_step=place, next_step_at=moment)
    )


def tell(
    clock: AnyRow, due: Sequence[DueStep], outcomes: Mapping[int, Outcome], at: datetime
) -> None:
    """Have people told of what was done, and of what could not be done."""
    done = [one for one in due if outcomes[one.place] == Outcome.DONE]
    refused = [one for one in due if outcomes[one.place] == Outcome.REFUSED]
    if not done and not refused:
        return
    record(
        StepsTaken(
            at=at,
            lead_id=clock.lead_id,
            clock_id=clock.id,
            kind=clock.kind,
            due=clock.due_at.isoformat(),
            planned=max(one.planned_at for one in (*done, *refused)).isoformat(),
            places=[one.place for one in (*done, *refused)],
            actions=[one.action for one in done],
            refused=[one.action for one in refused],
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
