"""Administrators find people, see what is missing, and change what they are."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import administration
from portal.accounts import operations as accounts
from portal.accounts.admins import LastAdmin
from portal.accounts.models import OrganisationKind, User
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.people import queries
from portal.people.queries import Filters
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

WEEK = timedelta(days=7)


def make_admin(**over):
    return make_person(make_vendor(), "admin", **over)


@factory
def find(user_id):
    return (
        session()
        .scalars(select(User).where(User.id == user_id).execution_options(populate_existing=True))
        .one()
    )


@factory
def events(name):
    return [row.data for row in session().scalars(select(EventRow).where(EventRow.name == name))]


def send(client, path, **fields):
    return client.post(path, data={"csrf_token": csrf_of(client.get("/people").text), **fields})


@pytest.fixture
def admin(app):
    return sign_in(app.test_client(), make_admin(name="Ada Adler"))


def names(page):
    return re.findall(r'<th scope="row"><a href="/people/\d+">([^<]*)', page)


def noted(user, **over):
    return {
        "name": user.name,
        "phone": "",
        "locale": "en",
        "timezone": "Europe/Berlin",
        "roles": list(user.roles),
        **over,
    }


@pytest.mark.parametrize("words", ["ainsw", "ALICE@ALPHA", "alpha systems", "Ainsworth"])
def test_people_are_found_by_name_address_and_firm(admin, words):
    firm = make_partner("Alpha Systems")
    make_person(firm, name="Alice Ainsworth", email="alice@alpha.example")
    make_person(make_partner("Beta Networks"), name="Bob Behrens")
    page = admin.get("/people", query_string={"q": words}).text
    assert names(page) == ["Alice Ainsworth"]


@pytest.mark.parametrize("words", ["al", "a", "ai", "AL"])
def test_two_letters_find_who_begins_like_that(admin, words):
    make_person(make_partner("Alpha"), name="Alice Ainsworth", email="alice@x.example")
    make_person(make_partner("Alpine"), name="Bob Behrens", email="bob@x.example")
    found = names(admin.get("/people", query_string={"q": words}).text)
    assert "Alice Ainsworth" in found
    assert "Bob Behrens" not in found


@pytest.mark.parametrize("words", ["%", "_", "\\", "100%", "'", '"><script>', "\x00", "ß" * 200])
def test_odd_words_find_nobody_and_break_nothing(admin, words):
    make_person(name="Alice")
    answer = admin.get("/people", query_string={"q": words})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    if words != "\x00":
        assert names(answer.text) == []


def test_filters_narrow_by_role_firm_and_state(admin):
    now = clock.now()
    firm = make_partner("Alpha Systems")
    make_person(firm, "partner_manager", name="Active", signed_in_at=now)
    make_person(firm, name="Never")
    make_person(firm, name="Gone", active=False)
    make_person(firm, name="Asked", password_hash=None, invited_at=now)
    make_person(firm, name="Late", password_hash=None, invited_at=now - WEEK)
    make_person(firm, name="Unasked", password_hash=None)
    make_person(make_partner(), name="Elsewhere", second_step_at=now)

    def shown(**asked):
        return set(names(admin.get("/people", query_string=asked).text))

    assert shown(firm=firm.id) == {"Active", "Never", "Gone", "Asked", "Late", "Unasked"}
    assert shown(role="partner_manager") == {"Active"}
    assert shown(state="active") == {"Active", "Ada Adler"}
    assert shown(state="never") == {"Never", "Elsewhere"}
    assert shown(state="gone") == {"Gone"}
    assert shown(state="invited") == {"Asked"}
    assert shown(state="expired") == {"Late"}
    assert shown(state="not_invited") == {"Unasked"}
    assert shown(state="no_second_step") == {"Active", "Never", "Ada Adler"}
    assert shown(state="odd", role="odd", firm="odd", q="Elsewhere") == {"Elsewhere"}


def test_people_of_a_firm_that_is_out_have_no_access(admin):
    make_person(name="Alice")
    bob = make_person(name="Bob")
    factory(lambda: setattr(find(bob.id).organisation, "active", False))()
    assert names(admin.get("/people?state=gone").text) == ["Bob"]


def test_pages_go_on_and_back_and_show_everybody_once(ctx):
    firm = make_partner()
    for number in range(queries.PAGE * 2 + 5):
        make_person(firm, name=f"Same {number % 3}")
    seen, after, pages = [], None, []
    while True:
        page = queries.list_people(Filters(firm_id=firm.id), AT, after=after)
        pages.append([person.id for person in page.people])
        seen += pages[-1]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == queries.PAGE * 2 + 5
    back = queries.list_people(Filters(firm_id=firm.id), AT, before=page.before)
    assert [person.id for person in back.people] == pages[1]
    first = queries.list_people(Filters(firm_id=firm.id), AT, before=back.before)
    assert [person.id for person in first.people] == pages[0]
    assert first.before is None
    assert first.after == pages[0][-1]


def test_the_list_says_what_is_missing(admin):
    firm = make_partner("Alpha Systems")
    make_person(firm, name="Alice")
    lone = make_partner("Beta Networks")
    make_person(lone, "partner_manager", name="Mona")
    odd = make_person(make_partner("Gamma"), name="Odd", roles=["admin"])
    late = make_person(firm, name="Late", password_hash=None, invited_at=clock.now() - WEEK)

    def said(user_id):
        return admin.get(f"/people/{user_id}").text

    assert "the firm has no manager" in said(late.id)
    assert "the invitation ran out" in said(late.id)
    assert "no role that fits the firm" in said(odd.id)
    listed = admin.get("/people?q=Mona").text
    assert "nobody of the firm may pick up" in listed
    assert "no manager" not in listed


def test_only_administrators_administer_people(app):
    alice = make_person()
    for user in (
        make_manager(),
        make_person(make_vendor(), "qualifier"),
        make_person(make_partner(), "partner_manager"),
    ):
        client = sign_in(app.test_client(), user)
        assert client.get("/people").status_code == 403
        assert client.get(f"/people/{alice.id}").status_code == 403
        token = csrf_of(client.get("/settings/sign-in").text)
        for what in ("", "/sign-out", "/invitation", "/return", "/second-step/removal"):
            answer = client.post(f"/people/{alice.id}{what}", data={"csrf_token": token})
            assert answer.status_code == 403


def test_an_administrator_changes_what_is_noted_of_a_person(admin):
    alice = make_person(name="Alice")
    form = noted(alice, name="Alice Arndt", phone="+49 511 1", locale="de", timezone="Asia/Tokyo")
    assert send(admin, f"/people/{alice.id}", **form).status_code == 303
    now = find(alice.id)
    assert (now.name, now.phone, now.locale, now.timezone) == (
        "Alice Arndt",
        "+49 511 1",
        "de",
        "Asia/Tokyo",
    )
    (event,) = events("PersonChanged")
    assert event["fields"] == ["locale", "name", "phone", "timezone"]
    assert "Arndt" not in str(event)
    assert send(admin, f"/people/{alice.id}", **form).status_code == 303
    assert len(events("PersonChanged")) == 1, "the same again changes nothing"


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(admin):
    alice = make_person(name="Alice")
    answer = send(admin, f"/people/{alice.id}", **noted(alice, name="", phone="0511 kept"))
    assert answer.status_code == 422
    assert "0511 kept" in answer.text
    assert send(admin, f"/people/{alice.id}", **noted(alice, roles=[])).status_code == 422
    assert send(admin, f"/people/{alice.id}", **noted(alice, roles=["admin"])).status_code == 422
    assert send(admin, f"/people/{alice.id}", **noted(alice, timezone="Moon")).status_code == 422
    assert find(alice.id).name == "Alice"


def test_a_unit_must_be_one_of_the_firm(ctx):
    alice = make_person()
    own = accounts.add_unit(alice.organisation, "Sales")
    other = accounts.add_unit(make_partner(), "Sales")

    def put(unit_id):
        wanted = administration.Particulars(
            "A", None, "en", "UTC", administration.Place(("partner_rep",), unit_id)
        )
        administration.change(alice, wanted, AT, 0)

    put(own.id)
    with pytest.raises(Invalid):
        put(other.id)
    assert alice.unit_id == own.id


def test_new_roles_hold_from_the_next_click_on_and_the_session_stays(admin, app):
    alice = make_person()
    browser = sign_in(app.test_client(), alice)
    pick = "/leads/987654321/pickup"
    token = csrf_of(browser.get("/mine").text)
    assert browser.post(pick, data={"csrf_token": token}).status_code == 404
    form = noted(alice, roles=["partner_manager"])
    assert send(admin, f"/people/{alice.id}", **form).status_code == 303
    assert browser.post(pick, data={"csrf_token": token}).status_code == 403
    assert browser.get("/available").status_code == 200
    (event,) = events("RolesChanged")
    assert event["roles_before"] == ["partner_rep"]
    assert event["roles_after"] == ["partner_manager"]


def test_an_administrator_signs_somebody_out_and_takes_the_second_step_off(admin, app):
    alice = make_person()
    browser = sign_in(app.test_client(), alice)
    factory(lambda: setattr(find(alice.id), "second_step_at", clock.now()))()
    assert "in 1 browser" in admin.get(f"/people/{alice.id}").text
    assert send(admin, f"/people/{alice.id}/second-step/removal").status_code == 303
    assert find(alice.id).second_step_at is None
    assert send(admin, f"/people/{alice.id}/sign-out").status_code == 303
    assert browser.get("/available").status_code == 302
    assert events("PersonSignedOut")


def test_an_administrator_invites_again(admin):
    nora = make_person(password_hash=None, invited_at=clock.now() - WEEK)
    assert send(admin, f"/people/{nora.id}/invitation").status_code == 303
    assert clock.now() - find(nora.id).invited_at < timedelta(minutes=1)
    came = make_person()
    answer = send(admin, f"/people/{came.id}/invitation")
    assert answer.status_code == 409
    assert "has a password already" in answer.text


def test_somebody_who_is_not_there_is_not_found(admin):
    assert admin.get("/people/987654321").status_code == 404


# -- the last administrator -------------------------------------------------------------------


def test_the_last_administrator_keeps_the_access_and_the_role(ctx):
    ada = make_admin()
    make_admin(password_hash=None, invited_at=AT)
    make_admin(active=False)
    with pytest.raises(LastAdmin):
        accounts.deactivate(ada, AT)
    wanted = administration.Particulars(
        "Ada", None, "en", "UTC", administration.Place(("channel_manager",))
    )
    with pytest.raises(LastAdmin):
        administration.change(ada, wanted, AT, ada.id)
    with pytest.raises(LastAdmin):
        administration.move(ada, make_partner(), ["partner_rep"], AT, ada.id)
    assert ada.active
    assert ada.roles == ["admin"]


def test_one_of_two_administrators_may_go(ctx):
    ada, _other = make_admin(), make_admin()
    accounts.deactivate(ada, AT)
    assert not ada.active


def test_the_page_says_why_the_last_administrator_stays(admin):
    ada = factory(lambda: session().scalars(select(User).where(User.name == "Ada Adler")).one())()
    answer = send(admin, f"/people/{ada.id}", **noted(ada, roles=["qualifier"]))
    assert answer.status_code == 409
    assert "is the last administrator" in answer.text
    assert find(ada.id).roles == ["admin"]


# -- moves ------------------------------------------------------------------------------------


def test_who_moves_has_new_roles_and_leaves_all_old_ways_in_behind(app):
    alice, beta = make_person(), make_partner("Beta Networks", kind=OrganisationKind.DISTRIBUTOR)
    browser = sign_in(app.test_client(), alice)
    path = factory(links.issue)(Purpose.STOP, alice.id, clock.now(), topic="digest")

    @factory
    def move():
        user = find(alice.id)
        administration.move(user, session().merge(beta), ["distributor_sales"], clock.now(), 0)

    move()
    assert browser.get("/available").status_code == 302
    assert app.test_client().get(path).status_code in (404, 410)
    now = find(alice.id)
    assert (now.organisation_id, now.roles) == (beta.id, ["distributor_sales"])
    (event,) = events("PersonMoved")
    assert event["organisation_ids"] == [alice.organisation_id, beta.id]


def test_nobody_reports_to_who_has_left_the_firm(ctx):
    boss, firm = make_person(make_vendor(), "account_manager"), make_partner()
    pam = make_person(boss.organisation, "account_manager", manager_id=boss.id)
    unit = accounts.add_unit(boss.organisation, "North")
    unit.manager_id = firm.account_manager_id = boss.id
    administration.move(boss, make_partner(), ["partner_rep"], AT, 0)
    assert (pam.manager_id, unit.manager_id, firm.account_manager_id) == (None, None, None)


def test_nobody_moves_to_where_the_role_does_not_fit_or_the_firm_is_out(ctx):
    alice = make_person()
    with pytest.raises(Invalid):
        administration.move(alice, make_partner(), ["admin"], AT, 0)
    out = make_partner()
    out.active = False
    with pytest.raises(Invalid):
        administration.move(alice, out, ["partner_rep"], AT, 0)
    with pytest.raises(Invalid):
        administration.move(alice, alice.organisation, ["partner_rep"], AT, 0)
