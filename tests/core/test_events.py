"""Events and what they owe: written together, delivered once each, tried again, given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal.core import circumstances, events, jobs, reactions
from portal.core.db import session
from portal.core.events import Delivery, Event, EventPrivate, EventRow, record
from tests.factories import AT, CONTACT


@dataclass(frozen=True, slots=True, kw_only=True)
class KettleBoiled(Event):
    litres: int
    cups: list[int]


heard = []


@reactions.reaction("tests.hear")
def hear(event, at):
    heard.append(event)


@reactions.reaction("tests.stumble")
def stumble(event, at):
    session().execute(
        text("INSERT INTO tokens (purpose, user_id) VALUES (:value, 1)"),
        {"value": CONTACT["email"]},
    )


@reactions.reaction("tests.wash_up", queue="bulk")
def wash_up(event, at):
    heard.append("washed up")


@pytest.fixture
def kettle(ctx):
    before = dict(events._reactions)
    events.configure({KettleBoiled: ("tests.hear", "tests.stumble")})
    heard.clear()
    yield ctx
    events._reactions.clear()
    events._reactions.update(before)


def boil(at=AT, **over):
    return record(KettleBoiled(at=at, lead_id=4, litres=2, cups=[1, 2], **over))


def deliveries():
    rows = session().scalars(
        select(Delivery).order_by(Delivery.id).execution_options(populate_existing=True)
    )
    return {row.reaction: row for row in rows}


def test_an_event_is_written_with_what_it_owes_and_under_which_circumstances(kettle):
    with circumstances.under(actor_id=9, channel="mail", request_id="abc12345"):
        event_id = boil()
    row = session().get_one(EventRow, event_id)
    assert (row.name, row.at, row.lead_id, row.actor_id, row.channel, row.request_id) == (
        "KettleBoiled", AT, 4, 9, "mail", "abc12345",
    )  # fmt: skip
    assert row.data == {"litres": 2, "cups": [1, 2]}
    assert set(deliveries()) == {"tests.hear", "tests.stumble"}
    assert events.load(row) == KettleBoiled(at=AT, lead_id=4, litres=2, cups=[1, 2])


def test_an_event_without_reactions_owes_nothing(kettle):
    events.configure({})
    boil()
    assert deliveries() == {}


def test_private_words_stand_apart(kettle):
    event_id = record(KettleBoiled(at=AT, litres=1, cups=[]), private={"note": "Earl Grey"})
    assert session().get_one(EventPrivate, event_id).texts == {"note": "Earl Grey"}
    assert "Earl Grey" not in str(session().get_one(EventRow, event_id).data)


def test_an_event_is_never_changed_nor_deleted(kettle):
    boil()
    for statement in ("UPDATE events SET name = 'x'", "DELETE FROM events"):
        with pytest.raises(DBAPIError), session().begin_nested():
            session().execute(text(statement))


def test_two_events_of_one_name_are_refused():
    with pytest.raises(TypeError, match="is an event of"):
        type("KettleBoiled", (Event,), {"__module__": "elsewhere"})


def test_one_reaction_that_stumbles_does_not_stop_the_other(kettle):
    boil()
    jobs.run_now("core.dispatch", {}, AT)
    assert [event.litres for event in heard] == [2]
    assert deliveries()["tests.hear"].done_at == AT
    owed = deliveries()["tests.stumble"]
    assert owed.done_at is None
    assert owed.attempts == 1
    assert owed.due_at == AT + timedelta(seconds=30)


def test_what_a_reaction_stumbled_over_is_told_without_its_values(kettle, capfd):
    boil()
    jobs.run_now("core.dispatch", {}, AT)
    error = deliveries()["tests.stumble"].error
    assert error.startswith("IntegrityError: 23502 tokens token_hash")
    assert CONTACT["email"] not in capfd.readouterr().err


def test_a_reaction_is_done_once_however_often_the_dispatcher_comes(kettle):
    boil()
    for minutes in range(0, 60, 3):
        jobs.run_now("core.dispatch", {}, AT + timedelta(minutes=minutes))
    assert len(heard) == 1


def test_a_reaction_that_stumbles_again_and_again_waits_for_a_person(kettle):
    boil()
    at = AT
    for _ in range(events.MAX_ATTEMPTS):
        jobs.run_now("core.dispatch", {}, at)
        at = deliveries()["tests.stumble"].due_at
    assert deliveries()["tests.stumble"].failed_at is not None
    jobs.run_now("core.dispatch", {}, at + timedelta(days=9))
    assert deliveries()["tests.stumble"].attempts == events.MAX_ATTEMPTS
    assert events.retry_deliveries(at) == 1
    assert deliveries()["tests.stumble"].failed_at is None
    assert events.retry_deliveries(at) == 0


def work_until_it_ends(at, deadly):
    """Deliver as a worker whose process ends at the delivery `deadly`."""
    while claimed := events.claim_deliveries(at):
        for delivery_id in claimed:
            if delivery_id == deadly:
                return
            reactions.deliver([delivery_id], at)


def test_a_reaction_that_ends_its_process_keeps_no_other_from_being_heard(kettle):
    events.configure({KettleBoiled: ("tests.hear",)})
    for _ in range(6):
        boil()
    _first, deadly, *_others = session().scalars(select(Delivery.id).order_by(Delivery.id))
    at = AT
    work_until_it_ends(at, deadly)
    assert len(heard) == 1
    for _ in range(events.MAX_ATTEMPTS):
        at += events.LEASE
        boil(at=at)
        work_until_it_ends(at, deadly)
    assert len(heard) == 6 - 1 + events.MAX_ATTEMPTS
    given_up = session().get_one(Delivery, deadly, populate_existing=True)
    assert given_up.failed_at == at
    assert given_up.attempts == events.MAX_ATTEMPTS
    assert given_up.error == events.ENDED_WITHOUT_A_WORD


def test_a_reaction_that_nobody_knows_any_more_is_seen_as_failed(kettle):
    events.configure({KettleBoiled: ("tests.of_yesterday", "tests.hear")})
    boil()
    jobs.run_now("core.dispatch", {}, AT)
    assert len(heard) == 1
    assert deliveries()["tests.of_yesterday"].error.startswith("KeyError")


def test_what_lies_in_the_future_is_not_delivered_yet(kettle):
    boil(at=AT + timedelta(minutes=1))
    jobs.run_now("core.dispatch", {}, AT)
    assert heard == []
    assert session().scalar(select(func.count()).select_from(Delivery)) == 2


def test_what_runs_on_another_queue_waits_in_one_job_however_much_there_is(kettle):
    events.configure({KettleBoiled: ("tests.wash_up",)})
    for minutes in range(6):
        boil()
        jobs.run_now("core.dispatch", {}, AT + timedelta(minutes=minutes))
    assert heard == []
    assert kettle.extensions["redis"].llen("rq:queue:bulk") == 2
    jobs.run_now("core.deliver-bulk", {}, AT + timedelta(minutes=9))
    assert heard == ["washed up"] * 6
    jobs.run_now("core.deliver-bulk", {}, AT + timedelta(minutes=19))
    assert len(heard) == 6


def test_each_drain_takes_the_reactions_of_its_own_queue(kettle):
    events.configure({KettleBoiled: ("tests.hear", "tests.wash_up")})
    boil()
    jobs.run_now("core.deliver-bulk", {}, AT)
    assert heard == ["washed up"]
    jobs.run_now("core.dispatch", {}, AT)
    assert len(heard) == 2
