"""Two schedulers at the same clocks, an answer in the same second, and a great many at once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import func, select, update

from bench import sla_sweep
from portal.accounts.queries import get_actor
from portal.core.db import db, session, unit_of_work
from portal.core.errors import DomainError
from portal.core.events import EventRow
from portal.core.jobs import JobFailure, run_now
from portal.deadlines.models import Clock, ClockStep, DeadlinePolicy
from portal.deadlines.steps import Step, as_rows
from portal.escalation import operations
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
)
from tests.live import at_once

DAY = timedelta(days=1)
STEPS = (
    Step("feedback", 0, "remind_holder"),
    Step("feedback", 0, "note"),
    Step("feedback", 0, "block"),
)


@pytest.fixture
def do(committed):
    """Do a piece of work in a unit of work of its own; a refusal is an answer."""

    def done(work):
        with committed.app_context():
            try:
                with unit_of_work():
                    return work()
            except DomainError as refusal:
                return refusal.code
            finally:
                db.session.remove()

    return done


@factory
def make_held(leads):
    """Have as many reps hold a lead each; all answers are due at the same moment."""
    make_programme()
    session().execute(update(DeadlinePolicy).values(steps=as_rows(STEPS)))
    held = []
    for _number in range(leads):
        rep = make_person(make_partner())
        lead = make_offered_lead()
        held.append((pickup.claim(lead.id, get_actor(rep.id), AT).pickup_id, rep.id))
    return held


def count_of(name):
    return session().scalar(select(func.count(EventRow.id)).where(EventRow.name == name))


def test_two_schedulers_take_every_step_once(committed, do):
    do(lambda: make_held(6))
    due = AT + 7 * DAY

    def scheduler():
        with committed.app_context():
            run_now("escalation.take_steps", at=due)
            db.session.remove()

    at_once(*[scheduler] * 4)
    kept = do(lambda: Counter(session().scalars(select(ClockStep.action))))
    assert kept == {"remind_holder": 6, "note": 6, "block": 6}
    told = do(lambda: [count_of(name) for name in ("StepsTaken", "SilenceNoted", "LeadBlocked")])
    assert told == [6, 6, 6]
    assert do(lambda: session().scalars(select(JobFailure)).all()) == []


def test_a_step_and_an_answer_in_the_same_second_hurt_neither(do):
    for held, rep in do(lambda: make_held(6)):
        clock = do(
            lambda held=held: (
                session()
                .scalars(select(Clock).where(Clock.pickup_id == held, Clock.kind == "feedback"))
                .one()
            )
        )
        answer, step = at_once(
            lambda held=held, rep=rep, at=clock.due_at: do(
                lambda: feedback.give(held, Answer("waiting"), get_actor(rep), at)
            ),
            lambda clock=clock: do(lambda: operations.take_due(clock.id, clock.due_at)),
        )
        assert not isinstance(answer, str)
        assert len(step) in (0, 3)
        assert do(lambda held=held: session().get_one(Pickup, held).blocked_at) is None
        stopped = do(lambda clock=clock: session().get_one(Clock, clock.id))
        assert stopped.stopped_at == clock.due_at


def test_the_steps_of_many_clocks_are_taken_in_one_round(committed, do):
    make_programme()
    url = committed.config["SETTINGS"].database_url.replace("+psycopg", "")
    with psycopg.connect(url) as link:
        sla_sweep.hold(link, committed, 200, 40, 5)
    with committed.app_context():
        run_now("escalation.take_steps")
        run_now("escalation.take_steps")
    assert do(lambda: count_of("StepsTaken")) == 40
    assert do(lambda: count_of("LeadBlocked")) == 8
    furthest = do(lambda: session().scalar(select(func.max(ClockStep.place))))
    assert furthest == len(sla_sweep.RUNGS) - 1
