"""Servers, databases and clients of the suite.

One PostgreSQL and one Valkey per run; a template database is migrated once, each xdist worker has a
copy of it. A test's work is rolled back; tests that need real commits, threads or other processes
ask for `committed`, which gives them a database of their own.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import flask_migrate
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from psycopg import sql
from redis import RedisError

from portal.catalog import queries as catalog
from portal.core import circumstances
from portal.core.config import Settings
from portal.core.db import APART, READING, Base, db, hang_up, unit_of_work
from portal.core.servers import PostgresServer, ValkeyServer
from portal.factory import create_app
from portal.web.limits import limiter
from tests import factories, founded, nursery
from tests.browser.windows import chromium, windows
from tests.live import Live

__all__ = ["chromium", "windows"]

HOME = "FIRSTCOME_TEST_HOME"
_servers: list[Any] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once: in the controller of a parallel run, else right here."""
    if hasattr(config, "workerinput") or os.environ.get(HOME):
        return
    home = Path(tempfile.mkdtemp(prefix="firstcome-tests-"))
    home.chmod(0o755)
    postgres, valkey = PostgresServer(home, durable=False), ValkeyServer(home)
    for server in (postgres, valkey):
        server.start()
        _servers.append(server)
    os.environ[HOME] = str(home)
    os.environ["FIRSTCOME_TEST_DATABASE"] = postgres.url
    os.environ["FIRSTCOME_TEST_REDIS"] = valkey.url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that share a fixture of their module to one process, which makes it once."""
    for item in items:
        if isinstance(item, pytest.Function) and not item.get_closest_marker("xdist_group"):
            known = item._fixtureinfo.name2fixturedefs.values()
            if any(found and found[-1].scope == "module" for found in known):
                item.add_marker(pytest.mark.xdist_group(item.location[0]))


def pytest_collection_finish() -> None:
    """Don't look through all that was imported again and again: that is a tenth of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started."""
    nursery.close()
    if not _servers:
        return
    for server in reversed(_servers):
        server.stop()
    _servers.clear()
    shutil.rmtree(os.environ.pop(HOME), ignore_errors=True)


def settings_for(database_url: str, redis_url: str, home: Path, **changes: str) -> Settings:
    """Return the settings of a test application."""
    return Settings.from_environment(
        {
            "FIRSTCOME_LOCAL": "1",
            "FIRSTCOME_TESTING": "1",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "a secret for tests",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "VAR_DIR": str(home),
            "MAIL_WEBHOOK_SECRET": f"{'newer-' * 6} {'older-' * 6}",
            "LOG_LEVEL": "WARNING",
            **changes,
        }
    )


def database_url(name: str) -> str:
    """Return the address of a database of the test server."""
    base = os.environ["FIRSTCOME_TEST_DATABASE"]
    return base.rsplit("/", 1)[0] + "/" + name


def redis_url(number: int) -> str:
    """Return the address of a numbered Redis database of the test server."""
    return os.environ["FIRSTCOME_TEST_REDIS"].rsplit("/", 1)[0] + f"/{number}"


def run_sql(statement: sql.Composable) -> None:
    """Run one statement outside any transaction on the maintenance database."""
    with psycopg.connect(os.environ["FIRSTCOME_TEST_DATABASE"], autocommit=True) as connection:
        connection.execute(statement)


def copy_database(name: str) -> str:
    """Make a database out of the migrated template and return its address."""
    home = Path(os.environ[HOME])
    with (home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "template.ready").exists():
            run_sql(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("template_portal")))
            app = create_app(settings_for(database_url("template_portal"), "", home))
            with app.app_context():
                flask_migrate.upgrade()
                with unit_of_work():
                    founded.keep(factories.AT)
                db.session.remove()
                hang_up()
            (home / "template.ready").touch()
        run_sql(sql.SQL("CREATE DATABASE {} TEMPLATE template_portal").format(sql.Identifier(name)))
    return database_url(name)


def drop_database(name: str) -> None:
    """Drop a test database."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    deadline = time.monotonic() + 30
    while True:
        try:
            return run_sql(drop)
        except psycopg.errors.InsufficientPrivilege:
            # PostgreSQL is cleaning up in there, and its own processes are not ours to end
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


@cache
def application(settings: Settings) -> Flask:
    """Return the application of these settings; all use what one has compiled of the templates."""
    app = create_app(settings)
    settings.var_dir.mkdir(exist_ok=True)
    folder = Path(os.environ[HOME]) / "templates"
    folder.mkdir(exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
    return app


def forget_attempts() -> None:
    """Slow nobody down for what an earlier test asked.

    The limiter counts where the application counts that was put together last, not where this one
    does.
    """
    with suppress(RedisError):
        limiter.reset()


@contextmanager
def house_of_its_own(name: str, redis: str, folder: Path) -> Iterator[Flask]:
    """Work in an application on a database of its own, which is gone afterwards."""
    app = application(settings_for(copy_database(name), redis, folder))
    put_together, settings = dict(app.extensions), dict(app.config)
    app.extensions["redis"].flushdb()
    forget_attempts()
    catalog.forget_book()
    factories.work_in(app)
    try:
        yield app
    finally:
        # a test may have taken Redis away, or a setting
        for kept, before in ((app.extensions, put_together), (app.config, settings)):
            kept.clear()
            kept.update(before)
        factories.work_in(None)
        catalog.forget_book()
        with app.app_context():
            db.session.remove()
            hang_up()
        drop_database(name)


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """Return the number of this xdist worker, 0 without."""
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
def house(worker_number: int) -> Iterator[Flask]:
    """Return the application of this worker on its own database."""
    name = f"worker_{worker_number}_{os.getpid()}"
    url, folder = copy_database(name), Path(os.environ[HOME]) / name
    app = application(settings_for(url, redis_url(worker_number % 16), folder))
    yield app
    with app.app_context():
        hang_up()
    drop_database(name)


@pytest.fixture
def app(house: Flask) -> Iterator[Flask]:
    """Return the application inside a transaction that is rolled back at the end."""
    engines: dict[Any, Any]
    with house.app_context():
        engines = cast(dict[Any, Any], db.engines)
        before = dict(engines)
        connection = engines[None].connect()
        outer = connection.begin()
        engines[None] = engines[APART] = engines[READING] = connection
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    catalog.forget_book()
    factories.work_in(house)
    house.extensions["redis"].flushdb()
    forget_attempts()
    house.extensions.pop("nudged_until", None)
    try:
        yield house
    finally:
        with house.app_context():
            db.session.remove()
            outer.rollback()
            connection.close()
            engines.update(before)
            db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
        catalog.forget_book()
        factories.work_in(None)


@pytest.fixture(autouse=True)
def nobody_acts() -> Iterator[None]:
    """Have each test begin with nobody signed in, whoever acted in the one before."""
    with circumstances.under(actor_id=None, as_id=None, channel="system", request_id=None):
        yield


@pytest.fixture(autouse=True)
def lots_fall_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have equal scores follow the order in which firms were made; `SEED_BITS` brings luck back."""
    monkeypatch.setattr("portal.offers.publishing.SEED_BITS", 0)


@pytest.fixture
def ctx(app: Flask) -> Iterator[Flask]:
    """Return the application with its context open: for operations, queries and jobs.

    Not for tests with clients: a context held around them makes Flask-Login answer as the last
    signed-in person for all.
    """
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def committed(worker_number: int) -> Iterator[Flask]:
    """Return an application on a new database, where commits are real."""
    name = f"own_{worker_number}_{os.getpid()}"
    folder = Path(os.environ[HOME]) / name
    with house_of_its_own(name, redis_url(worker_number % 16), folder) as app:
        yield app


@pytest.fixture(scope="session")
def web(worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Return this worker's gunicorn, two processes on a database of their own; ask for `live`."""
    name, folder = f"live_{worker_number}_{os.getpid()}", tmp_path_factory.mktemp("live")
    with house_of_its_own(name, redis_url(8 + worker_number % 8), folder) as app:
        live = Live(app, folder)
        try:
            yield live
        finally:
            live.stop()


def begin_anew(live: Live) -> Live:
    """Give the web a programme in which nothing has happened yet, whatever was there before."""
    live.clear()
    empty_all_tables(live.app)
    live.app.extensions["redis"].flushdb()
    factories.work_in(live.app)
    factories.make_programme()
    live.serve()
    return live


def empty_all_tables(app: Flask) -> None:
    """Leave no row behind, of what may not be emptied otherwise either; numbers go on."""
    for _attempt in range(40):
        try:
            return empty_at_once(app)
        except psycopg.errors.LockNotAvailable:
            # the web still answers somebody who has left: it goes first, before both wait for ever
            continue
    raise AssertionError("the web of another test never came to rest")


def empty_at_once(app: Flask) -> None:
    """Empty all tables, or none where somebody is at one for longer than a moment."""
    tables = [sql.Identifier(table.name) for table in Base.metadata.sorted_tables]
    name = app.config["SETTINGS"].database_url.rpartition("/")[2]
    with psycopg.connect(os.environ["FIRSTCOME_TEST_DATABASE"], dbname=name) as connection:
        connection.execute("SET lock_timeout = '300ms'")
        final = [sql.Identifier(table) for table in ("events", "event_links")]
        for table in final:
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(tables)))
        for table in final:
            connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))


@pytest.fixture(scope="module")
def served(web: Live) -> Live:
    """Return the web with a programme of the module's own; ask for `live`."""
    return begin_anew(web)


@pytest.fixture
def live(served: Live) -> Iterator[Live]:
    """Return the web of a local run; people, firms and leads stay until the module's end."""
    yield from at_work_in(served)


@pytest.fixture
def fresh(web: Live) -> Iterator[Live]:
    """Return the web of a local run with a programme of the test's own."""
    yield from at_work_in(begin_anew(web))


def at_work_in(live: Live) -> Iterator[Live]:
    """Have the factories write to the database of the web."""
    factories.work_in(live.app)
    catalog.forget_book()
    yield live
    factories.work_in(None)
    catalog.forget_book()
