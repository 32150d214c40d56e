"""Models and migrations agree."""

from __future__ import annotations

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from portal.core.db import session
from tests import factories


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
