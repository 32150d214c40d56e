"""A web, worker or scheduler that dies where it is told to; `tests.races.test_killed` starts it.

Everything in it is the house's own; only here some functions may be followed, or preceded, by the
end of the process. Some sweeps go at a quick pace, and a dead worker is missed within seconds.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from werkzeug.wsgi import ClosingIterator

from portal import wiring
from portal.core import worker
from portal.core.db import session
from portal.factory import create_app

POINTS = json.loads(os.environ.get("KILL_POINTS", "[]"))
# names the point that is meant now; gone once somebody has died of it
ORDER = Path(os.environ.get("KILL_ORDER", "/nonexistent"))
PACE = timedelta(seconds=2)
QUICK = ("core.dispatch", "mail.drain", "offers.end_rounds", "notifications.send_notices")


def arm(role, leader):
    """Let this process, and the one that leads it, end at a point once it is ordered to."""
    for point in (point for point in POINTS if point["role"] == role):
        module, _colon, path = point["function"].partition(":")
        *way, name = path.split(".")
        holder = functools.reduce(getattr, way, importlib.import_module(module))
        setattr(holder, name, followed(getattr(holder, name), point, leader))


def followed(function, point, leader):
    """Return the function with the end before or after it."""
    turns = []

    @functools.wraps(function)
    def follow(*args, **kwargs):
        # looked at before: the function itself may settle what is owed
        if ordered() == point["name"] and (
            not point["owing"] or session().info.get(point["owing"])
        ):
            turns.append(1)
        here = turns and len(turns) == point["turn"]
        if here and point["when"] == "before":
            end(point, leader)
        returned = function(*args, **kwargs)
        if here and point["when"] == "after":
            end(point, leader)
        return returned

    return follow


def ordered():
    try:
        return ORDER.read_text()
    except FileNotFoundError:
        return None


def end(point, leader):
    """Kill the process and its leader, if nobody has died of the order yet."""
    if ordered() == point["name"]:
        ORDER.unlink()
        for pid in dict.fromkeys([leader, os.getpid()]):
            os.kill(pid, signal.SIGKILL)


def answered():
    """Called when the last byte of an answer to a form has left."""


def web():
    """Return the application for one of gunicorn's processes."""
    arm("web", os.getppid())
    app = create_app()
    inner = app.wsgi_app

    def outer(environ, start_response):
        answer = inner(environ, start_response)
        # the one of this moment, which by now is preceded by the end
        closing = [answered] if environ["REQUEST_METHOD"] == "POST" else []
        return ClosingIterator(answer, closing)

    app.wsgi_app = outer
    return app


def main(role):
    arm(role, os.getpid())
    worker.WORKER_TTL, worker.MAINTENANCE, worker.MONITORING = 16, 1, 2
    if role == "worker":
        worker.run_worker(create_app())
    else:
        worker.run_scheduler(
            create_app(),
            [(name, PACE if name in QUICK else every) for name, every in wiring.SCHEDULE],
        )


if __name__ == "__main__":
    main(sys.argv[1])
