"""Runs the migrations on the application's own engine."""

from __future__ import annotations

import logging
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import text

from portal.core.db import db

logging.getLogger("alembic").setLevel(logging.WARNING)


MIGRATES = 20_260
"""Names the lock that whoever migrates holds."""


def run() -> None:
    """Run in one transaction, one process after the other; wait for tables at most five seconds.

    Who waited for another process finds its work done.
    """
    options: dict[str, Any] = dict(current_app.extensions["migrate"].configure_args)
    # the lock lives as long as the connection, which therefore isn't given back to the pool
    with db.engine.connect() as connection:
        connection.detach()
        connection.execute(text("SET lock_timeout = '10min'"))
        connection.execute(text("SELECT pg_advisory_lock(:name)"), {"name": MIGRATES})
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transaction_per_migration=False,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
