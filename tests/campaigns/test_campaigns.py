"""Campaigns, what they cost, where leads come from, and who must be left alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.campaigns import consent, operations
from portal.campaigns.operations import CampaignDraft
from portal.campaigns.rules import cost_per_lead
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import EventPrivate, EventRow
from portal.leads import sources, suppression
from portal.leads.models import Lead, Suppression
from portal.leads.operations import ContactDraft, Draft, capture
from portal.pickup.operations import claim
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_person,
    make_vendor,
    sign_in,
)


@factory
def make_campaign(name="Spring", by=None, spent=(), **over):
    manager = get_actor((by or make_manager()).id)
    campaign = operations.make_campaign(CampaignDraft(name=name, **over), manager, AT)
    for amount in spent:
        operations.enter_cost(campaign.id, AT.date(), Decimal(amount), "Clicks", manager, AT)
    return campaign


@pytest.mark.parametrize(
    ("spent", "leads", "per_lead", "each"),
    [
        ("840", 10, None, "84.00"),
        ("100", 3, None, "33.33"),
        ("100", 3, "5", "38.33"),
        ("0", 3, "5", "5.00"),
        ("-20", 2, "5", "5.00"),
        ("0", 3, None, None),
        ("100", 0, None, None),
    ],
)
def test_a_lead_costs_its_share_and_what_was_paid_for_it_alone(spent, leads, per_lead, each):
    found = cost_per_lead(Decimal(spent), leads, Decimal(per_lead) if per_lead else None)
    assert found == (Decimal(each) if each else None)


def test_a_campaign_is_reckoned_up_from_its_leads_and_costs(ctx):
    campaign = make_campaign(spent=("600", "240"), budget=Decimal(1000))
    for number in range(9):
        make_lead(campaign_id=campaign.id, search_term="Cabinets" if number % 2 else "network")
    make_lead(campaign_id=campaign.id, state="captured", qualified_at=None)
    first = session().scalars(select(Lead.id).order_by(Lead.id)).first()
    make_lead(campaign_id=campaign.id, merged_into=first)
    (account,) = sources.list_accounts()
    assert account == sources.read_account(campaign)
    assert (account.came.leads, account.came.qualified) == (10, 9)
    assert (account.cost, account.each) == (Decimal(840), Decimal("84.00"))
    terms = [(term, came.leads) for term, came in sources.list_terms(campaign.id)]
    assert terms == [("network", 5), ("cabinets", 4)]
    assert sources.find_cost(session().get_one(Lead, first)) == Decimal("84.00")
    assert sources.find_cost(make_lead()) is None


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": " "}, "name"),
        ({"channel": "telepathy"}, "channel"),
        ({"starts_on": date(2027, 2, 1), "ends_on": date(2027, 1, 1)}, "ends_on"),
        ({"budget": Decimal(-1)}, "budget"),
        ({"per_lead": Decimal(10) ** 12}, "per_lead"),
        ({"key": "Not A Key"}, "key"),
        ({"source_id": 1}, "source_id"),
    ],
)
def test_what_is_no_campaign_is_refused(ctx, over, field):
    make_vendor()
    with pytest.raises(Invalid) as refused:
        make_campaign(**over)
    assert field in refused.value.errors


def test_two_who_change_a_campaign_at_once_lose_nothing(ctx):
    manager = get_actor(make_manager().id)
    campaign = make_campaign()
    assert make_campaign("Spring").key == "spring-2"
    draft = CampaignDraft(name="Spring 2027")
    operations.save_campaign(campaign.id, draft, manager, AT, campaign.version)
    with pytest.raises(Conflict):
        operations.save_campaign(campaign.id, CampaignDraft(name="Other"), manager, AT, 1)
    assert (campaign.name, campaign.key) == ("Spring 2027", "spring")


def test_words_of_consent_are_followed_and_never_changed(ctx):
    manager = get_actor(make_manager().id)
    first = consent.word("contact", {"en": "You may call me."}, manager, AT)
    assert consent.word("contact", {"en": "You may call me. "}, manager, AT).id == first.id
    second = consent.word("contact", {"en": "You may write to me."}, manager, AT)
    assert (first.name, second.name) == ("contact/1", "contact/2")
    assert consent.find_newest("contact").id == second.id
    assert consent.find_named("contact/1").words == {"en": "You may call me."}
    assert consent.find_named("contact/x") is None
    with pytest.raises(Invalid):
        consent.word("Not a key", {"en": ""}, manager, AT)


def test_leads_are_counted_by_source_and_month_of_the_programme_s_zone(ctx):
    zone, at = ZoneInfo("Europe/Berlin"), datetime(2026, 3, 15, tzinfo=UTC)
    # in Berlin it is February by then, and the third one is too long ago
    make_lead(captured_at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    make_lead(captured_at=datetime(2026, 3, 1, tzinfo=UTC), qualified_at=None, state="captured")
    make_lead(captured_at=datetime(2025, 3, 31, tzinfo=UTC), source_id=None)
    (known,) = sources.by_source_and_month(at, zone)
    assert (known.counts[-3:], known.total, known.qualified) == ([0, 1, 1], 2, 1)


def test_the_holder_reads_what_the_lead_cost_and_nobody_before_him(app):
    rep = make_person()
    campaign = make_campaign(spent=("84",))
    lead = make_offered_lead(campaign_id=campaign.id, search_term="server cabinets")
    browser = sign_in(app.test_client(), rep)
    before = browser.get("/available").text + browser.get(f"/leads/{lead.id}").text
    assert "server cabinets" not in before
    assert "cost us" not in before
    picks(lead.id, rep)
    page = browser.get(f"/leads/{lead.id}").text
    assert "This lead cost us €84" in page
    assert "server cabinets" in page
    assert "They asked us" in page


@factory
def picks(lead_id, rep):
    claim(lead_id, get_actor(rep.id), AT)


def test_a_campaign_is_planned_paid_for_and_put_away_on_its_pages(app):
    manager = sign_in(app.test_client(), make_manager())
    page = manager.get("/campaigns/new").text
    values = {"csrf_token": csrf_of(page), "name": "Autumn fair", "channel": "event", "version": ""}
    made = manager.post("/campaigns/new", data=values | {"budget": "12000"})
    assert made.status_code == 303
    path = made.location
    token = {"csrf_token": csrf_of(manager.get(path).text)}
    assert manager.post(f"{path}/costs", data=token | {"day": "x", "amount": ""}).status_code == 422
    paid = token | {"day": "2026-11-02", "amount": "1250.50", "what": "Stand"}
    assert manager.post(f"{path}/costs", data=paid).status_code == 303
    page = manager.get(path).text
    for said in ("Autumn fair", "1,250.50", "Stand", "utm_campaign=autumn-fair"):
        assert said in page
    assert manager.post(f"{path}/archive", data=token | {"away": "1"}).status_code == 303
    assert "put away" in manager.get("/campaigns").text
    assert manager.get("/lead-sources").status_code == 200
    rep = sign_in(app.test_client(), make_person())
    for address in ("/campaigns", path, "/lead-sources", "/suppressions", "/consent-texts"):
        assert rep.get(address).status_code == 403


# -- who must be left alone -------------------------------------------------------------------

MAIL = "anna@kanarienwerke.example"


def asks(**over):
    return capture(Draft(contact=ContactDraft(**over), country="DE"), AT)


def test_who_is_put_on_the_list_is_left_alone_until_it_is_lifted_with_a_reason(ctx):
    manager = get_actor(make_manager().id)
    early, both = asks(email=MAIL), asks(email=MAIL, phone="+49 511 7654321")
    suppression.add(" Anna@Kanarienwerke.example ", "do_not_call", AT)
    suppression.add("+49 511 7654321", "other", AT)
    late = asks(email=MAIL.upper())
    assert (early.suppressed, both.suppressed, late.suppressed) == (True, True, True)
    keys = session().scalars(select(Suppression.key).order_by(Suppression.key)).all()
    assert keys == [f"email:{MAIL}", "phone:+495117654321"]
    with pytest.raises(Invalid):
        suppression.lift(f"email:{MAIL}", "  ", manager, AT)
    assert suppression.lift(f"email:{MAIL}", "She wrote on Monday.", manager, AT) == 2
    # the number still keeps it away
    assert (early.suppressed, both.suppressed, late.suppressed) == (False, True, False)
    assert suppression.lift(f"email:{MAIL}", "Again", manager, AT) == 0
    event = session().scalars(select(EventRow).filter_by(name="SuppressionLifted")).one()
    assert MAIL not in str(event.data)
    assert session().get_one(EventPrivate, event.id).texts == {"reason": "She wrote on Monday."}


@pytest.mark.parametrize("typed", ["", "anna at work", "12", "x" * 5000])
def test_what_nobody_can_be_reached_by_is_no_entry(ctx, typed):
    make_vendor()
    with pytest.raises(Invalid):
        suppression.add(typed, "do_not_call", AT)


def test_the_list_is_kept_on_its_page(app):
    manager = sign_in(app.test_client(), make_manager())
    token = {"csrf_token": csrf_of(manager.get("/suppressions").text)}
    wrong = manager.post("/suppressions", data=token | {"address": "anna", "reason": "other"})
    assert wrong.status_code == 422
    added = manager.post("/suppressions", data=token | {"address": MAIL, "reason": "other"})
    assert added.status_code == 303
    assert MAIL in manager.get("/suppressions?q=anna").text
    assert MAIL not in manager.get("/suppressions?q=bert").text
    lifting = token | {"key": f"email:{MAIL}", "reason": ""}
    assert manager.post("/suppressions/lifting", data=lifting).status_code == 422
    lifting["reason"] = "She asked us to."
    assert manager.post("/suppressions/lifting", data=lifting).status_code == 303
    assert MAIL not in manager.get("/suppressions").text
