"""A lead's life from the mailbox: every step by a link of the mail before it."""

from __future__ import annotations

import re

from sqlalchemy import select

from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.leads.models import Lead
from tests.factories import CONTACT, factory, make_offered_lead, make_partner, make_person
from tests.inbound.pressing import Forms, get, press, text_of, waited


def work(app):
    """Do what the worker does after a press."""
    with app.app_context():
        jobs.run_now("core.dispatch", {"here": True}, clock.now())


@factory
def mail(user, kind):
    """Return the text of the newest mail of a kind to a person."""
    found = session().scalars(
        select(OutgoingEmail)
        .where(OutgoingEmail.user_id == user.id, OutgoingEmail.kind == kind)
        .order_by(OutgoingEmail.id.desc())
        .limit(1)
    )
    return found.one().text


@factory
def kinds(user):
    return (
        session()
        .scalars(
            select(OutgoingEmail.kind)
            .where(OutgoingEmail.user_id == user.id)
            .order_by(OutgoingEmail.kind)
        )
        .all()
    )


def link(text, choice=None):
    """Return the path of a link in a mail, by what it preselects."""
    wanted = rf"/m/[\w-]{{43}}(?=\?s={choice}\b)" if choice else r"/m/[\w-]{43}(?![\w?-])"
    return re.search(wanted, text)[0]


def test_a_lead_is_picked_reported_taken_back_and_won_from_mails_alone(committed):
    client = committed.test_client()
    rep = make_person(make_partner("Alpha"))
    lead = make_offered_lead(at=clock.now())
    work(committed)
    picked = press(client, link(mail(rep, "lead_offered"), "pick"), "pick")
    assert "It is yours" in text_of(picked.text)
    work(committed)
    yours = mail(rep, "yours_now")
    assert CONTACT["phone"] in yours
    assert CONTACT["phone"] not in picked.text
    answers = link(yours, "waiting")
    assert press(client, answers, "feedback", "waiting").status_code == 200
    work(committed)
    assert "Waiting for their answer" in mail(rep, "recorded")
    assert "Taken back" in text_of(press(client, link(mail(rep, "recorded")), "undo").text)
    work(committed)
    won = press(client, answers, "feedback", "won", value="12500")
    assert "We recorded: Won, €12,500." in text_of(won.text)
    work(committed)
    assert "12,500" in mail(rep, "recorded")
    undo = link(mail(rep, "recorded"))
    assert "Taken back" in text_of(press(client, undo, "undo").text)
    assert get(Lead, lead.id).state == "held"
    assert press(client, answers, "feedback", "won", value="13000").status_code == 200
    work(committed)
    assert get(Lead, lead.id).state == "closed"
    assert kinds(rep).count("yours_now") == 1


def test_who_is_too_late_reads_so_and_stands_by_from_that_mail(committed):
    client = committed.test_client()
    rep, other = make_person(make_partner("Alpha")), make_person(make_partner("Beta"))
    lead = make_offered_lead(at=clock.now())
    work(committed)
    mine, theirs = (link(mail(user, "lead_offered"), "pick") for user in (rep, other))
    shown = waited(committed, Forms(client.get(mine).text).for_("pick"))
    assert press(client, theirs, "pick").status_code == 200
    assert client.post(mine, data=shown).status_code == 409
    work(committed)
    assert get(Lead, lead.id).holder_id == other.id
    told = mail(rep, "not_yours")
    assert CONTACT["phone"] not in told
    assert "yours_now" not in kinds(rep)
    page = client.get(link(told))
    place = waited(committed, Forms(page.text).for_("stand_by"))
    assert "You stand by" in text_of(client.post(link(told), data=place).text)
    work(committed)
    assert "stand by" in mail(rep, "recorded")
