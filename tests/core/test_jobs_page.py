"""The administrators' page about work behind the scenes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.events import SignedIn
from portal.core import clock, events, jobs
from portal.core.db import db, session
from portal.core.events import Delivery, record
from portal.core.jobs import JobFailure
from portal.core.mail import outbox
from portal.core.mail.models import OutgoingEmail
from tests.core.posting import ALICE, CONTEXT
from tests.factories import csrf_of, make_manager, make_person, make_vendor, sign_in


@pytest.fixture
def admin(app, client):
    return sign_in(client, make_person(make_vendor(), "admin"))


@pytest.fixture
def trouble(app):
    """A job, a reaction and a mail that failed."""
    at = clock.now() - timedelta(minutes=12)
    before = dict(events._reactions)
    with app.app_context():
        jobs.note_failure("mail.drain", {"id": 7, "who": ALICE.name}, OSError(5, "broken"), at)
        events.configure({SignedIn: ("tests.hear",)})
        record(SignedIn(at=at, user_id=1))
        delivery = session().scalars(select(Delivery)).one()
        delivery.failed_at, delivery.error, delivery.attempts = at, "KeyError", 8
        outbox.post("password_reset", ALICE, CONTEXT, at, dedupe_key="k")
        mail = session().scalars(select(OutgoingEmail)).one()
        mail.status, mail.error = "failed", "recipient: 550 5.1.1"
        db.session.commit()
    yield
    events._reactions.clear()
    events._reactions.update(before)


def test_an_administrator_sees_what_failed_and_nobodys_data(admin, trouble):
    page = admin.get("/jobs").text
    for said in ("mail.drain", "broken", "tests.hear", "KeyError", "recipient: 550 5.1.1",
                 "12 minutes ago", "id 7"):  # fmt: skip
        assert said in page
    for unsaid in (ALICE.address, ALICE.name, "/reset/abc"):
        assert unsaid not in page


def test_an_administrator_has_all_of_it_tried_again(app, admin, trouble):
    token = csrf_of(admin.get("/jobs").text)
    answer = admin.post("/jobs/retry-all", data={"csrf_token": token}, follow_redirects=True)
    assert "3 are tried again." in answer.text
    with app.app_context():
        assert session().scalars(select(OutgoingEmail.status)).all() == ["queued"]
        assert session().scalars(select(Delivery.failed_at)).all() == [None]
        lengths = jobs.look_at_queue().lengths
    assert lengths["mail"] == 2  # the job that failed, and the drain for the mail


@pytest.mark.parametrize(
    ("kind", "model"),
    [("failures", JobFailure), ("deliveries", Delivery), ("mails", OutgoingEmail)],
)
def test_one_thing_is_tried_again(app, admin, trouble, kind, model):
    with app.app_context():
        found = session().scalars(select(model.id)).one()
    data = {"csrf_token": csrf_of(admin.get("/jobs").text)}
    answer = admin.post(f"/jobs/{kind}/{found}/retry", data=data, follow_redirects=True)
    assert "1 is tried again." in answer.text


def test_a_failed_job_that_nobody_knows_any_more_is_forgotten(app, admin):
    with app.app_context():
        jobs.note_failure("of.yesterday", {}, ValueError(), clock.now())
        found = session().scalars(select(JobFailure.id)).one()
        db.session.commit()
    data = {"csrf_token": csrf_of(admin.get("/jobs").text)}
    admin.post(f"/jobs/failures/{found}/retry", data=data)
    assert "of.yesterday" not in admin.get("/jobs").text


def test_the_page_says_when_the_queue_is_away(app, admin):
    before = app.extensions["redis"]
    app.extensions["redis"] = jobs.connect("redis://127.0.0.1:1")
    try:
        page = admin.get("/jobs")
    finally:
        app.extensions["redis"] = before
    assert page.status_code == 200
    assert "The queue (Redis) is away" in page.text


def test_the_page_says_when_no_worker_runs_and_nothing_went_wrong(admin):
    page = admin.get("/jobs").text
    assert "No worker is running" in page
    assert "Nothing went wrong" in page
    assert "Try all again" not in page


def test_only_administrators_see_the_page(app, client):
    sign_in(client, make_manager())
    assert client.get("/jobs").status_code == 403
    assert client.post("/jobs/retry-all").status_code in (400, 403)
