"""Redis stops and starts while people pick up leads: picks go on, nothing is lost or done twice."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.core import clock
from portal.core.servers import ValkeyServer
from tests import factories
from tests.conftest import house_of_its_own
from tests.live import Live

PICKS = 9
PATIENCE = 60.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """Return a Valkey that a test may stop."""
    server = ValkeyServer(tmp_path / "valkey-of-this-test")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def live_on_valkey(valkey: ValkeyServer, tmp_path: Path) -> Iterator[Live]:
    """Return the web on a database and a Valkey of its own."""
    with house_of_its_own(f"redis_away_{os.getpid()}", valkey.url, tmp_path) as app:
        factories.make_programme()
        live = Live(app, tmp_path)
        try:
            yield live
        finally:
            live.stop()


def until_none(live: Live, statement: str) -> None:
    """Wait until a count is zero."""
    deadline = time.monotonic() + PATIENCE
    while left := live.value(statement):
        assert time.monotonic() < deadline, f"{left} left\n{live.said()[-3000:]}"
        time.sleep(0.1)


def test_picks_go_on_while_redis_is_away_and_nothing_is_lost_or_done_twice(
    live_on_valkey: Live, valkey: ValkeyServer
) -> None:
    live = live_on_valkey
    reps = [factories.make_person() for _ in range(PICKS)]
    leads = [factories.make_offered_lead(at=clock.now()) for _ in range(PICKS)]
    browsers = live.signed_in(*reps)

    def pick(numbers: range) -> None:
        for number in numbers:
            answer = browsers[number].post(f"/leads/{leads[number].id}/pickup")
            assert answer.status == 303, answer.verdict

    live.start("worker")
    live.start("scheduler")
    pick(range(3))
    valkey.stop()
    pick(range(3, 6))
    state = json.loads(browsers[0].ask("GET", "/readyz").body)
    assert (state["database"], state["redis"]) == ("ok", "degraded")
    valkey.start()
    pick(range(6, 9))

    until_none(live, "SELECT count(*) FROM deliveries WHERE done_at IS NULL")
    assert live.value("SELECT count(*) FROM pickups WHERE ended_at IS NULL") == PICKS
    assert live.value("SELECT count(*) FROM events WHERE name = 'LeadPickedUp'") == PICKS
    assert live.value("SELECT count(*) FROM offers WHERE open") == 0
    mails = "SELECT count(*) - count(DISTINCT dedupe_key) FROM outgoing_emails"
    assert live.value(mails) == 0
    assert live.value("SELECT count(*) FROM job_failures") == 0
