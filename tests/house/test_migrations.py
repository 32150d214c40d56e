"""Models and migrations agree."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, LiteralString

import flask_migrate
import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from portal.core.db import session
from tests import factories
from tests.conftest import database_url, drop_database, run_sql

MIGRATES = 20_260
WAITING = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
ROOT = Path(__file__).resolve().parents[2]


def value(connection: psycopg.Connection[Any], statement: LiteralString) -> int:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def test_models_and_migrations_agree(committed: Flask) -> None:
    with committed.app_context():
        flask_migrate.check()


def test_the_role_of_the_portal_cannot_bypass_row_security(ctx: Flask) -> None:
    role = (
        session()
        .execute(text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"))
        .one()
    )
    assert not role.rolsuper
    assert not role.rolbypassrls


def test_a_programme_can_be_founded_once(ctx: Flask) -> None:
    factories.make_programme()
    factories.make_programme()
    count = session().scalar(text("SELECT count(*) FROM lead_definitions"))
    assert count == 1


def test_an_event_is_never_changed(ctx: Flask) -> None:
    with pytest.raises(DatabaseError, match="never changed"):
        session().execute(text("UPDATE events SET name = 'x'"))


def test_two_processes_that_migrate_at_once_do_it_once(app: Flask, tmp_path: Path) -> None:
    """Both are made to wait, so that they go for it at the same moment."""
    name = f"empty_{os.getpid()}"
    run_sql(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        surroundings = {
            "PATH": os.environ["PATH"],
            "FIRSTCOME_LOCAL": "1",
            "DATABASE_URL": database_url(name),
            "VAR_DIR": str(tmp_path),
        }
        words = [sys.executable, "-m", "portal.cli", "db", "upgrade"]
        with psycopg.connect(database_url(name), autocommit=True) as first:
            first.execute("SELECT pg_advisory_lock(%s)", [MIGRATES])
            both = [
                subprocess.Popen(
                    words,
                    cwd=ROOT,
                    env=surroundings,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                for _ in range(2)
            ]
            deadline = time.monotonic() + 60
            while value(first, WAITING) < 2:
                assert time.monotonic() < deadline
                assert [process.poll() for process in both] == [None, None]
                time.sleep(0.05)
            assert value(first, TABLES) == 0
        said = [process.communicate(timeout=60)[0].decode() for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        with psycopg.connect(database_url(name)) as last:
            assert value(last, TABLES) > 40
            assert value(last, "SELECT count(*) FROM alembic_version") == 1
    finally:
        drop_database(name)


def test_migrations_can_be_read_where_nothing_is_migrated() -> None:
    """Nothing is asked of Alembic outside of functions: the doctor reads them, too."""
    for path in (ROOT / "portal" / "migrations" / "versions").glob("*.py"):
        for part in ast.parse(path.read_text()).body:
            if isinstance(part, ast.FunctionDef):
                continue
            names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
            assert "op" not in names, path.name
