"""A lead goes from its owner to operations, and comes back with its number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import EventRow
from portal.leads import hand_over as handing
from portal.leads import team
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.partners import queries as partners
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


class House:
    """An account manager whose partner holds a lead, and two people of operations."""

    def __init__(self):
        vendor = make_vendor()
        self.pam = make_person(vendor, "account_manager", name="Pam Ortega")
        self.oskar = make_person(vendor, "operations", name="Oskar Riedel")
        self.olga = make_person(vendor, "operations", name="Olga Stein")
        self.firm = make_partner("Alpha Systems", account_manager_id=self.pam.id)
        self.now = clock.now()
        self.lead = self.held("Held by Alpha")
        self.other = self.held("Not handed over")

    def held(self, title):
        lead = make_offered_lead(at=clock.now(), title=title)
        claim(lead, make_person(self.firm))
        return lead

    def hand_over(self, days=3, note="Load it, please.", lead=None, by=None):
        due_on = (self.now + timedelta(days=days)).date()
        return hand(lead or self.lead, due_on, note, by or self.pam, self.now)


@factory
def claim(lead, rep):
    pickup.claim(lead.id, get_actor(rep.id), clock.now())
    session().get_one(Lead, lead.id, populate_existing=True)


@factory
def hand(lead, due_on, note, by, at):
    return handing.hand_over(lead.id, due_on, note, get_actor(by.id), at)


def actor_of(user):
    return get_actor(user.id)


@pytest.fixture
def ours(ctx):
    return House()


@pytest.fixture
def all_of_us(app):
    return House()


def told_of(name):
    return list(session().scalars(select(EventRow.data).where(EventRow.name == name)))


def test_operations_see_exactly_what_was_handed_over(ours):
    oskar = actor_of(ours.oskar)
    assert find_visible(ours.lead.id, oskar) is None
    assert partners.list_partners(oskar, partners.Filters(), 1, AT).items == []
    given = ours.hand_over()
    assert find_visible(ours.lead.id, oskar) is not None
    assert find_visible(ours.other.id, oskar) is None
    assert [row.HandOver.id for row in handing.list_waiting(oskar, 1).items] == [given.id]
    listed = partners.list_partners(oskar, partners.Filters(), 1, AT).items
    assert [partner.organisation_id for partner in listed] == [ours.firm.id]


def test_it_comes_back_with_its_number_and_who_did_it_still_sees_it(ours):
    oskar, olga = actor_of(ours.oskar), actor_of(ours.olga)
    given = ours.hand_over()
    handing.take(given.id, oskar, ours.now)
    handing.take(given.id, oskar, ours.now)
    handing.hand_back(given.id, " 4711 ", "All set.", oskar, ours.now)
    assert (given.erp_number, given.outcome, given.taken_by) == ("4711", "All set.", oskar.id)
    back = handing.list_back(actor_of(ours.pam), ours.now - timedelta(hours=1))
    assert [row.HandOver.id for row in back] == [given.id]
    assert find_visible(ours.lead.id, oskar) is not None
    assert find_visible(ours.lead.id, olga) is None
    assert len(told_of("HandOverTaken")) == 1
    (event,) = told_of("LeadHandedBack")
    assert (event["owner_id"], event["user_id"]) == (ours.pam.id, oskar.id)
    assert "4711" not in str(event)


def test_it_can_be_handed_over_again_once_it_is_back(ours):
    given = ours.hand_over()
    with pytest.raises(Refused):
        ours.hand_over()
    handing.hand_back(given.id, "4711", None, actor_of(ours.oskar), ours.now)
    assert ours.hand_over().id != given.id


def test_one_of_them_takes_it_and_the_other_leaves_it(ours):
    given = ours.hand_over()
    handing.take(given.id, actor_of(ours.oskar), ours.now)
    for refused in (
        lambda: handing.take(given.id, actor_of(ours.olga), ours.now),
        lambda: handing.hand_back(given.id, "1", None, actor_of(ours.olga), ours.now),
    ):
        with pytest.raises(Refused):
            refused()


def test_a_number_is_given_or_why_there_is_none(ours):
    given = ours.hand_over()
    with pytest.raises(Invalid) as refused:
        handing.hand_back(given.id, "", " ", actor_of(ours.oskar), ours.now)
    assert list(refused.value.errors) == ["erp_number"]
    assert given.taken_by is None
    handing.hand_back(given.id, "", "He is a customer already.", actor_of(ours.oskar), ours.now)
    assert given.done_at == ours.now


def test_the_owner_hands_over_what_somebody_holds_or_a_future_partner(ours):
    manager = make_manager()
    with pytest.raises(Refused):
        ours.hand_over(lead=make_lead(), by=manager)
    ours.hand_over(lead=make_lead(kind="partner_recruit"), by=manager)
    with pytest.raises(NotFound):
        ours.hand_over(by=make_person(make_vendor(), "account_manager"))
    for due_on in (None, ours.now.date() - timedelta(days=1)):
        with pytest.raises(Invalid) as refused:
            hand(ours.lead, due_on, None, ours.pam, ours.now)
        assert list(refused.value.errors) == ["due_on"]


def test_what_is_late_stands_first(ours):
    soon, late = ours.hand_over(days=5), ours.hand_over(days=1, lead=ours.other)
    oskar = actor_of(ours.oskar)
    listed = handing.list_waiting(oskar, 1).items
    assert [row.HandOver.id for row in listed] == [late.id, soon.id]
    assert handing.count_waiting(oskar, ours.now) == (2, 0)
    assert handing.count_waiting(oskar, ours.now + timedelta(days=3)) == (2, 1)


def test_a_foreign_hand_over_answers_as_an_unknown_one_does(all_of_us, client):
    given = all_of_us.hand_over()
    browser = sign_in(client, make_person(make_vendor(), "account_manager"))
    assert browser.get(f"/hand-overs/{given.id}").status_code == 404
    assert browser.get("/hand-overs/987654321").status_code == 404
    assert "Held by Alpha" not in browser.get("/hand-overs").text


def test_the_way_there_and_back_without_a_script(all_of_us, app):
    ours, lead = all_of_us, all_of_us.lead
    pam, oskar = (sign_in(app.test_client(), user) for user in (ours.pam, ours.oskar))
    assert f"/leads/{lead.id}/hand-over" in pam.get(f"/leads/{lead.id}").text
    token = {"csrf_token": csrf_of(pam.get(f"/leads/{lead.id}/hand-over").text)}
    typed = {**token, "due_on": "", "note": "Terms as agreed with Anna."}
    page = pam.post(f"/leads/{lead.id}/hand-over", data=typed)
    assert page.status_code == 422
    assert "Terms as agreed with Anna." in page.text
    typed["due_on"] = (ours.now + timedelta(days=4)).date().isoformat()
    assert pam.post(f"/leads/{lead.id}/hand-over", data=typed).status_code == 303

    assert "1 hand-over is with you" in oskar.get("/").text
    listed = oskar.get("/hand-overs").text
    assert "Held by Alpha" in listed
    assert "Not handed over" not in listed
    address = "/hand-overs/" + listed.partition('href="/hand-overs/')[2].partition('"')[0]
    page = oskar.get(address).text
    assert "Terms as agreed with Anna." in page
    token = {"csrf_token": csrf_of(page)}
    assert oskar.post(f"{address}/taking", data=token).status_code == 303
    kept = oskar.post(f"{address}/return", data={**token, "erp_number": "7" * 70, "outcome": "Ok"})
    assert kept.status_code == 422
    assert "7" * 70 in kept.text
    done = oskar.post(f"{address}/return", data={**token, "erp_number": "4711", "outcome": "Ok"})
    assert done.status_code == 303
    assert oskar.post(f"{address}/return", data={**token, "erp_number": "1"}).status_code == 409

    assert "Back from operations" in pam.get("/").text
    assert "4711" in pam.get(address).text
    own = {"csrf_token": csrf_of(pam.get("/").text)}
    assert pam.post(f"{address}/taking", data=own).status_code == 403


def test_who_works_on_a_lead_with_others_is_not_who_hands_it_over(all_of_us, client):
    paul = make_person(make_vendor(), "account_manager")
    join(all_of_us.lead, paul, all_of_us.pam)
    browser = sign_in(client, paul)
    assert (
        f"/leads/{all_of_us.lead.id}/hand-over"
        not in browser.get(f"/leads/{all_of_us.lead.id}").text
    )
    assert browser.get(f"/leads/{all_of_us.lead.id}/hand-over").status_code == 409


@factory
def join(lead, user, by):
    team.add_member(lead.id, user.id, get_actor(by.id), clock.now())
