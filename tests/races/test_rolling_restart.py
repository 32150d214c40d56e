"""A new version comes in while people work: no request is lost, none is done twice."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.factories import make_partner, make_person

PEOPLE = 4
PATIENCE = 150


@pytest.fixture
def reps(live):
    firm = live.do(make_partner)
    return [live.do(make_person, firm) for _ in range(PEOPLE)]


def processes(live):
    """The processes that answer, as gunicorn has them now."""
    pid = live.web.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


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


def test_a_new_generation_takes_over_while_people_work_and_streams_are_open(live, reps):
    browsers = live.signed_in(*reps)
    over = Event()
    before = processes(live)
    assert len(before) == 2
    with ThreadPoolExecutor(PEOPLE) as pool:
        work = [pool.submit(busily, browser, over) for browser in browsers]
        try:
            working(live, reps)
            live.web.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + PATIENCE
            while processes(live) & before or len(processes(live)) < 2:
                assert time.monotonic() < deadline, live.said()
                time.sleep(0.1)
            working(live, reps)
        finally:
            over.set()
        answers = [each.result() for each in work]
    assert live.web.poll() is None
    assert all(set(statuses) == {303} for statuses in answers), answers
    for rep, statuses in zip(reps, answers, strict=True):
        assert done(live, rep) == len(statuses)
