"""Log lines as JSON, one an event, with the request id; no token, body or contact data."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from portal.core import mishaps

SECRET_KEYS = frozenset(
    {
        "password",
        "token",
        "email",
        "phone",
        "contact",
        "body",
        "cookie",
        "authorization",
        "csrf",
    }
)


def hide_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace values under tell-tale names and take line breaks out of all others."""
    for key, value in event.items():
        if key in SECRET_KEYS:
            event[key] = "…"
        elif isinstance(value, str) and key != "exception":
            event[key] = value.replace("\r", " ").replace("\n", " ")
    return event


def format_exception(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Write an exception as a traceback whose messages quote no values."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = mishaps.trace(error)
    return event


class Lines(logging.Handler):
    """Writes to standard error; a line that can't be written is lost rather than printed raw."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception as problem:  # noqa: BLE001 – logging's own way prints all values
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"a log line is lost: {mishaps.describe(problem)}\n")


def configure(level: str = "INFO") -> None:
    """Send structlog and the standard loggers to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = Lines()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                format_exception,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("rq", "alembic.runtime", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
