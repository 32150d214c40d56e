"""Jobs, sweeps and the queue. The database remembers the work; Redis only hurries it.

`perform` is the one function RQ sees: it gets a job's name and a JSON payload. Every job may run
twice. A job that raises leaves a `JobFailure` row that administrators see and can run again.
"""

from __future__ import annotations

import functools
import hashlib
import json
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
import redis.exceptions
from flask import Flask, current_app
from rq import Queue, Worker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import DuplicateJobError
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from sqlalchemy import UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import circumstances, clock, events, logs
from portal.core.db import Base, Id, db, session, unit_of_work

log = logs.get(__name__)

QUEUES = ("now", "mail", "bulk")
Payload = dict[str, Any]


class JobFailure(Base):
    """A job or one item of a sweep that raised and has not succeeded since."""

    __tablename__ = "job_failures"

    id: Mapped[Id]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    payload_hash: Mapped[str]
    error: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=1)
    first_failed_at: Mapped[datetime]
    last_failed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("name", "payload_hash"),)


@dataclass(frozen=True, slots=True)
class Job:
    """A registered job. `run(payload, at)` opens its own units of work."""

    name: str
    run: Callable[[Payload, datetime], None]
    queue: str
    timeout: int


JOBS: dict[str, Job] = {}


def job(
    name: str, queue: str = "now", timeout: int = 120
) -> Callable[[Callable[[Payload, datetime], None]], Callable[[Payload, datetime], None]]:
    """Register a function `(payload, at)` as a job that runs in one unit of work."""

    def register(
        function: Callable[[Payload, datetime], None],
    ) -> Callable[[Payload, datetime], None]:
        @functools.wraps(function)
        def run(payload: Payload, at: datetime) -> None:
            with unit_of_work():
                function(payload, at)

        JOBS[name] = Job(name, run, queue, timeout)
        return function

    return register


def long_job(
    name: str, queue: str = "bulk", timeout: int = 3600
) -> Callable[[Callable[[Payload, datetime], None]], Callable[[Payload, datetime], None]]:
    """Register a job that opens a unit of work per item or batch by itself."""

    def register(
        function: Callable[[Payload, datetime], None],
    ) -> Callable[[Payload, datetime], None]:
        JOBS[name] = Job(name, function, queue, timeout)
        return function

    return register


def sweep(
    name: str,
    find: Callable[[datetime], Sequence[int]],
    queue: str = "now",
    timeout: int = 300,
) -> Callable[[Callable[[int, datetime], None]], Callable[[int, datetime], None]]:
    """Register a sweep: `find(at)` gives due ids, the decorated `act(id, at)` treats one.

    Each id has a transaction of its own; one that raises is noted and does not stop the others.
    """

    def register(
        act: Callable[[int, datetime], None],
    ) -> Callable[[int, datetime], None]:
        def run(payload: Payload, at: datetime) -> None:
            if "id" in payload:
                ids: Sequence[int] = [int(payload["id"])]
            else:
                with unit_of_work():
                    ids = find(at)
            for item in ids:
                try:
                    with unit_of_work():
                        act(item, at)
                except Exception as error:  # noqa: BLE001 – one bad item must not stop the others
                    note_failure(name, {"id": item}, error, at)

        JOBS[name] = Job(name, run, queue, timeout)
        return act

    return register


def run_now(name: str, payload: Payload | None = None, at: datetime | None = None) -> None:
    """Run a job in this process, at the moment `at`."""
    JOBS[name].run(payload or {}, at or clock.now())


# -- the queue --------------------------------------------------------------------------------


def connect(url: str, **options: Any) -> redis.Redis:
    """Return a Redis client that gives up quickly: the web must not wait for the queue."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=0.5,
        socket_timeout=options.pop("socket_timeout", 2),
        **options,
    )


def client() -> redis.Redis:
    """Return the app's Redis client."""
    connection: redis.Redis = current_app.extensions["redis"]
    return connection


def enqueue(name: str, payload: Payload | None = None, job_id: str | None = None) -> bool:
    """Push a job; False where Redis is away or the same job already waits.

    `job_id` (letters, digits, `_`, `-`) makes the push once-only while it is queued or running.
    """
    registered = JOBS[name]
    try:
        Queue(registered.queue, connection=client(), serializer=JSONSerializer).enqueue_call(
            perform,
            args=(name, payload or {}, circumstances.current().request_id),
            timeout=registered.timeout,
            job_id=job_id,
            unique=job_id is not None,
            result_ttl=0,
            failure_ttl=0,
        )
    except DuplicateJobError:
        return False
    except redis.exceptions.RedisError:
        log.warning("queue unreachable", job=name)
        return False
    return True


_quiet_until = 0.0


def nudge() -> None:
    """After a commit that left deliveries: wake the dispatcher, at most five times a second."""
    global _quiet_until
    info = session().info
    if not info.pop("deliveries", False) or time.monotonic() < _quiet_until:
        return
    try:
        if client().set("nudge", 1, nx=True, px=200):
            enqueue("core.dispatch", job_id="dispatch")
    except redis.exceptions.RedisError:
        _quiet_until = time.monotonic() + 5


def perform(name: str, payload: Payload, request_id: str | None = None) -> None:
    """Run one job: the only function that the queue calls."""
    app = _worker_app
    if app is None:
        raise RuntimeError("perform runs in a worker process only")
    with app.app_context(), circumstances.under(channel="job", request_id=request_id):
        at = clock.now()
        started = time.monotonic()
        try:
            JOBS[name].run(payload, at)
        except Exception as error:
            note_failure(name, payload, error, at)
            raise
        forget_failure(name, payload)
        log.info("job done", job=name, ms=round((time.monotonic() - started) * 1000))


def note_failure(name: str, payload: Payload, error: Exception, at: datetime) -> None:
    """Keep a failed job where administrators see it; its text has no parameters in it."""
    log.error("job failed", job=name, error=type(error).__name__, exc_info=error)
    db.session.rollback()
    with unit_of_work() as on:
        values = {
            "error": f"{type(error).__name__}: {error}"[:500],
            "last_failed_at": at,
        }
        on.execute(
            insert(JobFailure)
            .values(
                name=name,
                payload=payload,
                payload_hash=digest(payload),
                attempts=1,
                first_failed_at=at,
                **values,
            )
            .on_conflict_do_update(
                index_elements=["name", "payload_hash"],
                set_={**values, "attempts": JobFailure.attempts + 1},
            )
        )


def forget_failure(name: str, payload: Payload) -> None:
    """Drop the note about an earlier failure: the job has succeeded now."""
    with unit_of_work() as on:
        on.execute(
            delete(JobFailure).where(
                JobFailure.name == name, JobFailure.payload_hash == digest(payload)
            )
        )


def digest(payload: Payload) -> str:
    """Return a short stable fingerprint of a payload."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:32]


# -- deliveries -------------------------------------------------------------------------------


@long_job("core.dispatch", queue="now", timeout=120)
def dispatch(payload: Payload, at: datetime) -> None:
    """Claim open deliveries and push their jobs, a batch per queue, until none is due."""
    while True:
        with unit_of_work():
            claimed = events.claim_deliveries(at)
        if not claimed:
            return
        batches: dict[str, list[int]] = {}
        for delivery_id, reaction in claimed:
            batches.setdefault(JOBS[reaction].queue, []).append(delivery_id)
        for queue, ids in batches.items():
            if queue == "now":
                deliver({"ids": ids}, at)
            else:
                enqueue(f"core.deliver-{queue}", {"ids": ids})


def deliver(payload: Payload, at: datetime) -> None:
    """Run the reactions of the named deliveries, each with its mark in one transaction."""
    for delivery_id in payload["ids"]:
        try:
            with unit_of_work():
                found = events.open_delivery(delivery_id)
                if found is None:
                    continue
                delivery, event = found
                REACTIONS[delivery.reaction](event, at)
                delivery.done_at = at
        except Exception as error:
            log.error("reaction failed", delivery=delivery_id, exc_info=error)
            db.session.rollback()
            with unit_of_work():
                events.delivery_failed(delivery_id, f"{type(error).__name__}: {error}", at)


for _queue in ("mail", "bulk"):
    long_job(f"core.deliver-{_queue}", queue=_queue, timeout=600)(deliver)

REACTIONS: dict[str, Callable[[Any, datetime], None]] = {}


def reaction(
    name: str, queue: str = "now"
) -> Callable[[Callable[[Any, datetime], None]], Callable[[Any, datetime], None]]:
    """Register a function `(event, at)` that wiring may name as the reaction to an event."""

    def register(
        function: Callable[[Any, datetime], None],
    ) -> Callable[[Any, datetime], None]:
        REACTIONS[name] = function
        JOBS[name] = Job(name, lambda payload, at: None, queue, 120)
        return function

    return register


# -- processes --------------------------------------------------------------------------------

_worker_app: Flask | None = None


class FirstcomeWorker(Worker):
    """An RQ worker that notices dead colleagues within half a minute and survives Redis."""

    max_connection_wait_time = 5.0

    def get_heartbeat_ttl(self, job: RqJob, working_time: float | None = 0.0) -> int:
        return int(self.job_monitoring_interval) + 10

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        # a forked child must not share the parent's database connections
        if _worker_app is not None:
            with _worker_app.app_context():
                db.engine.dispose(close=False)
        super().main_work_horse(*args, **kwargs)


def serve_in(app: Flask) -> None:
    """Make `app` the one that `perform` runs jobs in."""
    global _worker_app
    _worker_app = app


def run_worker(app: Flask, burst: bool = False) -> None:
    """Work on all queues until told to stop (or, with `burst`, until they are empty)."""
    serve_in(app)
    connection = connect(app.config["SETTINGS"].redis_url, socket_timeout=None)
    while True:
        try:
            worker = FirstcomeWorker(
                [Queue(n, connection=connection, serializer=JSONSerializer) for n in QUEUES],
                connection=connection,
                serializer=JSONSerializer,
                worker_ttl=20,
                maintenance_interval=10,
                job_monitoring_interval=5,
            )
            worker.work(burst=burst, logging_level="WARNING")
            return
        except redis.exceptions.ConnectionError:
            log.warning("queue unreachable, trying again")
            time.sleep(2)


class _ScheduledJob(CronJob):
    """A cron job with a JSON payload and one job id per time slot, so two schedulers do no harm."""

    def enqueue(self, connection: redis.Redis) -> RqJob | None:  # type: ignore[override]
        interval = int(self.interval or 60)
        slot = int(time.time() // interval)
        name = str(self.args[0]) if self.args else ""
        try:
            return Queue(
                self.queue_name, connection=connection, serializer=JSONSerializer
            ).enqueue_call(
                perform,
                self.args,
                timeout=JOBS[name].timeout,
                job_id=f"cron-{name.replace('.', '_')}-{slot}",
                unique=True,
                result_ttl=interval * 2,
                failure_ttl=interval * 2,
            )
        except DuplicateJobError:
            return None


class FirstcomeScheduler(CronScheduler):
    """Runs `wiring.SCHEDULE`."""

    def add(self, name: str, every: timedelta) -> None:
        self._cron_jobs.append(
            _ScheduledJob(
                queue_name=JOBS[name].queue,
                func=perform,
                args=(name, {}),
                interval=int(every.total_seconds()),
            )
        )


def run_scheduler(app: Flask, schedule: Iterable[tuple[str, timedelta]]) -> None:
    """Push every due sweep until told to stop; survives an absent Redis."""
    connection = connect(app.config["SETTINGS"].redis_url)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    planned = list(schedule)
    while True:
        scheduler = FirstcomeScheduler(connection=connection, logging_level="WARNING")
        for name, every in planned:
            scheduler.add(name, every)
        try:
            scheduler.start()  # type: ignore[no-untyped-call]
            return
        except redis.exceptions.RedisError:
            log.warning("queue unreachable, trying again")
            time.sleep(2)
        except KeyboardInterrupt:
            return


def queue_state(app: Flask) -> dict[str, Any]:
    """Return length per queue and the number of live workers; raises RedisError."""
    connection = client()
    return {
        "queues": {
            n: Queue(n, connection=connection, serializer=JSONSerializer).count for n in QUEUES
        },
        "workers": Worker.count(connection=connection),
    }


def failure_count() -> int:
    """Return how many failed jobs wait for a person."""
    return session().scalar(select(func.count()).select_from(JobFailure)) or 0
