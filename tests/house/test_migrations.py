"""Models and migrations agree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from portal.core.db import session
from tests import factories
from tests.conftest import database_url, drop_database, run_sql

ROOT = Path(__file__).resolve().parents[2]


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
        both = [
            subprocess.Popen(
                words, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0].decode() for process in both]
        assert [process.returncode for process in both] == [0, 0], said
    finally:
        drop_database(name)
