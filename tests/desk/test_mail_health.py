"""The page about mails on their way: what it says, what it hides, and its buttons."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail import health, outbox
from portal.core.mail.models import OutgoingEmail
from tests.core.posting import CONTEXT, sending_to, serving
from tests.factories import (
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

SECRET = {**CONTEXT, "path": "/reset/" + "s3cret" * 8}
AWAY = "redis://127.0.0.1:1"


@factory
def write(user, key, at, lead_id=None, **over):
    to = outbox.Recipient(user.id, user.email, user.name)
    outbox.post("password_reset", replace(to, **over), SECRET, at, dedupe_key=key, lead_id=lead_id)


@factory
def refuse(error, at):
    for mail in outbox.claim(at):
        outbox.note(mail, outbox.over(error))


@factory
def put_off(error, at):
    for mail in outbox.claim(at):
        outbox.note(mail, outbox.later(mail, error, at))


@pytest.fixture
def alice(app):
    return make_person(make_partner("Alpha Systems"), name="Alice", email="alice@alpha.example")


@pytest.fixture
def manager(app, client):
    return sign_in(client, make_manager())


@contextmanager
def all_at_work(app):
    """A worker and a scheduler that are alive."""
    with app.app_context():
        link = jobs.client()
        queues = [Queue(n, connection=link, serializer=JSONSerializer) for n in jobs.QUEUES]
        Worker(queues, connection=link, serializer=JSONSerializer).register_birth()
        link.set(jobs.SCHEDULER_SEEN, int(time.time()))
    yield


def test_an_empty_queue_says_so(app, manager):
    with all_at_work(app):
        page = manager.get("/mail-health").text
    assert "No mail is on its way" in page
    assert "notice-warning" not in page
    assert "Send all again" not in page


def test_the_page_tells_states_domains_and_reasons_and_no_text_address_or_link(app, manager, alice):
    at = clock.now() - timedelta(minutes=12)
    lead = make_lead()
    write(alice, "failed", at, lead_id=lead.id)
    refuse("recipient: 550 5.1.1", at)
    write(alice, "later", at, address="bob@beta.example")
    put_off("recipient: 451 4.7.1", at)
    write(alice, "due", at, address="carol@gamma.example")
    with all_at_work(app):
        page = manager.get("/mail-health").text
    for said in (
        "alpha.example", "beta.example", "gamma.example", "There is no such mailbox.",
        "recipient: 550 5.1.1", "The receiver wants it later.", "New password", "Alice",
        lead.number, "12 minutes ago", "Send again",
    ):  # fmt: skip
        assert said in page, said
    for unsaid in (alice.email, "bob@", "carol@", "/reset/", "s3cret", "notice-warning"):
        assert unsaid not in page, unsaid


def test_one_mail_or_all_are_sent_again_with_a_press(app, manager, alice):
    at = clock.now()
    with serving(app) as server:
        for key in ("a", "b", "c"):
            write(alice, key, at)
        refuse("recipient: 550 5.1.1", at)
        page = manager.get("/mail-health").text
        with app.app_context():
            first = session().scalars(select(OutgoingEmail.id).order_by(OutgoingEmail.id)).first()
        token = {"csrf_token": csrf_of(page)}
        answer = manager.post(f"/mail-health/{first}/resend", data=token, follow_redirects=True)
        assert "1 mail is on its way again." in answer.text
        answer = manager.post("/mail-health/resend-all", data=token, follow_redirects=True)
        assert "2 mails are on their way again." in answer.text
        answer = manager.post("/mail-health/resend-all", data=token, follow_redirects=True)
        assert "There was nothing to send again." in answer.text
        with app.app_context():
            jobs.run_now("mail.drain")
            jobs.run_now("mail.drain")
        assert len(server.mails) == 3
    assert "Sent within a day" in manager.get("/mail-health").text


def test_a_mail_that_was_sent_can_not_be_sent_again(app, manager, alice):
    at = clock.now()
    with serving(app) as server:
        write(alice, "a", at)
        with app.app_context():
            jobs.run_now("mail.drain")
            sent = session().scalars(select(OutgoingEmail.id)).one()
        token = {"csrf_token": csrf_of(manager.get("/mail-health").text)}
        manager.post(f"/mail-health/{sent}/resend", data=token)
        with app.app_context():
            jobs.run_now("mail.drain")
        assert len(server.mails) == 1


def test_a_mail_server_that_is_away_is_told(app, manager, alice):
    write(alice, "a", clock.now())
    with sending_to(app, "smtp://127.0.0.1:1"), app.app_context():
        jobs.run_now("mail.drain")
    with all_at_work(app):
        page = manager.get("/mail-health").text
    assert "notice-warning" in page
    assert "Our mail server can&#39;t be reached." in page


def test_a_dead_worker_a_silent_scheduler_and_a_mail_in_a_dead_hand_are_told(app, manager, alice):
    page = manager.get("/mail-health").text
    assert "No worker is running" in page
    assert "The scheduler is silent" in page
    write(alice, "a", clock.now())
    with app.app_context():
        outbox.claim(clock.now())
        long_ago = clock.now() - timedelta(minutes=1)
        mail = session().scalars(select(OutgoingEmail)).one()
        mail.next_attempt_at = long_ago
        jobs.client().set(jobs.SCHEDULER_SEEN, int(time.time()) - 600)
        session().commit()
    page = manager.get("/mail-health").text
    assert "The scheduler is silent" in page
    assert "1 mail was in the hands of a worker that ended" in page


def test_redis_away_is_told_and_the_page_stands(app, manager):
    before = app.extensions["redis"]
    app.extensions["redis"] = jobs.connect(AWAY)
    try:
        page = manager.get("/mail-health")
    finally:
        app.extensions["redis"] = before
    assert page.status_code == 200
    assert "The queue (Redis) is away" in page.text


def test_administrators_see_it_and_others_do_not(app, client):
    sign_in(client, make_person(make_vendor(), "admin"))
    assert client.get("/mail-health").status_code == 200
    for role in ("qualifier", "account_manager"):
        other = sign_in(app.test_client(), make_person(make_vendor(), role))
        assert other.get("/mail-health").status_code == 403
    partner = sign_in(app.test_client(), make_person())
    assert partner.get("/mail-health").status_code == 403
    assert partner.post("/mail-health/resend-all").status_code in (400, 403)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("recipient: 550 5.1.1", "There is no such mailbox."),
        ("recipient: 550 5.1.10", "There is no such mailbox."),
        ("recipient: 550 5.1.2", "There is no such domain, or it takes no mail."),
        ("recipient: 452 4.2.2", "The mailbox is full."),
        ("message: 552 5.3.4", "The mail is too large for the receiver."),
        ("recipient: 451 4.7.1", "The receiver wants it later."),
        ("message: 554", "The receiver refused it."),
        ("recipient: 450", "The receiver wants it later."),
        ("server: 535 5.7.8", "Our mail server does not let us in."),
        ("sender: 530", "Our mail server refuses our sender's address."),
        ("no mail server (ConnectionRefusedError)", "Our mail server can't be reached."),
        ("connection lost (no answer)", "The connection to our mail server broke."),
        (outbox.INTERRUPTED, "The worker ended while it was sending; it may have arrived."),
        (outbox.OUT_OF_TIME, "It is next in line."),
        ("ValueError (core/mail/transport.py:97 in header)", "The mail could not be written."),
    ],
)
def test_every_code_has_its_words(ctx, code, words):
    assert health.explain(code) == words
