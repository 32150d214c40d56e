"""The page behind a mail to a customer: it asks, and only a person's press answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import DeadlinePolicy
from portal.inbound import nonces
from portal.leads.models import Lead, Suppression
from portal.pickup import operations as pickup
from portal.witness import operations
from portal.witness.models import CustomerLetter, CustomerWord
from tests.factories import CONTACT, factory, make_offered_lead, make_partner, make_person
from tests.inbound.pressing import Forms, events, snapshot, text_of, waited

HOUR = timedelta(hours=1)


@factory
def asked(language="en"):
    """Have Alice hold a lead and its customer asked; return the paths of both his mails."""
    at = clock.now() - 25 * HOUR
    said = {"response_hours": 24, "customer_told": True, "customer_asked": True}
    alice = make_person(make_partner("Alpha Systems"), name="Alice Ainsworth")
    session().execute(update(DeadlinePolicy).values(said))
    lead = make_offered_lead(at=at, language=language)
    held = pickup.claim(lead.id, get_actor(alice.id), at).pickup_id
    operations.introduce(held, at)
    operations.ask(held, at)
    for kind, when in (("told", at + HOUR), ("asked", clock.now())):
        due = select(CustomerLetter.id).where(CustomerLetter.kind == kind)
        operations.write(session().scalar(due), when)
    session().flush()
    texts = (
        session()
        .scalars(select(OutgoingEmail.text).where(OutgoingEmail.user_id.is_(None)).order_by("id"))
        .all()
    )
    # in German nobody is greeted by a first name alone
    assert all((CONTACT["last_name"] in text) == (language == "de") for text in texts)
    told, question = ("/your-inquiry/" + text.split("/your-inquiry/")[1][:26] for text in texts)
    return told, question, held, lead.id


@factory
def word(held):
    found = session().get(CustomerWord, held)
    return found and found.said


@factory
def give_back(held):
    row = session().get(CustomerLetter, 1) or session().scalars(select(CustomerLetter)).first()
    pickup.give_back(held, "no_capacity", None, get_actor(row.user_id), clock.now())


@pytest.fixture
def client(app):
    return app.test_client()


def press(client, path, action, seconds=5):
    page = client.get(path)
    fields = Forms(page.text).for_(action)
    fields = waited(client.application, fields, seconds, nonces.CUSTOMER)
    return client.post(path, data=fields)


def test_a_customer_answers_by_a_press_and_nothing_else_does(client):
    told, question, held, _lead_id = asked()
    before = snapshot()
    for path in (told, question, f"{question}?s=no"):
        for ask in (client.get, client.head, client.options):
            assert ask(path).status_code == 200
    page = client.get(f"{question}?s=no")
    assert snapshot() == before
    shown = text_of(page.text)
    assert "Did Alice Ainsworth call you?" in shown
    assert "Alpha Systems" in shown
    # whoever it was forwarded to learns nothing of the customer, nor of the lead
    assert not [said for said in CONTACT.values() if said in page.text]
    assert "Replace 14 ageing" not in page.text
    assert "yes" not in Forms(client.get(told).text).all_actions()
    # a machine: without our page, at once, with the sign of another page, for another answer
    sign = Forms(page.text).for_("no")
    for fields, code in (
        ({"action": "no"}, "page_too_old"),
        ({**sign, "nonce": "x"}, "page_too_old"),
        ({**sign, "token": told[-26:]}, "page_too_old"),
        (sign, "press_again"),
    ):
        answer = client.post(question, data=fields)
        assert answer.status_code == 409
        assert f'data-refusal="{code}"' in answer.text
    assert client.post(question, data={**sign, "action": "won"}).status_code == 404
    assert client.post(told, data={**sign, "token": told[-26:]}).status_code in (404, 409)
    assert word(held) is None
    sign = Forms(client.get(question).text).for_("yes")
    late = waited(client.application, sign, 5, nonces.CUSTOMER)
    assert "told Alpha Systems" in text_of(press(client, question, "no").text)
    assert word(held) == "no"
    # what was seen before that says nothing now; who changes his mind sees what stands
    assert 'data-refusal="changed_meanwhile"' in client.post(question, data=late).text
    assert "noted that Alice Ainsworth called" in text_of(press(client, question, "yes").text)
    assert [data["said"] for _n, _a, _c, data in events("CustomerSaid")] == ["no", "yes"]
    # it is over: the link says so; no more can be said than that nobody is to call
    give_back(held)
    over = client.get(question)
    assert "has finished here" in text_of(over.text)
    assert Forms(over.text).all_actions() == ["decline"]
    assert "deals with your inquiry by now" in text_of(press(client, question, "decline").text)
    for guess in ("a" * 26, "x", question[-26:-1] + "1"):
        assert client.get(f"/your-inquiry/{guess}").status_code == 404


def test_a_customer_asks_for_no_call_in_his_language(client):
    told, _question, _held, lead_id = asked(language="de")
    shown = client.get(told)
    assert 'lang="de"' in shown.text
    assert press(client, told, "decline").status_code == 200

    @factory
    def left_alone():
        known = session().get(Suppression, f"email:{CONTACT['email']}")
        return known is not None and session().get_one(Lead, lead_id).suppressed

    assert left_alone()
    assert Forms(client.get(told).text).forms == []
