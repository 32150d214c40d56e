"""A worker, or scheduler, with the sweeps of the house at a quick pace for `test_scheduler`."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from portal import wiring
from portal.core import jobs, worker
from portal.factory import create_app

DIARY = Path(os.environ.get("TEST_DIARY", "/nonexistent"))
ELSEWHERE = ("mail.", "imports.")
SWEEPS = [name for name, _every in wiring.SCHEDULE if not name.startswith(ELSEWHERE)]


# behind the sweeps of the same moment, on the queue that is served last
@jobs.job("tests.tick", queue="bulk")
def tick(_payload, _at):
    with DIARY.open("a") as diary:
        diary.write("tick\n")


def main(role):
    app = create_app()
    if role == "worker":
        worker.run_worker(app)
    else:
        pace = timedelta(seconds=4)
        worker.run_scheduler(app, [(name, pace) for name in (*SWEEPS, "tests.tick")])


if __name__ == "__main__":
    main(sys.argv[1])
