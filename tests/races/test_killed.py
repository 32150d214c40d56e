"""SIGKILL of web, worker and scheduler at named points of the road: POINTS is the list of them.

At its point the process and the one that leads it (gunicorn's master, the worker over the job) die
at once, as if the machine had lost its power. Another takes its place, and afterwards there is one
pickup, one event, and one mail for each person. Only a mail that the server had accepted before we
could write that down comes twice, with the same Message-ID, so that readers show it once.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from http.client import HTTPException

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from portal.accounts.queries import get_actor
from portal.catalog import queries as catalog
from portal.core import clock
from portal.core.db import session
from portal.core.servers import ValkeyServer, free_port
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.pickup import operations as pickup
from tests import factories
from tests.conftest import house_of_its_own
from tests.core.posting import Server
from tests.factories import (
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
)
from tests.live import Live


@dataclass(frozen=True)
class Point:
    """Where a process dies: before or after a function, the nth time that it is called.

    With `owing` only calls count where the unit of work owes such a push to the queue.
    """

    role: str
    name: str
    when: str
    function: str
    turn: int = 1
    owing: str = ""
    # what the person at the browser got before the end
    answered: bool = False
    # mails that were in the server's hand and come again
    twice: int = 0

    def __str__(self):
        return f"{self.role}: {self.name}"


POINTS = (
    Point(
        "web",
        "after the claim's statements, before the commit",
        "after",
        "portal.pickup.operations:claim",
    ),
    Point(
        "web",
        "after the commit, before the nudge to the queue",
        "before",
        "portal.core.jobs:nudge",
        owing="deliveries",
    ),
    Point(
        "web",
        "after the nudge, before the news to open pages",
        "before",
        "portal.web.live:publish",
        owing="recorded",
    ),
    Point(
        "web",
        "after the answer",
        "before",
        "tests.races.killed_at:answered",
        answered=True,
    ),
    Point(
        "worker",
        "with claimed deliveries, before the claim's commit",
        "after",
        "portal.core.events:claim_deliveries",
    ),
    Point(
        "worker",
        "with deliveries due on other queues, before the first is woken",
        "before",
        "portal.core.jobs:wake",
    ),
    Point(
        "worker",
        "after the first queue is woken, before the second",
        "before",
        "portal.core.jobs:wake",
        turn=2,
    ),
    Point(
        "worker",
        "in the middle of a reaction, its mail written and not committed",
        "after",
        "portal.notifications.letters:post",
    ),
    Point(
        "worker",
        "after the mail row's commit, before the push of the drain",
        "before",
        "portal.core.jobs:nudge",
        owing="jobs",
    ),
    Point(
        "worker",
        "after claiming mails",
        "before",
        "portal.core.mail.outbox:send_batch",
    ),
    Point(
        "worker",
        "after the note that a mail is being handed over",
        "before",
        "portal.core.mail.transport:Transport.send",
    ),
    Point(
        "worker",
        "between the server's yes and the note of it",
        "after",
        "portal.core.mail.transport:Transport.send",
        turn=2,
        twice=1,
    ),
    Point(
        "worker",
        "after the last note, before the end of the job",
        "after",
        "portal.core.mail.outbox:send_batch",
    ),
    Point(
        "worker",
        "between two items of a sweep",
        "before",
        "portal.offers.operations:end_round",
        turn=2,
    ),
    Point(
        "worker",
        "in the middle of an item of a sweep",
        "after",
        "portal.offers.operations:end_round",
        turn=2,
    ),
    Point(
        "scheduler",
        "before the first sweep is queued",
        "before",
        "portal.core.worker:_ScheduledJob.enqueue",
    ),
    Point(
        "scheduler",
        "between two sweeps",
        "after",
        "portal.core.worker:_ScheduledJob.enqueue",
        turn=2,
    ),
    Point(
        "scheduler",
        "after the last sweep, before its own note of it",
        "after",
        "portal.core.worker:FirstcomeScheduler.enqueue_jobs",
    ),
)

# all of them take minutes, so `make soak` goes through them (THOROUGH=1); the suite through these
IN_SUITE = (
    "after the claim's statements, before the commit",
    "after the answer",
    "with deliveries due on other queues, before the first is woken",
    "in the middle of a reaction, its mail written and not committed",
    "between the server's yes and the note of it",
    "in the middle of an item of a sweep",
    "between two sweeps",
)
TRIED = [point for point in POINTS if os.environ.get("THOROUGH") or point.name in IN_SUITE]
assert len(TRIED) >= len(IN_SUITE)
PATIENCE = 150.0
ROUNDS_OVER = 3
PROGRAM = ("-m", "tests.races.killed_at")
LEFT = """
    SELECT (SELECT count(*) FROM deliveries WHERE done_at IS NULL) AS deliveries,
           (SELECT count(*) FROM outgoing_emails WHERE status <> 'sent') AS mails,
           (SELECT count(*) FROM notices WHERE settled_at IS NULL) AS notices,
           (SELECT count(*) FROM offer_rounds WHERE ended_at IS NULL AND ends_at < now()) AS rounds,
           (SELECT count(*) FROM job_failures) AS failures
"""


class House:
    """A web, a worker and a scheduler that die where they are told, and people."""

    def __init__(self, live, mails):
        self.live, self.mails, self.order = live, mails, live.folder / "order"
        live.env["KILL_POINTS"] = json.dumps([asdict(point) for point in POINTS])
        live.env["KILL_ORDER"] = str(self.order)
        make_programme()
        # what becomes of leads would wait for the morning
        self.manager = make_manager(by_subject={"answered_for": "never"})
        big = {"capacity": 100, "rep_capacity": 100}
        self.alice, self.bob = (make_person(make_partner(**big)) for _ in range(2))
        self.processes = {}

    def run(self, *roles):
        """Let there be a living process of each of the roles."""
        for role in roles:
            if role in self.processes and self.processes[role].poll() is None:
                continue
            if role == "web":
                self.live.serve("tests.races.killed_at:web()")
                self.processes[role] = self.live.web
            else:
                self.processes[role] = self.live.start(role, program=PROGRAM)

    def dies(self, role):
        """Wait until a process has died at its point."""
        assert self.processes[role].wait(PATIENCE) == -signal.SIGKILL
        assert not self.order.exists()

    def leases_run_out(self):
        """Let the minutes pass for which a dead worker had taken deliveries and mails."""
        self.live.do(run_statement, "UPDATE deliveries SET due_at = now() WHERE done_at IS NULL")
        self.live.do(
            run_statement,
            "UPDATE outgoing_emails SET next_attempt_at = now() WHERE status = 'sending'",
        )

    def left(self):
        """Return everything that is not settled yet."""
        (row,) = self.live.rows(LEFT)
        return {name: count for name, count in row._mapping.items() if count}

    def until_settled(self):
        """Wait until nothing is left to do."""
        deadline = time.monotonic() + PATIENCE
        while left := self.left():
            assert time.monotonic() < deadline, f"{left}\n{self.live.said()[-3000:]}"
            time.sleep(0.1)

    def told(self, kind, lead):
        """Return who was told of a lead by a mail of a kind, each mail by itself."""
        return [
            user_id
            for (user_id,) in self.live.rows(
                "SELECT user_id FROM outgoing_emails WHERE kind = :kind AND lead_id = :id"
                " ORDER BY user_id",
                kind=kind,
                id=lead.id,
            )
        ]

    def events(self, name, lead):
        """Return how often something was recorded of a lead."""
        return self.live.value(
            "SELECT count(*) FROM events WHERE name = :name AND lead_id = :id",
            name=name,
            id=lead.id,
        )


def run_statement(statement):
    session().execute(text(statement))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    name = f"killed_{os.getpid()}"
    folder = tmp_path_factory.mktemp("killed")
    valkey = ValkeyServer(folder / "valkey-of-this-test")
    valkey.start()
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    post = f"smtp://127.0.0.1:{controller.port}"
    try:
        with house_of_its_own(name, valkey.url, folder) as app:
            live = Live(
                app, folder, served=None, SMTP_URL=post, TMPDIR=str(folder), WEB_WORKERS="1"
            )
            try:
                yield House(live, server.mails)
            finally:
                live.stop()
    finally:
        controller.stop()
        valkey.stop()


@pytest.fixture
def house(running):
    factories.work_in(running.live.app)
    catalog.forget_book()
    running.mails.clear()
    running.order.unlink(missing_ok=True)
    # what she took before is done: new people may pick up one at a time
    held = running.live.rows("SELECT id FROM pickups WHERE ended_at IS NULL")
    for (pickup_id,) in held:
        running.live.do(win, pickup_id, running.alice)
    return running


def win(pickup_id, rep):
    feedback.give(pickup_id, Answer("won", value=1000), get_actor(rep.id), clock.now())


def at_point_of(*roles):
    points = [point for point in TRIED if point.role in roles]
    return pytest.mark.parametrize("point", points, ids=str)


@at_point_of("web")
def test_the_web_is_killed_while_somebody_picks_up_a_lead(house, point):
    house.run("web", "worker", "scheduler")
    lead = make_offered_lead(at=clock.now())
    alice, bob = house.live.signed_in(house.alice, house.bob)
    house.order.write_text(point.name)
    if point.answered:
        assert alice.post(f"/leads/{lead.id}/pickup").status == 303
    else:
        with pytest.raises((OSError, HTTPException)):
            alice.post(f"/leads/{lead.id}/pickup")
    house.dies("web")
    house.run("web")
    # who saw no answer presses again; others come too late
    alice.close()
    assert alice.post(f"/leads/{lead.id}/pickup").status == 303
    assert bob.post(f"/leads/{lead.id}/pickup").verdict == (409, "already_taken")
    house.until_settled()
    assert_picked_once(house, lead)
    assert_mails_came_once(house)


@at_point_of("worker", "scheduler")
def test_a_worker_or_scheduler_is_killed_while_there_is_something_of_everything(house, point):
    house.run("worker", "scheduler")
    house.order.write_text(point.name)
    lead, others, over = house.live.do(make_work, house.alice)
    house.dies(point.role)
    if point.role == "worker":
        house.leases_run_out()
    house.run(point.role)
    house.until_settled()
    assert_picked_once(house, lead)
    people = [house.alice.id, house.bob.id]
    for other in others:
        assert house.told("lead_offered", other) == people
    for lost in over:
        assert house.events("RoundEnded", lost) == 1
        assert house.told("round_unpicked", lost) == [house.manager.id]
    assert_mails_came_once(house, point.twice)


def make_work(rep):
    """Make a pick, leads on offer, and rounds that are over, all at the same moment."""
    now = clock.now()
    lead, *others = (make_offered_lead(at=now) for _ in range(3))
    before = now - timedelta(hours=3)
    over = [make_offered_lead(at=before, hours=1) for _ in range(ROUNDS_OVER)]
    pickup.claim(lead.id, get_actor(rep.id), now)
    return lead, others, over


def assert_picked_once(house, lead):
    """One pickup, one event, each reaction once, one mail to the holder, and nothing is left."""
    alice = house.alice.id
    assert house.live.rows("SELECT user_id FROM pickups WHERE lead_id = :id", id=lead.id) == [
        (alice,)
    ]
    assert house.live.value("SELECT holder_id FROM leads WHERE id = :id", id=lead.id) == alice
    assert house.events("LeadPickedUp", lead) == 1
    assert house.told("yours_now", lead) == [alice]
    twice = "SELECT 1 FROM deliveries GROUP BY event_id, reaction HAVING count(*) > 1"
    assert house.live.rows(twice) == []
    assert house.left() == {}


def assert_mails_came_once(house, twice=0):
    """Each mail that was written has arrived, and but for those in the server's hand once."""
    arrived = Counter(mail["Message-ID"] for mail in house.mails)
    written = {row[0] for row in house.live.rows("SELECT message_id FROM outgoing_emails")}
    assert set(arrived) <= written
    assert sorted(arrived.values()) == [1] * (len(arrived) - twice) + [2] * twice
    sent = house.live.value(
        "SELECT count(*) FROM outgoing_emails WHERE message_id = ANY(:ids)", ids=list(arrived)
    )
    assert sent == len(arrived)
