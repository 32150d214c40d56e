"""Hashing of passwords, away from the event loop so that a flood does not stall the others.

A hash takes a core for 50 ms and 19 MB. Each process works on one at a time, and lets everything
else go first; strangers who wait for it are so few that they leave the database to the others.
"""

from __future__ import annotations

import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.accounts.rules import LONGEST
from portal.core.errors import Refused

AT_ONCE = 1
"""Hashes that a process works on at the same time."""
STEPS_BACK = 5
"""How much nicer than the rest of its process a hash is to others, as `nice` counts.

With 10 nobody gets in any more while pages are read as fast as they come.
"""
CROWD = 12
"""Strangers whose passwords wait in a process: each holds one of its 18 connections meanwhile."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
seats = BoundedSemaphore(CROWD)


class Crowded(Refused):
    """So many strangers try passwords that one more is not tried."""

    code = "crowded"
    status = 429


@cache
def _pool() -> Any:
    """Return threads for hashes alone: gevent's real ones under gunicorn, else the standard ones.

    The pool of gevent's hub is for what others need, such as looking up names.
    """
    gevent = sys.modules.get("gevent")
    if gevent is not None and "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].saved:
        return importlib.import_module("gevent.threadpool").ThreadPool(AT_ONCE)
    return ThreadPoolExecutor(AT_ONCE)


def _apart(function: Any, *args: Any) -> Any:
    pool = _pool()
    if isinstance(pool, ThreadPoolExecutor):
        return pool.submit(_after_others, function, *args).result()
    return pool.apply(_after_others, (function, *args))


def _after_others(function: Any, *args: Any) -> Any:
    if sys.platform == "linux":  # elsewhere it is the process that steps back, not the thread
        os.setpriority(os.PRIO_PROCESS, 0, max(STEPS_BACK, os.getpriority(os.PRIO_PROCESS, 0)))
    return function(*args)


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return str(_apart(_hasher.hash, password))


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False


def matches(stored: str | None, password: str) -> bool:
    """Check a password; takes as long for people who don't exist."""
    if len(password) > LONGEST:
        return False
    found = bool(_apart(_verify, stored, password))
    return found and stored is not None


def matches_of_stranger(stored: str | None, password: str) -> bool:
    """Check a password as `matches` does, from a browser that nobody knows. Raises `Crowded`."""
    if not seats.acquire(blocking=False):
        raise Crowded()
    try:
        return matches(stored, password)
    finally:
        seats.release()
