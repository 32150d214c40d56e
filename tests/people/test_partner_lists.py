"""Partners leave as a list and come back: looked at first, then brought in, each row told of."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow
from portal.partners import contact_cells, contacts, export, queries
from portal.partners.models import Partner, PartnerCertification, PartnerFactsKept
from portal.people import partner_lists
from portal.people.partner_lists import Fate
from portal.web import sheets
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    sign_in,
)


@pytest.fixture
def manager(ctx):
    return get_actor(make_manager(name="Pamela Ortega").id)


def listed(manager, kind="csv"):
    filters = queries.Filters()
    first, lines = export.headings(), export.lines(manager, filters, AT)
    if kind == "csv":
        return "".join(sheets.write_csv(first, lines)).encode()
    return b"".join(sheets.write_workbook("Partners", first, lines))


def fates(rows):
    return [(row.number, row.fate.value, row.errors, list(row.changed)) for row in rows]


def brought_in(manager, text):
    rows = partner_lists.read(text if isinstance(text, bytes) else text.encode())
    partner_lists.bring_in(rows, manager, AT)
    return rows


def called(firm):
    """Return whom to call at a firm, by function; who is responsible for leads with a star."""
    found = {}
    for one in sorted(contacts.list_contacts(firm.id), key=lambda each: each.name):
        said = contact_cells.write([one]) + (" *" if one.for_leads else "")
        found.setdefault(one.function, []).append(said)
    return found


def partner_of(name):
    firm = session().scalars(select(Organisation).where(Organisation.name == name)).one()
    return session().get_one(Partner, firm.id, populate_existing=True)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_that_left_comes_back_as_it_was(manager, kind):
    field_operations.add("partner", FieldDraft(names={"en": "Staff"}, kind="whole"), None, AT)
    firm = make_partner("=Alpha, “Süd” GmbH", city="Linz", country="AT", people=7)
    partner = session().get_one(Partner, firm.id)
    partner.custom = {"staff": 12}
    partner.level_id = book().active("partner_level")[1].id
    firm.account_manager_id = manager.id
    one, other = book().active("certification")[:2]
    session().add_all(
        PartnerCertification(organisation_id=firm.id, certification_id=each.id, expires_on=day)
        for each, day in ((one, None), (other, AT.date()))
    )
    contacts.add_contact(partner, "sales", "=Anna; “Süd” <1>", AT, "anna@alpha.example")
    contacts.add_contact(partner, "sales", "Bo", AT, phone="0732 123456", for_leads=True)
    make_partner("Beta")
    rows = brought_in(manager, listed(manager, kind))
    assert [(row.fate, row.errors) for row in rows] == [(Fate.SAME, {})] * 2


NAMES = (
    ("Anna Meyer (Vertrieb)", "anna@alpha.example", None),
    ("Filiale 01067", "b@alpha.example", None),
    ("Service 24/7", None, "+49 511 12345"),
    ("Team 2", "c@alpha.example", "+49 511 12345 ext. 2"),
)


def test_who_stands_first_in_an_edited_cell_stays_as_she_was(manager):
    firm = make_partner("Alpha")
    kept = session().get_one(Partner, firm.id)
    for name, email, phone in (*NAMES, ("x; <y>", "d@alpha.example", None)):
        leads = email == "anna@alpha.example"
        contacts.add_contact(kept, "sales", name, AT, email, phone, for_leads=leads)
    before = {one.id: (one.name, one.for_leads) for one in contacts.list_contacts(firm.id)}
    cell = contact_cells.write_all(contacts.list_contacts(firm.id))["contacts_sales"]
    (row,) = brought_in(
        manager,
        "Name;contacts_sales;responsible\n"
        f'Alpha;"{cell}; Bo <bo@alpha.example>";Anna Meyer (Vertrieb)\n',
    )
    assert (row.fate, row.errors) == (Fate.CHANGED, {})
    now = {one.id: (one.name, one.for_leads) for one in contacts.list_contacts(firm.id)}
    assert {key: now[key] for key in before} == before
    assert sorted(now[key] for key in now.keys() - before.keys()) == [("Bo", False)]
    # so does somebody read them who has none of them yet
    said = [contact_cells.Said(*each) for each in NAMES]
    assert list(contact_cells.read(contact_cells.write(said))) == said


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            contact_cells.Said,
            st.text(min_size=1, max_size=20).map(str.strip).filter(bool),
            st.sampled_from([None, "a@b.example", "c+d@e.example"]),
            st.sampled_from(["+49 511 123456", "+1 202-555-0100 ext. 7"]),
        ),
        max_size=6,
    )
)
def test_whatever_a_contact_is_called_its_cell_says_it_again(held):
    cell = contact_cells.write(held) + "; Bo Berg <bo@alpha.example>"
    bo = contact_cells.Said("Bo Berg", "bo@alpha.example")
    assert Counter(contact_cells.read(cell, held)) == Counter([*held, bo])


def test_partners_are_made_and_changed_by_name_or_number(manager):
    firm = make_partner("Alpha", people=7, languages=["de"])
    for function in ("sales", "marketing"):
        kept = session().get_one(Partner, firm.id)
        contacts.add_contact(kept, function, "Anna Meyer", AT, "anna@alpha.example")
    rows = brought_in(
        manager,
        "Name;Nummer;Land;Stadt;Sprachen;Mitarbeiter;Zertifizierungen;Account manager;Brands;"
        "Ansprechpartner Vertrieb;Verantwortet die Leads\n"
        f";{firm.id};;Ulm;Englisch, fr;-;ISO 27001 (2030-05-01);pamela ortega;;"
        '"anna meyer, a.meyer@alpha.example\nBo (0511) 123456\nBo (0511) 123456";Bo\n'
        "Delta;;Österreich;Linz;;12;;;Arvena Networks;;\n",
    )
    assert [row.fate for row in rows] == [Fate.CHANGED, Fate.NEW], fates(rows)
    changed, made = partner_of("Alpha"), partner_of("Delta")
    assert called(firm) == {
        "marketing": ["Anna Meyer <anna@alpha.example>"],
        "sales": ["Bo +49 511 123456 *", "anna meyer <a.meyer@alpha.example>"],
    }
    assert (changed.city, changed.languages, changed.people) == ("Ulm", ["en", "fr"], None)
    assert round(changed.latitude) == 48
    assert changed.organisation.account_manager_id == manager.id
    (held,) = queries.list_certifications(firm.id)
    assert str(held.expires_on) == "2030-05-01"
    assert (made.country, round(made.longitude), made.people) == ("AT", 14, 12)
    assert made.brand_ids == [book().id_of("brand", "arvena")]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"name": "=cmd()", "country": "DE"}, "name"),
        ({"name": "", "country": "DE"}, "name"),
        ({"name": "New"}, "country"),
        ({"name": "New", "country": "Nowhere"}, "country"),
        ({"name": "New", "country": "DE", "city": "Nowhereville"}, "city"),
        ({"name": "New", "country": "DE", "level_id": "Plutonium"}, "level_id"),
        ({"name": "New", "country": "DE", "parent": "Nobody"}, "parent"),
        ({"name": "New", "country": "DE", "kind": "Bank"}, "kind"),
        ({"name": "New", "country": "DE", "zone": "Mars/Olympus"}, "zone"),
        ({"name": "New", "country": "DE", "account_manager": "Nobody"}, "account_manager"),
        ({"name": "Alpha", "capacity": "-"}, "capacity"),
        ({"name": "Alpha", "people": "many"}, "people"),
        ({"name": "Alpha", "latitude": "nan"}, "latitude"),
        ({"name": "Alpha", "latitude": "52"}, "longitude"),
        ({"name": "Alpha", "certifications": "ISO 27001 (2030-13-01)"}, "certifications"),
        ({"number": "999999", "name": ""}, "number"),
        ({"number": "9" * 40}, "number"),
        ({"name": "Alpha", "contacts_sales": "Anna"}, "contacts_sales"),
        ({"name": "Alpha", "Contacts: sales": "Anna <a@b>"}, "contacts_sales"),
        ({"name": "Alpha", "contacts_technical": "a@b.example; Bo 12 34 56"}, "contacts_technical"),
        ({"name": "Alpha", "contacts_sales": "1 " * 16383 + "x"}, "contacts_sales"),
        ({"name": "Alpha", "contacts_sales": "Anna <a@b.de>, Bo <b@b.de>"}, "contacts_sales"),
        ({"name": "Alpha", "contacts_sales": "Bo +49 511 " + "1" * 60}, "contacts_sales"),
        ({"name": "Alpha", "contacts_sales": "Bo" * 300 + " 0511 123456"}, "contacts_sales"),
        ({"name": "Alpha", "responsible": "Nobody"}, "responsible"),
    ],
)
def test_a_row_that_can_t_be_is_not_taken_and_says_why(manager, cells, column):
    make_partner("Alpha", latitude=None, longitude=None)
    before = session().scalar(select(func.count()).select_from(Organisation))
    head = "\t".join(cells)
    (row,) = brought_in(manager, f"{head}\tLanguages\n" + "\t".join(cells.values()) + "\tde\n")
    assert (row.fate, list(row.errors)) == (Fate.REFUSED, [column])
    assert session().scalar(select(func.count()).select_from(Organisation)) == before
    assert partner_of("Alpha").languages == ["de", "en"]


def test_a_look_leaves_nothing_and_says_what_bringing_in_says(manager):
    make_partner("Alpha")
    text = b"Name,Country,People\nAlpha,,9\nAlpha,,8\nNew,DE,3\nBad,XX,1\n"
    session().flush()

    def counted():
        kinds = (Organisation, PartnerFactsKept, EventRow)
        return [session().scalar(select(func.count()).select_from(kind)) for kind in kinds]

    before, rows = counted(), partner_lists.read(text)
    partner_lists.look(rows, manager, AT)
    looked = fates(rows)
    assert counted() == before
    assert partner_of("Alpha").people is None
    assert [fate for _number, fate, _errors, _changed in looked] == [
        "changed",
        "refused",
        "new",
        "refused",
    ]
    assert fates(brought_in(manager, text)) == looked


def test_what_is_no_list_of_partners_is_refused(manager):
    for content in (b"Colour,Size\nred,7\n", b"Name\n", b"Name\n" + b"A\n" * 1001):
        with pytest.raises(Invalid):
            partner_lists.read(content)


@factory
def names():
    return set(session().scalars(select(Organisation.name)))


def test_a_list_is_looked_at_confirmed_and_reported(app: Flask):
    make_partner("Alpha")
    vendor = sign_in(app.test_client(), make_manager())
    token = csrf_of(vendor.get("/partners/list").text)
    csv = b"Name,Country,People\nAlpha,,9\nDelta,DE,3\n"
    page = vendor.post(
        "/partners/list", data={"csrf_token": token, "file": (io.BytesIO(csv), "list.csv")}
    )
    assert page.status_code == 200
    assert "1 partner will be made" in page.text
    assert "Delta" not in names()
    done = vendor.post(
        "/partners/list/confirmation",
        data={"csrf_token": token, "rows": "name,country,people\nAlpha,,9\nDelta,DE,3\n"},
    )
    assert "1 partner was changed" in done.text
    assert "Delta" in names()
    wrong = vendor.post("/partners/list", data={"csrf_token": token, "pasted": "nothing"})
    assert wrong.status_code == 422
