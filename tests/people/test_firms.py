"""Administrators see the firms as a tree, add, rename and move them, and take them out."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.core.db import session
from portal.core.events import EventRow
from portal.partners.models import Partner
from portal.people import firms
from tests.factories import (
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


@pytest.fixture
def admin(app):
    return sign_in(app.test_client(), make_person(make_vendor(), "admin", name="Ada"))


@factory
def find(name):
    return session().scalar(
        select(Organisation)
        .where(Organisation.name == name)
        .execution_options(populate_existing=True)
    )


@factory
def events(name):
    return [row.data for row in session().scalars(select(EventRow).where(EventRow.name == name))]


def send(client, path, **fields):
    return client.post(
        path, data={"csrf_token": csrf_of(client.get("/settings/sign-in").text), **fields}
    )


def noted(firm, **over):
    return {
        "name": firm.name,
        "parent_id": str(firm.parent_id),
        "locale": "en",
        "timezone": "Europe/Berlin",
        **over,
    }


def new(**over):
    return {
        "name": "Newcomer",
        "kind": "reseller",
        "parent_id": str(make_vendor().id),
        "country": "DE",
        "locale": "de",
        "timezone": "Europe/Berlin",
        **over,
    }


def test_the_tree_shows_distributors_with_their_resellers_and_what_is_missing(admin):
    delta = make_partner("Delta", kind=OrganisationKind.DISTRIBUTOR)
    below = make_partner("Below Delta", parent=delta)
    make_person(below)
    page = admin.get("/firms").text
    assert page.index("Delta") < page.index("Below Delta")
    assert "the firm has no manager, no account manager" in page
    assert "nobody has access, no account manager" in page


def test_firms_are_found_by_name_and_mail_domain(admin):
    make_partner("Alpha Systems")
    factory(lambda: setattr(find("Alpha Systems"), "domain", "alpha.example"))()
    make_partner("Beta")
    for words in ("alpha sys", "alpha.ex"):
        page = admin.get("/firms", query_string={"q": words}).text
        assert "Alpha Systems" in page
        assert "Beta" not in page
    assert "Nobody found" in admin.get("/firms", query_string={"q": "%_\x00'"}).text


def test_a_partner_is_added_with_its_profile_and_an_agency_without(admin):
    assert send(admin, "/firms/new", **new()).status_code == 303
    made = find("Newcomer")
    assert (made.kind, made.parent_id, made.locale) == ("reseller", make_vendor().id, "de")
    assert factory(lambda: session().get(Partner, made.id))()
    assert send(admin, "/firms/new", **new(name="Agency", kind="agency")).status_code == 303
    assert factory(lambda: session().get(Partner, find("Agency").id))() is None


def test_what_is_wrong_with_a_new_firm_is_said_and_what_was_typed_stays(admin):
    delta = make_partner("Delta", kind=OrganisationKind.DISTRIBUTOR)
    for over in (
        {"name": ""},
        {"name": "dELTA"},
        {"kind": "vendor"},
        {"kind": "agency", "parent_id": str(delta.id)},
        {"parent_id": "987654321"},
        {"country": "XX"},
        {"timezone": "Moon"},
    ):
        answer = send(admin, "/firms/new", **new(domain="kept.example", **over))
        assert answer.status_code == 422, over
        assert "kept.example" in answer.text
    assert find("Newcomer") is None


def test_a_firm_is_renamed_and_moved_and_never_below_itself(admin):
    delta = make_partner("Delta", kind=OrganisationKind.DISTRIBUTOR)
    inner = make_partner("Inner", kind=OrganisationKind.DISTRIBUTOR, parent=delta)
    alpha = make_partner("Alpha")
    path = f"/firms/{alpha.id}"
    form = noted(alpha, name="Alpha Renamed", parent_id=str(delta.id))
    assert send(admin, path, **form).status_code == 303
    now = find("Alpha Renamed")
    assert now.parent_id == delta.id
    (changed,) = events("OrganisationChanged")
    assert changed["fields"] == ["name"]
    ring = send(admin, f"/firms/{delta.id}", **noted(delta, parent_id=str(inner.id)))
    assert ring.status_code == 422
    below_reseller = send(admin, f"/firms/{delta.id}", **noted(delta, parent_id=str(alpha.id)))
    assert below_reseller.status_code == 422
    assert find("Delta").parent_id == make_vendor().id


def test_the_vendor_stands_below_nobody_and_stays(admin):
    vendor = make_vendor()
    alpha = make_partner("Alpha")
    form = noted(vendor, parent_id=str(alpha.id))
    send(admin, f"/firms/{vendor.id}", **form)
    assert make_vendor().parent_id is None
    assert send(admin, f"/firms/{vendor.id}/closing").status_code == 409
    assert make_vendor().active


def test_an_account_manager_is_chosen_on_the_firm_s_page(admin):
    pam = make_person(make_vendor(), "account_manager", name="Pam")
    alpha = make_partner("Alpha")
    form = noted(alpha, account_manager_id=str(pam.id))
    assert send(admin, f"/firms/{alpha.id}", **form).status_code == 303
    assert find("Alpha").account_manager_id == pam.id
    assert "no account manager" not in admin.get(f"/firms/{alpha.id}").text


def test_somebody_is_invited_on_the_firm_s_page(admin):
    alpha = make_partner("Alpha")
    path = f"/firms/{alpha.id}/people"
    form = {"invited_name": "Nora", "email": "nora@new.example", "roles": ["partner_rep"]}
    assert send(admin, path, **form).status_code == 303
    nora = factory(lambda: session().scalar(select(User).where(User.email == form["email"])))()
    assert nora.organisation_id == alpha.id
    assert send(admin, path, **{**form, "roles": ["admin"]}).status_code == 422
    assert send(admin, path, **{**form, "email": "odd"}).status_code == 422


def test_a_firm_is_taken_out_and_comes_back(app, admin):
    alpha = make_partner("Alpha")
    alice = make_person(alpha)
    tab = sign_in(app.test_client(), alice)
    assert "1 person loses access at once" in admin.get(f"/firms/{alpha.id}/closing").text
    assert send(admin, f"/firms/{alpha.id}/closing").status_code == 303
    assert tab.get("/available").status_code == 302
    assert "no access any more" in admin.get(f"/firms/{alpha.id}").text
    assert send(admin, f"/firms/{alpha.id}/return").status_code == 303
    sign_in(app.test_client(), alice)


def test_below_each_firm_stand_the_first_and_its_own_page_has_all(ctx):
    delta = make_partner("Delta", kind=OrganisationKind.DISTRIBUTOR)
    for number in range(firms.SHOWN_BELOW + 3):
        make_partner(f"Reseller {number:03}", parent=delta)
    assert len(firms.list_children([delta.id])) == firms.SHOWN_BELOW
    assert len(firms.list_below(delta.id, 1).items) == firms.SHOWN_BELOW + 3


def test_only_administrators_change_the_tree(app):
    alpha = make_partner("Alpha")
    for user in (make_manager(), make_person(alpha, "partner_manager")):
        client = sign_in(app.test_client(), user)
        for path in ("/firms", "/firms/new", f"/firms/{alpha.id}", f"/firms/{alpha.id}/closing"):
            assert client.get(path).status_code == 403
        for path in ("/firms/new", f"/firms/{alpha.id}", f"/firms/{alpha.id}/closing"):
            assert send(client, path).status_code == 403
    assert find("Alpha").active
