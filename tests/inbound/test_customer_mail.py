"""A customer answers by mail whether anybody called: one word, from the address that was asked."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from portal.core.db import session
from portal.inbound import pipeline, places
from portal.inbound.models import InboundMessage
from portal.leads.models import LeadContact
from portal.leads.wall import open_for
from portal.witness.models import CustomerLetter
from portal.witness.queries import find_word
from tests.factories import CONTACT
from tests.inbound.replying import DOMAIN, written
from tests.witness.test_witness import ASKED, HOUR, Loop, heard, to_customer

HERS = f"Zephyrine Quastenflosser <{CONTACT['email']}>"


@pytest.fixture
def loop(inside):
    loop = Loop()
    loop.sweep(ASKED)
    return loop


def came(body, sender=HERS, verdict="pass", at=ASKED + HOUR, **headers):
    """Have a mail come to the address of the question; return what became of it, and why."""
    (question,) = to_customer()
    made = written(question, body, sender, verdict, **headers)
    where = places.find(question.headers["Reply-To"].upper())
    kept = pipeline.store(made.as_bytes(), "x@mail.example", where.name, "smtp", at)
    pipeline.read_message(kept, at)
    message = session().get_one(InboundMessage, kept, populate_existing=True)
    return message.state, message.reason


def test_one_clear_word_of_hers_counts_and_nothing_else(loop):
    for answer, why in (
        ({"body": "Who is this?"}, "customer_words"),
        ({"body": "No problem, they did"}, "customer_words"),
        ({"body": "No", "verdict": "fail"}, "not_vouched"),
        ({"body": "No", "sender": "boss@kanarienwerke.example"}, "other_than_asked"),
        ({"body": "No", "sender": loop.alice.email}, "other_than_asked"),
    ):
        assert came(**answer) == ("not_understood", why)
    assert came("No", Auto_Submitted="auto-replied")[0] == "ignored"
    assert find_word(loop.id) is None
    assert came("Nein, leider noch nicht.\n\nViele Grüße", verdict=None) == ("applied", "no")
    assert (find_word(loop.id).said, find_word(loop.id).way) == ("no", "mail")
    loop.react(ASKED + HOUR)
    assert ("Alice", "call_missed") in heard("call_missed")


def test_no_address_can_be_guessed_and_none_outlives_its_lead(loop):
    assert places.find(f"c+{'a' * 26}@{DOMAIN}") is None
    assert places.find(f"c@{DOMAIN}") is None
    with open_for([loop.lead.id], session()) as opened:
        opened.execute(update(LeadContact).values(email=None))
    assert came("No") == ("not_understood", "other_than_asked")
    letter = session().scalar(select(CustomerLetter.id).where(CustomerLetter.outcome == "sent"))
    assert letter is not None
    assert find_word(loop.id) is None
