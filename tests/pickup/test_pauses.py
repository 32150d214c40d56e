"""A lead rests because the customer asked to wait: its deadlines stand still, within limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.jobs import run_now
from portal.deadlines.clocks import find_running
from portal.deadlines.models import ClockChange, ClockKind, ClockStep
from portal.deadlines.queries import get_policy
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.pickup import clocks, pauses
from portal.pickup import operations as pickup
from portal.pickup.clock_words import lines_of
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNTIL = date(2026, 12, 1)
BEGINS = datetime(2026, 11, 30, 23, tzinfo=UTC)
"""That day in Hanover."""


class Held:
    def __init__(self) -> None:
        firm = make_partner()
        policy = get_policy()
        policy.completion_days, policy.most_pauses = 60, 2
        policy.steps = [{"clock": "feedback", "minutes": -2880, "action": "remind_holder"}]
        self.alice = get_actor(make_person(firm).id)
        self.id = pickup.claim(make_offered_lead().id, self.alice, AT).pickup_id

    def answer(self, at: datetime, status: str = "waiting") -> None:
        feedback.give(self.id, Answer(status), self.alice, at)

    def pause(self, until: date | None = UNTIL, at: datetime = AT + DAY, why="asked_to_wait"):
        return pauses.pause(self.id, why, until, self.alice, at)

    def due(self, kind: ClockKind = ClockKind.FEEDBACK) -> datetime:
        found = find_running(kind, pickup_id=self.id)
        assert found is not None
        row = session().get_one(Pickup, self.id, populate_existing=True)
        assert kind != ClockKind.FEEDBACK or row.feedback_due_at == found.due_at
        return found.due_at


@pytest.fixture
def held(ctx: Flask) -> Held:
    found = Held()
    found.answer(AT)
    return found


def test_what_is_left_of_each_deadline_comes_after_the_day(held: Held) -> None:
    held.pause()

    assert held.due() == BEGINS + 6 * DAY
    assert held.due(ClockKind.COMPLETION) == BEGINS + 59 * DAY
    (line, *_more) = lines_of([held.id], AT + DAY)[held.id]
    assert (line.kind, line.state) == ("feedback", "rests")
    # the gate has nothing to ask for meanwhile
    assert position_of(held.alice, BEGINS - HOUR).gate.colour == "green"

    run_now("pickup.go_on", at=BEGINS - HOUR)
    assert pauses.rests_until(held.id) == BEGINS
    run_now("pickup.go_on", at=BEGINS)
    run_now("pickup.go_on", at=BEGINS + HOUR)
    assert pauses.rests_until(held.id) is None
    assert held.due() == BEGINS + 6 * DAY
    kept = session().execute(select(ClockChange.kind, ClockChange.reason).order_by(ClockChange.id))
    told = sorted(tuple(one) for one in kept)
    assert told == sorted([("paused", "pause.asked_to_wait"), ("resumed", None)] * 2)


def test_who_goes_on_earlier_is_due_as_much_earlier(held: Held) -> None:
    held.pause()
    pauses.go_on(held.id, held.alice, AT + 2 * DAY)
    pauses.go_on(held.id, held.alice, AT + 2 * DAY)

    assert held.due() == AT + 8 * DAY
    assert held.due(ClockKind.COMPLETION) == AT + 61 * DAY


def test_no_step_comes_while_it_rests(held: Held) -> None:
    held.pause(at=AT + 6 * DAY)

    running = find_running(ClockKind.FEEDBACK, pickup_id=held.id)
    # a day is left; the reminder of two days before falls into the rest
    assert (running.due_at, running.next_step) == (BEGINS + DAY, None)
    assert session().scalars(select(ClockStep.outcome)).all() == ["past"]


def test_an_answer_ends_the_rest_and_taken_back_it_rests_again(held: Held) -> None:
    held.pause()
    given = feedback.give(held.id, Answer("proposal"), held.alice, AT + 2 * DAY)
    assert (pauses.rests_until(held.id), held.due()) == (None, AT + 9 * DAY)

    feedback.take_back(given.id, held.alice, AT + 2 * DAY + HOUR)
    assert (pauses.rests_until(held.id), held.due()) == (BEGINS, BEGINS + 6 * DAY)


@pytest.mark.parametrize(
    ("why", "until", "field"),
    [
        (None, UNTIL, "reason"),
        ("price", UNTIL, "reason"),
        ("other", None, "until"),
        ("other", date(2026, 11, 17), "until"),
        ("other", date(2026, 12, 18), "until"),
    ],
)
def test_a_reason_and_a_day_within_the_limit_are_needed(
    held: Held, why: str | None, until: date | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        held.pause(until, why=why)
    assert list(refused.value.errors) == [field]


def test_it_rests_as_often_as_agreed_and_never_instead_of_an_answer(ctx: Flask) -> None:
    held = Held()
    with pytest.raises(pauses.CanNotRest, match="report once"):
        held.pause()
    held.answer(AT)
    with pytest.raises(pauses.CanNotRest, match="An answer is due"):
        held.pause(at=AT + 7 * DAY)
    for day in (1, 2):
        held.pause(at=AT + day * DAY)
        with pytest.raises(pauses.CanNotRest, match="rests already"):
            held.pause(at=AT + day * DAY)
        held.answer(AT + day * DAY + HOUR)
    with pytest.raises(pauses.CanNotRest, match="2 times, as often as agreed"):
        held.pause(at=AT + 3 * DAY)


def test_a_holder_lets_a_lead_rest_on_its_page_and_go_on(app: Flask, client) -> None:
    alice = make_person()

    @factory
    def pick() -> int:
        actor, now = get_actor(alice.id), clock.now()
        held = pickup.claim(make_offered_lead(at=now).id, actor, now).pickup_id
        feedback.give(held, Answer("waiting"), actor, now)
        return held

    held = pick()
    sign_in(client, alice)
    page = f"/pickups/{held}/pause"
    typed = {"csrf_token": csrf_of(client.get(page).text), "reason": "budget"}
    refused = client.post(page, data=typed | {"until": "2020-01-01"})
    assert refused.status_code == 422
    assert "Please choose a day ahead." in refused.text
    assert 'value="budget" selected' in refused.text or 'selected value="budget"' in refused.text

    until = (clock.now() + 5 * DAY).date()
    assert client.post(page, data=typed | {"until": until.isoformat()}).status_code == 303
    assert "rests until" in client.get("/mine").text
    assert client.post(f"/pickups/{held}/going-on", data=typed).status_code == 303
    assert "rests until" not in client.get("/mine").text


def test_what_came_due_while_nobody_looked_is_still_taken_when_it_goes_on(held: Held) -> None:
    held.pause()
    due, soon = held.due(), held.due() - 42 * HOUR

    run_now("pickup.go_on", at=due + DAY)

    assert session().scalars(select(ClockStep.outcome).where(ClockStep.due_at == due)).all() == []
    clock = find_running(ClockKind.FEEDBACK, pickup_id=held.id)
    assert (clock.resumes_at, clock.next_step_at) == (None, soon)


def test_a_second_rest_counts_no_day_of_the_first_as_time_that_was_left(held: Held) -> None:
    held.pause()
    ends = held.due(ClockKind.COMPLETION)
    held.answer(AT + 2 * DAY)

    held.pause(UNTIL + timedelta(days=3), AT + 3 * DAY)

    assert held.due(ClockKind.COMPLETION) == ends + 3 * DAY


def test_a_milestone_while_it_rests_makes_nothing_due(held: Held) -> None:
    get_policy().milestones = ["call"]
    held.pause()
    due, row = held.due(), session().get_one(Pickup, held.id)

    clocks.reached(row, "call", AT + 2 * DAY, AT + 2 * DAY)

    assert held.due() == due


def test_a_deadline_that_is_moved_to_this_moment_keeps_its_step(held: Held) -> None:
    get_policy().steps = [{"clock": "feedback", "minutes": 0, "action": "remind_holder"}]
    row, clock = (
        session().get_one(Pickup, held.id),
        find_running(ClockKind.FEEDBACK, pickup_id=held.id),
    )

    clocks.move(row, clock, AT + DAY, "moved", None, AT + DAY, "milestone")

    assert (clock.next_step, clock.next_step_at) == (0, AT + DAY)
