"""An account manager sees his own partners and leads alone; who leads, those of his people."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.accounts import tree
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.desk import live, queries
from portal.leads.models import Lead, LeadState
from portal.leads.queries import visible_to
from portal.offers import operations as offers
from portal.partners import queries as partners
from portal.pickup import operations as pickup
from portal.reports.queries import read_last
from portal.reports.slices import slice_of, slices_of
from tests.factories import (
    AT,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

ABROAD = {"country": "US", "subdivision": "US-TX", "territories": ["US"], "city": "Austin"}


class Two:
    """Two account managers, each with a firm that holds a lead and one with an offer."""

    def __init__(self):
        vendor = make_vendor()
        self.pam = make_person(vendor, "account_manager", name="Pam")
        self.paul = make_person(vendor, "account_manager", name="Paul")
        self.alpha, self.gamma = make_partner("Alpha"), make_partner("Gamma", **ABROAD)
        answers(self.pam, self.alpha)
        answers(self.paul, self.gamma)
        self.held = held_by(self.alpha, title="Held by Alpha")
        self.offered = make_offered_lead(title="Offered to Alpha", at=clock.now())
        self.foreign = held_by(self.gamma, title="Held by Gamma", **PLACE)
        self.foreign_offer = make_offered_lead(title="Offered to Gamma", at=clock.now(), **PLACE)
        self.untold = make_lead(title="Nobody’s yet")


PLACE = {"country": "US", "subdivision": "US-TX", "latitude": None, "longitude": None}


@factory
def answers(user, firm):
    tree.set_account_manager(session().merge(firm), user.id, clock.now())


@factory
def reports(user, boss):
    tree.set_manager(session().merge(user), boss.id if boss else None, clock.now())


@factory
def held_by(firm, **over):
    lead = make_offered_lead(at=clock.now(), **over)
    rep = make_person(firm)
    pickup.claim(lead.id, get_actor(rep.id), clock.now())
    return lead


@factory
def titles(user):
    """Return the titles of all leads that exist for a person."""
    session().flush()
    actor = get_actor(user.id)
    return set(session().scalars(select(Lead.title).where(visible_to(actor))))


@pytest.fixture
def two(app):
    return Two()


def test_an_account_manager_sees_the_leads_of_his_partners_alone(two):
    assert titles(two.pam) == {"Held by Alpha", "Offered to Alpha"}
    assert titles(two.paul) == {"Held by Gamma", "Offered to Gamma"}


def test_and_what_is_his_own_whoever_holds_it(two):
    owned(two.untold, two.pam)
    owned(two.foreign, two.pam)
    assert {"Nobody’s yet", "Held by Gamma"} <= titles(two.pam)


@factory
def owned(lead, user):
    session().get_one(Lead, lead.id).owner_id = user.id


def test_an_offer_that_his_partner_declined_is_not_his_any_more(two):
    decline(two.offered, two.alpha)
    assert titles(two.pam) == {"Held by Alpha"}


@factory
def decline(lead, firm):
    boss = make_person(firm, "partner_manager")
    offers.decline(lead.id, "too_far", get_actor(boss.id), clock.now())


def test_foreign_partners_and_leads_answer_as_unknown_ones_do(client, two):
    browser = sign_in(client, two.pam)
    assert browser.get(f"/partners/{two.alpha.id}").status_code == 200
    assert browser.get(f"/leads/{two.held.id}").status_code == 200
    for address in (
        f"/partners/{two.gamma.id}",
        f"/leads/{two.foreign.id}",
        f"/leads/{two.untold.id}",
    ):
        assert browser.get(address).status_code == 404, address
    assert browser.get("/partners/987654321").status_code == 404


def test_lists_board_counts_columns_and_search_hold_no_foreign_partner_or_lead(client, two):
    browser = sign_in(client, two.pam)
    for address in (
        "/",
        "/partners",
        "/partners?q=Gamma",
        "/board",
        "/board?q=Gamma",
        "/board/held",
        "/board/on_offer",
        "/board/ready",
        "/board/held?q=Held",
    ):
        page = browser.get(address)
        assert page.status_code == 200, address
        assert "Held by Gamma" not in page.text, address
        assert "Offered to Gamma" not in page.text, address
        assert "Nobody’s yet" not in page.text, address
        assert ">Gamma<" not in page.text, address
    assert "Held by Alpha" in browser.get("/board").text
    assert "Alpha" in browser.get("/partners").text


def test_the_counts_of_the_board_are_of_what_he_sees(two):
    counts = count(two.pam)
    assert (counts["held"], counts["on_offer"], counts["ready"]) == (1, 1, 0)
    everything = count(make_manager())
    assert (everything["held"], everything["on_offer"], everything["ready"]) == (2, 2, 1)


@factory
def count(user):
    return queries.count_columns(get_actor(user.id), clock.now())


def test_the_figures_of_the_board_are_of_his_partners(two):
    figures = figures_of(two.pam)
    assert figures.offered == 2
    assert figures_of(make_manager()).offered == 4


@factory
def figures_of(user):
    actor = get_actor(user.id)
    return read_last(slice_of(slices_of(actor)[0], actor), 30, clock.now())


def test_live_fragments_of_the_board_hold_nothing_foreign_and_the_stream_names_no_lead(client, two):
    page = sign_in(client, two.pam).get("/board/counts", headers={"HX-Request": "true"})
    assert "Held by Alpha" in page.text
    assert "Gamma" not in page.text
    letters = told(two)
    board = [letter for letter in letters if "board" in letter.topics]
    assert board
    assert {letter.lead_id for letter in board} == {None}


@factory
def told(two):
    topics = live.topics_of(get_actor(two.pam.id))
    assert topics == {f"person:{two.pam.id}", "board"}
    return live.address(
        [
            live.BOARD,
            {"kind": "offer", "lead": two.foreign_offer.id},
            {"kind": "gone", "lead": two.foreign.id},
        ]
    )


def test_of_a_lead_on_offer_he_reads_his_own_partners_lines_alone(client, two):
    beta = make_partner("Beta Foreign")
    answers(two.paul, beta)
    lead = make_offered_lead(title="Offered to both", at=clock.now())
    page = sign_in(client, two.pam).get(f"/leads/{lead.id}").text
    assert "Alpha" in page
    assert "Beta Foreign" not in page
    assert "1 firm that others answer for" in page


def test_who_leads_sees_what_reports_of_his_reports_see_and_loses_it_when_they_move(client, two):
    vendor = make_vendor()
    boss = make_person(vendor, "regional_manager", name="Boss")
    middle = make_person(vendor, "regional_manager", name="Middle")
    reports(two.pam, middle)
    reports(middle, boss)
    browser = sign_in(client, boss)
    assert titles(boss) == titles(two.pam)
    assert browser.get(f"/partners/{two.alpha.id}").status_code == 200
    assert browser.get(f"/partners/{two.gamma.id}").status_code == 404
    reports(two.pam, None)
    assert titles(boss) == set()
    assert browser.get(f"/partners/{two.alpha.id}").status_code == 404
    assert browser.get(f"/leads/{two.held.id}").status_code == 404
    assert "Held by Alpha" not in browser.get("/board").text


def test_a_lead_that_came_back_to_nobody_is_seen_by_who_leads_in_its_territory(two):
    boss = make_person(make_vendor(), "sales_manager")
    unit(boss, ["DE"])
    make_lead(title="Came back here", state=LeadState.RETURNED)
    make_lead(title="Came back there", state=LeadState.RETURNED, country="AT", subdivision="AT-9")
    assert "Came back here" in titles(boss)
    assert "Came back there" not in titles(boss)
    assert "Came back here" not in titles(two.pam)


@factory
def unit(boss, territories):
    tree.save_unit(
        make_vendor(), "Germany", clock.now(), manager_id=boss.id, territories=territories
    )


def test_operations_see_no_partner_that_nobody_gave_them(two):
    olga = make_person(make_vendor(), "operations")
    assert listed(olga) == []
    assert listed(make_manager()) == ["Alpha", "Gamma"]


@factory
def listed(user):
    page = partners.list_partners(get_actor(user.id), partners.Filters(), 1, AT)
    return [partner.organisation.name for partner in page.items]


def test_nothing_of_it_weighs_on_who_sees_all(two):
    assert str(visible_to(actor_of(make_manager()))) == "true"


@factory
def actor_of(user):
    return get_actor(user.id)
