"""The chain of all events: whole as long as nobody lays hands on what happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.audit import audit
from portal.core import chain, jobs
from portal.core.db import session, unit_of_work
from portal.core.events import Event, record
from tests.factories import AT


@dataclass(frozen=True, slots=True, kw_only=True)
class LampLit(Event):
    number: int
    words: list[str]


def light(*numbers, words=None):
    """Record that lamps were lit, each with words of its own."""
    return [
        record(
            LampLit(at=AT + timedelta(microseconds=number), number=number, words=["ä", "b"]),
            private={"note": words} if words else None,
        )
        for number in numbers
    ]


def lay_hands_on(statement, **values):
    """Do what only the owner of the tables can: past the triggers that refuse it."""
    for table in ("events", "event_links", "event_private"):
        session().execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    session().execute(text(statement), values)
    for table in ("events", "event_links", "event_private"):
        session().execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def faults(noted=None):
    session().expire_all()
    return [(fault.place, fault.event_id, fault.what) for fault in chain.verify(noted).faults]


@pytest.fixture
def lamps(ctx):
    """Five events in the chain."""
    found = light(1, 2, 3, words="in the hall") + light(4, 5)
    chain.link_waiting()
    return found


def test_every_event_gets_its_link_from_the_dispatcher(ctx):
    light(1, 2)
    assert chain.verify().waiting == 2
    assert chain.head() == chain.Head()
    jobs.run_now("core.dispatch", {}, AT)
    verdict = chain.verify()
    assert (verdict.whole, verdict.links, verdict.waiting) == (True, 2, 0)
    assert verdict.head == chain.head() != chain.Head()


def test_an_event_that_is_written_past_the_house_gets_its_link_all_the_same(lamps):
    session().execute(
        text(
            "INSERT INTO events (at, name, channel, data) "
            "SELECT now(), 'Whatever', 'system', '{}' FROM generate_series(1, 3)"
        )
    )
    chain.link_waiting()
    assert (chain.verify().links, faults()) == (8, [])


def test_links_go_on_where_the_chain_ended(lamps):
    before = chain.head()
    light(6)
    chain.link_waiting()
    assert chain.head().place == before.place + 1
    assert faults(noted=before) == []


@pytest.mark.parametrize(
    "change",
    [
        "name = 'LampBroken'",
        "at = at + interval '1 microsecond'",
        "lead_id = 1",
        "actor_id = 1",
        "channel = 'mail'",
        "request_id = 'abcdefgh'",
        "data = jsonb_set(data, '{number}', '9')",
    ],
)
def test_a_changed_event_is_found_at_its_place(lamps, change):
    lay_hands_on(f"UPDATE events SET {change} WHERE id = :id", id=lamps[2])
    assert faults() == [(3, lamps[2], "the event was changed")]


def test_a_removed_event_is_found(lamps):
    lay_hands_on("DELETE FROM event_private WHERE event_id = :id", id=lamps[1])
    lay_hands_on("DELETE FROM events WHERE id = :id", id=lamps[1])
    assert faults() == [(2, lamps[1], "the event is gone")]


def test_an_event_that_is_removed_with_its_link_leaves_a_gap(lamps):
    lay_hands_on("DELETE FROM event_links WHERE place IN (2, 3)")
    found = faults()
    assert found[0] == (2, None, "gone up to place 3")
    assert (None, lamps[1], "the event has no place in the chain") in found


def test_a_link_that_was_forged_for_a_changed_event_breaks_the_next(lamps):
    lay_hands_on("UPDATE event_links SET hash = sha256('forged') WHERE place = 3")
    assert [place for place, _event, _what in faults()] == [3, 4]


def test_events_that_changed_places_are_found(lamps):
    lay_hands_on(
        "UPDATE event_links SET place = CASE place WHEN 2 THEN -3 ELSE -2 END WHERE place IN (2, 3)"
    )
    lay_hands_on("UPDATE event_links SET place = -place WHERE place < 0")
    assert {place for place, _event, _what in faults()} >= {2, 3}


def test_a_cut_off_end_is_found_by_a_head_that_was_noted(lamps):
    noted = chain.head()
    lay_hands_on("DELETE FROM events WHERE id = :id", id=lamps[4])
    lay_hands_on("DELETE FROM event_links WHERE place = 5")
    assert faults() == []
    assert faults(noted) == [(5, None, "gone up to place 5, as noted")]


def test_a_chain_that_was_made_anew_is_found_by_a_head_that_was_noted(lamps):
    noted = chain.head()
    lay_hands_on("UPDATE events SET actor_id = 99 WHERE id = :id", id=lamps[0])
    lay_hands_on("UPDATE event_links SET place = NULL, hash = NULL, words_hash = NULL")
    chain.link_waiting()
    assert faults() == []
    assert faults(noted) == [(5, lamps[4], "not the hash that was noted")]


def test_erased_personal_words_leave_the_chain_whole(lamps):
    session().execute(text("DELETE FROM event_private WHERE event_id = :id"), {"id": lamps[0]})
    verdict = chain.verify()
    assert (verdict.whole, verdict.erased) == (True, 1)


def test_changed_and_added_personal_words_are_found(lamps):
    lay_hands_on("UPDATE event_private SET texts = '{}' WHERE event_id = :id", id=lamps[0])
    session().execute(
        text("INSERT INTO event_private (event_id, texts) VALUES (:id, '{}')"), {"id": lamps[3]}
    )
    words = "its personal words were changed"
    assert faults() == [(1, lamps[0], words), (4, lamps[3], words)]


def test_the_same_words_of_two_events_do_not_betray_each_other(lamps):
    rows = session().scalars(text("SELECT words_hash FROM event_links WHERE place <= 3")).all()
    assert len(set(rows)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_links SET hash = sha256('x')",
        "UPDATE event_links SET place = NULL, hash = NULL",
        "DELETE FROM event_links",
        "TRUNCATE event_links",
        "UPDATE event_private SET texts = '{}'",
    ],
)
def test_links_are_never_changed_and_words_only_erased(lamps, statement):
    with pytest.raises(DBAPIError, match="never changed"), session().begin_nested():
        session().execute(text(statement))


def test_many_that_link_and_write_at_once_make_one_chain(committed):
    start = Barrier(6)

    def write(first):
        start.wait()
        with committed.app_context():
            for number in range(first, first + 20):
                with unit_of_work():
                    light(number)
                    if number % 5 == 0:
                        session().execute(text("SELECT pg_sleep(0.02)"))

    def link():
        start.wait()
        with committed.app_context():
            for _time in range(20):
                chain.link_waiting()

    threads = [Thread(target=write, args=(100 * n,)) for n in range(3)]
    threads += [Thread(target=link) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with committed.app_context(), unit_of_work():
        chain.link_waiting()
        verdict = chain.verify()
    assert (verdict.whole, verdict.links, verdict.waiting) == (True, 60, 0)


def test_more_than_one_helping_is_linked_and_read(ctx, monkeypatch):
    monkeypatch.setattr(chain, "AT_ONCE", 3)
    monkeypatch.setattr(chain, "READ_AT_ONCE", 4)
    light(*range(10))
    chain.link_waiting()
    verdict = chain.verify()
    assert (verdict.whole, verdict.links, verdict.head.place) == (True, 10, 10)


# -- the command --------------------------------------------------------------------------------


def said(ctx, *words):
    return ctx.test_cli_runner().invoke(audit, ["verify", *words])


def test_the_command_says_that_the_chain_is_whole_and_what_its_head_is(ctx, lamps):
    result = said(ctx)
    assert result.exit_code == 0
    assert "5 events in the chain" in result.output
    assert f"kept elsewhere: {chain.head()}" in result.output
    assert said(ctx, "--head", str(chain.head())).exit_code == 0


def test_the_command_names_the_broken_place_and_ends_with_1(ctx, lamps):
    lay_hands_on("UPDATE events SET actor_id = 7 WHERE id = :id", id=lamps[1])
    result = said(ctx)
    assert result.exit_code == 1
    assert f"BROKEN  place 2, event {lamps[1]}: the event was changed" in result.output
    told = json.loads(said(ctx, "--json").output)
    assert (told["whole"], told["faults"][0]["place"]) == (False, 2)


def test_a_head_that_is_none_is_refused(ctx, lamps):
    for wrong in ("5", "5:abc", "x:" + "0" * 64, "0:" + "0" * 64):
        result = said(ctx, "--head", wrong)
        assert result.exit_code == 2, wrong
        assert "64 hexadecimal digits" in result.output
