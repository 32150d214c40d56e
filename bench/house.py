"""The house that is measured: durable servers in a folder of their own, databases, web processes.

Does not belong here: what is measured, and the data it is measured on.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import flask_migrate
import psycopg
from flask import Flask
from psycopg import sql

from bench.table import Spent
from portal.catalog.queries import forget_book
from portal.core import clock
from portal.core.config import Settings
from portal.core.db import db, unit_of_work
from portal.core.processes import die_with_parent
from portal.core.servers import PostgresServer, ValkeyServer, free_port
from portal.factory import create_app
from portal.founding import found_programme

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a secret that only the bench knows"
PATIENCE = 40.0


class House:
    """PostgreSQL and Valkey below a temporary folder, stopped and removed at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="firstcome-bench-"))
        self.folder.chmod(0o755)
        self.postgres = PostgresServer(self.folder)
        self.valkey = ValkeyServer(self.folder)

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.valkey.start()
            app = self._app(self.postgres.url)
            with app.app_context():
                flask_migrate.upgrade()
                with unit_of_work():
                    found_programme(clock.now())
                db.engine.dispose()
        except BaseException:
            self.__exit__()
            raise
        # a bench that is told to stop stops its servers, too
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _app(self, url: str) -> Flask:
        # the same application as the web's, in this process and without its log
        environment = self.environment(url) | {"LOG_LEVEL": "ERROR"}
        return create_app(Settings.from_environment(environment))

    def environment(self, url: str) -> dict[str, str]:
        """Return the settings of a production process on one of our databases."""
        return {
            "SECRET_KEY": SECRET,
            "DATABASE_URL": url,
            "REDIS_URL": self.valkey.url,
            "SMTP_URL": "smtp://127.0.0.1:9",
            "MAIL_DOMAIN": "bench.test",
            "PUBLIC_URL": "http://127.0.0.1",
            "VAR_DIR": str(self.folder),
        }

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[Database]:
        """Lend a founded programme in a database of its own, dropped afterwards."""
        template, address = self.postgres.url, self.postgres.url_of(name)
        maintenance = self.postgres.url_of("postgres", superuser=True)
        with psycopg.connect(maintenance, autocommit=True) as link:
            link.execute(
                sql.SQL("create database {} template {} owner portal strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(template.rsplit("/", 1)[1])
                )
            )
        app = self._app(address)
        app.extensions["redis"].flushdb()
        forget_book()
        try:
            yield Database(self, app, address)
        finally:
            forget_book()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
            with psycopg.connect(maintenance, autocommit=True) as link:
                link.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


class Database:
    """A founded programme and the application on it."""

    def __init__(self, house: House, app: Flask, url: str) -> None:
        self.house, self.app, self.url = house, app, url

    def connect(self) -> psycopg.Connection:
        """Open a plain connection."""
        return psycopg.connect(self.url)

    def value(self, statement: str, *parameters: object) -> object:
        """Return the one value of a statement."""
        with self.connect() as link:
            row = link.execute(statement, parameters).fetchone()
            return row[0] if row else None

    def settle(self) -> None:
        """Have the planner know the data and the disk hold it before anything is timed."""
        with psycopg.connect(self.url, autocommit=True) as link:
            link.execute("vacuum analyze")
        superuser = self.house.postgres.url_of("postgres", superuser=True)
        with psycopg.connect(superuser, autocommit=True) as link:
            link.execute("checkpoint")

    @contextlib.contextmanager
    def web(self, application: str = "app:app", **more: str) -> Iterator[Web]:
        """Serve with gunicorn and its real settings, default logging into a file."""
        web = Web(self, application, **more)
        try:
            web.await_ready()
            yield web
        finally:
            web.stop()


class Web:
    """gunicorn with two workers, as `make run` and production start it."""

    def __init__(self, database: Database, application: str, **more: str) -> None:
        self.application, self.port = application, free_port()
        pid_file = database.house.postgres.data / "postmaster.pid"
        self.postgres_pid = int(pid_file.read_text().split()[0])
        self.log = database.house.folder / "log" / "web.log"
        environment = database.house.environment(database.url) | {
            "PATH": os.defpath,
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            **more,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
            )

    def await_ready(self) -> None:
        """Wait until the web answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the web did not start: " + self.last_words())
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                link.request("GET", "/healthz")
                if link.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.05)
            finally:
                link.close()

    def last_words(self) -> str:
        """Return the end of the log."""
        return self.log.read_text()[-2000:]

    def cpu(self) -> Spent:
        """Return the processor time that the web and its PostgreSQL have used so far."""
        return Spent(_used_below(self.process.pid), _used_below(self.postgres_pid))

    def stop(self) -> None:
        """Stop the web by its process id."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _used_below(pid: int) -> float:
    """Return the seconds that a process, its children and those that it has waited for took."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == pid or int(line[1]) == pid:
            own = sum(int(word) for word in line[11:13])
            waited_for = sum(int(word) for word in line[13:15]) if int(folder.name) == pid else 0
            ticks += own + waited_for
    return ticks / os.sysconf("SC_CLK_TCK")
