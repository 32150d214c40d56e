"""Runs the migrations on the application's own engine."""

from __future__ import annotations

import logging
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import text

from portal.core.db import db

logging.getLogger("alembic").setLevel(logging.WARNING)


def run() -> None:
    """Run in one transaction; wait for locks at most five seconds."""
    options: dict[str, Any] = dict(current_app.extensions["migrate"].configure_args)
    with db.engine.connect() as connection:
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
