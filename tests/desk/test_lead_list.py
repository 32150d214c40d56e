"""Lists of leads: what is asked for, what is seen of it, files, views, several at once."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import event, select
from werkzeug.datastructures import MultiDict

from portal.accounts import reach, tree
from portal.accounts.queries import get_actor
from portal.campaigns.operations import CampaignDraft, make_campaign
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import db, session
from portal.core.events import EventRow
from portal.desk import lead_list
from portal.desk.lead_columns import COLUMNS, ORDERS, Eyes
from portal.desk.lead_filters import FILTERS, Asking, read_asked
from portal.desk.lead_list import PAGE, LeadList
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import hand_over, own_fields, team
from portal.leads.models import ArchivedLead, Lead, LeadState
from portal.leads.queries import seen_by, visible_to
from portal.leads.sight import read_choices, sight_of, where_seen
from portal.leads.visibility import Field
from portal.pickup import operations as pickup
from portal.scoring.operations import score_many
from tests.factories import (
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
from tests.world import make_world

# where it is about noon: today began long ago
ZONE = ZoneInfo(f"Etc/GMT{clock.now().hour - 12:+d}")


@factory
def list_of(person, **asked):
    """Return the list that somebody asks for."""
    actor = get_actor(person.id)
    eyes = Eyes(actor, read_choices())
    reached = reach.read(actor)
    asking = Asking(actor, clock.now(), ZONE, reached, seen_by(actor, reached))
    given = MultiDict(
        (key, value)
        for key, values in asked.items()
        for value in (values if isinstance(values, list) else [values])
    )
    return LeadList(read_asked(given, eyes), asking, eyes)


@factory
def titles(person, **asked):
    """Return the titles of the first page of a list."""
    return [row.title for row in list_of(person, **asked).page().rows]


@factory
def held_by(firm, answer=None, **over):
    """Make a lead that a firm holds."""
    lead = make_offered_lead(at=clock.now() - timedelta(hours=2), **over)
    rep = make_person(firm, name=f"Rep of {firm.name}")
    session().flush()
    held = pickup.claim(lead.id, get_actor(rep.id), clock.now() - timedelta(hours=1))
    if answer:
        feedback.give(held.pickup_id, answer, get_actor(rep.id), clock.now())
    return lead


# -- what is seen ---------------------------------------------------------------------------


def test_a_list_shows_of_each_lead_what_its_own_page_shows(ctx):
    world = make_world()
    at, manager = clock.now(), get_actor(world.people["manager"].id)
    hand_over.hand_over(world.leads["lost"], at.date() + timedelta(days=3), "", manager, at)
    for name in ("dana", "qualifier"):
        team.add_member(world.leads["answered"], world.people[name].id, manager, at)
    session().flush()
    leads = {lead.id: lead for lead in session().scalars(select(Lead))}
    compared = 0
    for name in ("manager", "admin", "pam", "rita", "stella", "olga", "qualifier", "dana"):
        actor = get_actor(world.people[name].id)
        seen = visible_to(actor)
        visible = set(session().scalars(select(Lead.id).where(seen)))
        sights = {lead_id: sight_of(leads[lead_id], actor) for lead_id in visible}
        for part in Field:
            listed = select(Lead.id).where(seen, where_seen(part, actor, read_choices()))
            there = {lead_id for lead_id, sight in sights.items() if part in sight}
            assert set(session().scalars(listed)) == there, (name, part)
            compared += len(there)
    assert compared > 100
    alice = get_actor(world.people["alice"].id)
    assert not session().scalars(select(Lead.id).where(where_seen(Field.TEASER, alice, {}))).all()


def test_what_is_not_hers_to_see_is_neither_shown_nor_found_nor_ordered_by(ctx):
    alpha = make_partner("Alpha Systems")
    done = held_by(alpha, Answer("won", value=Decimal("4711")), title="Hers")
    olga = make_person(make_vendor(), "operations")
    at, manager = clock.now(), get_actor(make_manager().id)
    given = hand_over.hand_over(done.id, at.date() + timedelta(days=3), "", manager, at)
    hand_over.take(given.id, get_actor(olga.id), at)
    every = [column.key for column in COLUMNS]
    (row,) = list_of(olga, column=every).page().rows
    assert (row.firm, row.value) == ("Alpha Systems", Decimal("4711.00"))
    assert titles(olga, firm="alpha") == ["Hers"]
    hand_over.hand_back(given.id, "4001", "", get_actor(olga.id), at)
    (row,) = list_of(olga, column=every, order="due").page().rows
    assert (row.firm, row.holder, row.value, row.erp, row.due) == (None, None, None, None, None)
    assert titles(olga, firm="alpha") == []
    assert titles(olga) == ["Hers"]


def test_an_account_manager_has_his_own_leads_and_partners_people_have_no_lists(app):
    pam, alpha = make_person(make_vendor(), "account_manager"), make_partner("Alpha")
    held_by(make_partner("Beta"), title="Somebody else’s")
    factory(lambda: tree.set_account_manager(session().merge(alpha), pam.id, clock.now()))()
    held_by(alpha, title="Of Alpha")
    page = sign_in(app.test_client(), pam).get("/leads").text
    assert "Of Alpha" in page
    assert "Somebody else’s" not in page
    assert "Zephyrine" not in page
    for role in ("partner_rep", "partner_manager"):
        rep = sign_in(app.test_client(), make_person(alpha, role))
        for address in ("/leads", "/leads/export", "/leads/views", "/search?q=alpha"):
            assert rep.get(address).status_code == 403, address


# -- what is asked for ----------------------------------------------------------------------


def test_what_a_list_is_narrowed_by_is_named_and_each_can_be_taken_away(client):
    make_lead(title="cold one", temperature="cold", country="FR")
    make_lead(title="hot one", temperature="hot", country="FR")
    sign_in(client, make_manager())
    page = client.get("/leads?temperature=hot&country=FR&q=one&order=title").get_data(as_text=True)
    assert "hot one" in page
    assert "cold one" not in page
    assert "Temperature: Hot" in page
    assert "Country: FR" in page
    assert 'href="/leads?q=one&amp;country=FR&amp;order=title"' in page


def test_all_filters_are_a_page_that_keeps_what_was_asked(client):
    sign_in(client, make_manager())
    asked = "temperature=hot&country=FR&q=one&order=title&column=city"
    page = client.get(f"/leads/filters?{asked}").get_data(as_text=True)
    assert re.search(r'name="temperature" value="hot" checked', page)
    assert re.search(r'name="country" value="FR"', page)
    assert re.search(r'name="column" value="city" checked', page)
    assert 'type="hidden" name="q" value="one"' in page
    assert 'type="hidden" name="order" value="title"' in page
    # the list has room for them, and holds meanwhile what it is narrowed by
    listed = client.get(f"/leads?{asked}").get_data(as_text=True)
    part = listed.partition('id="filters"')[2].partition("</form>")[0]
    assert set(re.findall(r'type="hidden" name="(\w+)"', part)) == {
        "temperature",
        "country",
        "column",
    }


def test_every_field_is_a_filter(ctx):
    at, me = clock.now(), make_manager(name="Mara")
    entries = book()
    other = {
        "brand_id": entries.active("brand")[-1].id,
        "industry_id": entries.active("industry")[-1].id,
        "size_band_id": entries.active("size_band")[-1].id,
        "value_band_id": entries.active("value_band")[-1].id,
        "source_id": entries.active("source")[-1].id,
        "product_ids": [entries.active("product")[-1].id],
    }
    make_lead(title="plain", at=at - timedelta(days=40))
    make_lead(
        title="other",
        at=at,
        type="person",
        state=LeadState.CAPTURED,
        temperature="hot",
        country="US",
        subdivision="US-TX",
        city="Austin",
        language="en",
        priority=9,
        importance=8,
        people=500,
        target_amount=Decimal(90_000),
        time_frame="this summer",
        expectation="A visit",
        owner_id=me.id,
        qualifier_id=me.id,
        suppressed=True,
        sql_at=at,
        closed_at=at,
        round=2,
        source_system="web form",
        external_id="X-77",
        disqualified_reason_id=entries.reasons("disqualify")[0].id,
        probability=80,
        category_id=entries.active("category")[0].id,
        competitor_ids=[entries.active("competitor")[0].id],
        long_term=True,
        campaign_id=make_campaign(CampaignDraft(name="Spring"), get_actor(me.id), at).id,
        search_term="quiet racks",
        basis="consent",
        **other,
    )
    score_many([session().scalars(select(Lead.id).where(Lead.title == "other")).one()], at)
    keep_for_later("plain", me, at)
    held_by(make_partner("Alpha"), Answer("proposal"), title="held", kind="partner_recruit")
    today = f"{at.astimezone(ZONE):%Y-%m-%d}"
    found = {
        "state": ("captured", {"other"}),
        "temperature": ("hot", {"other"}),
        "mine": ("yes", {"other"}),
        "open": ("no", set()),
        "owner": ("me", {"other"}),
        "type": ("person", {"other"}),
        "kind": ("partner_recruit", {"held"}),
        "status": ("no-such-status", set()),
        "source": (str(other["source_id"]), {"other"}),
        "brand": (str(other["brand_id"]), {"other"}),
        "product": (str(other["product_ids"][0]), {"other"}),
        "sort": ("services", {"other"}),
        "industry": (str(other["industry_id"]), {"other"}),
        "size": (str(other["size_band_id"]), {"other"}),
        "band": (str(other["value_band_id"]), {"other"}),
        "people_from": ("100", {"other"}),
        "people_to": ("100", set()),
        "amount_from": ("50000", {"other"}),
        "amount_to": ("90000.5", {"other"}),
        "priority_from": ("9", {"other"}),
        "priority_to": ("5", {"plain", "held"}),
        "importance_from": ("5", {"other"}),
        "importance_to": ("4", {"plain", "held"}),
        "frame": ("SUMMER", {"other"}),
        "expectation": ("visit", {"other"}),
        "category": (str(entries.active("category")[0].id), {"other"}),
        "competitor": (str(entries.active("competitor")[0].id), {"other"}),
        "chance_from": ("80", {"other"}),
        "chance_to": ("79", set()),
        "long_term": ("no", {"plain", "held"}),
        "kept": ("yes", {"plain"}),
        "country": ("us", {"other"}),
        "region": ("tx", {"other"}),
        "city": ("aust", {"other"}),
        "language": ("en", {"other"}),
        "qualifier": ("nobody", {"plain", "held"}),
        "firm": ("alph", {"held"}),
        "holder": ("rep of", {"held"}),
        "answer": ("proposal", {"held"}),
        "late": ("yes", set()),
        "round_from": ("1", {"other", "held"}),
        "round_to": ("0", {"plain"}),
        "captured": ("today", {"other", "held"}),
        "captured_from": (today, {"other", "held"}),
        "captured_to": ("2000-01-01", set()),
        "since": ("month", {"other", "held"}),
        "since_from": (today, {"other", "held"}),
        "since_to": (f"{at - timedelta(days=10):%Y-%m-%d}", {"plain"}),
        "qualified": ("week", {"other", "held"}),
        "qualified_from": (today, {"other", "held"}),
        "qualified_to": (f"{at - timedelta(days=10):%Y-%m-%d}", {"plain"}),
        "picked": ("today", {"held"}),
        "picked_from": (today, {"held"}),
        "picked_to": ("2000-01-01", set()),
        "sql": ("today", {"other"}),
        "sql_from": (today, {"other"}),
        "sql_to": ("2000-01-01", set()),
        "closed": ("today", {"other"}),
        "closed_from": (today, {"other"}),
        "closed_to": ("2000-01-01", set()),
        "origin": ("web", {"other"}),
        "external": ("x-7", {"other"}),
        "campaign": ("spri", {"other"}),
        "term": ("RACKS", {"other"}),
        "basis": ("consent", {"other"}),
        "points_from": ("0", {"other"}),
        "points_to": ("-1", set()),
        "reason": (str(entries.reasons("disqualify")[0].id), {"other"}),
        "suppressed": ("yes", {"other"}),
    }
    assert set(found) == set(FILTERS)
    for key, (value, expected) in found.items():
        assert set(titles(me, **{key: value})) == expected, key
    assert titles(me, state=["captured", "held"], temperature="hot") == ["other"]
    assert set(titles(me, q="AUSTIN")) == {"other"}
    assert titles(me, q="x-77") == ["other"]


def keep_for_later(title, user, at):
    lead = session().scalars(select(Lead).where(Lead.title == title)).one()
    session().add(ArchivedLead(lead_id=lead.id, at=at, user_id=user.id))
    session().flush()


@pytest.mark.parametrize(
    "odd", ["nonsense", "-1", "9" * 40, "1e400", "1e-20000", "9999-12-31", "0001-01-01"]
)
def test_whatever_is_odd_is_left_out_and_nothing_breaks(ctx, odd):
    me = make_manager()
    make_lead(title="there", at=clock.now())
    for key in FILTERS:
        list_of(me, **{key: [odd, "\x00", "%"]}).page()
    assert titles(me, state=odd, order=odd, column=[odd]) == ["there"]
    assert list_of(me).page(after=123_456_789).rows


def test_pages_follow_each_other_in_every_order_there_and_back(ctx):
    me, at = make_manager(), clock.now()
    for number in range(PAGE + 10):
        make_lead(
            title=f"{number % 7}",
            at=at - timedelta(minutes=number % 5),
            priority=number % 3,
            target_amount=None if number % 2 else number % 4,
        )
    for order in ORDERS:
        leads = list_of(me, order=order.key)
        first = leads.page()
        second = leads.page(after=first.after)
        whole = [row.id for row in (*first.rows, *second.rows)]
        assert len(set(whole)) == PAGE + 10, order.key
        assert (first.before, second.after) == (None, None)
        back = leads.page(before=second.before)
        assert [row.id for row in back.rows] == whole[:PAGE], order.key
        assert [row.id for rows in leads.all() for row in rows] == whole, order.key
        assert leads.count(leads.page()) == PAGE + 10


def test_a_short_list_is_put_in_order_by_own_fields_and_a_long_one_is_not(ctx, monkeypatch):
    me, now = make_manager(), clock.now()
    choices = [("", {"en": "West"}, True), ("", {"en": "East"}, True)]
    for name, kind in (
        *(("Halls", "decimal"), ("Opens", "day"), ("Urgent", "yes_no")),
        *(("Side", "one"), ("Sides", "several"), ("Gate", "text")),
    ):
        listed = choices if kind in ("one", "several") else ()
        draft = FieldDraft(names={"en": name}, kind=kind, choices=listed)
        field_operations.add("lead", draft, None, now)
    kept = {
        "a": {"halls": "9.5", "opens": "2026-12-01", "urgent": False, "gate": "north"},
        "b": {"halls": "10", "opens": "2026-02-01", "side": "east", "sides": ["west", "east"]},
        "c": {"urgent": True, "side": "west", "sides": ["east"], "gate": "East"},
    }
    for title, values in kept.items():
        own_fields.write(make_lead(title=title, at=now).id, values)
    expected = {"halls": "bac", "opens": "bac", "urgent": "cab"}
    expected |= {"side": "cba", "sides": "bca", "gate": "cab"}
    for key, order in expected.items():
        whole = list_of(me, order=f"own-{key}")
        assert "".join(row.title for row in whole.page().rows) == order, key
        first = whole.page().rows[0].id
        assert "".join(row.title for row in whole.page(after=first).rows) == order[1:], key
    assert "own-halls" in [order.key for order in whole.eyes.orders()]
    # of a lead that is held a manager sees no own fields, and reads nothing off their order
    firm = make_partner("Alpha")
    for title, halls in (("d", "99"), ("e", "1")):
        own_fields.write(held_by(firm, title=title).id, {"halls": halls})
    by_halls = list_of(me, order="own-halls")
    ids = [row.id for row in by_halls.page().rows]
    assert "".join(row.title for row in by_halls.page().rows[:2]) == "ba"
    assert ids[2:] == sorted(ids[2:], reverse=True)
    monkeypatch.setattr(lead_list, "COUNTED", 4)
    too_long = list_of(me, order="own-halls")
    assert (too_long.order.key, too_long.too_long.label) == ("newest", "By “Halls”")
    assert list_of(me, order="own-halls", state="held").too_long is None


def test_a_page_asks_the_database_a_fixed_number_of_times(app, client):
    pam = make_person(make_vendor(), "account_manager")
    alpha = make_partner("Alpha")
    factory(lambda: tree.set_account_manager(session().merge(alpha), pam.id, clock.now()))()
    sign_in(client, pam)
    address = "/leads?column=" + "&column=".join(column.key for column in COLUMNS)
    held_by(alpha)
    few = statements(app, client, address)
    for _each in range(5):
        held_by(alpha)
    many = statements(app, client, address)
    assert len(few) == len(many) <= 13, "\n".join(many)


def statements(app, client, address):
    """Return the statements of a page."""
    found = []

    def listen(_connection, _cursor, statement, *_rest):
        found.append(statement)

    with app.app_context():
        engine = db.engine
    client.get(address)
    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return found


# -- files ----------------------------------------------------------------------------------


def test_a_list_leaves_as_csv_or_as_a_workbook_and_no_cell_is_a_formula(app, client):
    me = make_manager(timezone="America/New_York")
    at = clock.now().replace(year=2026, month=3, day=9, hour=3, minute=0, second=0)
    make_lead(title="=HYPERLINK(1)\x08", at=at, city="@SUM(1)", target_amount=Decimal("1500.5"))
    make_lead(title="Others", state=LeadState.CAPTURED)
    sign_in(client, me)
    asked = "/leads/export?state=qualified&column=city&column=captured&column=amount&column=state"
    plain = client.get(asked)
    assert plain.mimetype == "text/csv"
    heading, line = csv.reader(io.StringIO(plain.text.removeprefix("\ufeff")))
    assert heading[1:] == ["Title", "State", "Target amount", "City", "Came in"]
    assert line[1:] == ["'=HYPERLINK(1)\x08", "Ready", "1500.50", "'@SUM(1)", "2026-03-08 23:00:00"]
    book = client.get(f"{asked}&as=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(book.data)).active
    (cells,) = sheet.iter_rows(min_row=2)
    assert [cell.data_type for cell in cells] == ["s", "s", "s", "n", "s", "d"]
    assert cells[1].value == "'=HYPERLINK(1)"
    assert "Zephyrine" not in plain.text
    assert "Others" not in plain.text
    with app.app_context():
        (taken, _again) = session().scalars(
            select(EventRow.data).where(EventRow.name == "LeadsExported").order_by(EventRow.id)
        )
    assert taken["filters"] == ["state"]


# -- views ----------------------------------------------------------------------------------


def test_a_view_is_saved_used_by_colleagues_changed_and_removed(app, client):
    mara = make_manager(name="Mara")
    pam = make_person(make_vendor(), "account_manager", name="Pam")
    make_lead(title="Hot one", temperature="hot")
    sign_in(client, mara)
    token = csrf_of(client.get("/leads").text)
    asked = {"temperature": "hot", "order": "longest", "column": ["state", "city"]}
    form = {"csrf_token": token, "name": " What  burns ", **asked}
    saved = client.post("/leads/views", data={**form, "shared": "1"})
    assert saved.status_code == 303
    address = saved.headers["Location"]
    page = client.get(address).text
    assert "Hot one" in page
    assert re.search(r'<a class="chip" href="[^"]*" aria-current="true">What burns<', page)
    twice = client.post("/leads/views", data={**form, "name": "what burns"})
    assert twice.status_code == 422
    assert 'value="what burns"' in twice.text
    assert 'name="temperature" value="hot"' in twice.text
    hers = sign_in(app.test_client(), pam)
    page = hers.get("/leads").text
    assert "What burns, by Mara" in page
    assert "Hot one" not in hers.get(address).text, "not hers to see, whoever shares a view"
    view_id = address.rpartition("view=")[2]
    other = {"csrf_token": csrf_of(page), "name": "Mine now"}
    assert hers.post(f"/leads/views/{view_id}", data=other).status_code == 404
    assert hers.post(f"/leads/views/{view_id}/removal", data=other).status_code == 404
    changed = {"csrf_token": token, "name": "What burns", "asked": "1", "state": "held"}
    assert client.post(f"/leads/views/{view_id}", data=changed).status_code == 303
    assert "What burns" not in hers.get("/leads").text, "it is shared no more"
    assert "state=held" in client.get("/leads/views").text
    assert client.post(f"/leads/views/{view_id}/removal", data=form).status_code == 303
    assert "What burns" not in client.get("/leads").text


# -- several at once ------------------------------------------------------------------------


def test_several_are_offered_at_once_and_each_says_what_became_of_it(app, client):
    make_partner("Alpha")
    me, ready = make_manager(), make_offered_lead(title="On offer")
    captured = make_lead(title="Not yet", state=LeadState.CAPTURED)
    sign_in(client, me)
    token = csrf_of(client.get("/leads").text)
    chosen = {"csrf_token": token, "lead": [ready.id, captured.id, 987_654_321], "state": "held"}
    back = client.post("/leads/actions", data={**chosen, "action": "withdraw"})
    assert back.status_code == 200
    assert "1 of 2 done." in back.text
    assert "Off the market" in back.text
    assert f"{captured.number} is not on offer." in back.text
    assert 'href="/leads?state=held"' in back.text
    nobody = client.post("/leads/actions", data={**chosen, "action": "owner"})
    assert nobody.status_code == 303
    owner = client.post(
        "/leads/actions",
        data={**chosen, "page": "1", "shown": [captured.id], "action": "owner", "user_id": me.id},
    )
    assert "1 of 1 done." in owner.text
    assert titles(me, owner="me") == ["Not yet"]


def test_inquiries_are_given_to_who_qualifies_them(app, client):
    inquiry = make_lead(title="Waits", state=LeadState.CAPTURED)
    ready, silent = make_lead(title="Ready"), make_lead(state=LeadState.CAPTURED, suppressed=True)
    me, quentin = make_manager(), make_person(make_vendor(), "qualifier")
    sign_in(client, me)
    form = {
        "csrf_token": csrf_of(client.get("/leads").text),
        "lead": [inquiry.id, ready.id, silent.id],
        "action": "qualify",
    }
    given = client.post("/leads/actions", data={**form, "user_id": quentin.id}).text
    assert "1 of 3 done." in given
    assert f"{ready.number} does not wait to be qualified." in given
    assert titles(quentin, mine="yes") == ["Waits"]
    olga = make_person(make_vendor(), "operations")
    refused = client.post("/leads/actions", data={**form, "user_id": olga.id}).text
    assert "This person qualifies no inquiries." in refused
    assert titles(quentin, mine="yes") == ["Waits"]


def test_who_may_not_do_it_to_one_lead_does_it_to_none_of_several(app):
    lead = make_lead()
    for role, status in (("account_manager", 403), ("qualifier", 403), ("regional_manager", 403)):
        person = make_person(make_vendor(), role)
        client = sign_in(app.test_client(), person)
        page = client.get("/leads").text
        assert "Offer to partners" not in page
        form = {"csrf_token": csrf_of(page), "lead": lead.id, "action": "offer"}
        assert client.post("/leads/actions", data=form).status_code == status, role
