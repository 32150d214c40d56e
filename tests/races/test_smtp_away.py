"""The mail server stops and starts while a worker sends: nothing is lost, nothing goes about twice.

Only where the server had taken a mail and went before it could say so, that one comes again, with
the same Message-ID: no sender can know better.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.core import clock
from portal.core.db import session
from portal.core.servers import free_port
from tests.core.moods import MoodyController, MoodyServer, MoodySMTP
from tests.core.posting import ALICE, post
from tests.factories import make_programme
from tests.live import Live

MAILS, PARTS = 240, 6
PATIENCE = 120.0


class Station:
    """A mail server at one address that goes and comes; what it has taken stays with it."""

    def __init__(self):
        self.kind = type("StationSMTP", (MoodySMTP,), {"doors": []})
        self.server = MoodyServer(self.kind, pipelining=True)
        self.port = free_port()
        self.controller = None

    def start(self):
        self.kind.mood = None
        self.controller = MoodyController(self.server, hostname="127.0.0.1", port=self.port)
        self.controller.kind = self.kind
        self.controller.start()

    def stop(self):
        """Go in the middle of whatever is said."""
        if self.controller is None:
            return
        self.kind.mood = ("greeting", "closes")
        leaving = self.kind.hang_up(self.controller.server)
        asyncio.run_coroutine_threadsafe(leaving, self.controller.loop).result(10)
        self.controller.stop()
        self.controller = None


@pytest.fixture
def station():
    made = Station()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def house(committed, tmp_path, station):
    make_programme()
    live = Live(committed, tmp_path, served=None, SMTP_URL=f"smtp://127.0.0.1:{station.port}")
    yield live
    live.stop()


def until(live, true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, live.said()[-3000:]
        time.sleep(0.05)


def post_some(part):
    """Write a part of the mails into the queue, which wakes the worker."""
    now = clock.now()
    for number in range(part, MAILS, PARTS):
        to = replace(ALICE, address=f"person{number}@firm{number}.example")
        post(f"mail-{number}", to, now)


def a_while_passes():
    """Let the minutes pass for which mails wait after a server was away."""
    session().execute(
        text(
            "UPDATE outgoing_emails SET next_attempt_at = now()"
            " WHERE status = 'queued' AND next_attempt_at > now()"
        )
    )


def counted(live):
    rows = live.rows("SELECT status, count(*) FROM outgoing_emails GROUP BY 1")
    return dict(map(tuple, rows))


def test_nothing_is_lost_and_only_unanswered_mails_go_twice_while_the_mail_server_comes_and_goes(
    house, station
):
    live = house
    worker = live.start("worker")
    live.start("scheduler")
    taken = station.server.mails
    for part in range(PARTS):
        before = len(taken)
        live.do(post_some, part)
        until(live, lambda before=before: len(taken) > before)
        station.stop()
        # the worker has noticed: it holds no mail any more
        until(live, lambda: "sending" not in counted(live))
        station.start()
        live.do(a_while_passes)
    # the scheduler's next sweep sends what waits
    until(live, lambda: live.do(a_while_passes) or counted(live) == {"sent": MAILS})
    arrived = Counter(mail["Message-ID"] for mail in taken)
    assert len(arrived) == MAILS
    again = [count for count in arrived.values() if count > 1]
    assert set(again) <= {2}
    # at most the one that was in hand, each time that the server went
    assert len(again) <= PARTS
    assert worker.poll() is None
    assert live.value("SELECT count(*) FROM job_failures") == 0
    assert live.value("SELECT count(*) FROM outgoing_emails WHERE error IS NOT NULL") == 0
