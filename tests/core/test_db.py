"""The session that only reads, and connections that broke while nobody used them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from portal.accounts.models import User
from portal.core import db
from portal.core.db import only_read, session
from tests import factories

IN_GREENLETS = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
import psycopg
from portal.core.greenlets import let_queries_wait
let_queries_wait()
one, other = (psycopg.connect(sys.argv[1], autocommit=True) for _ in range(2))
sleeper = gevent.spawn(lambda: one.execute("SELECT pg_sleep(30)"))
gevent.sleep(0)
long = "x" * 5_000_000
print(other.execute("SELECT length(%s)", [long]).fetchone()[0], sleeper.dead)
pid = one.info.backend_pid
asleep = "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND pid = %s"
gevent.Timeout.start_new(20)
while not other.execute(asleep, [pid]).fetchone()[0]:
    gevent.sleep(0.05)
other.execute("SELECT pg_terminate_backend(%s)", [pid])
sleeper.join()
print(type(sleeper.exception).__name__)
try:
    other.execute("SELECT 1 / 0")
except psycopg.Error as error:
    print(type(error).__name__)
"""

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


def test_a_query_in_a_greenlet_keeps_no_other_waiting_and_a_lost_connection_is_told(house):
    url = house.config["SETTINGS"].database_url.replace("postgresql+psycopg", "postgresql")
    script = [sys.executable, "-c", IN_GREENLETS, url]
    said = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert said.stdout.split() == ["5000000", "False", "AdminShutdown", "DivisionByZero"], (
        said.stderr
    )
