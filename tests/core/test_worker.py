"""The worker with its real servers: killed, raced, cut off, and nothing is lost or done twice."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, text

from portal.core import events, jobs
from portal.core.db import session, unit_of_work
from portal.core.events import Delivery, record
from portal.core.jobs import JobFailure
from portal.core.servers import ValkeyServer
from tests.core import worker_for_tests
from tests.core.processes import Processes, until
from tests.core.worker_for_tests import BellRung
from tests.factories import AT, CONTACT


class Works(Processes):
    """The workers and schedulers of one test."""

    def let_go(self):
        """From now on the slow ones are quick."""
        Path(f"{self.diary}.go").touch()

    def bells(self):
        with self.looking() as on:
            return list(on.scalars(text("SELECT number FROM bells ORDER BY number")))

    def open_deliveries(self):
        with self.looking() as on:
            return on.scalar(
                select(func.count()).select_from(Delivery).where(Delivery.done_at.is_(None))
            )

    def ring(self, *numbers):
        with self.app.app_context(), unit_of_work():
            for number in numbers:
                record(BellRung(at=AT, number=number))


@pytest.fixture
def works(committed, tmp_path):
    events_before = dict(events._reactions)
    events.configure(worker_for_tests.REACTIONS)
    with committed.app_context(), unit_of_work() as on:
        on.execute(text("CREATE TABLE bells (number bigint)"))
    made = Works(committed, tmp_path, "tests.core.worker_for_tests")
    yield made
    made.stop()
    events._reactions.clear()
    events._reactions.update(events_before)
    print(made.said())  # shown where the test fails


@pytest.fixture
def own_valkey(works, tmp_path, monkeypatch):
    """A Redis that a test may stop."""
    valkey = ValkeyServer(tmp_path / "valkey-of-this-test")
    valkey.start()
    monkeypatch.setitem(works.app.extensions, "redis", jobs.connect(valkey.url))
    works.env["REDIS_URL"] = valkey.url
    yield valkey
    valkey.stop()


def test_a_job_whose_worker_is_killed_is_done_once_afterwards(works):
    worker = works.start()
    with works.app.app_context():
        assert jobs.enqueue("tests.slow", {"number": 7})
    (began,) = until(lambda: works.lines("began 7"))
    works.let_go()
    worker.kill()
    worker.wait()
    horse = int(began.split()[-1])
    until(lambda: not alive(horse))
    works.start()
    until(lambda: works.lines("done 7"))
    assert works.lines("done 7") == ["done 7"]
    assert len(works.lines("began 7")) == 2
    # and nothing stays that would keep the same job out for ever
    until(lambda: not in_redis(works, "rq:job:*"))
    with works.looking() as on:
        assert on.scalars(select(JobFailure)).all() == []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_reaction_whose_worker_is_killed_is_done_exactly_once(works):
    worker = works.start()
    works.ring(12, 13, 14)
    until(lambda: works.lines("ringing"))
    works.let_go()
    worker.kill()
    worker.wait()
    works.start()
    # the lease of the dead one is two minutes; time passes
    with works.looking() as on:
        on.execute(text("UPDATE deliveries SET due_at = now() WHERE done_at IS NULL"))
    works.start("scheduler")
    until(lambda: works.open_deliveries() == 0)
    assert works.bells() == [12, 12, 13, 13, 14, 14]  # one by each of two reactions


def test_a_thousand_reactions_are_done_within_seconds_by_two_workers_and_none_twice(works):
    works.start()
    works.start()
    until(lambda: workers(works) == 2)
    works.ring(*range(100, 600))
    # a few seconds on a machine that has nothing else to do
    until(lambda: works.open_deliveries() == 0)
    assert works.bells() == sorted([*range(100, 600)] * 2)


def workers(works):
    with works.app.app_context():
        return Worker.count(connection=jobs.client())


def test_two_schedulers_do_what_one_does(works):
    works.start()
    works.start("scheduler")
    works.start("scheduler")
    stamps = set()
    # gathered meanwhile, because Redis forgets what is long done
    until(lambda: stamps.update(slots(works)) or len(works.lines("quick")) >= 3)
    with works.app.app_context():
        seen = jobs.look_at_queue()
    assert seen.scheduler_seen_at is not None
    done = len(works.lines("quick"))
    assert done <= len(stamps | set(slots(works)))


def slots(works):
    with works.app.app_context():
        keys = jobs.client().keys("rq:job:cron-tests_quick-*")
    return sorted(key.decode().rpartition("-")[2] for key in keys)


def test_a_raising_job_is_tried_again_and_then_noted_without_its_words(works):
    works.start()
    with works.app.app_context():
        jobs.enqueue("tests.raises", {"name": CONTACT["last_name"]})
    until(lambda: len(works.lines("raised")) == 1 + jobs.TRIES_MORE)
    until(lambda: not in_redis(works, "rq:job:*"))
    with works.looking() as on:
        (failure,) = on.scalars(select(JobFailure)).all()
    assert failure.name == "tests.raises"
    assert failure.attempts == 3
    assert failure.error.startswith("ValueError")
    assert CONTACT["last_name"] not in failure.error
    assert CONTACT["last_name"] not in works.said()
    assert "ValueError" in works.said()
    assert not any(CONTACT["last_name"].encode() in value for value in everything_in_redis(works))


def test_a_sweep_that_raised_is_tried_again_at_once_and_not_only_at_its_next_time(works):
    works.start()
    works.start("scheduler")
    until(lambda: len(works.lines("rare")) == 2)
    until(lambda: not_noted(works))


def not_noted(works):
    with works.looking() as on:
        return on.scalars(select(JobFailure)).all() == []


def in_redis(works, pattern):
    with works.app.app_context():
        return jobs.client().keys(pattern)


def everything_in_redis(works):
    with works.app.app_context():
        client = jobs.client()
        for key in client.keys("*"):
            yield client.dump(key) or b""


def test_a_job_that_kills_its_process_is_noted_and_the_worker_goes_on(works):
    works.start()
    with works.app.app_context():
        jobs.enqueue("tests.dies")
        jobs.enqueue("tests.quick", {"number": 1})
    until(lambda: works.lines("quick 1"))
    until(lambda: len(works.lines("died")) == 1 + jobs.TRIES_MORE)
    with works.looking() as on:
        assert "JobKilled" in until(lambda: on.scalar(select(JobFailure.error)))


def test_nothing_is_lost_while_redis_is_away(works, own_valkey):
    worker, scheduler = works.start(), works.start("scheduler")
    works.ring(1)
    until(lambda: works.open_deliveries() == 0)
    own_valkey.stop()
    began = time.monotonic()
    works.ring(2, 3)
    assert time.monotonic() - began < 3, "a commit must not wait for the queue"
    assert works.open_deliveries() == 4
    own_valkey.start()
    until(lambda: works.open_deliveries() == 0)
    assert works.bells() == [1, 1, 2, 2, 3, 3]
    assert worker.poll() is None
    assert scheduler.poll() is None


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_it_stops_when_told_to(works, role):
    child = works.start(role)
    until(lambda: ready(works, role))
    child.send_signal(signal.SIGTERM)
    assert child.wait(5) == 0
    assert "Traceback" not in works.said()


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_it_stops_when_told_to_at_the_moment_the_queue_goes(works, role, own_valkey):
    child = works.start(role)
    until(lambda: ready(works, role))
    # held, so that both have happened when it looks up
    child.send_signal(signal.SIGSTOP)
    own_valkey.stop()
    child.send_signal(signal.SIGTERM)
    child.send_signal(signal.SIGCONT)
    assert child.wait(8) == 0


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_it_stops_when_told_to_while_it_waits_for_the_queue(works, role, own_valkey):
    child = works.start(role)
    until(lambda: ready(works, role))
    if role == "worker":
        with works.app.app_context():
            jobs.enqueue("tests.slow", {"number": 7})
        until(lambda: works.lines("began 7"))
    own_valkey.stop()
    until(lambda: "queue unreachable" in works.said())
    child.send_signal(signal.SIGTERM)
    assert child.wait(8) == 0


def ready(works, role):
    if role == "scheduler":
        return in_redis(works, jobs.SCHEDULER_SEEN)
    with works.app.app_context():
        return [one.get_state() for one in Worker.all(connection=jobs.client())] == ["idle"]


def test_a_job_is_pushed_only_once_its_cause_is_committed(works):
    with works.app.app_context():
        with pytest.raises(RuntimeError, match="no"):
            push_and_fail()
        with unit_of_work():
            jobs.soon("tests.quick", {"number": 2})
            assert queued() == 0
        assert queued() == 1
        with unit_of_work():
            session().execute(text("SELECT 1"))
        assert queued() == 1


def push_and_fail():
    with unit_of_work():
        jobs.soon("tests.quick", {"number": 1})
        raise RuntimeError("no")


def queued():
    return Queue("now", connection=jobs.client(), serializer=JSONSerializer).count


def test_no_queue_starves_while_another_has_work(works):
    with works.app.app_context():
        for number in range(6):
            jobs.enqueue("tests.quick", {"number": number})
        jobs.enqueue("tests.patient", {"number": 1})
    works.start()
    until(lambda: len(works.lines()) == 7)
    assert works.lines().index("patient 1") <= 2
