"""`portal doctor`: every finding, caused by what it speaks of."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine, select, text

from portal import doctor
from portal.core import chain, clock, jobs
from portal.core.db import db, session
from portal.core.events import Delivery, record
from portal.core.mail import catcher, outbox
from portal.core.mail.models import OutgoingEmail
from portal.core.servers import free_port
from portal.inbound import mail_pages, mailboxes, pipeline
from portal.inbound.mailboxes import Trouble
from portal.offers.models import OfferRound
from tests.core.posting import ALICE, CONTEXT, only
from tests.core.test_events import KettleBoiled, kettle  # noqa: F401 – a fixture
from tests.factories import make_lead

MISSING = "redis://127.0.0.1:1"


def found(name, at=None):
    return {one.name: one for one in doctor.examine(at or clock.now())}[name]


@pytest.fixture
def settings(ctx):
    before = ctx.config["SETTINGS"]

    def change(**values):
        ctx.config["SETTINGS"] = replace(before, **values)

    yield change
    ctx.config["SETTINGS"] = before


def test_settings(ctx, settings):
    assert found("settings") == doctor.Finding(
        "settings", "bad", "missing: SMTP_URL", "Set them in the environment."
    )
    settings(smtp_url="smtp://127.0.0.1:1")
    assert found("settings").state == "ok"
    settings(smtp_url="smtp://127.0.0.1:1", local=False, secret_key="short")
    assert found("settings").found == "SECRET_KEY is short"
    settings(smtp_url="smtp://127.0.0.1:1", local=False, secret_key="x" * 40)
    assert found("settings").found == "PUBLIC_URL is not https"


def test_redis_workers_and_scheduler(ctx):
    assert found("redis").state == "ok"
    assert found("workers").state == "bad"
    assert found("scheduler").found == "never seen"
    jobs.client().set(jobs.SCHEDULER_SEEN, int(time.time()) - 600)
    assert found("scheduler").found == "last seen 10 min ago"
    jobs.client().set(jobs.SCHEDULER_SEEN, int(time.time()))
    assert found("scheduler").state == "ok"


def test_redis_is_away(ctx):
    before = ctx.extensions["redis"]
    ctx.extensions["redis"] = jobs.connect(MISSING)
    try:
        assert found("redis").state == "bad"
        assert found("workers").state == found("scheduler").state == "warn"
    finally:
        ctx.extensions["redis"] = before


def test_the_mail_server(ctx, settings, tmp_path):
    assert found("mail server").found == "not set"
    port = free_port()
    settings(smtp_url=f"smtp://127.0.0.1:{port}")
    assert found("mail server").state == "bad"
    controller = catcher.catch(catcher.Mailbox(tmp_path), "127.0.0.1", port)
    try:
        assert found("mail server").state == "ok"
    finally:
        controller.stop()


def test_assets(ctx, monkeypatch):
    monkeypatch.setattr(ctx.extensions["assets"], "_names", {})
    assert found("assets").state == "bad"
    monkeypatch.setattr(ctx.extensions["assets"], "_names", {"portal.css": "portal-1.css"})
    assert found("assets").state == "ok"


def test_a_database_that_does_not_answer(ctx):
    engines = db.engines
    before = engines[None]
    db.session.remove()
    engines[None] = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    try:
        findings = {one.name: one for one in doctor.examine(clock.now())}
    finally:
        db.session.remove()
        engines[None] = before
    assert findings["database"].state == "bad"
    assert "migrations" not in findings


def test_tables_that_are_behind(ctx):
    assert found("migrations").state == "ok"
    session().execute(text("UPDATE alembic_version SET version_num = '0000'"))
    findings = {one.name: one for one in doctor.examine(clock.now())}
    assert findings["migrations"].state == "bad"
    assert "failures" not in findings


def test_a_role_above_all_policies(ctx, monkeypatch):
    assert found("database role") == doctor.Finding("database role", "ok", "portal")
    session().execute(
        text(
            "CREATE TEMPORARY VIEW pg_roles AS SELECT current_user::text AS rolname, "
            "true AS rolsuper, false AS rolbypassrls"
        )
    )
    session().execute(text("SET LOCAL search_path TO pg_temp, public, pg_catalog"))
    assert found("database role").state == "bad"


@pytest.mark.parametrize("change", ["DISABLE", "NO FORCE"])
def test_contact_data_without_its_wall(ctx, change):
    assert found("contact data").state == "ok"
    session().execute(text(f"ALTER TABLE lead_contacts {change} ROW LEVEL SECURITY"))
    assert found("contact data").state == "bad"


def test_extensions(ctx, monkeypatch):
    assert found("extensions").state == "ok"
    monkeypatch.setattr(doctor, "EXTENSIONS", ("citext", "hstore"))
    assert found("extensions").found == "missing: hstore"


def test_reactions_that_nobody_does(kettle):  # noqa: F811
    at = clock.now()
    record(KettleBoiled(at=at - timedelta(minutes=1), litres=1, cups=[]))
    assert found("reactions", at).state == "ok"
    assert found("reactions", at + timedelta(hours=1)).found == "the oldest is 61 min late"


def test_events_that_nobody_links(kettle):  # noqa: F811
    at = clock.now()
    record(KettleBoiled(at=at, litres=1, cups=[]))
    assert found("audit chain", at).state == "ok"
    late = found("audit chain", at + timedelta(hours=1))
    assert (late.state, late.found) == (
        "warn",
        "1 events wait for their place, the oldest for 60 min",
    )
    chain.link_waiting()
    assert found("audit chain", at + timedelta(hours=1)).found == "1 events"


def test_mails_that_wait(ctx):
    at = clock.now()
    outbox.post("password_reset", ALICE, CONTEXT, at, dedupe_key="k")
    assert found("mail queue", at).state == "ok"
    late = found("mail queue", at + timedelta(hours=3))
    assert (late.state, late.found) == ("warn", "1 wait, the oldest for 3 h")
    # one that waits for its next try is not late
    only().next_attempt_at = at + timedelta(hours=4)
    session().flush()
    assert found("mail queue", at + timedelta(hours=3)).state == "ok"


def test_mails_that_are_sent_and_one_whose_worker_is_gone(ctx):
    at = clock.now()
    assert found("mail sending", at).found == "none sent so far"
    outbox.post("password_reset", ALICE, CONTEXT, at, dedupe_key="k")
    (claimed,) = outbox.claim(at)
    assert found("mail sending", at).state == "ok"
    hanging = found("mail sending", at + outbox.LEASE * 2)
    assert (hanging.state, hanging.found) == ("warn", "1 lost their worker while they were sent")
    outbox.note(claimed, outbox.done(claimed, at))
    told = found("mail sending", at + timedelta(hours=3)).found
    assert told == "the last 3 h ago, 1 within a day"
    later = found("mail sending", at + timedelta(days=3)).found
    assert later == "the last 72 h ago, 0 within a day"


def test_mails_that_are_refused(ctx):
    at = clock.now()
    assert found("mail refusals").state == "ok"
    for number in range(3):
        outbox.post("password_reset", ALICE, CONTEXT, at, dedupe_key=f"k{number}")
    for mail in outbox.claim(at):
        outbox.note(mail, outbox.later(mail, "recipient: 451 4.7.1", at))
    refused = found("mail refusals")
    assert refused.state == "warn"
    assert refused.found == "3 wait and 0 failed with “recipient: 451 4.7.1”"


def test_a_queue_that_no_worker_listens_to(ctx):
    link = jobs.client()
    worker = Worker(
        [Queue("bulk", connection=link, serializer=JSONSerializer)],
        connection=link,
        serializer=JSONSerializer,
    )
    worker.register_birth()
    deaf = found("workers")
    assert (deaf.state, deaf.found) == ("bad", "1, but none for the queue now, mail, incoming")
    assert deaf.advice == "Start `python worker.py worker now mail incoming`."


def test_failures(kettle):  # noqa: F811
    at = clock.now()
    assert found("failures").state == "ok"
    jobs.note_failure("mail.drain", {}, ValueError(), at)
    outbox.post("password_reset", ALICE, CONTEXT, at, dedupe_key="k")
    session().scalars(select(OutgoingEmail)).one().status = "failed"
    record(KettleBoiled(at=at, litres=1, cups=[]))
    for delivery in session().scalars(select(Delivery)):
        delivery.failed_at = at
    session().flush()
    assert found("failures").found == "1 jobs, 2 reactions, 1 mails"


def test_the_mailbox_and_who_vouches_for_senders(ctx, settings):
    at, account = clock.now(), "u@imap.vendor.example/INBOX"
    assert found("mailbox").found == "none is fetched from"
    settings(imap_url="imap://u:p@imap.vendor.example")
    assert found("mailbox").found == "IMAP_URL can't be used"
    settings(imap_url="imaps://u:p@imap.vendor.example")
    assert found("mailbox").found == "never looked into"
    assert mail_pages.not_fetched(ctx.config["SETTINGS"].imap_url, at)
    mailboxes.note_trouble(account, Trouble.NOT_LET_IN, at - timedelta(minutes=5))
    assert found("mailbox", at).found == "refuses our password, for 5 min"
    assert "password" in mail_pages.not_fetched(ctx.config["SETTINGS"].imap_url, at)[0]
    mailboxes.note_looked(account, at)
    assert found("mailbox", at).state == "ok"
    assert found("mailbox", at + timedelta(minutes=11)).found == "last looked into 11 min ago"
    mailboxes.give_up(account, 0, 7, "refused", at)
    assert found("mailbox", at).found == "1 mails in it could not be taken"
    assert found("senders", at).found == "no mail came in so far"
    pipeline.store(b"From: a@b.example", "a@b.example", "inquiries@in.example", "imap", at)
    assert found("senders", at).state == "warn"
    settings(authserv_id="mx.vendor.example")
    assert found("senders", at) == doctor.Finding("senders", "ok", "mx.vendor.example")


def test_rounds_that_nobody_ended(ctx):
    at = clock.now()
    lead = make_lead()
    session().add(
        OfferRound(lead_id=lead.id, number=1, opened_at=at, ends_at=at, excluded={}, offered=1)
    )
    session().flush()
    assert found("offer rounds", at).state == "ok"
    assert found("offer rounds", at + timedelta(minutes=6)).state == "warn"


def test_the_command_tells_it_all_and_ends_with_a_code(app):
    runner = app.test_cli_runner()
    told = runner.invoke(doctor.doctor, [])
    assert told.exit_code == 1
    assert "bad   workers" in told.stdout
    assert "→ Start `python worker.py worker`." in told.stdout
    listed = runner.invoke(doctor.doctor, ["--json"])
    assert {one["name"] for one in json.loads(listed.stdout)} >= {"settings", "database", "redis"}


def test_a_healthy_house_ends_with_code_zero(app, monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda at: iter([doctor.Finding("redis", "ok", "")]))
    assert app.test_cli_runner().invoke(doctor.doctor, []).exit_code == 0
