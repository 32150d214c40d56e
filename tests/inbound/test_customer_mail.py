"""A customer answers by mail whether anybody called: one word, from the address that was asked."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.inbound import lead_mails, mails, pipeline, places
from portal.inbound.models import InboundMessage
from portal.leads.activities import load_activities
from portal.leads.models import Lead, LeadContact
from portal.leads.wall import open_for
from portal.pickup import operations as pickup
from portal.witness.models import CustomerLetter
from portal.witness.queries import find_word
from tests.factories import CONTACT, make_manager, make_partner, make_person
from tests.inbound.replying import DOMAIN, undone, written
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


ORDERS = {
    "broken on its way, then whole": (["fail", "pass"], ["duplicate", "applied"]),
    "whole, then replayed": (["pass", "fail"], ["applied", "duplicate"]),
    "broken twice, then whole": (["fail", "FAIL", "pass"], ["duplicate"] * 2 + ["applied"]),
    "broken twice": (["fail", "FAIL"], ["not_understood", "duplicate"]),
    "put aside, then whole": (["fail", "aside", "pass"], ["put_aside", "applied"]),
    "taken by hand, then whole": (["fail", "accept", "pass"], ["taken", "duplicate"]),
}


def test_a_copy_that_nobody_vouches_for_keeps_no_other_from_being_read(loop):
    boss = get_actor(make_manager().id)
    by_hand = {"aside": mails.put_aside, "accept": lead_mails.accept}
    for name, (order, states) in ORDERS.items():
        with undone():
            for one in order:
                if one in by_hand:
                    by_hand[one](mails.list_not_understood()[0].id, boss, ASKED + HOUR)
                else:
                    came("No", verdict=one)
            rows = session().scalars(select(InboundMessage).order_by(InboundMessage.id)).all()
            assert [row.state for row in rows] == states, name
            assert (find_word(loop.id) is not None) == ("applied" in states), name


def test_one_clear_word_of_hers_counts_and_nothing_else(loop):
    for answer, why in (
        ({"body": "No", "verdict": "fail"}, "not_vouched"),
        ({"body": "No", "sender": "boss@kanarienwerke.example"}, "other_than_asked"),
        ({"body": "No", "sender": loop.alice.email}, "other_than_asked"),
    ):
        assert came(**answer) == ("not_understood", why)
    # of a mail that waits somebody may say that it is the customer's; it says no more by that
    waits = mails.list_not_understood()[0]
    lead_mails.accept(waits.id, get_actor(make_manager().id), ASKED + HOUR)
    assert (waits.state, find_word(loop.id)) == ("taken", None)
    assert came("No", Auto_Submitted="auto-replied")[0] == "ignored"
    for words in ("Who is this?", "No problem, they did"):
        assert came(words) == ("taken", "customer_wrote")
    assert find_word(loop.id) is None
    # what says nothing clear changes nothing; the holder and the vendor read it
    loop.react(ASKED + HOUR)
    assert {name for name, _kind in heard("customer_wrote")} == {"Alice", "Arno"}
    read = load_activities(session().get(Lead, loop.lead.id), get_actor(loop.alice.id))
    assert sorted("Who is this?" in one.text for one in read) == [False, False, True]
    # what was quoted gives nobody the link of the question
    link = to_customer()[0].text.split("/your-inquiry/")[1][:26]
    assert came(f"Sent from /your-inquiry/{link}")[0] == "taken"
    read = load_activities(session().get(Lead, loop.lead.id), get_actor(loop.alice.id))
    assert not [one for one in read if link in one.text]
    assert came("NO.") == ("applied", "no")
    assert came("Ja!\n\nHeute Morgen.", verdict=None) == ("taken", "customer_wrote")
    assert find_word(loop.id).said == "yes"
    # no word of hers is lost behind her name
    assert came("Ja.\n\nBeste Grüße\nMaria\n\nPS: Bitte am Dienstag.")[0] == "taken"
    read = load_activities(session().get(Lead, loop.lead.id), get_actor(loop.alice.id))
    assert any("Beste Grüße\nMaria\n\nPS: Bitte am Dienstag." in one.text for one in read)
    assert came("Nein, leider noch nicht.", verdict=None) == ("applied", "no")
    assert (find_word(loop.id).said, find_word(loop.id).way) == ("no", "mail")
    loop.react(ASKED + HOUR)
    assert ("Alice", "call_missed") in heard("call_missed")


def test_what_she_says_of_who_gave_the_lead_back_is_the_vendors_alone(loop):
    berta = make_person(make_partner("Beta"), name="Berta")
    pickup.give_back(loop.id, "no_capacity", None, get_actor(loop.alice.id), ASKED)
    loop.react(ASKED)
    pickup.claim(loop.lead.id, get_actor(berta.id), ASKED)
    assert came("No, Alice never did.") == ("taken", "customer_wrote")
    loop.react(ASKED + HOUR)
    assert [name for name, _kind in heard("customer_wrote")] == ["Arno"]
    lead = session().get(Lead, loop.lead.id, populate_existing=True)
    assert load_activities(lead, get_actor(berta.id)) == []


def test_no_address_can_be_guessed_and_none_outlives_its_lead(loop):
    assert places.find(f"c+{'a' * 26}@{DOMAIN}") is None
    assert places.find(f"c@{DOMAIN}") is None
    with open_for([loop.lead.id], session()) as opened:
        opened.execute(update(LeadContact).values(email=None))
    assert came("No") == ("not_understood", "other_than_asked")
    letter = session().scalar(select(CustomerLetter.id).where(CustomerLetter.outcome == "sent"))
    assert letter is not None
    assert find_word(loop.id) is None
