"""Errors that are logged, reported to a service that speaks Sentry's language (`SENTRY_DSN`).

The event is put together here from what may leave the house, not stripped of what may not: kinds of
exceptions with described messages, the lines of code, the endpoint or job, the request id. No
values of variables, bodies, headers, cookies, addresses of pages or people. sentry-sdk carries it:
it hooks into nothing, patches nothing and waits in a thread of its own.
"""

from __future__ import annotations

import atexit
import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request

from portal.core import circumstances, mishaps
from portal.core.config import Settings, SettingsMissing

if TYPE_CHECKING:
    import sentry_sdk

# theirs tells of a job's failure once more; the others' would be about our own reports
NOT_OF = ("rq", "sentry_sdk", "urllib3")
SECONDS = 2.0


class Alarm(logging.Handler):
    """Takes what is logged as an error and hands it to the client."""

    def __init__(self, client: sentry_sdk.Client) -> None:
        super().__init__(logging.ERROR)
        self.client = client

    def emit(self, record: logging.LogRecord) -> None:
        """Report a record; what goes wrong with that concerns nobody's request."""
        if record.name.partition(".")[0] in NOT_OF:
            return
        try:
            self.client.capture_event(event_of(record))
        except Exception as problem:  # noqa: BLE001
            # logging's own way would print the record with all its values
            sys.stderr.write(f"error not reported: {mishaps.describe(problem)}\n")


def init_alarms(settings: Settings) -> None:
    """Report errors from now on, if the settings say where to; after `logs.configure`.

    Raises `SettingsMissing` for an address that is none.
    """
    if not settings.error_dsn:
        return
    # only where it is used: it looks at gevent, which a worker otherwise never loads
    import sentry_sdk  # noqa: PLC0415
    from sentry_sdk.utils import BadDsn  # noqa: PLC0415

    try:
        client = sentry_sdk.Client(
            dsn=settings.error_dsn,
            environment="local" if settings.local else "production",
            # named, or it would ask git
            release="firstcome",
            default_integrations=False,
            auto_enabling_integrations=False,
            # nothing about people is collected: no integration that could
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            auto_session_tracking=False,
            send_client_reports=False,
            before_send=reduced,
        )
    except BadDsn:
        raise SettingsMissing(
            "SENTRY_DSN is not an address such as https://key@errors.example.com/1."
        ) from None
    logging.getLogger().addHandler(Alarm(client))
    atexit.register(client.close, timeout=SECONDS)


def flush() -> None:
    """Wait until what was reported is on its way: a job's process ends without a farewell."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Alarm):
            handler.client.flush(timeout=SECONDS)


KEPT = frozenset(
    {
        "environment",
        "event_id",
        "exception",
        "fingerprint",
        "level",
        "logger",
        "message",
        "platform",
        "release",
        "sdk",
        "server_name",
        "tags",
        "timestamp",
        "transaction",
    }
)


def reduced(event: Any, _hint: Any) -> Any:
    """Take away all that we have not put in: the last look before an event leaves."""
    return {name: value for name, value in event.items() if name in KEPT}


def event_of(record: logging.LogRecord) -> Any:
    """Return what may be said of a log record."""
    said: dict[str, Any] = record.msg if isinstance(record.msg, dict) else {}
    info = said.get("exc_info") or record.exc_info
    error = info[1] if isinstance(info, tuple) else info
    now = circumstances.current()
    tags = {"channel": now.channel, "request_id": now.request_id or "", "job": said.get("job", "")}
    where = request.endpoint or "none" if has_request_context() else said.get("job", "")
    event: dict[str, Any] = {
        "level": record.levelname.lower(),
        "logger": record.name,
        "transaction": where,
        "tags": {name: str(value) for name, value in tags.items() if value},
    }
    if isinstance(error, BaseException):
        # the cause first, as the service reads it
        chain = list(mishaps.chain(error))
        event["exception"] = {"values": [told(one) for one in reversed(chain)]}
    else:
        # our own words are constant; those of others may have values in them
        event["message"] = str(said.get("event", record.name))
    return event


def told(error: BaseException) -> dict[str, Any]:
    """Return an exception as its kind, its described message and its lines of code."""
    return {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "value": mishaps.said(error),
        "stacktrace": {"frames": list(frames(error.__traceback__))},
    }


def frames(where: TracebackType | None) -> Iterator[dict[str, Any]]:
    """Yield the lines of a traceback without what their variables hold."""
    for frame, line in traceback.walk_tb(where):
        file = frame.f_code.co_filename.replace("\\", "/")
        ours = "/portal/" in file and "/site-packages/" not in file
        short = f"portal/{file.rpartition('/portal/')[2]}" if ours else file.rpartition("/")[2]
        yield {
            "filename": short,
            "function": frame.f_code.co_name,
            "module": str(frame.f_globals.get("__name__", "")),
            "lineno": line,
            "in_app": ours,
        }
