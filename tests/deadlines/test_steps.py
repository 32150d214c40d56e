"""Steps of a policy: when each comes, which is next, and what can't be said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.deadlines.models import Action, ClockKind, DeadlinePolicy
from portal.deadlines.steps import FITS, Step, as_rows, check, next_of, planned_at, steps_of
from tests.factories import AT

DAY = 24 * 60
SOON = Step("feedback", -2 * DAY, "remind_holder")
DUE = Step("feedback", 0, "remind_holder")
LATE = Step("feedback", DAY, "tell_account_manager")
CALLED = Step("response", 60, "remind_manager")


def test_a_step_before_the_deadline_never_comes_in_the_first_three_quarters_of_the_time() -> None:
    due = AT + timedelta(days=4)
    assert planned_at(SOON, due, 40 * DAY) == due - timedelta(days=2)
    assert planned_at(SOON, due, 4 * DAY) == due - timedelta(days=1)
    assert planned_at(SOON, due, 0) == due
    assert planned_at(LATE, due, 4 * DAY) == due + timedelta(days=1)


def test_steps_come_in_the_order_of_their_moments_and_each_only_until_it_was_taken() -> None:
    steps, taken, came = (LATE, CALLED, DUE, SOON), set(), []
    while (found := next_of(steps, ClockKind.FEEDBACK, AT, 40 * DAY, taken)) is not None:
        taken.add(found[0])
        came.append(found)
    assert came == [
        (3, AT - timedelta(days=2)),
        (2, AT),
        (0, AT + timedelta(days=1)),
    ]


@given(
    st.lists(st.integers(-3 * DAY, 3 * DAY), max_size=12).map(
        lambda many: [Step("feedback", one, "remind_holder") for one in many]
    ),
    st.integers(0, 20 * DAY),
)
def test_whatever_the_steps_each_comes_once_and_none_before_the_one_before(steps, length) -> None:
    taken, last = set(), AT - timedelta(days=400)
    while (found := next_of(steps, "feedback", AT, length, taken)) is not None:
        assert found[0] not in taken
        assert found[1] >= last
        taken.add(found[0])
        last = found[1]
    assert taken == set(range(len(steps)))


def test_a_policy_keeps_its_steps_as_they_were_said() -> None:
    steps = (LATE, CALLED, DUE, SOON)
    assert steps_of(DeadlinePolicy(steps=as_rows(steps))) == steps


@pytest.mark.parametrize(
    "wrong",
    [
        Step("tea", 0, "remind_holder"),
        Step("feedback", 0, "shout"),
        Step("help", 0, "recall"),
        Step("feedback", 366 * DAY, "note"),
        Step("feedback", -1, "block"),
        Step("offer", 1, "overflow"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(app: Flask, wrong: Step) -> None:
    with app.test_request_context():
        assert set(check((DUE, wrong, DUE))) == {1, 2}


def test_every_action_can_be_done_about_something(app: Flask) -> None:
    assert set(FITS) == set(Action)
    with app.test_request_context():
        assert not check([Step(min(clocks), 0, action) for action, clocks in FITS.items()])
