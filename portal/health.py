"""Is the process alive, and can it work: `/healthz` and `/readyz`."""

from __future__ import annotations

from typing import Any

import redis.exceptions
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.core import jobs
from portal.core.config import Settings
from portal.core.db import db
from portal.web.access import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    parts = {
        "database": database_state(),
        "migrations": migrations_state(),
        "redis": redis_state(),
        "programme": programme_state(),
    }
    # the web works without Redis: picks go on, a sweep catches up
    ready = all(parts[name] == "ok" for name in ("database", "migrations", "programme"))
    return jsonify(status="ok" if ready else "not ready", **parts), 200 if ready else 503


def database_state() -> str:
    """Return ok, or unreachable."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return "unreachable"
    return "ok"


def migrations_state() -> str:
    """Return ok, behind, or unknown where the database does not answer."""
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()))
    wanted = set(ScriptDirectory.from_config(config).get_heads())
    try:
        found = set(MigrationContext.configure(db.session.connection()).get_current_heads())
    except SQLAlchemyError:
        db.session.rollback()
        return "unknown"
    return "ok" if found == wanted else "behind"


def migrations_directory() -> Any:
    """Return where the migrations stand."""
    return current_app.extensions["migrate"].directory


def redis_state() -> str:
    """Return ok, or degraded: nothing is lost then, but mails and sweeps wait."""
    try:
        jobs.client().ping()
    except redis.exceptions.RedisError:
        return "degraded"
    return "ok"


def programme_state() -> str:
    """Return ok once the lead definition stands, and on a local run the demo too."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        found = db.session.scalar(text("SELECT state FROM programme WHERE id = 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return "unknown"
    if settings.local and not settings.testing and found != "demo":
        return "demo missing"
    return "ok"
