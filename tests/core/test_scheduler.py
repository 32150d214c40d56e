"""Two schedulers and two workers at the clocks of the house: each thing happens once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from portal import wiring
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.events import record
from portal.core.jobs import JOBS, run_now
from portal.leads.events import LeadTaken
from portal.leads.models import LeadState
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from tests.core.processes import Processes, until
from tests.factories import (
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120.0
DAY = timedelta(days=1)
ONCE = {
    "DraftsStale": 1,
    "FeedbackOverdue": 1,
    "LeadOffered": 5,  # three at first, one given back, one whose round was over
    "OfferVisible": 1,
    "RoundEnded": 1,
    "StandByHeard": 1,
}


@factory
def make_silence():
    """Leave the house alone for days: a round ends, a head start, an answer, a draft."""
    now = clock.now()
    make_manager()
    big = {"capacity": 100, "rep_capacity": 100}
    alice, bob, carol = (make_person(make_partner(**big)) for _ in range(3))
    owed = make_offered_lead(at=now - 12 * DAY)
    pickup.claim(owed.id, get_actor(alice.id), now - 12 * DAY)
    make_offered_lead(at=now - 6 * DAY)
    back = make_offered_lead(at=now - 2 * DAY)
    held = pickup.claim(back.id, get_actor(carol.id), now - 2 * DAY)
    offers.stand_by(back.id, get_actor(bob.id), now - 2 * DAY)
    pickup.give_back(held.pickup_id, "duplicate", None, get_actor(carol.id), now - DAY)
    quentin = make_person(make_vendor(), "qualifier")
    draft = make_lead(
        at=now - 9 * DAY, state=LeadState.QUALIFYING, qualifier_id=quentin.id, title="A draft"
    )
    record(LeadTaken(at=now - 9 * DAY, lead_id=draft.id, user_id=quentin.id))


def counted():
    """Return how often each of these things was recorded."""
    rows = session().execute(
        text("SELECT name, count(*) FROM events WHERE name = ANY(:names) GROUP BY name"),
        {"names": list(ONCE)},
    )
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def clockwork(committed, tmp_path):
    made = Processes(committed, tmp_path, "tests.core.clocks_for_tests")
    yield made
    made.stop()
    print(made.said())  # shown where the test fails


def test_two_schedulers_after_days_of_silence_do_everything_once(clockwork):
    make_silence()
    for role in ("scheduler", "scheduler", "worker", "worker"):
        clockwork.start(role)

    def look():
        with clockwork.looking():
            return counted()

    until(lambda: look() == ONCE, LIMIT)
    # and the clocks go on
    seen = len(clockwork.lines())
    until(lambda: len(clockwork.lines()) >= seen + 3, LIMIT)
    assert look() == ONCE
    with clockwork.app.app_context(), unit_of_work() as on:
        twice = on.execute(
            text(
                "SELECT event_id, reaction FROM deliveries GROUP BY event_id, reaction"
                " HAVING count(*) > 1"
            )
        ).all()
        failed = on.execute(text("SELECT name, error FROM job_failures")).all()
    assert (twice, failed) == ([], [])


def test_the_same_sweeps_run_by_hand_after_days_of_silence_do_everything_once(ctx):
    make_silence()
    at = clock.now()
    for minutes in range(4):
        for name, _every in wiring.SCHEDULE:
            if name.startswith(("offers.", "pickup.", "leads.tell")):
                run_now(name, at=at + timedelta(minutes=minutes))
    assert counted() == ONCE


def test_every_sweep_stands_on_the_one_page_of_the_schedule():
    sweeps = {
        name
        for path in (ROOT / "portal").rglob("*.py")
        for name in re.findall(r"^@(?:jobs\.)?sweep\(\s*\"([a-z_.]+)\"", path.read_text(), re.M)
    }
    planned = [name for name, _every in wiring.SCHEDULE]
    assert sweeps
    assert sweeps <= set(planned)
    assert len(planned) == len(set(planned))
    assert set(planned) <= set(JOBS)
