"""Under which circumstances a thing is done: who, as whom, through which channel, in which request.

Set by the boundaries, read when an event is recorded or a log line written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import structlog


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`channel` is web, mail, api, job, command or system; `as_id` is as whom it is done."""

    actor_id: int | None = None
    as_id: int | None = None
    channel: str = "system"
    request_id: str | None = None


_NOBODY = Circumstances()
_current: ContextVar[Circumstances] = ContextVar("circumstances", default=_NOBODY)


def current() -> Circumstances:
    """Return the circumstances of the running request, job or command."""
    return _current.get()


def begin(**changes: Any) -> None:
    """Replace parts of the current circumstances; the log context follows."""
    now = replace(_current.get(), **changes)
    _current.set(now)
    structlog.contextvars.bind_contextvars(request_id=now.request_id, channel=now.channel)


@contextmanager
def under(**changes: Any) -> Iterator[None]:
    """Run a block under changed circumstances."""
    token = _current.set(replace(_current.get(), **changes))
    try:
        with structlog.contextvars.bound_contextvars(
            request_id=_current.get().request_id, channel=_current.get().channel
        ):
            yield
    finally:
        _current.reset(token)
