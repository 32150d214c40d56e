"""A new version comes in while people work: no request is lost, none is done twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from portal.core import clock
from tests.ears import Ears
from tests.factories import make_offered_lead, make_partner, make_person

PEOPLE = 4
STREAMS_EACH = 6
PATIENCE = 150


@pytest.fixture
def reps(live):
    firm = live.do(make_partner)
    return [live.do(make_person, firm) for _ in range(PEOPLE)]


def busily(browser, over):
    """Change one setting back and forth until it is over; return all answers.

    Each request has a connection of its own, as behind a proxy.
    """
    answers = []
    while not over.is_set():
        hears = ("daily", "at_once")[len(answers) % 2]
        answer = browser.post(
            "/settings/mail", hears=hears, digest_hour="8", quiet_from="", quiet_until=""
        )
        browser.close()
        answers.append(answer.status)
        over.wait(0.25)  # people read; and the new generation needs the machine, too
    return answers


def done(live, rep):
    """How often her setting was changed, as the books have it."""
    return live.value(
        "SELECT count(*) FROM events WHERE name = 'HearingChanged' "
        "AND CAST(data ->> 'user_id' AS bigint) = :id",
        id=rep.id,
    )


def working(live, reps):
    """Wait until everybody has got some more work done."""
    before = [done(live, rep) for rep in reps]
    deadline = time.monotonic() + PATIENCE
    while any(done(live, rep) < count + 2 for rep, count in zip(reps, before, strict=True)):
        assert time.monotonic() < deadline, live.said()
        time.sleep(0.1)


@pytest.fixture
def ears(live):
    made = Ears(live)
    yield made
    made.close()


def test_a_new_generation_takes_over_while_people_work_and_streams_are_open(live, reps, ears):
    browsers = live.signed_in(*reps)
    readers = [browser for browser in live.signed_in(*reps) for _ in range(STREAMS_EACH)]
    opened = [ears.open(reader) for reader in readers]
    ears.until(lambda ear: ear.hears)
    over = Event()
    with ThreadPoolExecutor(PEOPLE) as pool:
        work = [pool.submit(busily, browser, over) for browser in browsers]
        try:
            working(live, reps)
            live.renew()
            ears.until(lambda ear: ear.over, *opened)
            again = [
                ears.open(reader, Last_Event_ID=ear.last_id)
                for reader, ear in zip(readers, opened, strict=True)
            ]
            ears.until(lambda ear: ear.hears, *again)
            working(live, reps)
        finally:
            over.set()
        answers = [each.result() for each in work]
    assert live.web.poll() is None
    assert all(set(statuses) == {303} for statuses in answers), answers
    for rep, statuses in zip(reps, answers, strict=True):
        assert done(live, rep) == len(statuses)
    # each stream came to its end, and no process had to be put to one
    assert all(ear.raw.endswith(b"\r\n0\r\n\r\n") for ear in opened)
    assert all(ear.heard[-1][0] != "bye" for ear in opened)
    assert "graceful timeout" not in live.said()
    assert "SIGKILL" not in live.said()
    lead = make_offered_lead(at=clock.now())
    ears.until(lambda ear: lead.id in ear.leads, *again)
