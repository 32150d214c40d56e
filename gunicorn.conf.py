"""How gunicorn serves Firstcome, locally and in production.

Read from the environment: BIND (an address, or `fd://3` from a parent that holds the socket), else
HOST and PORT; WEB_WORKERS.
"""

import gc
import mmap
import os
import resource
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import gevent

bind = os.environ.get("BIND") or (
    f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
)
workers = int(os.environ.get("WEB_WORKERS") or "2")
worker_class = "gevent"
worker_connections = 5000
graceful_timeout = 5
keepalive = 5
accesslog = None  # the application writes its own, with the request id and without tokens
errorlog = "-"
loglevel = "info"
# The proxy's word is taken by the application alone, after PROXY_HOPS.
forwarded_allow_ips = ""
# gunicorn would put a socket into the home folder, where two instances meet.
control_socket_disable = True


COLLECTED_AFTER = (20_000, 10, 10)
"""New objects after which the youngest are looked through; the others after so many times that."""

FIGURES = "PROMETHEUS_MULTIPROC_DIR"

# How far each process of the web is, by its age; all of them see it. SIGHUP reads this file again,
# therefore it is kept at the server.
GONE, BOOTING, SERVING = 0, 1, 2
AGES = 4096
FOLLOWED_WITHIN = 60.0


def on_starting(_server: Any) -> None:
    """Allow as many open files as the machine does: each open page holds a stream.

    Also make the folder in which the processes count for /metrics.
    """
    # of this run alone, named before anything that counts is imported
    os.environ[FIGURES] = tempfile.mkdtemp(prefix="firstcome-figures-")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def pre_fork(server: Any, worker: Any) -> None:
    """Note that a process is being started."""
    if not hasattr(server, "stages"):
        server.stages = mmap.mmap(-1, AGES)
    server.stages[worker.age % AGES] = BOOTING
    worker.stages = server.stages


def child_exit(server: Any, worker: Any) -> None:
    """Forget how many streams a process had that has ended; what it has counted stays."""
    server.stages[worker.age % AGES] = GONE
    for file in Path(os.environ[FIGURES]).glob(f"gauge_live*_{worker.pid}.db"):
        file.unlink(missing_ok=True)


def on_exit(_server: Any) -> None:
    """Take the figures of this run away."""
    shutil.rmtree(os.environ[FIGURES], ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """Serve from now on, and end well.

    Told to stop, a process goes on while its followers are being started, so that a reload keeps
    nobody waiting; then it ends the open streams and what it has begun.
    """
    worker.stages[worker.age % AGES] = SERVING
    # what the application is made of stays: looked through again and again it costs a page a tenth
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    leave = worker.handle_exit

    def told_to_stop(signum: int, frame: Any) -> None:
        gevent.spawn(_leave_when_followed, worker, leave, signum, frame)

    signal.signal(signal.SIGTERM, told_to_stop)
    gevent.spawn(_end_streams, worker)


def _leave_when_followed(worker: Any, leave: Any, signum: int, frame: Any) -> None:
    deadline = time.monotonic() + FOLLOWED_WITHIN
    while _is_being_replaced(worker) and time.monotonic() < deadline:
        gevent.sleep(0.1)
    leave(signum, frame)


def _is_being_replaced(worker: Any) -> bool:
    """Tell a reload, where as many younger ones come, from the end of all."""
    own, ages = worker.age % AGES, worker.stages[:]
    younger = (ages + ages)[own + 1 : own + AGES // 2]
    return BOOTING in younger and len(younger) - younger.count(GONE) >= worker.cfg.workers


def _end_streams(worker: Any) -> None:
    while worker.alive:
        gevent.sleep(0.2)
    live = getattr(worker.wsgi, "extensions", {}).get("live")
    if live is not None:
        live.close()
