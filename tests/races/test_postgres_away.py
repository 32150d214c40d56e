"""PostgreSQL stops and starts while people read and pick: honest pages, and nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import flask_migrate
import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from portal import wiring
from portal.catalog import queries as catalog
from portal.core import clock
from portal.core.db import db, hang_up, unit_of_work
from portal.core.mail.links import Purpose
from portal.core.servers import PostgresServer
from portal.factory import create_app
from portal.founding import found_programme
from tests import factories
from tests.conftest import redis_url, settings_for
from tests.inbound.pressing import issue
from tests.live import Browser, Live

PICKS = 9
PATIENCE = 120.0


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    """Return a PostgreSQL that a test may stop."""
    server = PostgresServer(tmp_path / "postgres-of-this-test", durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house_of_its_own(
    postgres: PostgresServer, worker_number: int, tmp_path: Path
) -> Iterator[Live]:
    """Return the web on a PostgreSQL of its own."""
    app = create_app(settings_for(postgres.url, redis_url(worker_number % 16), tmp_path))
    with app.app_context():
        flask_migrate.upgrade()
        with unit_of_work():
            found_programme(factories.AT)
        hang_up()
    app.extensions["redis"].flushdb()
    catalog.forget_book()
    factories.work_in(app)
    live = Live(app, tmp_path)
    yield live
    live.stop()
    factories.work_in(None)
    catalog.forget_book()
    with app.app_context():
        db.session.remove()
        hang_up()


def until(live: Live, true: object) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, live.said()[-3000:]
        time.sleep(0.1)


def pick_in_turn(work: list[tuple[Browser, int]]) -> set[int]:
    """Pick up leads one by one, each as often as it takes; return every status that came."""
    seen, deadline = set(), time.monotonic() + PATIENCE
    for browser, lead_id in work:
        status = 0
        while status != 303:
            assert time.monotonic() < deadline, seen
            status = browser.post(f"/leads/{lead_id}/pickup").status
            seen.add(status)
            time.sleep(0.2)
    return seen


def read_on(browser: Browser, pages: list[str], over: Event) -> set[int]:
    """Open pages in turn until it is over; return every status that came."""
    seen = set()
    while not over.is_set():
        for page in pages:
            seen.add(browser.get(page).status)
        over.wait(0.1)
    return seen


def test_pages_say_so_while_postgres_is_away_and_picks_go_on_afterwards(
    house_of_its_own: Live, postgres: PostgresServer
) -> None:
    live = house_of_its_own
    reps = [factories.make_person() for _ in range(PICKS)]
    leads = [factories.make_offered_lead(at=clock.now()) for _ in range(PICKS)]
    link = issue(Purpose.OFFER, reps[0], lead_id=leads[0].id, round_=1)
    *readers, visitor = live.signed_in(*reps[:3])
    pickers = live.signed_in(*reps)
    work = list(zip(pickers, [lead.id for lead in leads], strict=True))
    worker, scheduler = live.start("worker"), live.start("scheduler")
    over = Event()
    with ThreadPoolExecutor(5) as pool:
        try:
            pages = ["/available", "/mine", link]
            reading = [pool.submit(read_on, reader, pages, over) for reader in readers]
            picked = [pick_in_turn(work[:3])]
            late = [pool.submit(pick_in_turn, work[n::3]) for n in (3, 4, 5)]
            postgres.stop()
            for page in ("/available", "/mine", link):
                answer = visitor.get(page)
                assert answer.verdict == (503, "database_away"), page
                assert "Nothing was lost" in answer.body
            ready = visitor.get("/readyz")
            assert ready.body.startswith("{"), live.said()[-8000:]
            told = json.loads(ready.body)
            assert (ready.status, told["database"], told["redis"]) == (503, "unreachable", "ok")
            stranger = live.stranger()
            for page in ("/healthz", "/login", "/metrics"):
                assert stranger.get(page).status == 200, page
            postgres.start()
            picked += [each.result() for each in late]
        finally:
            # whatever went wrong: who still picks would try for ever without it
            postgres.start()
            over.set()
        read = [each.result() for each in reading]

    assert set().union(*picked) <= {303, 503}, live.said()[-5000:]
    assert set().union(*read) <= {200, 503}, live.said()[-5000:]
    # what this process had open before went with the server
    with live.app.app_context():
        hang_up()
    # what had hold of a delivery when the server went is over its lease
    until(
        live,
        lambda: live.do(let_leases_run_out) or not live.value(UNDONE),
    )
    assert live.value("SELECT count(*) FROM pickups WHERE ended_at IS NULL") == len(leads)
    assert live.value("SELECT count(*) FROM events WHERE name = 'LeadPickedUp'") == len(leads)
    twice = "SELECT 1 FROM deliveries GROUP BY event_id, reaction HAVING count(*) > 1"
    assert live.rows(twice) == []
    mails = "SELECT count(*) FROM outgoing_emails WHERE kind = 'yours_now'"
    assert live.value(mails) == len(leads)
    assert (worker.poll(), scheduler.poll(), live.web.poll()) == (None, None, None)
    assert json.loads(live.stranger().get("/readyz").body)["database"] == "ok"
    # a sweep whose every try fell into the outage is noted until its next time comes
    rare = [name for name, every in wiring.SCHEDULE if every.total_seconds() > PATIENCE / 2]
    noted = "SELECT count(*) FROM job_failures WHERE name <> ALL(:rare)"
    until(live, lambda: live.value(noted, rare=rare) == 0)


UNDONE = "SELECT count(*) FROM deliveries WHERE done_at IS NULL"


def let_leases_run_out() -> None:
    """Let the two minutes pass for which deliveries are taken."""
    db.session.execute(
        text(
            "UPDATE deliveries SET due_at = now() WHERE id IN (SELECT id FROM deliveries"
            " WHERE done_at IS NULL AND due_at > now() FOR UPDATE SKIP LOCKED)"
        )
    )


def test_a_connection_that_is_lost_at_the_commit_is_told_as_what_it_is(committed) -> None:
    """Nobody knows then whether it was done; who tries again is told."""
    app = committed
    rep = factories.make_person()
    lead = factories.make_offered_lead(at=clock.now())
    client = factories.sign_in(app.test_client(), rep)
    csrf = factories.csrf_of(client.get("/available").text)
    cut = []

    def cut_off(session: object) -> None:
        if cut:
            return
        pid = db.session.scalar(text("SELECT pg_backend_pid()"))
        cut.append(pid)
        with db.engines[None].connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with app.app_context():
        sqlalchemy_event.listen(db.session, "before_commit", cut_off)
    try:
        answer = client.post(f"/leads/{lead.id}/pickup", data={"csrf_token": csrf})
    finally:
        with app.app_context():
            sqlalchemy_event.remove(db.session, "before_commit", cut_off)
    assert cut
    assert answer.status_code == 503
    assert "database_away" in answer.text or "does not answer" in answer.text
    again = client.post(f"/leads/{lead.id}/pickup", data={"csrf_token": csrf})
    assert again.status_code == 303
    with app.app_context(), unit_of_work() as on:
        assert on.scalar(text("SELECT count(*) FROM pickups")) == 1
