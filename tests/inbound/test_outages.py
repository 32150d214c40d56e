"""What is in the way of reading costs a mail nothing; what nobody could read is read again."""

from __future__ import annotations

import subprocess
from datetime import timedelta

from portal.core import jobs
from portal.core.db import session
from portal.core.mail import replies
from portal.inbound import parsing, pipeline, places
from portal.inbound.models import InboundMessage
from tests.factories import AT, csrf_of, make_person, make_vendor, sign_in
from tests.inbound.replying import (
    DOMAIN,
    REP,
    answers,
    make_question,
    take_apart_here,
    token_of,
    written,
)

PASSES = [timedelta(seconds=one) for one in (0, 5, 50, 70, 90, 300, 440, 460, 2200, 2300, 2400)]
"""Mails that come in wake the readers again and again."""


def keep_answer():
    """Have an answer kept that nobody has read; return its id, whose it is, and the pickup."""
    rep, held, mail = make_question()
    token = replies.find(token_of(mail))
    raw = written(mail, "WAITING", REP).as_bytes()
    kept = pipeline.store(raw, REP, f"fb+{token.id}@{DOMAIN}", "smtp", AT, token.id)
    session().commit()
    return kept, rep, held


def passed(kept, after):
    """Have all waiting mails read some time later; return the state and attempts of one."""
    jobs.run_now("inbound.read_waiting", {}, AT + after)
    row = session().get_one(InboundMessage, kept, populate_existing=True)
    return row.state, row.attempts


def fail(trouble):
    def failing(*_args, **_more):
        raise trouble

    return failing


def test_a_machine_without_room_for_a_while_has_no_mail_given_up(committed, monkeypatch):
    with committed.app_context():
        kept, _rep, held = keep_answer()
        with monkeypatch.context() as outage:
            outage.setattr(subprocess, "Popen", fail(BlockingIOError(11, "unavailable")))
            for after in PASSES:
                assert passed(kept, after) == ("received", 0)
            # what is in the way for days is told to people at last
            assert passed(kept, timedelta(days=4)) == ("received", 1)
        assert passed(kept, timedelta(days=4, minutes=29)) == ("received", 1)
        assert passed(kept, timedelta(days=4, minutes=31)) == ("applied", 2)
        assert answers(held) == [("waiting", "mail")]


def test_a_mail_that_fails_is_tried_less_and_less_often_and_left_to_people(committed, monkeypatch):
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    client = committed.test_client()
    with committed.app_context():
        kept, rep, held = keep_answer()
        boss = make_person(make_vendor(), "channel_manager")
        with monkeypatch.context() as mistake:
            mistake.setattr(places, "read", fail(KeyError("a mistake of ours")))
            tries = [passed(kept, after) for after in PASSES]
        assert [one[1] for one in tries] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]
        row = session().get_one(InboundMessage, kept)
        assert (row.state, row.reason, row.user_id) == ("not_understood", "gave_up", rep.id)
    sign_in(client, boss)
    page = client.get(f"/mail-health/answers/{kept}")
    assert "What does" in page.text, "people may enter it as well"
    sent = {"csrf_token": csrf_of(page.text)}
    assert client.post(f"/mail-health/answers/{kept}/reading", data=sent).status_code == 303
    assert client.post(f"/mail-health/answers/{kept}/reading", data=sent).status_code == 404
    with committed.app_context():
        assert passed(kept, PASSES[-1]) == ("applied", 1)
        assert answers(held) == [("waiting", "mail")]
