"""The processes that work and schedule: RQ's, made to survive Redis and each other's death.

Payloads are JSON, `jobs.perform` is all that RQ sees. Both end when they are told to, whatever RQ
was doing then.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import redis
import redis.exceptions
from flask import Flask
from rq import Queue, Retry, Worker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import DuplicateJobError, StopRequested
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy

from portal.core import alarms, clock, jobs, logs, mishaps
from portal.core.db import hang_up
from portal.core.processes import YIELDS, die_with_parent

log = logs.get(__name__)

# seconds: an idle worker looks around, sweeps up after dead ones, says that its job still runs
WORKER_TTL, MAINTENANCE, MONITORING = 20, 10, 5

PATIENT = frozenset({"incoming", "bulk"})
"""Queues that nobody waits for at his screen."""

TICK = 1.0
"""Seconds between two looks at what can't wait for the queue."""


class _Wish:
    """The wish to stop: outlives the worker or scheduler that heard it when Redis goes.

    Heard in a signal's handler, which must not wait for a lock as that of `threading.Event`.
    """

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
            jobs.note_failure(name, payload, jobs.JobKilled(), clock.now())
            hang_up()
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]


def run_worker(app: Flask, burst: bool = False, queues: Sequence[str] = jobs.QUEUES) -> None:
    """Work on `queues`, each in its turn, until told to stop (with `burst`: until empty).

    One that does nothing that somebody waits for leaves the processor to whoever needs it.
    """
    jobs.serve_in(app, queues)
    if PATIENT.issuperset(queues):
        os.nice(YIELDS)
    connection = jobs.connect(app.config["SETTINGS"].redis_url, socket_timeout=None)
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
        connection.set(jobs.SCHEDULER_SEEN, int(time.time()))
        try:
            return Queue(
                self.queue_name, connection=connection, serializer=JSONSerializer
            ).enqueue_call(
                jobs.perform,
                self.args,
                timeout=jobs.JOBS[name].timeout,
                job_id=f"cron-{name.replace('.', '_')}-{slot}",
                unique=True,
                # without a worker the slots pass, they don't pile up
                ttl=max(interval, 10),
                result_ttl=interval * 2,
                failure_ttl=interval * 2,
                # its next time may be hours away
                retry=Retry(max=jobs.TRIES_MORE),
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
                queue_name=jobs.JOBS[name].queue,
                func=jobs.perform,
                args=(name, {}),
                interval=int(every.total_seconds()),
                name=name,
            )
        )


def keep_time(app: Flask, names: Sequence[str]) -> None:
    """Run these sweeps every second in this very process: they need neither queue nor Redis.

    For what people wait for with the clock in their hand. What one of them raises stops no other.
    """

    def tick() -> None:
        while not _stop.heard():
            for name in names:
                with app.app_context():
                    try:
                        jobs.run_now(name)
                    except Exception as error:  # noqa: BLE001 – the clock goes on
                        log.warning("tick failed", job=name, error=mishaps.describe(error))
            time.sleep(TICK)

    threading.Thread(target=tick, daemon=True, name="clock").start()


def run_scheduler(
    app: Flask, schedule: Iterable[tuple[str, timedelta]], ticking: Sequence[str] = ()
) -> None:
    """Push every due sweep until told to stop; survives an absent Redis.

    Those that are `ticking` it runs itself, every second.
    """
    if ticking:
        keep_time(app, ticking)
    connection = jobs.connect(app.config["SETTINGS"].redis_url)
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
