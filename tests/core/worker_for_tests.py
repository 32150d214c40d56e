"""A worker, or scheduler, with jobs that tests can watch; `tests.core.test_worker` starts it.

The jobs write lines into a file, so that a line that stands there twice is seen.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from portal.core import events, jobs, reactions, worker
from portal.core.db import session
from portal.core.events import Event
from portal.factory import create_app

DIARY = Path(os.environ.get("TEST_DIARY", "/nonexistent"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BellRung(Event):
    number: int


def write_down(line):
    with DIARY.open("a") as diary:
        diary.write(line + "\n")


@jobs.long_job("tests.slow", queue="now", timeout=60)
def slow(payload, at):
    write_down(f"began {payload['number']} {os.getpid()}")
    if not Path(f"{DIARY}.go").exists():
        time.sleep(30)
    write_down(f"done {payload['number']}")


@jobs.job("tests.quick")
def quick(payload, at):
    write_down(f"quick {payload.get('number', '')}")


@jobs.job("tests.patient", queue="bulk")
def patient(payload, at):
    write_down(f"patient {payload['number']}")


@jobs.job("tests.raises")
def raises(payload, at):
    write_down("raised")
    raise ValueError(f"{payload['name']} is not a number")


@jobs.job("tests.rare")
def rare(payload, at):
    write_down("rare")
    if len(DIARY.read_text().split("rare")) == 2:
        raise ValueError("the first time")


@jobs.job("tests.dies")
def dies(payload, at):
    write_down("died")
    os.kill(os.getpid(), signal.SIGKILL)


@reactions.reaction("tests.ring")
def ring(event, at):
    # one statement with the mark: it is there once, or the mark is not set
    session().execute(text("INSERT INTO bells (number) VALUES (:number)"), {"number": event.number})
    if event.number == 13 and not Path(f"{DIARY}.go").exists():
        write_down(f"ringing {os.getpid()}")
        time.sleep(30)


@reactions.reaction("tests.ring_by_mail", queue="mail")
def ring_by_mail(event, at):
    session().execute(text("INSERT INTO bells (number) VALUES (:number)"), {"number": event.number})


REACTIONS = {BellRung: ("tests.ring", "tests.ring_by_mail")}


def main(role):
    # impatient, so that a test of a dead worker takes seconds
    worker.WORKER_TTL, worker.MAINTENANCE, worker.MONITORING = 16, 1, 1
    app = create_app()
    events.configure(REACTIONS)
    if role == "worker":
        worker.run_worker(app)
    else:
        worker.run_scheduler(
            app,
            [
                ("core.dispatch", timedelta(seconds=1)),
                ("tests.quick", timedelta(seconds=2)),
                ("tests.rare", timedelta(hours=6)),
            ],
        )


if __name__ == "__main__":
    main(sys.argv[1])
