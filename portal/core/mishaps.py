"""What may be said of an exception in a log line, a database row or a page.

The message of an exception may quote what it stumbled over: a mail address in the DETAIL line of
PostgreSQL, a name in a ValueError. So only kinds whose messages speak of code or machines are
quoted; of all others the kind and the place are told.
"""

from __future__ import annotations

import smtplib
import traceback
from collections.abc import Iterator
from types import TracebackType

import redis.exceptions
from sqlalchemy.exc import DBAPIError

from portal.core.errors import DomainError

SPEAK_OF_CODE = (AttributeError, ImportError, NameError, NotImplementedError, TypeError)
SPEAK_OF_MACHINES = (redis.exceptions.RedisError,)


def describe(error: BaseException) -> str:
    """Say in one line what went wrong and where, without the values that were in hand."""
    kind, words = type(error).__name__, said(error)
    told = f"{kind}: {words}" if words else kind
    place = _place(error.__traceback__)
    return " ".join(f"{told} ({place})".split())[:500] if place else told[:500]


def trace(error: BaseException) -> str:
    """Return the traceback of an exception and its causes, with described messages."""
    parts: list[str] = []
    for current in chain(error):
        words = said(current)
        lines = traceback.format_tb(current.__traceback__)
        parts.append("".join(lines) + type(current).__name__ + (f": {words}" if words else ""))
    return "\n\nafter\n\n".join(parts)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it came from, the latest first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def said(error: BaseException) -> str:
    """Return what may be quoted of an exception's message; empty where nothing may."""
    if isinstance(error, DBAPIError):
        told = getattr(error.orig, "diag", None)
        facts = [getattr(error.orig, "sqlstate", None) or type(error.orig).__name__]
        for name in ("table_name", "column_name", "constraint_name"):
            facts += [str(getattr(told, name))] if getattr(told, name, None) else []
        return " ".join(facts)
    if isinstance(error, DomainError):
        return error.code
    if isinstance(error, smtplib.SMTPException):  # its text may quote the address
        return str(getattr(error, "smtp_code", ""))
    if isinstance(error, OSError):
        return error.strerror or ""
    if isinstance(error, SPEAK_OF_CODE + SPEAK_OF_MACHINES):
        return str(error)
    return ""


def _place(where: TracebackType | None) -> str:
    """The innermost line of our own code: "offers/operations.py:120 in offer"."""
    ours = ""
    for frame, line in traceback.walk_tb(where):
        file = frame.f_code.co_filename.replace("\\", "/")
        if "/portal/" in file and "/site-packages/" not in file:
            ours = f"{file.rpartition('/portal/')[2]}:{line} in {frame.f_code.co_name}"
    return ours
