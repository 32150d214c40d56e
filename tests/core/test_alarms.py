"""Errors reported to a service that speaks Sentry's language: they arrive, and nothing else does.

The service is an HTTP server of this test that keeps what it is sent.
"""

from __future__ import annotations

import gzip
import json
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from portal.core import alarms, jobs, logs
from portal.core.config import SettingsMissing
from portal.core.db import hang_up, session
from portal.factory import create_app
from portal.web.access import public
from tests.conftest import settings_for
from tests.factories import AT, CONTACT

SECRETS = ("s3cret-cookie", "s3cret-body", "s3cret-query", "s3cret-header", "s3cret-local")


class Service(ThreadingHTTPServer):
    """Keeps each envelope as text."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Desk)
        self.heard = []
        self.headers = []

    def events(self):
        """Return the events of all envelopes."""
        found = []
        for envelope in self.heard:
            _header, *lines = [json.loads(line) for line in envelope.splitlines() if line]
            for about, item in zip(lines[::2], lines[1::2], strict=False):
                if about["type"] == "event":
                    found.append(item)
        return found


class Desk(BaseHTTPRequestHandler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        self.server.heard.append(raw.decode())
        self.server.headers.append(str(self.headers))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """Say nothing."""


@public
def boom():
    local = "s3cret-local"
    raise ValueError(f"{CONTACT['email']} of {CONTACT['last_name']} {local}")


@public
def collide():
    session().execute(
        text("INSERT INTO programme (id, state, founded_at) VALUES (2, :name, now())"),
        {"name": CONTACT["last_name"]},
    )


@contextmanager
def reporting(house, tmp_path):
    """An application that reports to a service of its own."""
    service = Service()
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    handlers = list(logging.getLogger().handlers)
    settings = house.config["SETTINGS"]
    url = f"http://key@127.0.0.1:{service.server_port}/1"
    app = create_app(
        settings_for(settings.database_url, settings.redis_url, tmp_path, SENTRY_DSN=url)
    )
    # as in production: what nobody foresaw becomes a page, and is logged
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/boom", "tests.boom", boom, methods=["POST"])
    app.add_url_rule("/collide", "tests.collide", collide, methods=["POST"])
    try:
        yield app, service
    finally:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, alarms.Alarm):
                handler.client.close(timeout=2)
        logging.getLogger().handlers[:] = handlers
        service.shutdown()
        service.server_close()
        thread.join()
        with app.app_context():
            session().close()
            hang_up()


@pytest.fixture
def reported(house, tmp_path):
    with reporting(house, tmp_path) as made:
        yield made


def everything(service):
    alarms.flush()
    return "\n".join(service.heard + service.headers)


def test_an_error_of_a_page_arrives_with_its_place_and_without_what_was_in_hand(reported):
    app, service = reported
    client = app.test_client()
    client.set_cookie("session", "s3cret-cookie")
    answer = client.post(
        "/boom?token=s3cret-query",
        data={"password": "s3cret-body", "email": CONTACT["email"]},
        headers={"Authorization": "Bearer s3cret-header", "X-Request-ID": "request-4711"},
    )
    assert answer.status_code == 500
    said = everything(service)
    (event,) = service.events()
    (error,) = event["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["value"] == ""
    assert error["stacktrace"]["frames"][-1]["function"] == "boom"
    assert event["transaction"] == "tests.boom"
    assert event["tags"] == {"channel": "web", "request_id": "request-4711"}
    assert set(event) <= alarms.KEPT
    for secret in (*SECRETS, CONTACT["email"], CONTACT["last_name"], "/boom", "127.0.0.1:"):
        assert secret not in said.partition("Host:")[0], secret


def test_an_error_of_the_database_is_told_by_its_code_without_the_row(reported):
    app, service = reported
    assert app.test_client().post("/collide").status_code == 500
    said = everything(service)
    (event,) = service.events()
    values = event["exception"]["values"]
    assert "23514 programme" in values[-1]["value"]
    assert CONTACT["last_name"] not in said
    assert "INSERT" not in said


def test_an_error_of_a_job_arrives_with_the_jobs_name(reported):
    app, service = reported
    with app.app_context():
        error = ValueError(f"no number: {CONTACT['phone']}")
        jobs.note_failure("mail.drain", {"who": CONTACT["email"]}, error, AT)
        jobs.forget_failure("mail.drain", {"who": CONTACT["email"]})
    said = everything(service)
    (event,) = service.events()
    assert event["tags"]["job"] == event["transaction"] == "mail.drain"
    assert CONTACT["phone"] not in said
    assert CONTACT["email"] not in said


def test_a_chain_of_errors_keeps_its_order_and_a_word_without_error_arrives_too(reported):
    _app, service = reported
    log = logging.getLogger("somebody.else")
    try:
        try:
            raise KeyError(CONTACT["email"])
        except KeyError as first:
            raise TypeError("not that kind") from first
    except TypeError:
        log.exception("it broke over %s", CONTACT["email"])
    log.error("no exception, but %s", CONTACT["email"])
    log.warning("no alarm")
    said = everything(service)
    chained, plain = service.events()
    assert [one["type"] for one in chained["exception"]["values"]] == ["KeyError", "TypeError"]
    assert chained["exception"]["values"][1]["value"] == "not that kind"
    assert plain["message"] == "somebody.else"
    assert CONTACT["email"] not in said


def test_a_service_that_is_away_harms_nobody(house, tmp_path):
    with reporting(house, tmp_path) as (app, service):
        service.shutdown()
        service.server_close()
        answer = app.test_client().post("/boom")
        assert answer.status_code == 500


def test_an_address_that_is_none_stops_the_start_and_is_named(house, tmp_path):
    settings = settings_for("", "", tmp_path, SENTRY_DSN="errors.example.com")
    with pytest.raises(SettingsMissing, match="SENTRY_DSN"):
        alarms.init_alarms(settings)


def test_without_an_address_nothing_is_reported(app):
    assert not any(isinstance(one, alarms.Alarm) for one in logging.getLogger().handlers)


def test_a_log_line_that_can_not_be_written_is_lost_without_its_values(capfd):
    class Unspeakable:
        def __repr__(self):
            raise ValueError(CONTACT["email"])

    words = {"what": Unspeakable(), "who": CONTACT["last_name"]}
    logs.Lines().emit(logging.makeLogRecord({"name": "tests", "msg": words}))
    said = capfd.readouterr().err
    assert "a log line is lost: ValueError" in said
    assert CONTACT["email"] not in said
    assert CONTACT["last_name"] not in said
