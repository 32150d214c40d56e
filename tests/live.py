"""The real thing for tests: gunicorn with two workers on real databases, and browsers for it.

Here: how the web of a local run is started and stopped, and what a signed-in browser sends. What
is asked of it stands in the tests.
"""

from __future__ import annotations

import http.client
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode

from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import text

from portal.accounts.operations import open_session
from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.processes import die_with_parent
from portal.core.servers import free_port
from tests import nursery

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90.0
KEPT_ALIVE = 2.0  # well below gunicorn's keepalive
BURST = (
    "from portal.core import worker; from portal.factory import create_app; "
    "worker.run_worker(create_app(), burst=True)"
)


@dataclass(frozen=True)
class Answer:
    """What the web answered."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def refusal(self):
        """The word of the refusal that the page carries, None without."""
        found = re.search(r'data-refusal="([a-z_]+)"', self.body)
        return found.group(1) if found else None

    @property
    def verdict(self):
        """Status and refusal in one, to compare and to count."""
        return (self.status, self.refusal)


class Browser:
    """A browser with a session of its own, one connection and no other memory."""

    def __init__(self, live, cookie="", csrf=""):
        self.live, self.cookie, self.csrf = live, cookie, csrf
        self._link, self._used_at = None, 0.0

    def ask(self, method, path, body=None, headers=None):
        """Send one request and return the answer."""
        sent = {"Accept": "text/html", "Cookie": self.cookie, **(headers or {})}
        if time.monotonic() - self._used_at > KEPT_ALIVE:
            self.close()
        if self._link is None:
            self._link = http.client.HTTPConnection("127.0.0.1", self.live.port, timeout=30)
        try:
            self._link.request(method, path, body, sent)
            answer = self._link.getresponse()
            text_ = answer.read().decode("utf-8", "replace")
        except (http.client.HTTPException, OSError):
            self._link.close()
            self._link = None
            raise
        self._used_at = time.monotonic()
        return Answer(answer.status, answer.headers, text_)

    def get(self, path, *, fragment=False):
        """Open a page, or fetch it as htmx does."""
        return self.ask("GET", path, headers={"HX-Request": "true"} if fragment else None)

    def post(self, path, *, fragment=False, **fields):
        """Send a form with the token of this browser's session."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if fragment:
            headers["HX-Request"] = "true"
        body = urlencode({"csrf_token": self.csrf, **fields}, doseq=True)
        return self.ask("POST", path, body, headers)

    def close(self):
        """Hang up."""
        if self._link is not None:
            self._link.close()
            self._link = None


def cookie_for(app, secret):
    """Return the cookie and the form token of a signed-in browser, as Flask would make them."""
    csrf = secrets.token_hex(20)
    made = app.session_interface.get_signing_serializer(app).dumps(
        {"_user_id": secret, "_fresh": True, "csrf_token": csrf}
    )
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(csrf)
    return f"{app.config['SESSION_COOKIE_NAME']}={made}", token


class Live:
    """The web of a local run, and this test's own way to the same database."""

    def __init__(self, app, folder, served="app:app", **more):
        self.app, self.folder = app, folder
        settings = app.config["SETTINGS"]
        self.door = socket.socket()
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(2048)
        self.port = self.door.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "live.log"
        self.env = {
            "PATH": "/usr/bin:/bin",
            "FIRSTCOME_LOCAL": "1",
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "SECRET_KEY": settings.secret_key,
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
            "MAILBOX_DIR": str(folder / "mailbox"),
            "BIND": f"fd://{self.door.fileno()}",
            **more,
        }
        self.browsers = []
        self.beside = []
        self.web = None
        if served:
            self.serve(served)

    def serve(self, served="app:app", **more):
        """Start the web: at the beginning, and again where a test has ended it."""
        if self.web is not None and self.web.poll() is None:
            return
        with self.log.open("ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", served],
                cwd=ROOT,
                env={**self.env, **more},
                stdout=log,
                stderr=log,
                pass_fds=(self.door.fileno(),),
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
            )
        self._await_ready()

    def _await_ready(self):
        deadline = time.monotonic() + PATIENCE
        stranger = Browser(self)
        while True:
            assert self.web.poll() is None, self.said()
            try:
                if stranger.get("/healthz").status == 200:
                    return stranger.close()
            except OSError:
                pass
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def stop(self):
        """Stop the processes by their pids; who does not go in time is killed."""
        self._end(*([self.web] if self.web else []))
        self.door.close()

    def clear(self):
        """Leave the web alone, without browsers, other processes, mails and words in the log."""
        self._end()
        self.log.write_bytes(b"")
        shutil.rmtree(self.env["MAILBOX_DIR"], ignore_errors=True)

    def _end(self, *more):
        for browser in self.browsers:
            browser.close()
        children = [*self.beside, *more]
        self.browsers.clear()
        self.beside.clear()
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start(self, *words, program=("worker.py",), **more):
        """Start a process beside the web, as `make run` does: worker, scheduler or catcher."""
        child = nursery.start(*program, *words, env={**self.env, **more}, log=self.log)
        self.beside.append(child)
        return child

    def serve_also(self, bind):
        """Start a second web at an address of its own."""
        with self.log.open("ab") as log:
            self.beside.append(
                subprocess.Popen(
                    [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"],
                    cwd=ROOT,
                    env={**self.env, "BIND": bind, "WEB_WORKERS": "1"},
                    stdout=log,
                    stderr=log,
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (see above)
                )
            )

    def processes(self):
        """Return the processes that answer, as gunicorn has them now."""
        pid = self.web.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def renew(self):
        """Take a new generation of processes in; return when the one before has gone."""
        before = self.processes()
        assert len(before) == 2, self.said()
        self.web.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while self.processes() & before or len(self.processes()) < len(before):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self):
        """Return everything that web and worker wrote to their logs."""
        return self.log.read_text()

    def work(self):
        """Let a worker of its own process do all that is queued."""
        worker = self.start(BURST, program=("-c",), LOG_LEVEL="DEBUG")
        assert worker.wait(PATIENCE) == 0, self.said()

    def signed_in(self, *users):
        """Return a browser for each of the people, all signed in."""
        with self.app.app_context(), unit_of_work():
            found = [open_session(user.id, clock.now()) for user in users]
        browsers = [Browser(self, *cookie_for(self.app, secret)) for secret in found]
        self.browsers += browsers
        return browsers

    def stranger(self):
        """Return a browser that is not signed in."""
        self.browsers.append(Browser(self))
        return self.browsers[-1]

    def rows(self, statement, **values):
        """Return the rows of a statement."""
        with self.app.app_context():
            try:
                return db.session.execute(text(statement), values).all()
            finally:
                db.session.remove()

    def value(self, statement, **values):
        """Return the one value of a statement."""
        return self.rows(statement, **values)[0][0]

    def do(self, work, *args, **kwargs):
        """Do a piece of work in a unit of work of its own and return what it returns."""
        with self.app.app_context(), unit_of_work():
            return work(*args, **kwargs)


def at_once(*deeds):
    """Do all deeds at the same moment, each in a thread; return their results in order."""
    start = Barrier(len(deeds))

    def run(deed):
        start.wait(30)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))
