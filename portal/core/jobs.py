"""Jobs, sweeps and the queue. The database remembers the work; Redis only hurries it.

`perform` is the one function RQ sees: it gets a job's name and a JSON payload. Every job may run
twice, never twice at once. A job that raises leaves a `JobFailure` row that administrators see and
can run again. What a job says when it raises never leaves the process: see `core.mishaps`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import signal
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import redis.exceptions
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry
from rq import Queue, Retry, Worker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import DuplicateJobError, StopRequested
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException
from rq.worker import DequeueStrategy
from sqlalchemy import UniqueConstraint, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import alarms, circumstances, clock, events, logs, metrics, mishaps
from portal.core.db import Base, Id, db, hang_up, session, unit_of_work
from portal.core.servers import die_with_parent

log = logs.get(__name__)

QUEUES = ("now", "mail", "bulk")
Payload = dict[str, Any]

# how often a job that raised, or whose worker was killed, is tried again at once
TRIES_MORE = 2
# seconds: an idle worker looks around, sweeps up after dead ones, says that its job still runs
WORKER_TTL, MAINTENANCE, MONITORING = 20, 10, 5
NUDGE_WINDOW = 0.2
# deliveries that are claimed at a time, and seconds after which others get their turn
BATCH, DELIVERING = 50, 20.0
SCHEDULER_SEEN = "firstcome:scheduler"


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
        # by default it would try for seconds
        retry=RedisRetry(NoBackoff(), 0),
        **options,
    )


def client() -> redis.Redis:
    """Return the app's Redis client."""
    connection: redis.Redis = current_app.extensions["redis"]
    return connection


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

    The dispatcher is woken at most once a window; it looks again when the window has passed. A
    process that opened the window need not ask whether it is open. While Redis is away nobody asks
    it for five seconds: sweeps find the work.
    """
    info = session().info
    pushes = info.pop("jobs", {})
    deliveries = info.pop("deliveries", False)
    extensions, now = current_app.extensions, time.monotonic()
    deliveries = deliveries and now >= extensions.get("nudged_until", 0)
    if not (pushes or deliveries) or now < extensions.get("queue_quiet_until", 0):
        return
    try:
        if deliveries and client().set("nudge", 1, nx=True, px=int(NUDGE_WINDOW * 1000)):
            extensions["nudged_until"] = now + NUDGE_WINDOW
            _wake("core.dispatch")
        for (name, _key), (payload, job_id) in pushes.items():
            if payload or job_id:
                _push(name, payload, job_id)
            else:
                _wake(name)
    except redis.exceptions.RedisError:
        log.warning("queue unreachable")
        extensions["queue_quiet_until"] = time.monotonic() + 5


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


# -- deliveries -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reaction:
    """A registered reaction to events. `run(event, at)` works in one unit of work with its mark."""

    run: Callable[[Any, datetime], None]
    queue: str


REACTIONS: dict[str, Reaction] = {}


def reaction(
    name: str, queue: str = "now"
) -> Callable[[Callable[[Any, datetime], None]], Callable[[Any, datetime], None]]:
    """Register a function `(event, at)` that wiring may name as the reaction to an event."""

    def register(
        function: Callable[[Any, datetime], None],
    ) -> Callable[[Any, datetime], None]:
        REACTIONS[name] = Reaction(function, queue)
        return function

    return register


@long_job("core.dispatch", queue="now", timeout=120)
def dispatch(payload: Payload, at: datetime) -> None:
    """Run the reactions that are due now, and wake those of the other queues.

    With `{"here": true}` all of them run in this process, as a command needs it.
    """
    here = bool(payload.get("here"))
    began = time.monotonic()
    _dispatch_due(at, here)
    if not here and _await_end_of_window():
        _dispatch_due(at + timedelta(seconds=time.monotonic() - began), here)


# a drain whose worker was killed is not always tried again: another may have done its work
FORGET_DELIVERED = text(
    """
    DELETE FROM job_failures
    WHERE name = :job AND NOT EXISTS (
      SELECT FROM deliveries
      WHERE done_at IS NULL AND failed_at IS NULL AND reaction = ANY(:names)
    )
    """
)


def _dispatch_due(at: datetime, here: bool) -> None:
    # an unknown reaction is tried here and now, so that its failure is seen
    elsewhere = {} if here else {queue: reactions_of(queue) for queue in ("mail", "bulk")}
    _deliver_due(at, without=frozenset().union(*elsewhere.values()))
    for queue, names in elsewhere.items():
        job_name = f"core.deliver-{queue}"
        with unit_of_work() as on:
            due = events.is_due(at, names)
            if not due:
                on.execute(FORGET_DELIVERED, {"job": job_name, "names": sorted(names)})
        if due:
            wake(job_name)


def reactions_of(queue: str) -> frozenset[str]:
    """Return the names of the reactions that run on a queue."""
    return frozenset(name for name, reaction in REACTIONS.items() if reaction.queue == queue)


def _deliver_due(
    at: datetime, *, only: Collection[str] | None = None, without: Collection[str] = ()
) -> None:
    """Claim what is due and run it, batch by batch, until nothing is left or it takes too long."""
    began = time.monotonic()
    while (spent := time.monotonic() - began) < DELIVERING:
        with unit_of_work():
            claimed = events.claim_deliveries(
                at + timedelta(seconds=spent), BATCH, only=only, without=without
            )
        if not claimed:
            return
        deliver(claimed, at)


def _await_end_of_window() -> bool:
    """Wait until commits nudge again; True where some may have trusted in this dispatcher."""
    try:
        left = int(client().pttl("nudge"))
    except redis.exceptions.RedisError:
        return False
    if left <= 0:
        return False
    time.sleep(min(left / 1000, NUDGE_WINDOW))
    return True


def deliver(delivery_ids: Sequence[int], at: datetime) -> None:
    """Run the reactions of the named deliveries, each with its mark in one transaction."""
    for delivery_id in delivery_ids:
        try:
            with unit_of_work():
                found = events.open_delivery(delivery_id)
                if found is None:
                    continue
                delivery, event = found
                REACTIONS[delivery.reaction].run(event, at)
                delivery.done_at = at
        except BaseTimeoutException:
            raise
        except Exception as error:
            log.error("reaction failed", delivery=delivery_id, exc_info=error)
            db.session.rollback()
            with unit_of_work():
                events.delivery_failed(delivery_id, mishaps.describe(error), at)


def _drain_of(queue: str) -> Callable[[Payload, datetime], None]:
    # one job that works off what it finds, never one for each dispatch: under load they would heap
    # up, and a fork with a connection of its own costs more than most reactions
    def deliver_all(_payload: Payload, at: datetime) -> None:
        names = reactions_of(queue)
        _deliver_due(at, only=names)
        with unit_of_work():
            more = events.is_due(at, names)
        if more:
            wake(f"core.deliver-{queue}")

    return deliver_all


for _queue in ("mail", "bulk"):
    long_job(f"core.deliver-{_queue}", queue=_queue, timeout=600)(_drain_of(_queue))

# -- processes --------------------------------------------------------------------------------

_worker_app: Flask | None = None


class _Wish:
    """The wish to stop: outlives the worker or scheduler that heard it when Redis goes."""

    def __init__(self) -> None:
        self._heard = False

    def hear(self) -> None:
        self._heard = True

    def heard(self) -> bool:
        return self._heard


_stop = _Wish()


class _Executions(ExecutionRegistry):
    """What workers have begun of a job.

    What a killed worker had begun goes out of Redis by itself. RQ stumbles over that when the job
    is over, and leaves it there as begun: no other of the same id would ever be taken.
    """

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        found = []
        for name in self.get_execution_ids(start, end):
            with contextlib.suppress(ValueError):
                found.append(Execution.fetch(name, self.job_id, self.connection))
        return found


class _Job(RqJob):
    """A job that may outlive its worker."""

    @property
    def execution_registry(self) -> ExecutionRegistry:
        return _Executions(self.id, self.connection)


class FirstcomeWorker(Worker):
    """An RQ worker that notices dead colleagues within half a minute and survives Redis."""

    max_connection_wait_time = 5.0
    app: Flask

    def get_heartbeat_ttl(self, job: RqJob, working_time: float | None = 0.0) -> int:
        # RQ adds a fixed minute, in which the job of a dead worker would lie
        return int(self.job_monitoring_interval) * 3

    def request_stop(self, signum: int, frame: Any) -> None:
        # said of the process, not of this worker: another may have taken its place since
        _stop.hear()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def fork_work_horse(self, job: RqJob, queue: Queue) -> None:
        # prepared before the fork, because it remembers who the parent is
        self._die_with_me = die_with_parent(signal.SIGKILL)
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: RqJob, queue: Queue) -> None:
        # an orphan would go on while another worker takes its job over
        self._die_with_me()
        # a forked child must not share the parent's database connections
        with self.app.app_context():
            hang_up(close=False)
        try:
            super().main_work_horse(job, queue)
        finally:
            alarms.flush()

    def handle_work_horse_killed(self, job: RqJob, retpid: int, ret_val: int, rusage: Any) -> None:
        # the job itself could not say anything any more
        with self.app.app_context():
            name, payload = job.args[0], job.args[1]
            note_failure(name, payload, JobKilled(), clock.now())
            hang_up()
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]


def serve_in(app: Flask) -> None:
    """Make `app` the one that `perform` runs jobs in."""
    global _worker_app
    _worker_app = app


def run_worker(app: Flask, burst: bool = False, queues: Sequence[str] = QUEUES) -> None:
    """Work on `queues`, each in its turn, until told to stop (with `burst`: until empty)."""
    serve_in(app)
    connection = connect(app.config["SETTINGS"].redis_url, socket_timeout=None)
    while not _stop.heard():
        try:
            worker = FirstcomeWorker(
                [
                    Queue(n, connection=connection, job_class=_Job, serializer=JSONSerializer)
                    for n in queues
                ],
                connection=connection,
                job_class=_Job,
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL,
                maintenance_interval=MAINTENANCE,
                job_monitoring_interval=MONITORING,
            )
            worker.app = app
            # each queue in its turn: sustained work on one must not starve the others
            worker.work(
                burst=burst,
                logging_level="WARNING",
                dequeue_strategy=DequeueStrategy.ROUND_ROBIN,
            )
            # RQ returns, too, when Redis goes away at the wrong moment
            if burst:
                return
        except StopRequested:
            return
        except redis.exceptions.RedisError:
            pass
        if _stop.heard():
            return
        log.warning("queue unreachable, trying again")
        with contextlib.suppress(StopRequested, redis.exceptions.RedisError):
            # the handler of the worker that is gone still hears, and may raise either
            time.sleep(1)


class _ScheduledJob(CronJob):
    """A cron job with a JSON payload and one job id per time slot, so two schedulers do no harm."""

    def enqueue(self, connection: redis.Redis) -> RqJob | None:  # type: ignore[override]
        interval = int(self.interval or 60)
        slot = int(time.time() // interval)
        name = str(self.args[0]) if self.args else ""
        connection.set(SCHEDULER_SEEN, int(time.time()))
        try:
            return Queue(
                self.queue_name, connection=connection, serializer=JSONSerializer
            ).enqueue_call(
                perform,
                self.args,
                timeout=JOBS[name].timeout,
                job_id=f"cron-{name.replace('.', '_')}-{slot}",
                unique=True,
                # without a worker the slots pass, they don't pile up
                ttl=max(interval, 10),
                result_ttl=interval * 2,
                failure_ttl=interval * 2,
            )
        except DuplicateJobError:
            return None


class FirstcomeScheduler(CronScheduler):
    """Runs `wiring.SCHEDULE`."""

    def _request_stop(self, signum: int, frame: Any) -> None:
        # RQ's farewell to Redis may fail and hide the wish to stop
        _stop.hear()
        super()._request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def add(self, name: str, every: timedelta) -> None:
        self._cron_jobs.append(
            _ScheduledJob(
                queue_name=JOBS[name].queue,
                func=perform,
                args=(name, {}),
                interval=int(every.total_seconds()),
                name=name,
            )
        )


def run_scheduler(app: Flask, schedule: Iterable[tuple[str, timedelta]]) -> None:
    """Push every due sweep until told to stop; survives an absent Redis."""
    connection = connect(app.config["SETTINGS"].redis_url)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    planned = list(schedule)
    try:
        while not _stop.heard():
            scheduler = FirstcomeScheduler(connection=connection, logging_level="WARNING")
            for name, every in planned:
                scheduler.add(name, every)
            try:
                scheduler.start()  # type: ignore[no-untyped-call]
                return
            except redis.exceptions.RedisError:
                if _stop.heard():
                    return
                log.warning("queue unreachable, trying again")
                time.sleep(2)
    except (KeyboardInterrupt, StopRequested):
        return
