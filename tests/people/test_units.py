"""Administrators keep a firm's units: add, change, fill and close them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.accounts import tree
from portal.accounts.models import Unit, User
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.offers import operations as offers
from portal.people import units
from portal.people.regions import read_regions
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_partner,
    make_person,
    make_unit,
    make_vendor,
    sign_in,
)


@pytest.fixture
def admin(app):
    return sign_in(app.test_client(), make_person(make_vendor(), "admin", name="Ada"))


@factory
def find(name):
    return session().scalar(
        select(Unit).where(Unit.name == name).execution_options(populate_existing=True)
    )


@factory
def told(name):
    return [row.data for row in session().scalars(select(EventRow).where(EventRow.name == name))]


@factory
def unit_of(user):
    return session().get_one(User, user.id).unit_id


@factory
def offer_to(unit):
    lead = make_lead(state="qualified")
    answer_questions(lead)
    offers.offer_to_unit(lead.id, unit.id, 48, AT)
    return lead


def send(client, path, **fields):
    return client.post(
        path, data={"csrf_token": csrf_of(client.get("/settings/sign-in").text), **fields}
    )


def test_a_unit_is_added_with_manager_territories_and_the_unit_it_is_a_part_of(admin):
    vendor = make_vendor()
    boss, sales = make_person(vendor, "regional_manager", name="Rita"), make_unit(vendor, "Sales")
    answer = send(
        admin,
        f"/firms/{vendor.id}/units/new",
        name="North",
        parent_id=str(sales.id),
        manager_id=str(boss.id),
        territories="Österreich; lower saxony, us-ca",
    )
    assert answer.status_code == 303
    north = find("North")
    assert (north.parent_id, north.manager_id) == (sales.id, boss.id)
    assert north.territories == ["AT", "DE-NI", "US-CA"]
    for page in (answer.location, f"/firms/{vendor.id}"):
        page = admin.get(page).text
        assert "Manager: Rita · Austria, Niedersachsen, California" in page
    page = admin.get(f"/firms/{vendor.id}/units/{sales.id}").text
    assert f"within={sales.id}" in page
    assert re.search(r'href="/administration"[^>]* aria-current', page)


def test_what_is_wrong_with_a_unit_is_said_and_what_was_typed_stays(admin):
    vendor = make_vendor()
    sales = make_unit(vendor, "Sales")
    north = make_unit(vendor, "North", parent_id=sales.id)
    gone = make_person(vendor, active=False)
    stranger = make_person(make_partner("Alpha"))
    path = f"/firms/{vendor.id}/units/{sales.id}"
    for over in (
        {"name": ""},
        {"name": "nORTH"},
        {"parent_id": str(north.id)},
        {"manager_id": str(gone.id)},
        {"manager_id": str(stranger.id)},
        {"territories": "Atlantis, DE"},
        {"territories": "Limburg"},
    ):
        kept = {"name": "Kept words", "territories": "DE, AT", **over}
        for where in (path, f"/firms/{vendor.id}/units/new"):
            if "parent_id" in over and where != path:
                continue
            answer = send(admin, where, **kept)
            assert answer.status_code == 422, over
            assert kept["name"] in answer.text
            assert f'value="{kept["territories"]}"' in answer.text
    assert "BE-VLI, NL-LI" in answer.text
    assert find("Sales").territories == []


def test_a_unit_of_a_partner_has_no_territories(admin):
    alpha = make_partner("Alpha")
    path = f"/firms/{alpha.id}/units/new"
    assert "territories" not in admin.get(path).text
    assert send(admin, path, name="Inside sales", territories="DE").status_code == 303
    assert find("Inside sales").territories == []


def test_people_of_the_firm_are_put_into_a_unit(admin):
    alpha = make_partner("Alpha")
    sales, service = make_unit(alpha, "Sales"), make_unit(alpha, "Service")
    alice = make_person(alpha, name="Alice", unit_id=service.id)
    stranger = make_person(make_partner("Beta"))
    path = f"/firms/{alpha.id}/units/{sales.id}"
    assert "Alice · Service" in admin.get(path).text
    for odd in ("", "x", str(stranger.id)):
        assert send(admin, f"{path}/people", person_id=odd).status_code == 422
    assert send(admin, f"{path}/people", person_id=str(alice.id)).status_code == 303
    assert unit_of(alice) == sales.id
    assert told("PersonPutInUnit")[-1]["was_unit_id"] == service.id
    assert "1 person" in admin.get(path).text


def test_a_unit_closes_only_when_nobody_and_nothing_is_in_it(admin):
    vendor = make_vendor()
    digital = make_unit(vendor, "Digital sales", territories=["DE"])
    path = f"/firms/{vendor.id}/units/{digital.id}"
    dana = make_person(vendor, "direct_sales", name="Dana", unit_id=digital.id)
    team = make_unit(vendor, "Web team", parent_id=digital.id)
    lead = offer_to(digital)
    asked = admin.get(f"{path}/closing").text
    for words in ("1 person works in it", "1 unit is a part of it", "1 lead is on offer to it"):
        assert words in asked
    assert "Close the unit" not in asked
    refused = send(admin, f"{path}/closing")
    assert (refused.status_code, 'data-refusal="unit_in_use"' in refused.text) == (409, True)
    factory(lambda: tree.set_unit(session().get_one(User, dana.id), None, AT))()
    assert send(admin, f"/firms/{vendor.id}/units/{team.id}/closing").status_code == 303
    assert send(admin, f"{path}/closing").status_code == 409
    factory(lambda: offers.withdraw(lead.id, AT))()
    left = make_person(vendor, unit_id=digital.id, active=False)
    assert send(admin, f"{path}/closing").status_code == 303
    assert (unit_of(left), find("Digital sales").territories) == (None, [])
    assert [one["unit_id"] for one in told("UnitClosed")] == [team.id, digital.id]


def test_a_closed_unit_is_gone_and_its_name_is_free(ctx):
    vendor = make_vendor()
    sales = tree.save_unit(vendor, "Sales", AT)
    units.close(sales, AT)
    units.close(sales, AT)
    assert len(told("UnitClosed")) == 1
    pam = make_person(vendor, "direct_sales")
    assert tree.list_units(vendor.id) == []
    with pytest.raises(NotFound):
        tree.get_unit(sales.id, vendor.id)
    with pytest.raises(NotFound):
        tree.save_unit(vendor, "Sales", AT, sales, territories=["DE"])
    lead = make_lead(state="qualified")
    answer_questions(lead)
    for use in (
        lambda: tree.set_unit(pam, sales.id, AT),
        lambda: tree.save_unit(vendor, "North", AT, parent_id=sales.id),
        lambda: offers.offer_to_unit(lead.id, sales.id, 48, AT),
    ):
        with pytest.raises(Invalid):
            use()
    assert tree.save_unit(vendor, "Sales", AT).id != sales.id


def test_a_unit_of_another_firm_or_a_gone_one_is_not_found(admin):
    alpha, beta = make_partner("Alpha"), make_partner("Beta")
    unit = make_unit(beta, "Sales")
    for base in (f"/firms/{alpha.id}/units/{unit.id}", f"/firms/{beta.id}/units/987654321"):
        assert admin.get(base).status_code == admin.get(f"{base}/closing").status_code == 404
        for path in (base, f"{base}/people", f"{base}/closing"):
            assert send(admin, path, name="Mine").status_code == 404


def test_open_work_of_a_unit_counts_held_leads_and_open_offers(ctx):
    vendor = make_vendor()
    digital = tree.save_unit(vendor, "Digital sales", AT)
    make_person(vendor, "direct_sales", unit_id=digital.id)
    offer_to(digital)
    branch = units.get_branch(digital)
    assert (branch.people, branch.held, branch.offered) == (1, 0, 1)


def test_regions_are_read_by_name_and_code(ctx):
    for typed, codes in {
        "": [],
        "de, at": ["DE", "AT"],
        "DE AT us-ca": ["DE", "AT", "US-CA"],
        "Germany; Schweiz\nFrance": ["DE", "CH", "FR"],
        "Bayern, Bavaria, DE-BY": ["DE-BY"],
        "Georgia": ["GE"],
        "Atlantis": ["Atlantis"],
    }.items():
        assert read_regions(typed) == codes, typed
