"""A lead's life by the clock alone: silent, reminded, blocked, taken back, won by the next."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.deadlines.models import Action, ClockKind
from portal.deadlines.queries import get_policy
from portal.deadlines.steps import Step, as_rows
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead, LeadState
from portal.offers import operations as offers
from portal.offers.models import Redistribution
from portal.offers.queries import find_card
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.recall import done_before
from tests.factories import AT, make_manager, make_offered_lead, make_partner, make_person

HOUR, DAY, MINUTES = timedelta(hours=1), timedelta(days=1), 24 * 60
STEPS = (
    Step(ClockKind.FEEDBACK, 0, Action.REMIND_HOLDER),
    Step(ClockKind.FEEDBACK, MINUTES, Action.REMIND_MANAGER),
    Step(ClockKind.FEEDBACK, 2 * MINUTES, Action.OFFER_EXTENSION),
    Step(ClockKind.FEEDBACK, 4 * MINUTES, Action.BLOCK),
    Step(ClockKind.FEEDBACK, 7 * MINUTES, Action.RECALL),
)


def test_from_silence_over_every_rung_to_the_next_partner_who_wins(ctx: Flask) -> None:
    make_manager()
    policy = get_policy()
    policy.steps = as_rows(STEPS)
    silent, eager = make_person(make_partner("Silent")), make_person(make_partner("Eager"))
    lead_id = make_offered_lead().id
    held = pickup.claim(lead_id, get_actor(silent.id), AT).pickup_id
    offers.stand_by(lead_id, get_actor(eager.id), AT + HOUR)
    due = session().get_one(Pickup, held).feedback_due_at
    # a scheduler that looks every six hours, and was away for three days in between
    looks = [due + n * HOUR * 6 for n in range(40) if not 4 <= n < 16]
    ended = None
    for at in looks:
        run_now("escalation.take_steps", at=at)
        run_now("offers.end_rests", at=at)
        seen = session().get_one(Pickup, held, populate_existing=True)
        if ended is None and seen.ended_at is not None:
            ended = seen.ended_at
    assert ended == due + 7 * DAY
    actions = [
        action
        for data in session().scalars(
            select(EventRow.data).where(EventRow.name == "StepsTaken").order_by(EventRow.id)
        )
        for action in data["actions"]
    ]
    assert actions == [step.action for step in STEPS]
    lead = session().get_one(Lead, lead_id, populate_existing=True)
    (turn,) = session().scalars(select(Redistribution))
    assert (lead.state, turn.rested_until) == (LeadState.OFFERED, ended + DAY)
    at = ended + DAY + HOUR
    assert find_card(lead_id, get_actor(silent.id), at) is None
    mine = pickup.claim(lead_id, get_actor(eager.id), at).pickup_id
    assert done_before(lead, at) == []
    feedback.give(mine, Answer("won", value=9000), get_actor(eager.id), at + DAY)
    assert session().get_one(Lead, lead_id, populate_existing=True).state == LeadState.CLOSED
