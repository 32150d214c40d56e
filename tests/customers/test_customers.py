"""Customers: searched first, made, changed; who sees what of them; the wall before who they are."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select, text

from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import db, session, unit_of_work
from portal.core.errors import Conflict, Invalid, NotFound, Refused
from portal.core.events import EventRow
from portal.customers import export, merging, operations, queries, wall, who, winning
from portal.customers.models import Customer, CustomerAddress, CustomerLead, CustomerName
from portal.customers.operations import Account, Reach
from portal.customers.rules import MightBeKnown, same_one
from portal.web import sheets
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.live import at_once

ZOO = Account(name="Zoo Supplies Ltd", domain="www.Zoo.example", country="DE", city="Hanover")
DESK = Reach(email="Desk@Zoo.example", phone="0511 7654321", person="Zoe Zander")


@factory
def made(by, account=ZOO, reach=DESK, looked=False):
    return operations.create(account, reach, get_actor(by.id), clock.now(), looked=looked)


@factory
def given(lead, customer, by):
    winning.assign(lead.id, customer.id, get_actor(by.id), clock.now())


@factory
def held_by(rep, contact=None):
    firm_id = rep.organisation_id
    return make_lead(
        contact, state="held", holder_id=rep.id, holder_organisation_id=firm_id, picked_at=AT
    )


def found(by, words):
    page = queries.list_customers(get_actor(by.id), queries.Filters(text=words), 1)
    return [one.number for one in page.items]


def events(name):
    return list(
        session().scalars(select(EventRow.data).where(EventRow.name == name).order_by(EventRow.id))
    )


def behind(table):
    return session().scalar(select(func.count()).select_from(table))


# -- search first, make, change ---------------------------------------------------------------


def test_whoever_might_be_there_already_is_looked_at_before_a_new_one_is_made(ctx):
    mara = make_manager()
    zoo = made(mara)
    for account, reach, shared in (
        (Account(name="zoo supplies LTD", country="DE"), Reach(), ("name",)),
        (Account(name="Another", domain="https://zoo.example/shop"), Reach(), ("domain",)),
        (Account(name="Another"), Reach(email="desk@zoo.example"), ("email",)),
        (Account(name="Another", country="DE"), Reach(phone="+49 (0)511 7654321"), ("phone",)),
    ):
        with pytest.raises(MightBeKnown) as known:
            made(mara, account, reach)
        assert known.value.alike == {zoo.id: shared}
    assert made(mara, Account(name="Zoo Supplies Ltd", country="US"), Reach()).id != zoo.id
    for name in ("One", "Other"):
        made(mara, Account(name=name, domain=f"https://www.facebook.com/{name}"), Reach())
    assert made(mara, looked=True).id != zoo.id


def test_it_is_found_by_part_of_its_name_and_by_whole_addresses_and_numbers(ctx):
    mara = make_manager()
    zoo = made(mara, Account(**{**fields(ZOO), "erp_number": "D-4711"}))
    made(mara, Account(name="100% Fish"), Reach())
    for words in (
        *("supplies", "ZOO", "zoo.example", "DESK@zoo.example", "D-4711", zoo.number),
        *("0511 7654321", "+49 511 7654321", "511/7654321", zoo.number.removeprefix("C-")),
    ):
        assert found(mara, words) == [zoo.number], words
    for words in ("esk@other.example", "4711", "12345", "%", "_oo"):
        assert zoo.number not in found(mara, words), words


def fields(account):
    return {name: getattr(account, name) for name in account.__dataclass_fields__}


@pytest.mark.parametrize(
    ("account", "reach", "field"),
    [
        ({"name": " "}, {}, "name"),
        ({"name": "x" * 201}, {}, "name"),
        ({"kind": "club"}, {}, "kind"),
        ({"domain": "no domain"}, {}, "domain"),
        ({"country": "XX"}, {}, "country"),
        ({"classification_id": 1}, {}, "classification_id"),
        ({"erp_number": "4711"}, {}, "erp_number"),
        ({}, {"email": "nobody"}, "email"),
        ({}, {"phone": "call me"}, "phone"),
    ],
)
def test_what_is_odd_is_told_at_its_field_and_nobody_is_made(ctx, account, reach, field):
    mara = make_manager()
    made(mara, Account(name="Has the number", erp_number="4711"), Reach())
    with pytest.raises(Invalid) as odd:
        made(mara, Account(**{"name": "New", "country": "DE", **account}), Reach(**reach))
    assert list(odd.value.errors) == [field]
    assert session().scalar(select(func.count()).select_from(Customer)) == 1


def test_of_two_who_give_the_same_number_at_once_one_is_told_who_has_it(committed):
    mara = make_manager()

    def make(name):
        with committed.app_context():
            try:
                with unit_of_work():
                    made = Account(name=name, erp_number="4711", country="DE", city="Hanover")
                    operations.create(made, Reach(), get_actor(mara.id), clock.now())
            except Invalid as refusal:
                return list(refusal.errors)
            finally:
                db.session.remove()
            return []

    assert sorted(at_once(partial(make, "Zoo"), partial(make, "Mill"))) == [[], ["erp_number"]]


def test_two_who_change_it_at_once_are_told_and_lose_nothing(ctx):
    mara = make_manager()
    actor, zoo = get_actor(mara.id), made(mara)
    first = zoo.version
    rated = book().active("credit_rating")[1].id
    better = Account(**{**fields(ZOO), "credit_rating_id": rated, "note": "Pays late."})
    operations.save(zoo.id, better, first, actor, clock.now())
    with pytest.raises(Conflict):
        operations.save(zoo.id, ZOO, first, actor, clock.now())
    assert queries.get_visible(zoo.id, actor).credit_rating_id == rated
    assert who.find(zoo.id, actor, clock.now()).note == "Pays late."
    assert events("CustomerChanged") == [
        {"customer_id": zoo.id, "user_id": mara.id, "fields": ["credit_rating_id", "note"]}
    ]
    assert "zoo" not in str(events("CustomerMade")).lower()


# -- who sees what --------------------------------------------------------------------------------


def test_without_an_opening_nobody_reads_or_writes_who_customers_are(ctx):
    zoo = made(make_manager())
    session().expunge_all()
    for table in (CustomerName, CustomerAddress):
        assert behind(table) == 0
    assert session().execute(text("UPDATE customer_names SET note = 'x' RETURNING 1")).all() == []
    with wall.open_for([zoo.id + 1]):
        assert behind(CustomerName) == 0
    with wall.open_for([zoo.id]):
        assert (behind(CustomerName), behind(CustomerAddress)) == (1, 2)
    with wall.open_to_search():
        assert behind(CustomerAddress) == 2
        gone = session().execute(text("DELETE FROM customer_addresses RETURNING 1")).all()
        assert gone == []
    assert behind(CustomerName) == 0


def test_each_reads_what_is_theirs_and_the_look_is_on_record(ctx):
    mara, vendor = make_manager(), make_vendor()
    firm = make_partner()
    rep = make_person(firm)
    zoo = made(mara)
    given(held_by(rep), zoo, mara)
    colleague, chief = make_person(firm), make_person(firm, "partner_manager")
    olga, admin = make_person(vendor, "operations"), make_person(vendor, "admin")

    def read(user, customer=zoo):
        known = who.find(customer.id, get_actor(user.id), clock.now())
        return known and (known.name, known.whole, len(known.addresses))

    for user in (mara, olga):
        assert read(user) == ("Zoo Supplies Ltd", True, 2)
    for user in (rep, chief):
        assert read(user) == ("Zoo Supplies Ltd", False, 0)
    assert read(admin) is None
    assert queries.get_visible(zoo.id, get_actor(admin.id)).id == zoo.id
    for stranger in (colleague, make_person(), make_person(vendor, "account_manager")):
        assert read(stranger) is None
        with pytest.raises(NotFound):
            queries.get_visible(zoo.id, get_actor(stranger.id))
    looked = [data["user_id"] for data in events("CustomersShown")]
    assert looked == [mara.id, olga.id, rep.id, chief.id]


def test_the_list_leaves_as_a_file_with_own_fields_and_the_look_is_logged(ctx):
    mara = make_manager()
    draft = FieldDraft(names={"en": "Halls"}, kind="whole")
    field_operations.add("customer", draft, None, AT)
    zoo = made(mara)
    zoo.custom = {"halls": 3}
    made(mara, Account(name="=Aquarium Works"), Reach(email="hello@aqua.example"))
    session().flush()
    actor, filters = get_actor(mara.id), queries.Filters()

    def lines(reader):
        first = export.headings(reader)
        batches = export.lines(reader, filters, AT)
        return [dict(zip(first, line, strict=True)) for batch in batches for line in batch]

    aqua, whole = lines(actor)
    assert aqua["Name"] == "=Aquarium Works"
    assert (whole["Name"], whole["Halls"]) == ("Zoo Supplies Ltd", 3)
    assert (whole["E-mail"], whole["Web address"]) == ("desk@zoo.example", "zoo.example")
    looked = events("CustomersShown")[-1]
    assert looked["customer_ids"] == [zoo.id, zoo.id + 1]
    assert "'=Aquarium Works" in "".join(sheets.write_csv(["Name"], iter([[[aqua["Name"]]]])))
    # who only looks as somebody else reads numbers and places, as on the page
    spied = lines(replace(actor, viewer_id=make_manager().id))
    assert [one["Name"] for one in spied] == ["", ""]
    assert "E-mail" not in spied[0]
    assert "Halls" not in spied[0]
    assert lines(get_actor(make_person().id)) == []


def test_a_firm_that_gave_the_lead_back_sees_the_customer_no_more(ctx):
    mara, rep = make_manager(), make_person()
    lead, zoo = held_by(rep), made(mara)
    given(lead, zoo, mara)
    assert queries.get_visible(zoo.id, get_actor(rep.id))
    lead.state, lead.holder_id, lead.holder_organisation_id = "returned", None, None
    session().flush()
    with pytest.raises(NotFound):
        queries.get_visible(zoo.id, get_actor(rep.id))


# -- the pages ------------------------------------------------------------------------------------


def post(browser, address, page="/settings/sign-in", **typed):
    token = csrf_of(browser.get(page).text)
    return browser.post(address, data={"csrf_token": token, **typed})


def test_a_customer_is_made_found_and_changed_without_a_script(app):
    mara = sign_in(app.test_client(), make_manager())
    typed = {"kind": "company", "name": "Zoo Supplies Ltd", "email": "desk@zoo.example"}
    odd = post(mara, "/customers/new", **{**typed, "domain": "no domain"})
    assert odd.status_code == 422
    assert 'value="no domain"' in odd.text
    first = post(mara, "/customers/new", **typed)
    assert first.status_code == 303
    address = first.headers["Location"]
    again = post(mara, "/customers/new", **typed)
    assert again.status_code == 422
    assert f'href="{address}"' in again.text
    assert 'value="desk@zoo.example"' in again.text
    assert post(mara, "/customers/new", **typed, looked="1").status_code == 303
    assert "Zoo Supplies Ltd" in mara.get(address).text

    page = mara.get(f"{address}/data").text
    assert 'value="Zoo Supplies Ltd"' in page
    changed = {**typed, "name": "Zoo Group", "erp_number": "4711", "version": "1"}
    assert post(mara, f"{address}/data", **changed).status_code == 303
    late = post(mara, f"{address}/data", **{**changed, "name": "Zoo & Sons"})
    assert late.status_code == 409
    assert 'value="Zoo &amp; Sons"' in late.text
    assert "Zoo Group" in late.text
    assert 'name="version" type="hidden" value="2"' in late.text

    assert post(mara, f"{address}/addresses", email="nobody").status_code == 422
    assert post(mara, f"{address}/addresses", phone="+49 511 123456").status_code == 303
    page = mara.get(f"{address}/addresses").text
    removal = page.partition(f'action="{address}/addresses/')[2].partition('"')[0]
    assert post(mara, f"{address}/addresses/{removal}").status_code == 303
    listed = mara.get("/customers?q=4711").text
    assert "Zoo Group" in listed
    assert "Nobody found" in mara.get("/customers?q=nobody").text


def test_a_deal_of_a_customer_begins_as_an_inquiry_called_where_it_is_reached(app):
    mara = make_manager()
    zoo = made(mara)
    browser = sign_in(app.test_client(), mara)
    page = browser.get(f"/customers/{zoo.id}/lead").text
    email = re.search(r'<option selected value="(\d+)">desk@zoo', page)[1]
    assert post(browser, f"/customers/{zoo.id}/lead", email=email).status_code == 422
    typed = {"title": "Four more aquariums", "email": email}
    assert (
        post(browser, f"/customers/{zoo.id}/lead", **{**typed, "email": "999999"}).status_code
        == 422
    )
    done = post(browser, f"/customers/{zoo.id}/lead", **typed)
    assert done.status_code == 303
    page = browser.get(done.headers["Location"]).text
    for there in ("Four more aquariums", "Zoo Supplies Ltd", "Zander", "desk@zoo.example"):
        assert f'value="{there}"' in page, there
    assert "Four more aquariums" in browser.get(f"/customers/{zoo.id}").text


def test_a_partner_finds_the_name_and_his_own_leads_on_the_page(app):
    mara, rep, other = make_manager(), make_person(), make_person()
    zoo, mine, theirs = made(mara), held_by(rep), held_by(other)
    given(mine, zoo, mara)
    given(theirs, zoo, mara)
    browser = sign_in(app.test_client(), rep)
    assert f'href="/customers/{zoo.id}"' in browser.get(f"/leads/{mine.id}").text
    page = browser.get(f"/customers/{zoo.id}").text
    assert "Zoo Supplies Ltd" in page
    assert mine.number in page
    for hidden in (theirs.number, "desk@zoo.example", "Credit rating"):
        assert hidden not in page
    assert browser.get("/customers").status_code == 403
    assert browser.get("/customers/987654321").status_code == 404
    manager = sign_in(app.test_client(), mara).get(f"/customers/{zoo.id}").text
    assert mine.number in manager
    assert theirs.number in manager


# -- two that are one -----------------------------------------------------------------------------


def test_two_become_one_with_leads_addresses_and_number(ctx):
    mara = make_manager()
    actor, lead = get_actor(mara.id), make_lead()
    kept = made(mara)
    gone = made(
        mara, Account(name="Zoo", country="DE", erp_number="4711", note="Old."), looked=True
    )
    operations.add_address(gone.id, Reach(email="sales@zoo.example"), actor, clock.now())
    given(lead, gone, mara)
    merging.merge(kept.id, gone.id, actor, clock.now())
    known = who.find(kept.id, actor, clock.now())
    assert [one.key for one in known.addresses] == [
        *("desk@zoo.example", "sales@zoo.example", "+495117654321"),
    ]
    assert (known.name, known.note, kept.erp_number) == ("Zoo Supplies Ltd", "Old.", "4711")
    assert session().get(CustomerLead, lead.id, populate_existing=True).customer_id == kept.id
    assert found(mara, "zoo") == [kept.number]
    assert who.find(gone.id, actor, clock.now()) is None
    for again in ((kept.id, gone.id), (gone.id, kept.id)):
        with pytest.raises(NotFound):
            merging.merge(*again, actor, clock.now())
    with pytest.raises(Invalid):
        merging.merge(kept.id, kept.id, actor, clock.now())


def test_two_with_numbers_of_their_own_stay_two(ctx):
    mara = make_manager()
    one = made(mara, Account(name="One", erp_number="1"), Reach())
    two = made(mara, Account(name="Two", erp_number="2"), Reach())
    with pytest.raises(Refused):
        merging.merge(one.id, two.id, get_actor(mara.id), clock.now())


def test_the_address_of_who_was_merged_leads_to_who_stayed(app):
    mara = make_manager()
    browser = sign_in(app.test_client(), mara)
    kept, gone = made(mara), made(mara, looked=True)
    page = browser.get(f"/customers/{kept.id}/merge").text
    assert f'name="other" value="{gone.id}"' in page
    assert post(browser, f"/customers/{kept.id}/merge").status_code == 422
    assert post(browser, f"/customers/{kept.id}/merge", other=str(gone.id)).status_code == 303
    moved = browser.get(f"/customers/{gone.id}")
    assert (moved.status_code, moved.headers["Location"]) == (303, f"/customers/{kept.id}")
    assert browser.get(f"/customers/{gone.id}/data").status_code == 404


# -- who is surely the same -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "alike", "same"),
    [
        ("company", {}, None),
        ("company", {1: ("phone",)}, None),
        ("company", {1: ("name",), 2: ("domain",)}, 2),
        ("company", {1: ("email",), 2: ("domain",), 3: ("domain", "name")}, 3),
        ("company", {4: ("domain",), 3: ("domain",)}, 3),
        ("person", {1: ("name",), 2: ("domain",)}, None),
        ("person", {1: ("phone",), 2: ("email",)}, 2),
    ],
)
def test_a_company_is_known_by_its_domain_mail_or_name_a_person_by_mail_or_phone(kind, alike, same):
    assert same_one(kind, alike) == same


def test_the_contact_of_a_lead_is_no_key_of_another_customer(ctx):
    mara = make_manager()
    lead = make_lead({**CONTACT, "company": None})
    customer = winning.make_of(lead.id, get_actor(mara.id), clock.now())
    assert customer.kind == "person"
    assert who.find(customer.id, get_actor(mara.id), clock.now()).name == (
        "Zephyrine Quastenflosser"
    )
