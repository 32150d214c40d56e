"""The session that only reads, and connections that broke while nobody used them."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from portal.accounts.models import User
from portal.core import db
from portal.core.db import only_read, session
from tests import factories

BREAK_ALL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'
"""


def test_who_only_reads_is_refused_every_change_by_postgres(committed):
    person = factories.make_person()
    with committed.test_request_context():
        only_read()
        assert session().get(User, person.id).name == person.name
        with pytest.raises(InternalError, match="read-only transaction"):
            session().execute(text("UPDATE users SET name = 'Somebody else'"))
    with committed.test_request_context():
        session().execute(text("UPDATE users SET locale = 'de'"))


def test_a_page_forgets_what_it_changed_in_memory_only(committed):
    person = factories.make_person()
    with committed.test_request_context():
        only_read()
        session().get(User, person.id).name = "Somebody else"
        db.end_reading()
        assert session().get(User, person.id).name == person.name


def test_a_connection_that_broke_while_it_rested_is_replaced_unnoticed(committed, monkeypatch):
    monkeypatch.setattr(db, "REST", 0.0)
    client = committed.test_client()
    assert client.get("/login").status_code == 200
    assert client.get("/readyz").status_code == 200
    with committed.app_context(), db.apart() as own:
        assert own.scalar(text(BREAK_ALL)) > 0
    assert client.get("/readyz").status_code == 200
