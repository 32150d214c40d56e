"""Whom to call at a partner for what; one of them is responsible for leads."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.errors import Invalid, NotFound
from portal.partners import contacts
from portal.partners.models import Partner, PartnerContact
from tests.factories import csrf_of, factory, make_manager, make_partner, make_person, sign_in


def partner_of(firm) -> Partner:
    return session().get_one(Partner, firm.id)


@factory
def noted(firm, name="Sina Sales", function="sales", **over) -> int:
    over = {"phone": "0511 123456", **over}
    return contacts.add_contact(partner_of(firm), function, name, clock.now(), **over).id


@factory
def listed(firm) -> list[tuple[str, bool]]:
    return [(one.name, one.for_leads) for one in contacts.list_contacts(firm.id)]


def post(client: FlaskClient, address: str, **fields: str):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


def test_one_contact_alone_is_responsible_for_leads(ctx: Flask) -> None:
    firm = make_partner()
    noted(firm, for_leads=True)
    tom = noted(firm, "Tom Tech", "technical", for_leads=True)
    assert listed(firm) == [("Tom Tech", True), ("Sina Sales", False)]
    contacts.remove_contact(partner_of(firm), tom, clock.now())
    assert contacts.find_for_leads(firm.id) is None
    with pytest.raises(NotFound):
        contacts.remove_contact(partner_of(firm), tom, clock.now())


def test_a_phone_number_is_one_of_the_firms_country(ctx: Flask) -> None:
    german, american = make_partner(), make_partner(country="US")
    for firm, said, kept in (
        (german, "0511 123456", "+49 511 123456"),
        (american, "(512) 555-0143", "+1 512-555-0143"),
        (german, "+43 1 5880022", "+43 1 5880022"),
    ):
        assert session().get_one(PartnerContact, noted(firm, phone=said)).phone == kept


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"phone": "call me"}, "phone"),
        ({"phone": None}, "phone"),
        ({"email": "sina at firm"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"function": "boss"}, "function"),
    ],
)
def test_what_is_odd_is_told_at_its_field_and_nothing_is_noted(ctx: Flask, over, field) -> None:
    firm = make_partner()
    with pytest.raises(Invalid) as odd:
        noted(firm, **over)
    assert list(odd.value.errors) == [field]
    assert listed(firm) == []


def test_a_manager_notes_the_contacts_of_her_own_firm_alone(client: FlaskClient) -> None:
    firm, other = make_partner(), make_partner()
    theirs = noted(other, "Olaf Other")
    sign_in(client, make_person(firm, "partner_manager"))
    answer = post(
        client,
        f"/partners/{firm.id}/contacts",
        name="Sina Sales",
        function="sales",
        phone="0511 123456",
        for_leads="y",
    )
    assert answer.status_code == 303
    page = client.get(f"/partners/{firm.id}/contacts").text
    assert "Sina Sales" in page
    assert "responsible for leads" in page
    assert client.get(f"/partners/{other.id}/contacts").status_code == 404
    for action in ("responsibility", "removal"):
        for firm_id in (firm.id, other.id):
            address = f"/partners/{firm_id}/contacts/{theirs}/{action}"
            assert post(client, address).status_code == 404
    assert listed(other) == [("Olaf Other", False)]


def test_a_distributor_notes_no_contacts_of_the_resellers_below_it(client: FlaskClient) -> None:
    distributor = make_partner(kind="distributor")
    reseller = make_partner(parent=distributor)
    sign_in(client, make_person(distributor, "distributor_manager"))
    assert client.get(f"/partners/{reseller.id}/contacts").status_code == 404


def test_what_was_typed_stays_when_it_is_odd(client: FlaskClient) -> None:
    firm = make_partner()
    sign_in(client, make_manager())
    answer = post(
        client, f"/partners/{firm.id}/contacts", name="Sina Sales", function="sales", phone="x"
    )
    assert answer.status_code == 422
    assert 'value="Sina Sales"' in answer.text
    assert "Please give a phone number, best with the country code" in answer.text


def test_two_who_become_responsible_at_once_leave_one_responsible(committed: Flask) -> None:
    firm = make_partner()
    ids = [noted(firm, f"Contact {number}") for number in range(6)]
    ready = Barrier(len(ids))

    def press(contact_id: int) -> None:
        with committed.app_context():
            ready.wait()
            with unit_of_work():
                contacts.make_responsible(partner_of(firm), contact_id, clock.now())

    threads = [Thread(target=press, args=(contact_id,)) for contact_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with committed.app_context():
        responsible = select(PartnerContact.id).where(PartnerContact.for_leads)
        assert len(session().scalars(responsible).all()) == 1
