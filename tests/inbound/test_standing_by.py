"""Standing by for a lead from a mail, and what comes of it."""

from __future__ import annotations

import pytest

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.mail.links import Purpose
from portal.leads.models import Lead
from portal.offers.places import find_place
from portal.pickup import operations as pickup
from tests.factories import CONTACT, factory, make_offered_lead, make_partner, make_person
from tests.inbound.pressing import Forms, events, get, issue, press, text_of, waited


@pytest.fixture
def rep(app):
    return make_person(make_partner("Alpha Systems"), name="Alice")


@pytest.fixture
def other(app):
    return make_person(make_partner("Beta Networks"), name="Bob")


@factory
def claim(lead, user):
    return pickup.claim(lead.id, get_actor(user.id), clock.now()).pickup_id


@factory
def give_back(held, user):
    pickup.give_back(held, "no_capacity", None, get_actor(user.id), clock.now())


@factory
def waits(lead, user):
    return find_place(lead.id, get_actor(user.id), clock.now()).waits


def taken(rep, other):
    lead = make_offered_lead(at=clock.now())
    path = issue(Purpose.STAND_BY, rep, lead_id=lead.id)
    return lead, claim(lead, other), path


def act(client, path, action):
    """Press on a page about a lead that is gone."""
    page = client.get(path)
    return client.post(path, data=waited(client.application, Forms(page.text).for_(action)))


def test_who_lost_may_stand_by_and_wait_no_more(client, rep, other):
    lead, _held, path = taken(rep, other)
    page = client.get(path)
    assert page.status_code == 404
    assert "Another firm was faster" in text_of(page.text)
    assert not waits(lead, rep), "opening takes no place"
    answer = act(client, path, "stand_by")
    assert answer.status_code == 200
    assert "You stand by" in text_of(answer.text)
    assert waits(lead, rep)
    for html in (answer.text, client.get(path).text):
        for secret in (*CONTACT.values(), "Beta", "Bob", "Replace 14"):
            assert secret not in html
    assert act(client, path, "leave").status_code == 200
    assert not waits(lead, rep)
    done = [data["action"] for *_, data in events("MailActionDone")]
    assert done == ["stand_by", "leave"]


def test_standing_by_twice_is_one_place(client, rep, other):
    _lead, _held, path = taken(rep, other)
    fields = waited(client.application, Forms(client.get(path).text).for_("stand_by"))
    for _press in range(3):
        assert client.post(path, data=fields).status_code == 200
    assert len(events("MailActionDone")) == len(events("StoodBy")) == 1


def test_the_lost_race_offers_the_place_at_once(client, rep, other):
    lead = make_offered_lead(at=clock.now())
    path = issue(Purpose.OFFER, rep, lead_id=lead.id, round_=1)
    fields = waited(client.application, Forms(client.get(path).text).for_("pick"))
    claim(lead, other)
    lost = client.post(path, data=fields)
    assert lost.status_code == 409
    place = waited(client.application, Forms(lost.text).for_("stand_by"))
    assert client.post(path, data=place).status_code == 200
    assert waits(lead, rep)


def test_a_lead_that_came_back_is_picked_up_by_the_old_link(client, rep, other):
    lead, held, path = taken(rep, other)
    act(client, path, "stand_by")
    give_back(held, other)
    page = client.get(path)
    assert page.status_code == 200
    assert "Pick up" in text_of(page.text)
    assert "It is yours" in text_of(press(client, path, "pick").text)
    assert get(Lead, lead.id).holder_id == rep.id


def test_nobody_stands_by_for_what_his_firm_never_saw(client, rep, other):
    lead, _held, _path = taken(rep, other)
    stranger = make_person(make_partner("Gamma IT", territories=["US"], country="US"))
    path = issue(Purpose.STAND_BY, stranger, lead_id=lead.id)
    assert lead.number not in client.get(path).text
    fields = {"token": path[3:], "nonce": "x", "action": "stand_by"}
    assert client.post(path, data=fields).status_code == 404
    assert not events("StoodBy")
