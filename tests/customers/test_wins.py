"""A won lead finds or makes its customer; operations get a lead with its customer's number."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.errors import Invalid
from portal.customers import onboarding, operations, policy, queries, who
from portal.customers.models import Customer
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import HandOver, Lead
from portal.pickup import operations as pickup
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

WON = Answer("won", value=Decimal(1000))


class House:
    """A programme that makes customers of won leads, a manager, and a firm with a rep."""

    def __init__(self, **wanted):
        self.mara = make_manager()
        self.olga = make_person(make_vendor(), "operations")
        self.rep = make_person(make_partner())
        choose(self.mara, **{"from_wins": True, **wanted})

    def held(self, contact=None, **over):
        lead = make_offered_lead(at=clock.now(), contact=contact, **over)
        return lead, claim(lead, self.rep)

    def won(self, contact=None, **over):
        lead, held = self.held(contact, **over)
        give(held, self.rep)
        return lead


@factory
def choose(by, from_wins=False, number_demanded=False, classification_id=None, rating=None):
    policy.choose(
        from_wins=from_wins,
        number_demanded=number_demanded,
        classification_id=classification_id,
        credit_rating_id=rating,
        actor=get_actor(by.id),
        at=clock.now(),
    )


@factory
def claim(lead, rep):
    held = pickup.claim(lead.id, get_actor(rep.id), clock.now()).pickup_id
    session().get_one(Lead, lead.id, populate_existing=True)
    return held


@factory
def give(held, rep, answer=WON):
    return feedback.give(held, answer, get_actor(rep.id), clock.now()).id


@factory
def customer_of(lead):
    return queries.find_of_lead(lead.id)


@factory
def how_many():
    return session().scalar(select(func.count()).select_from(Customer))


def name_of(customer, by):
    known = who.find(customer.id, get_actor(by.id), clock.now())
    return known.name, sorted(one.key for one in known.addresses)


def test_a_won_lead_makes_its_customer_and_the_next_one_finds_it(ctx):
    chosen = book_ids()
    house = House(classification_id=chosen[0], rating=chosen[1])
    first, second = house.won(), house.won({**CONTACT, "email": "another@kanarienwerke.example"})
    made = customer_of(first)
    assert customer_of(second).id == made.id
    assert (made.kind, made.classification_id, made.credit_rating_id) == ("company", *chosen)
    assert name_of(made, house.mara) == (
        "Kanarienwerke AG",
        [
            *("+495117654321", "another@kanarienwerke.example"),
            "zephyrine@kanarienwerke.example",
        ],
    )
    other = house.won({**CONTACT, "company": "Fish Ltd", "domain": None, "email": None})
    assert customer_of(other).id != made.id


def book_ids():
    make_vendor()
    entries = book()
    return entries.active("customer_class")[2].id, entries.active("credit_rating")[0].id


def test_nothing_is_made_where_the_programme_wants_it_not_nor_of_future_partners(ctx):
    house = House(from_wins=False)
    assert customer_of(house.won()) is None
    choose(house.mara, from_wins=True)
    assert customer_of(house.won(kind="partner_recruit")) is None
    assert how_many() == 0


def test_a_win_that_is_taken_back_takes_its_customer_along_unless_somebody_touched_it(ctx):
    house = House()
    lead, held = house.held()
    for touched in (False, True):
        given = give(held, house.rep)
        made = customer_of(lead)
        if touched:
            operations.set_number(made, "4711", get_actor(house.olga.id), clock.now())
        feedback.take_back(given, get_actor(house.rep.id), clock.now())
        assert customer_of(lead) is None
        assert how_many() == int(touched)


def test_a_win_that_is_refused_makes_nobody(ctx):
    house = House()
    lead, held = house.held()
    with pytest.raises(Invalid):
        give(held, house.rep, Answer("won"))
    assert customer_of(lead) is None


def test_the_lead_says_whose_it_is_and_a_person_may_say_otherwise(app):
    house = House()
    lead = house.won()
    made = customer_of(lead)
    mara = sign_in(app.test_client(), house.mara)
    assert f'href="/customers/{made.id}"' in mara.get(f"/leads/{lead.id}").text
    loose, _held = house.held()
    page = mara.get(f"/leads/{loose.id}/customer").text
    assert f'action="/leads/{loose.id}/customer/{made.id}"' in page
    token = {"csrf_token": csrf_of(page)}
    assert mara.post(f"/leads/{loose.id}/customer/{made.id}", data=token).status_code == 303
    assert customer_of(loose).id == made.id
    assert mara.post(f"/leads/{loose.id}/customer/new", data=token).status_code == 409
    assert mara.post(f"/leads/{loose.id}/customer/removal", data=token).status_code == 303
    assert mara.post(f"/leads/{loose.id}/customer/new", data=token).status_code == 303
    assert customer_of(loose).id not in (None, made.id)
    assert mara.get("/leads/987654321/customer").status_code == 404


def test_the_programme_chooses_on_a_page(app):
    house = House(from_wins=False)
    mara = sign_in(app.test_client(), house.mara)
    page = mara.get("/customers/policy")
    token = {"csrf_token": csrf_of(page.text)}
    kept = mara.post("/customers/policy", data={**token, "classification_id": "987654321"})
    assert kept.status_code == 422
    chosen = mara.post("/customers/policy", data={**token, "from_wins": "y"})
    assert chosen.status_code == 303
    assert customer_of(house.won()) is not None
    olga = sign_in(app.test_client(), house.olga)
    assert olga.get("/customers/policy").status_code == 403


# -- the number before operations -----------------------------------------------------------------


def due():
    return clock.now().date() + timedelta(days=3)


def hand(lead, number, by):
    return onboarding.hand_over(lead.id, due(), None, number, get_actor(by.id), clock.now())


def test_operations_get_a_lead_only_with_its_customers_number(ctx):
    house = House(number_demanded=True)
    lead = house.won()
    with pytest.raises(Invalid) as refused:
        hand(lead, " ", house.mara)
    assert list(refused.value.errors) == ["erp_number"]
    assert session().scalar(select(func.count()).select_from(HandOver)) == 0
    hand(lead, " 4711 ", house.mara)
    assert customer_of(lead).erp_number == "4711"
    hand(house.won(), None, house.mara)
    recruit, _held = house.held(kind="partner_recruit")
    hand(recruit, None, house.mara)


def test_what_is_wrong_with_a_hand_over_is_told_at_once_and_no_number_is_kept(ctx):
    house = House(number_demanded=True)
    lead = house.won()
    with pytest.raises(Invalid) as refused:
        onboarding.hand_over(lead.id, None, None, "", get_actor(house.mara.id), clock.now())
    assert set(refused.value.errors) == {"due_on", "erp_number"}
    hand(lead, "4711", house.mara)
    other = house.won({**CONTACT, "company": "Fish Ltd", "domain": None, "email": None})
    with pytest.raises(Invalid) as taken:
        hand(other, "4711", house.mara)
    assert list(taken.value.errors) == ["erp_number"]
    loose, _held = house.held({**CONTACT, "company": "Loose Ltd", "domain": None})
    hand(loose, "4711", house.mara)
    assert customer_of(loose).id == customer_of(lead).id


def test_the_number_that_operations_give_is_the_customers(ctx):
    house = House()
    lead = house.won()
    given = hand(lead, None, house.mara)
    olga = get_actor(house.olga.id)
    onboarding.hand_back(given.id, "4712", None, olga, clock.now())
    assert (customer_of(lead).erp_number, given.erp_number) == ("4712", "4712")


def test_the_form_asks_for_the_number_and_keeps_what_was_typed(app):
    house = House(number_demanded=True)
    lead = house.won()
    mara = sign_in(app.test_client(), house.mara)
    address = f"/leads/{lead.id}/hand-over"
    token = {"csrf_token": csrf_of(mara.get(address).text)}
    typed = {**token, "due_on": due().isoformat(), "note": "Terms as agreed."}
    page = mara.post(address, data=typed)
    assert page.status_code == 422
    assert "Terms as agreed." in page.text
    assert mara.post(address, data={**typed, "erp_number": "4711"}).status_code == 303
    olga = sign_in(app.test_client(), house.olga)
    listed = olga.get("/hand-overs").text
    address = "/hand-overs/" + listed.partition('href="/hand-overs/')[2].partition('"')[0]
    assert 'value="4711"' in olga.get(address).text


def test_two_who_win_leads_of_one_company_at_once_make_one_customer(committed):
    house = House()
    pairs = []
    for rep in (house.rep, make_person(make_partner())):
        lead = make_offered_lead(at=clock.now())
        pairs.append((claim(lead, rep), rep))
    ready = Barrier(len(pairs))

    def press(held, rep):
        with committed.app_context():
            ready.wait()
            with unit_of_work():
                feedback.give(held, WON, get_actor(rep.id), clock.now())

    threads = [Thread(target=press, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert how_many() == 1
