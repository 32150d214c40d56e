"""Jobs and sweeps: one transaction an item, failures noted and forgotten, Redis only hurries."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from rq.timeouts import JobTimeoutException
from sqlalchemy import select, text

from portal.core import jobs, mishaps, reactions
from portal.core.db import session, unit_of_work
from portal.core.events import Delivery, record
from portal.core.jobs import JobFailure
from portal.leads.events import LeadTaken
from tests.factories import AT, CONTACT

done = []
sick = set()


@jobs.sweep("tests.sweep", lambda at: [1, 2, 3])
def treat(item, at):
    if item in sick:
        raise ValueError(CONTACT["email"])
    done.append(item)


@jobs.job("tests.echo")
def echo(payload, at):
    done.append(payload)


@pytest.fixture(autouse=True)
def fresh():
    done.clear()
    sick.clear()


def failures():
    return session().scalars(select(JobFailure).order_by(JobFailure.id)).all()


def test_one_item_of_a_sweep_that_raises_does_not_stop_the_others(ctx):
    sick.add(2)
    jobs.run_now("tests.sweep", at=AT)
    assert done == [1, 3]
    (failure,) = failures()
    assert (failure.name, failure.payload, failure.attempts) == ("tests.sweep", {"id": 2}, 1)
    assert CONTACT["email"] not in failure.error


def test_a_failure_is_forgotten_once_the_item_succeeds(ctx):
    sick.add(2)
    jobs.run_now("tests.sweep", at=AT)
    jobs.run_now("tests.sweep", at=AT + timedelta(minutes=1))
    (failure,) = failures()
    assert failure.attempts == 2
    assert (failure.first_failed_at, failure.last_failed_at) == (AT, AT + timedelta(minutes=1))
    sick.clear()
    jobs.run_now("tests.sweep", at=AT)
    assert failures() == []


def test_one_item_tried_again_by_hand_is_noted_or_forgotten_like_a_job(ctx):
    jobs.serve_in(ctx)
    sick.add(2)
    jobs.run_now("tests.sweep", at=AT)
    with pytest.raises(jobs.JobRaised):
        jobs.perform("tests.sweep", {"id": 2})
    (failure,) = failures()
    assert failure.attempts == 2
    sick.clear()
    jobs.perform("tests.sweep", {"id": 2})
    assert failures() == []


def test_the_note_on_a_killed_drain_goes_once_others_have_done_its_work(ctx):
    name = next(iter(sorted(reactions.reactions_of("mail"))))
    with unit_of_work() as on:
        event_id = record(LeadTaken(at=AT, lead_id=1, user_id=1))
        delivery = Delivery(event_id=event_id, reaction=name, due_at=AT + timedelta(1))
        on.add(delivery)
    jobs.note_failure("core.deliver-mail", {}, jobs.JobKilled(), AT)
    jobs.note_failure("tests.echo", {}, jobs.JobKilled(), AT)
    jobs.run_now("core.dispatch", at=AT)
    assert [failure.name for failure in failures()] == ["core.deliver-mail", "tests.echo"]
    with unit_of_work() as on:
        on.get_one(Delivery, delivery.id).done_at = AT
    jobs.run_now("core.dispatch", at=AT)
    assert [failure.name for failure in failures()] == ["tests.echo"]


def test_a_sweep_whose_time_is_over_ends(ctx):
    @jobs.sweep("tests.slow_sweep", lambda at: [1, 2])
    def treat_slowly(item, at):
        done.append(item)
        raise JobTimeoutException("too long")

    with pytest.raises(JobTimeoutException):
        jobs.run_now("tests.slow_sweep", at=AT)
    assert done == [1]


def test_what_the_queue_sees_of_an_exception_holds_no_values(ctx, capfd):
    @jobs.job("tests.insert")
    def insert(payload, at):
        session().execute(
            text("INSERT INTO users (email, name) VALUES (:email, :name)"), CONTACT | {"name": "Z"}
        )

    jobs.serve_in(ctx)
    with pytest.raises(jobs.JobRaised) as caught:
        jobs.perform("tests.insert", {})
    assert caught.value.__context__ is None
    assert str(caught.value).startswith("tests.insert: IntegrityError: 23502 users")
    assert CONTACT["email"] not in failures()[0].error
    assert CONTACT["email"] not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(CONTACT["email"]), "ValueError"),
        (KeyError(CONTACT["email"]), "KeyError"),
        (AttributeError("no such thing"), "AttributeError: no such thing"),
        (
            ConnectionRefusedError(111, "Connection refused"),
            "ConnectionRefusedError: Connection refused",
        ),
        (redis.ConnectionError("away"), "ConnectionError: away"),
    ],
)
def test_only_messages_about_code_and_machines_are_quoted(error, told):
    assert mishaps.describe(error) == told
    assert CONTACT["email"] not in mishaps.trace(error)


def test_a_job_with_an_id_waits_only_once(ctx):
    assert jobs.enqueue("tests.echo", {"n": 1}, job_id="one")
    assert not jobs.enqueue("tests.echo", {"n": 1}, job_id="one")
    assert jobs.look_at_queue().lengths["now"] == 1


def test_waking_a_job_puts_at_most_one_behind_the_waiting_one(ctx):
    for _ in range(5):
        jobs.wake("tests.echo")
    assert jobs.look_at_queue().lengths["now"] == 2


def test_a_payload_that_is_no_json_is_refused_at_once(ctx):
    with pytest.raises(TypeError):
        jobs.enqueue("tests.echo", {"at": AT})


def test_without_redis_a_commit_goes_through_quickly(committed):
    nowhere = jobs.connect("redis://127.0.0.1:1")
    committed.extensions["redis"] = nowhere
    with committed.app_context():
        began = time.monotonic()
        for _ in range(20):
            with unit_of_work():
                jobs.soon("tests.echo")
                session().info["deliveries"] = True
        assert time.monotonic() - began < 2
        assert jobs.look_at_queue() == jobs.QueueState(False, {})
        assert not jobs.enqueue("tests.echo")


def test_the_queue_tells_its_state(ctx):
    jobs.enqueue("mail.drain")
    state = jobs.look_at_queue()
    lengths = {"now": 0, "mail": 1, "incoming": 0, "bulk": 0}
    assert replace(state) == jobs.QueueState(True, lengths, 0, None)
