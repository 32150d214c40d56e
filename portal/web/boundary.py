"""The HTTP boundary: one request, one transaction.

A response under 400 commits before its first byte leaves; 400 and over, or an exception, rolls
back. GET and HEAD only read: PostgreSQL refuses them every change. A refusal whose work must stay
(an answer given for a lead that has gone meanwhile) says so with `keep_work()`.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping, Sequence

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import OperationalError

from portal.core import circumstances, db, logs, metrics
from portal.core.config import Settings
from portal.web import errors

log = logs.get(__name__)

SAFE = ("GET", "HEAD", "OPTIONS")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
VARY = ("HX-Request", "Cookie")
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def keep_work() -> None:
    """Commit what this request has done although it answers with a refusal."""
    g.keep_work = True


def let_frame(sites: Sequence[str]) -> None:
    """Let this answer be shown in frames of these sites, and of no others."""
    g.framed_by = tuple(sites)


def open_request() -> None:
    """Give the request an id and a start time."""
    given = request.headers.get("X-Request-ID", "")
    request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    if request.method in SAFE:
        db.only_read()
    circumstances.begin(actor_id=None, as_id=None, channel="web", request_id=request_id)


def close_request(response: Response) -> Response:
    """Commit or roll back, then dress the response."""
    try:
        if request.method in SAFE:
            db.end_reading()
        elif response.status_code < 400 or g.get("keep_work"):
            db.commit()
        else:
            db.rollback()
    except OperationalError as lost:
        response = settle_loss(response, lost)
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    metrics.count_request(request.endpoint, response.status_code, seconds)
    dress(response)
    if request.endpoint != "static":
        log.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            actor=circumstances.current().actor_id,
            seen_as=circumstances.current().as_id,
            ms=round(seconds * 1000, 1),
        )
    response.headers["X-Request-ID"] = circumstances.current().request_id or ""
    return response


def dress(response: Response) -> None:
    """Add the headers of every answer that the view has not set itself."""
    headers = response.headers
    own = {name.lower() for name, _value in headers}
    usual: Mapping[str, str] = current_app.extensions["headers"]
    if sites := g.get("framed_by"):
        usual = framed(usual, sites)
    for name, value in usual.items():
        if name.lower() not in own:
            headers.add(name, value)
    if request.endpoint == "static":
        return
    if "cache-control" not in own:
        headers.add("Cache-Control", "no-store")
    if "vary" in own:
        response.vary.update(VARY)
    else:
        headers.add("Vary", ", ".join(VARY))


def framed(headers: Mapping[str, str], sites: Sequence[str]) -> dict[str, str]:
    """Return the headers of a page that may stand in frames of these sites."""
    policy = headers["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(sites)}"
    )
    kept = {name: value for name, value in headers.items() if name != "X-Frame-Options"}
    return {**kept, "Content-Security-Policy": policy}


def settle_loss(response: Response, lost: OperationalError) -> Response:
    """Answer for a connection that was lost at the end: what was read stands, work is not done."""
    away = errors.database_away(lost)
    return response if request.method in SAFE else current_app.make_response(away)


def forget_request(error: BaseException | None) -> None:
    """Roll back whatever an exception left open."""
    if error is not None:
        try:
            db.rollback()
        except OperationalError:
            log.warning("rollback failed, the connection is gone")


def headers_of(settings: Settings) -> dict[str, str]:
    """Return the headers of every answer; where streams have a port of their own, it is allowed."""
    if not settings.stream_url:
        return HEADERS
    policy = CONTENT_SECURITY_POLICY.replace(
        "connect-src 'self'", f"connect-src 'self' {settings.stream_url}"
    )
    return {**HEADERS, "Content-Security-Policy": policy}


def init_boundary(app: Flask) -> None:
    """Put the boundary around every request; call before anything else registers hooks."""
    app.extensions["headers"] = headers_of(app.config["SETTINGS"])
    app.before_request(open_request)
    app.after_request(close_request)
    app.teardown_request(forget_request)
