"""Many people at one moment, more than there are connections to the database."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

from sqlalchemy import select, update

from portal.accounts.events import SignInRefused
from portal.accounts.models import UserSession
from portal.core import clock
from portal.core.db import db, session
from portal.core.events import EventRow, record_apart
from tests.factories import AT, make_partner, make_person
from tests.live import at_once


def test_a_crowd_that_comes_back_after_lunch_is_let_in_at_once(live):
    firm = make_partner()
    browsers = live.signed_in(*(make_person(firm) for _ in range(100)))
    before = clock.now() - timedelta(hours=1)
    live.do(lambda: session().execute(update(UserSession).values(last_seen_at=before)))
    answers = at_once(*(lambda b=b: b.get("/mine").status for b in browsers))
    assert Counter(answers) == {200: 100}
    assert (
        live.value("SELECT count(*) FROM sessions WHERE last_seen_at = :before", before=before) == 0
    )


def test_what_must_outlive_a_refusal_waits_for_no_connection_that_a_request_holds(committed):
    """Else as many requests as there are connections would wait for each other, and all fail."""
    with committed.app_context(), ExitStack() as held:
        pool = db.engine.pool
        for _ in range(pool.size() + pool._max_overflow):
            held.enter_context(db.engine.connect())
        record_apart(SignInRefused(at=AT, user_id=0))
    with committed.app_context():
        assert session().scalars(select(EventRow.name)).all() == ["SignInRefused"]
