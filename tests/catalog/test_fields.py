"""The programme's own fields: what is read of what somebody wrote, how they are changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.catalog import field_operations, fields
from portal.catalog.field_operations import FieldDraft
from portal.catalog.fields import Unreadable
from portal.catalog.models import CustomField, FieldKind
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import EventRow
from portal.customers import merging
from portal.customers import operations as customers
from portal.customers.models import Customer
from portal.partners.models import Partner
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_programme,
    make_vendor,
    sign_in,
)

RENTED = ("rented", {"en": "Rented", "de": "Gemietet"}, True)
OWNED = ("owned", {"en": "Owned", "de": "Eigen"}, True)
TORN = ("torn", {"en": "Torn down"}, False)


def field(kind, **over):
    """Return a field that nobody has saved."""
    choices = [{"key": k, "names": n, "active": a} for k, n, a in (RENTED, OWNED, TORN)]
    facts = {"key": "x", "names": {"en": "X"}, "hints": {}, "choices": choices, "active": True}
    return CustomField(**{**facts, "subject": "lead", "kind": kind, "required": False, **over})


@factory
def add(name, kind="text", subject="lead", choices=(), **over):
    """Add a field, as a channel manager does."""
    made = [("", names, True) for names in choices]
    draft = FieldDraft(names={"en": name}, kind=kind, choices=made, **over)
    return field_operations.add(subject, draft, None, AT)


# -- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("text", " Ring  the\u202e bell\x00 ", "Ring the bell"),
        ("long_text", "One\r\n\r\n\r\n\r\ntwo  ", "One\n\ntwo"),
        ("whole", "1.250", 1250),
        ("whole", "-12 000", -12000),
        ("decimal", "1.234,50", "1234.5"),
        ("decimal", "0,000", "0"),
        ("decimal", "12", "12"),
        ("yes_no", "Ja", True),
        ("yes_no", "no", False),
        ("day", "30.11.2026", "2026-11-30"),
        ("day", "2026-11-30 08:00", "2026-11-30"),
        ("one", "GEMIETET", "rented"),
        ("one", "owned", "owned"),
        ("several", ["rented", "owned", "rented"], ["rented", "owned"]),
        ("several", "Eigen; Rented", ["rented", "owned"]),
        ("web", "Company.example/A?b=c", "https://company.example/A?b=c"),
        *((kind, "  ", None) for kind in FieldKind),
    ],
)
def test_a_value_is_read_as_people_write_it(app, kind, written, value):
    with app.test_request_context():
        assert fields.read(field(kind), written) == value


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("text", "x" * 201),
        ("whole", "1.5"),
        ("whole", "9" * 13),
        ("decimal", "1,2,3"),
        ("decimal", "NaN"),
        ("yes_no", "maybe"),
        ("day", "2026-02-30"),
        ("day", "3/4/2026"),
        ("one", "Torn down"),
        ("one", ["rented", "owned"]),
        ("several", "Rented, Lost"),
        ("web", "javascript:alert(1)"),
        ("web", "https://a b.example"),
        ("web", "me@company.example"),
    ],
)
def test_what_is_no_value_is_refused_in_words(app, kind, written):
    with app.test_request_context(), pytest.raises(Unreadable) as refused:
        fields.read(field(kind), written)
    assert refused.value.said.endswith(".")


def test_a_choice_out_of_use_stays_where_it_is_chosen_and_is_read_there(app):
    with app.test_request_context():
        one = field("one")
        assert fields.read(one, "torn", "torn") == "torn"
        assert fields.words(one, "torn", "en") == "Torn down"
        assert ("torn", "Torn down") in fields.choices_of(one, "de", "torn")
        assert "torn" not in dict(fields.choices_of(one, "de"))


def test_what_was_not_asked_stays_and_what_is_required_has_to_be_there(app):
    with app.test_request_context():
        known = [field("text", key="a", required=True), field("whole", key="b")]
        kept = {"a": "there", "b": 7, "gone": "of a field that is out of use"}
        assert fields.take(known, {"b": "8"}, kept, demanded=True) == ({**kept, "b": 8}, {})
        values, errors = fields.take(known, {"a": "", "b": "x"}, kept, demanded=True)
        assert set(errors) == {"own-a", "own-b"}
        assert values["b"] == 7
        assert fields.take(known, {"a": ""}, kept)[1] == {}


def test_a_value_is_told_in_words_and_kept_in_files_as_what_it_is(app):
    with app.test_request_context():
        several = field("several", names={"en": "Halls", "de": "Hallen"})
        assert fields.words(several, ["rented", "torn"], "de") == "Gemietet, Torn down"
        assert fields.words(field("whole"), 12500, "en") == "12,500"
        assert fields.plain(field("decimal"), "12.5", "en") == Decimal("12.5")
        assert fields.plain(field("day"), "2026-11-30", "en") == date(2026, 11, 30)
        # what somebody once wrote past us leads nowhere
        assert not fields.is_address(field("web"), "javascript:alert(1)")


# -- fields -----------------------------------------------------------------------------------


def test_a_field_keeps_its_key_and_its_kind_and_loses_no_choice(ctx):
    make_programme()
    made = add("Halls", "one", choices=[{"en": "Rented"}, {"en": "Owned"}])
    assert made.key == "halls"
    assert book().fields_of("lead")[-1].id == made.id
    draft = FieldDraft(
        names={"en": "Buildings"}, kind="text", choices=[("owned", {"en": "Their own"}, True)]
    )
    field_operations.save(made.id, draft, made.version, None, AT)
    assert (made.key, made.kind, made.label("de")) == ("halls", "one", "Buildings")
    assert [(c["key"], c["active"]) for c in made.choices] == [("owned", True), ("rented", False)]
    told = session().scalars(select(EventRow.data).where(EventRow.name == "CustomFieldChanged"))
    assert [one["fields"] for one in told] == [["choices", "names"]]


def test_who_saves_second_is_told_and_nothing_is_lost(ctx):
    make_programme()
    made = add("Halls")
    field_operations.save(made.id, FieldDraft(names={"en": "Buildings"}), 1, None, AT)
    with pytest.raises(Conflict):
        field_operations.save(made.id, FieldDraft(names={"en": "Houses"}), 1, None, AT)
    # the same once more is no conflict
    field_operations.save(made.id, FieldDraft(names={"en": "Buildings"}), 1, None, AT)
    assert session().get_one(CustomField, made.id).label("en") == "Buildings"


@pytest.mark.parametrize(
    ("subject", "draft", "place"),
    [
        ("lead", FieldDraft(names={}, kind="text"), "name_en"),
        ("lead", FieldDraft(names={"en": "halls"}, kind="text"), "name_en"),
        ("lead", FieldDraft(names={"en": "A"}, kind="odd"), "kind"),
        ("partner", FieldDraft(names={"en": "A"}, kind="text", teaser=True), "teaser"),
        ("lead", FieldDraft(names={"en": "A"}, kind="one"), "choices"),
        (
            "lead",
            FieldDraft(
                names={"en": "A"},
                kind="several",
                choices=[("", {"en": "One"}, True), ("", {"en": "ONE"}, True)],
            ),
            "choices",
        ),
    ],
)
def test_a_field_that_nobody_could_fill_in_is_refused(ctx, subject, draft, place):
    make_programme()
    add("Halls")
    with pytest.raises(Invalid) as refused:
        field_operations.add(subject, draft, None, AT)
    assert place in refused.value.errors


def test_fields_change_places_and_retired_ones_are_passed_over(ctx):
    make_programme()
    first, middle, last = add("One"), add("Two"), add("Three")
    field_operations.set_active(middle.id, False, None, AT)
    field_operations.move(last.id, False, None, AT)
    assert [one.key for one in book().fields_of("lead")] == ["three", "one"]
    field_operations.move(last.id, False, None, AT)
    field_operations.set_active(middle.id, True, None, AT)
    assert {one.key for one in book().fields_of("lead")} == {first.key, middle.key, last.key}


# -- pages ------------------------------------------------------------------------------------


def test_a_channel_manager_adds_changes_orders_and_retires_a_field(client):
    manager = sign_in(client, make_manager())
    token = {"csrf_token": csrf_of(manager.get("/fields").text)}
    wrong = manager.post("/fields/lead/new", data={**token, "name_en": "Halls", "kind": "one"})
    assert wrong.status_code == 422
    assert 'value="Halls"' in wrong.text
    lines = "Rented | Gemietet\nOwned"
    made = manager.post(
        "/fields/lead/new",
        data={**token, "name_en": "Halls", "kind": "one", "choices": lines, "teaser": "y"},
    )
    assert made.status_code == 303
    assert "read before pickup" in manager.get("/fields").text
    found = find("halls")
    address = f"/fields/{found.id}"
    assert "Gemietet" in manager.get(address).text
    typed = {
        **token,
        "version": "1",
        "choice-rented-en": "Rented",
        "choice-rented-active": "y",
        "choice-owned-en": "Their own",
    }
    manager.post(address, data={**typed, "name_en": "Buildings"})
    now = find("halls")
    assert [c["active"] for c in now.choices] == [True, False]
    stale = manager.post(address, data={**typed, "name_en": "Houses"})
    assert stale.status_code == 409
    assert "Houses" in stale.text
    assert manager.post(f"{address}/place", data={**token, "direction": "up"}).status_code == 303
    manager.post(f"{address}/use", data={**token, "active": "0"})
    assert not find("halls").active
    assert manager.get("/fields/999999").status_code == 404


@factory
def find(key):
    return session().scalars(select(CustomField).where(CustomField.key == key)).one()


@pytest.mark.parametrize("role", ["qualifier", "account_manager", "partner_manager"])
def test_nobody_else_has_the_pages_of_fields(client, role):
    firm = make_partner() if role == "partner_manager" else make_vendor()
    assert sign_in(client, make_person(firm, role)).get("/fields").status_code == 403


# -- partners and customers -------------------------------------------------------------------


def test_a_partners_profile_asks_for_the_fields_shows_them_and_is_found_by_them(client):
    firm, other = make_partner("Alpha Systems"), make_partner("Beta Networks")
    add("Showroom", "yes_no", "partner")
    add("Founded", "whole", "partner", required=True)
    manager = sign_in(client, make_manager())
    address = f"/partners/{firm.id}/profile"
    page = manager.get(address).text
    profile = {
        "csrf_token": csrf_of(page),
        "country": "DE",
        "city": "Hanover",
        "zone": "Europe/Berlin",
        "capacity": "10",
        "rep_capacity": "5",
        "own-showroom": "yes",
    }
    missing = manager.post(address, data={**profile, "own-founded": ""})
    assert missing.status_code == 422
    odd = manager.post(address, data={**profile, "own-founded": "long ago"})
    assert odd.status_code == 422
    assert 'value="long ago"' in odd.text
    assert manager.post(address, data={**profile, "own-founded": "1987"}).status_code == 303
    assert custom_of(firm.id) == {"showroom": True, "founded": 1987}
    assert "Showroom" in manager.get(f"/partners/{firm.id}").text
    found = manager.get("/partners?own-showroom=yes&own-founded-from=1980").text
    assert firm.name in found
    assert other.name not in found
    assert firm.name not in manager.get("/partners?own-founded-to=1980").text


@factory
def custom_of(firm_id):
    return dict(session().get_one(Partner, firm_id).custom)


def test_a_customers_fields_are_seen_by_whoever_sees_its_addresses(client):
    customer = make_zoo({"keeper": "Zara Zander"})
    manager = sign_in(client, make_manager())
    page = manager.get(f"/customers/{customer}").text
    assert "Zara Zander" in page
    assert "Zara Zander" in manager.get(f"/customers/{customer}/data").text
    assert "Zoo" in manager.get("/customers?own-keeper=zander").text
    assert "Zoo" not in manager.get("/customers?own-keeper=miller").text


@factory
def make_zoo(custom, name="Zoo Supplies"):
    if not book().fields_of("customer"):
        add("Keeper", "text", "customer")
    actor = get_manager()
    account = customers.Account(name=name, country="DE", custom=custom)
    return customers.create(account, customers.Reach(), actor, AT, looked=True).id


def get_manager():
    return get_actor(make_manager().id)


def test_of_two_customers_that_are_one_the_fields_stay(ctx):
    kept, gone = make_zoo({"keeper": "Zara"}), make_zoo({"keeper": "Yuri"}, "Zoo & Sons")
    empty = make_zoo({}, "Third zoo")
    merging.merge(kept, gone, get_manager(), AT)
    merging.merge(empty, kept, get_manager(), AT)
    assert session().get_one(Customer, empty).custom == {"keeper": "Zara"}
