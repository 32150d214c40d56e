"""Hashing of passwords, away from the event loop so that a flood does not stall the others."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.accounts.rules import LONGEST

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _pool() -> Any:
    """Return real threads: gevent's pool under gunicorn, else the standard one."""
    gevent = sys.modules.get("gevent")
    if gevent is not None and "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].saved:
        return gevent.get_hub().threadpool
    return ThreadPoolExecutor(max_workers=2)


def _apart(function: Any, *args: Any) -> Any:
    pool = _pool()
    if isinstance(pool, ThreadPoolExecutor):
        return pool.submit(function, *args).result()
    return pool.apply(function, args)


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return str(_apart(_hasher.hash, password))


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def matches(stored: str | None, password: str) -> bool:
    """Check a password; takes as long for people who don't exist."""
    if len(password) > LONGEST:
        return False
    found = bool(_apart(_verify, stored or _dummy(), password))
    return found and stored is not None
