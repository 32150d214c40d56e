"""How a query waits where requests are greenlets, as under gunicorn.

The driver's own way in such a process goes through a poll object for each answer; in a pick, with
its seven answers, that is a tenth of the web's processor time. Does not belong here: what is done
with connections, see `core.db`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from gevent import monkey
from gevent.socket import wait_read, wait_readwrite, wait_write
from psycopg import waiting

T = TypeVar("T")

READY = {
    waiting.WAIT_R: (wait_read, waiting.READY_R),
    waiting.WAIT_W: (wait_write, waiting.READY_W),
    # libpq takes what has come whenever it is told that it may write
    waiting.WAIT_RW: (wait_readwrite, waiting.READY_RW),
}


def wait(
    gen: Generator[waiting.Wait, waiting.Ready | int, T],
    fileno: int,
    interval: float = 0.0,
    timeout: float | None = None,
) -> T:
    """Let other greenlets run until the server has answered, and return what it said."""
    if timeout is not None:
        # only while a query is being broken off
        return waiting.wait_poll(gen, fileno, interval, timeout)
    try:
        wanted = next(gen)
        while True:
            until_ready, ready = READY[wanted]
            until_ready(fileno)
            wanted = gen.send(ready)
    except StopIteration as end:
        said: T = end.value
        return said


def let_queries_wait() -> None:
    """Have every query of a process with greenlets wait in this way; elsewhere nothing changes."""
    if monkey.is_module_patched("socket"):
        waiting.wait = wait
