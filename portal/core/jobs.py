"""Jobs, sweeps and the queue. The database remembers the work; Redis only hurries it.

Here: how a job is registered, pushed, run and noted when it raises. Not here: what runs on events
(`core.reactions`) and the processes that work and schedule (`core.worker`).

`perform` is the one function RQ sees: it gets a job's name and a JSON payload. Every job may run
twice, never twice at once. A job that raises leaves a `JobFailure` row that administrators see and
can run again. What a job says when it raises never leaves the process: see `core.mishaps`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import redis.exceptions
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry
from rq import Queue, Retry, Worker
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException
from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import circumstances, clock, logs, metrics, mishaps
from portal.core.db import Base, Id, db, session, unit_of_work

log = logs.get(__name__)

QUEUES = ("now", "mail", "incoming", "bulk")
Payload = dict[str, Any]

# how often a job that raised, or whose worker was killed, is tried again at once
TRIES_MORE = 2
NUDGE_WINDOW = 0.2
# seconds for which nobody asks a Redis that was away
QUIET = 5.0
SCHEDULER_SEEN = "firstcome:scheduler"
SILENT = timedelta(minutes=2)
"""A scheduler that gave no sign for so long is not there."""


class JobRaised(Exception):
    """What RQ, its log and Redis get to see of a job's exception."""


class JobKilled(Exception):
    """A job's process was killed: out of memory, or by a hand."""


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
            if "id" in payload:  # one item, again: if it raises, that is the job's failure
                with unit_of_work():
                    act(int(payload["id"]), at)
                return
            with unit_of_work():
                ids = find(at)
            if ids:
                each(name, ids, act, at)

        JOBS[name] = Job(name, run, queue, timeout)
        return act

    return register


def each(
    name: str, ids: Iterable[int], act: Callable[[int, datetime], object], at: datetime
) -> None:
    """Treat each id in a transaction of its own; one that raises is noted as that job's failure."""
    failed_before = failures_of(name)
    for item in ids:
        try:
            with unit_of_work():
                act(item, at)
        except BaseTimeoutException:
            raise
        except Exception as error:  # noqa: BLE001 – one bad item must not stop the others
            note_failure(name, {"id": item}, error, at)
        else:
            if digest({"id": item}) in failed_before:
                forget_failure(name, {"id": item})


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
        # by default it would try for seconds
        retry=RedisRetry(NoBackoff(), 0),
        **options,
    )


def client() -> redis.Redis:
    """Return the app's Redis client."""
    connection: redis.Redis = current_app.extensions["redis"]
    return connection


def is_left_alone(app: Flask) -> bool:
    """Say whether Redis was away so shortly ago that it is not asked: whoever asks may wait."""
    return time.monotonic() < float(app.extensions.get("queue_quiet_until", 0))


def leave_alone(app: Flask) -> None:
    """Have nobody in this process ask Redis for `QUIET` seconds."""
    app.extensions["queue_quiet_until"] = time.monotonic() + QUIET


def ask_again(app: Flask) -> None:
    """Redis is back."""
    app.extensions.pop("queue_quiet_until", None)


def enqueue(name: str, payload: Payload | None = None, job_id: str | None = None) -> bool:
    """Push a job; False where Redis is away or the same job already waits or runs.

    `job_id` (letters, digits, `_`, `-`) makes the push once-only while it is queued or running.
    Inside a unit of work use `soon`: a worker may be faster than the commit.
    """
    try:
        return _push(name, payload, job_id)
    except redis.exceptions.RedisError:
        log.warning("queue unreachable", job=name)
        return False


def _push(name: str, payload: Payload | None = None, job_id: str | None = None) -> bool:
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
            retry=Retry(max=TRIES_MORE),
        )
    except DuplicateJobError:
        return False
    return True


def wake(name: str) -> None:
    """Have a job without payload run once more after this moment, however often this is called.

    Where it runs already one more is put behind it, because the running one may have looked before.
    """
    try:
        _wake(name)
    except redis.exceptions.RedisError:
        log.warning("queue unreachable", job=name)


def _wake(name: str) -> None:
    job_id = name.replace(".", "_")
    if not _push(name, job_id=job_id):
        _push(name, job_id=f"{job_id}-next")


def others_wait(own: str) -> bool:
    """Say whether a job waits in another queue that this worker serves; not where Redis is away."""
    try:
        return any(
            Queue(name, connection=client(), serializer=JSONSerializer).count
            for name in _worker_queues
            if name != own
        )
    except redis.exceptions.RedisError:
        return False


def soon(name: str, payload: Payload | None = None, job_id: str | None = None) -> None:
    """Push a job once the current unit of work has committed; not at all if it rolls back.

    Without payload and `job_id` it is a `wake`.
    """
    session().info.setdefault("jobs", {})[(name, job_id or digest(payload or {}))] = (
        payload,
        job_id,
    )


def nudge() -> None:
    """After a commit: push what `soon` collected; wake the dispatcher if it left deliveries.

    The dispatcher is woken at most once a window, whichever process opens it, and looks again when
    the window has passed. The key says until when, so that no process asks twice within a window.
    A Redis that was away is left alone for a while: sweeps find the work.
    """
    info = session().info
    pushes = info.pop("jobs", {})
    deliveries = info.pop("deliveries", False)
    extensions, now = current_app.extensions, time.monotonic()
    deliveries = deliveries and now >= extensions.get("nudged_until", 0)
    if not (pushes or deliveries) or is_left_alone(current_app):
        return
    try:
        if deliveries:
            window, until = int(NUDGE_WINDOW * 1000), time.time() + NUDGE_WINDOW
            opened = client().set("nudge", until, nx=True, get=True, px=window)
            if opened is None:
                _wake("core.dispatch")
            # a little less, because no two clocks are quite the same
            left = float(opened or until) - time.time() - NUDGE_WINDOW / 20
            extensions["nudged_until"] = now + min(left, NUDGE_WINDOW)
        for (name, _key), (payload, job_id) in pushes.items():
            if payload or job_id:
                _push(name, payload, job_id)
            else:
                _wake(name)
    except redis.exceptions.RedisError:
        log.warning("queue unreachable")
        leave_alone(current_app)


_worker_app: Flask | None = None
_worker_queues: Sequence[str] = ()


def serve_in(app: Flask, queues: Sequence[str] = ()) -> None:
    """Make `app` the one that `perform` runs jobs in, those of these queues."""
    global _worker_app, _worker_queues
    _worker_app, _worker_queues = app, queues


def perform(name: str, payload: Payload, request_id: str | None = None) -> None:
    """Run one job: the only function that the queue calls. Raises `JobRaised`."""
    app = _worker_app
    if app is None:
        raise RuntimeError("perform runs in a worker process only")
    with app.app_context(), circumstances.under(channel="job", request_id=request_id):
        at = clock.now()
        started = time.monotonic()
        try:
            JOBS[name].run(payload, at)
        except Exception as error:  # noqa: BLE001 – told to administrators, retried by RQ
            note_failure(name, payload, error, at)
            told = mishaps.describe(error)
            metrics.count_job(client(), name, "raised", time.monotonic() - started)
        else:
            forget_failure(name, payload)
            spent = time.monotonic() - started
            metrics.count_job(client(), name, "done", spent)
            log.info("job done", job=name, ms=round(spent * 1000))
            return
    # outside of the `except`, so that the exception and its words are not chained to this one
    raise JobRaised(f"{name}: {told}")


def note_failure(name: str, payload: Payload, error: BaseException, at: datetime) -> None:
    """Keep a failed job where administrators see it; its text has no values in it."""
    log.error("job failed", job=name, error=mishaps.describe(error), exc_info=error)
    values = {"error": mishaps.describe(error), "last_failed_at": at}
    try:
        db.session.rollback()
        with unit_of_work() as on:
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
    except SQLAlchemyError as trouble:
        log.error("failure not noted", job=name, error=mishaps.describe(trouble))


def forget_failure(name: str, payload: Payload) -> None:
    """Drop the note about an earlier failure: the job has succeeded now."""
    with unit_of_work() as on:
        on.execute(
            delete(JobFailure).where(
                JobFailure.name == name, JobFailure.payload_hash == digest(payload)
            )
        )


def failures_of(name: str) -> frozenset[str]:
    """Return the fingerprints of the payloads with which a job has failed."""
    with unit_of_work() as on:
        return frozenset(on.scalars(select(JobFailure.payload_hash).where(JobFailure.name == name)))


def digest(payload: Payload) -> str:
    """Return a short stable fingerprint of a payload."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the queue looks like now; `lengths` is empty where Redis is away."""

    reachable: bool
    lengths: dict[str, int]
    workers: int = 0
    scheduler_seen_at: datetime | None = None
    # the queues that a living worker listens to
    served: frozenset[str] = frozenset()

    def scheduler_is_silent(self, at: datetime) -> bool:
        """Say whether the scheduler has given no sign for too long."""
        seen = self.scheduler_seen_at
        return seen is None or at - seen > SILENT


def look_at_queue() -> QueueState:
    """Return lengths of the queues, living workers, and when the scheduler was seen last."""
    connection = client()
    try:
        lengths = {
            name: Queue(name, connection=connection, serializer=JSONSerializer).count
            for name in QUEUES
        }
        workers = Worker.all(connection=connection, serializer=JSONSerializer)
        served = frozenset(name for worker in workers for name in worker.queue_names())
        seen = connection.get(SCHEDULER_SEEN)
    except redis.exceptions.RedisError:
        return QueueState(False, {})
    seen_at = datetime.fromtimestamp(int(seen), UTC) if seen else None
    return QueueState(True, lengths, len(workers), seen_at, served)
