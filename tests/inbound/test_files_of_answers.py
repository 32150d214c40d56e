"""No file of an answer is lost without a word."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select

from portal.core import clock
from portal.core.db import session
from portal.inbound import parsing, wall
from portal.inbound.models import InboundMessage, InboundRaw
from portal.inbound.parsing import Unreadable
from portal.inbound.parsing_process import NoProcess
from portal.timeline.models import Attachment
from tests.factories import csrf_of, make_person, make_vendor, sign_in
from tests.inbound.pressing import Forms, text_of, waited
from tests.inbound.replying import come_in, link_in, make_question, told, written


def with_file(verdict):
    """Have an answer with a file come in; return its row and the pickup it is about."""
    rep, held, mail = make_question()
    made = written(mail, "They call back.", rep.email, verdict)
    made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="a.pdf")
    return come_in(made, mail, clock.now()), held


def state_of(message_id):
    """Return what became of a mail, and how many files are kept."""
    row = session().get_one(InboundMessage, message_id, populate_existing=True)
    return row.state, row.reason, session().scalar(select(func.count(Attachment.id)))


def failing(trouble):
    def fail(_raw):
        raise trouble

    return fail


@pytest.fixture
def asked(programme):
    with programme.app_context():
        message, _held = with_file("fail")
        (mail,) = told(clock.now())
        session().commit()
        return message.id, link_in(mail)


def test_a_press_that_cannot_keep_the_files_asks_for_another_one(
    programme, client, asked, monkeypatch
):
    message_id, link = asked
    for trouble in (Unreadable("unreadable"), NoProcess()):
        fields = waited(programme, Forms(client.get(link).text).for_("comment"))
        with monkeypatch.context() as outage:
            outage.setattr(parsing, "take_apart", failing(trouble))
            sent = client.post(link, data=fields)
        assert (sent.status_code, "try again in a minute" in text_of(sent.text)) == (409, True)
        with programme.app_context():
            assert state_of(message_id)[::2] == ("asked_back", 0)
    again = waited(programme, Forms(sent.text).for_("comment"))
    assert "It is noted." in text_of(client.post(link, data=again).text)
    with programme.app_context():
        assert state_of(message_id) == ("applied", "comment", 1)


def test_a_press_says_so_where_the_files_are_gone(programme, client, asked):
    message_id, link = asked
    with programme.app_context():
        with wall.open_mails([message_id], session()) as opened:
            opened.execute(delete(InboundRaw).where(InboundRaw.message_id == message_id))
        session().commit()
    fields = waited(programme, Forms(client.get(link).text).for_("comment"))
    said = text_of(client.post(link, data=fields).text)
    assert "Not all that came along with the mail could be kept" in said
    with programme.app_context():
        assert state_of(message_id) == ("applied", "files_left:1", 0)


def test_people_who_enter_an_answer_lose_no_file_either(programme, client, monkeypatch):
    with programme.app_context():
        boss = make_person(make_vendor(), "channel_manager", email="mara@vendor.example")
        message, held = with_file("fail")
        message.state, message.reason = "not_understood", "gave_up"
        lead_id, message_id = held.lead_id, message.id
        session().commit()
    sign_in(client, boss)
    address = f"/mail-health/answers/{message_id}"
    sent = {
        "csrf_token": csrf_of(client.get(address).text),
        "lead_id": lead_id,
        "deed": "comment",
        "why": "",
        "why_back": "",
        "words": "They call back.",
    }
    with monkeypatch.context() as outage:
        outage.setattr(parsing, "take_apart", failing(NoProcess()))
        refused = client.post(f"{address}/deed", data=sent)
    assert (refused.status_code, "try again in a minute" in refused.text) == (409, True)
    assert client.post(f"{address}/deed", data=sent).status_code == 303
    with programme.app_context():
        assert state_of(message_id) == ("applied", "by_hand", 1)
