"""Rate limits on Redis; in memory while Redis is away."""

from __future__ import annotations

from flask import Flask, Response, g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse
from limits.errors import StorageError
from redis import RedisError


def visitor_key() -> str:
    """Return the visitor's address; of IPv6 the /64, because one person owns all of it."""
    address = get_remote_address() or "unknown"
    if ":" in address:
        return ":".join(address.split(":")[:4])
    return address


limiter = Limiter(key_func=visitor_key, strategy="fixed-window")


def failures_only(response: Response) -> bool:
    """Count an attempt only when it went wrong."""
    return response.status_code >= 400 and not g.get("not_tried")


def count_no_attempt() -> None:
    """Leave this request out where failures are counted: nothing was tried."""
    g.not_tried = True


def is_too_often(limit: str, *about: str) -> bool:
    """Count one more of something, and say whether that is more than `limit` allows.

    For what is asked of once more and not refused: while Redis is away nothing is too often.
    """
    try:
        return not limiter.limiter.hit(parse(limit), *about)
    except (RedisError, StorageError):
        return False


def init_limits(app: Flask, redis_url: str) -> None:
    """Attach the limiter."""
    app.config["RATELIMIT_STORAGE_URI"] = redis_url or "memory://"
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = bool(redis_url)
    app.config["RATELIMIT_STORAGE_OPTIONS"] = (
        {"socket_connect_timeout": 0.5, "socket_timeout": 1} if redis_url else {}
    )
    app.config["RATELIMIT_HEADERS_ENABLED"] = False
    limiter.init_app(app)
