"""What an opportunity may bring, how complete it is, its products and their notes, the archive."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.models import Product
from portal.catalog.queries import book, forget_book
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.feedback import actions
from portal.feedback.action_rules import Action
from portal.feedback.rules import Answer
from portal.leads import archive, figures, own_fields
from portal.leads.completeness import Part, completeness, read_completeness
from portal.leads.figures import Figures
from portal.leads.models import Lead, LeadRequirement, LeadState
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
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

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@factory
def make_held(rep: User, **over: object) -> Lead:
    """Return a lead that the rep picked up an hour ago."""
    at = clock.now() - HOUR
    lead = make_offered_lead(at=at, **over)
    pickup.claim(lead.id, get_actor(rep.id), at)
    return session().get_one(Lead, lead.id, populate_existing=True)


@factory
def set_figures(lead: Lead, user: User, **said: object) -> list[str]:
    return figures.set_figures(lead.id, Figures(**said), get_actor(user.id), clock.now())


@factory
def fresh(lead: Lead) -> Lead:
    return session().get_one(Lead, lead.id, populate_existing=True)


@factory
def entry(kind: str, key: str) -> int:
    return book().id_of(kind, key)


def post(client: FlaskClient, address: str, **fields: object):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


# -- figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "chance", "expected"),
    [("80000", 25, "20000.00"), ("99.99", 33, "33.00"), ("5", None, None), (None, 50, None)],
)
def test_what_is_expected_is_the_amount_times_the_probability(amount, chance, expected) -> None:
    found = Figures(Decimal(amount) if amount else None, chance).expected_amount
    assert found == (Decimal(expected) if expected else None)


def test_who_works_on_a_lead_says_what_it_may_bring_and_nobody_else(client: FlaskClient) -> None:
    firm, manager = make_partner(), make_manager()
    rep, colleague = make_person(firm), make_person(firm)
    lead = make_held(rep)
    address = f"/leads/{lead.id}/figures"
    for person in (colleague, make_person(make_vendor(), "admin")):
        browser = sign_in(client.application.test_client(), person)
        assert browser.get(address).status_code == 404
        assert post(browser, address, probability="50").status_code == 404
    browser = sign_in(client, rep)
    wrong = post(browser, address, target_amount="much", probability="101", quote_number="A 7")
    assert wrong.status_code == 422
    assert "Please give a number." in wrong.text
    assert 'value="A 7"' in wrong.text
    competitor, category = entry("competitor", "querix"), entry("category", "public")
    said = {"target_amount": "80000", "probability": "25", "category_id": category}
    said |= {"competitor_ids": competitor, "long_term": "y", "quote_needs": "Two brands"}
    assert post(browser, address, **said).status_code == 303
    for person in (rep, manager):
        page = sign_in(client.application.test_client(), person).get(f"/leads/{lead.id}").text
        told = ("€80,000", "25%", "€20,000", "Public sector", "Querix", "Long-term", "Two brands")
        for words in told:
            assert words in page, words
    assert set_figures(lead, manager, probability=40) != []
    assert fresh(lead).probability == 40
    operations = make_person(make_vendor(), "operations")
    with pytest.raises(NotFound):
        set_figures(lead, operations, probability=1)


def test_figures_that_cannot_be_are_told(ctx) -> None:
    manager, lead = make_manager(), make_lead()
    product = entry("product", "switches")
    with pytest.raises(Invalid) as refused:
        set_figures(
            lead,
            manager,
            target_amount=Decimal(-1),
            probability=101,
            category_id=product,
            competitor_ids=(product,),
            quote_number="7" * 61,
        )
    assert set(refused.value.errors) == {
        *("target_amount", "probability", "category_id", "competitor_ids", "quote_number")
    }
    assert set_figures(lead, manager, probability=0) == ["probability"]
    assert set_figures(lead, manager, probability=0) == []


def test_a_stage_asks_for_what_the_definition_wants_before_it(client: FlaskClient) -> None:
    rep = make_person()
    lead = make_held(rep)
    require(lead, "proposal", "quote_number", "probability", "brand_id")
    browser = sign_in(client, rep)
    held = held_of(lead)
    answer = f"/pickups/{held}/feedback"
    refused = post(browser, answer, status="proposal", note="Sent today")
    assert refused.status_code == 422
    assert "please fill in on the lead: Number of the quote, Probability to win." in refused.text
    assert "Sent today" in refused.text
    figures_page = f"/leads/{lead.id}/figures"
    assert post(browser, figures_page, quote_number="A-7", probability="0").status_code == 303
    assert post(browser, answer, status="proposal", note="Sent today").status_code == 303


def test_a_stage_asks_for_own_fields_that_stand_with_the_figures(client: FlaskClient) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_held(rep)
    keep_halls()
    require(lead, "proposal", "own-halls")
    browser, held = sign_in(client, rep), held_of(lead)
    refused = post(browser, f"/pickups/{held}/feedback", status="proposal")
    assert "please fill in on the lead: Halls." in refused.text
    address = f"/leads/{lead.id}/figures"
    # who doesn't see them fills in what is missing, and reads no more than that
    office = sign_in(client.application.test_client(), manager)
    assert 'name="own-halls"' in office.get(address).text
    assert 'name="own-remarks"' not in office.get(address).text
    wrong = post(office, address, **{"own-halls": "many", "own-remarks": "not hers to write"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    assert (
        post(browser, address, **{"own-halls": "7", "own-remarks": "Ring twice"}).status_code == 303
    )
    assert 'name="own-halls"' not in office.get(address).text
    assert 'value="Ring twice"' in browser.get(address).text
    assert post(browser, f"/pickups/{held}/feedback", status="proposal").status_code == 303
    assert own_of(lead) == {"halls": 7, "remarks": "Ring twice"}


@factory
def keep_halls() -> None:
    for name, kind in (("Halls", "whole"), ("Remarks", "text")):
        field_operations.add("lead", FieldDraft(names={"en": name}, kind=kind), None, clock.now())


@factory
def own_of(lead: Lead) -> dict[str, object]:
    return own_fields.read(lead.id)


@factory
def require(lead: Lead, step: str, *fields: str) -> None:
    session().add_all(LeadRequirement(type_id=lead.type_id, step=step, field=one) for one in fields)


@factory
def held_of(lead: Lead) -> int:
    return session().scalars(select(Pickup.id).where(Pickup.lead_id == lead.id)).one()


# -- completeness -----------------------------------------------------------------------------


def test_only_what_lacks_nothing_is_complete() -> None:
    parts = [Part("Title", True, "qualify")] * 299
    assert completeness(parts).percent == 100
    almost = completeness([*parts, Part("City", False, "qualify")])
    assert (almost.percent, [one.words for one in almost.missing]) == (99, ["City"])


def test_what_is_missing_is_named_and_of_the_contact_no_more_than_that(client) -> None:
    rep = make_person()
    contact = {"last_name": "Quastenflosser", "company": "K AG", "email": "z@k.example"}
    lead = make_held(rep, city=None, contact=contact)
    missing = {one.words for one in seen(lead)}
    assert {"City", "Category", "Phone", "Probability to win"} <= missing
    assert not missing & {"Title", "Last name", "Company", "E-mail"}
    page = sign_in(client, make_manager()).get(f"/leads/{lead.id}").text
    assert "things are missing" in page
    assert "Quastenflosser" not in page


@factory
def seen(lead: Lead) -> list[Part]:
    return read_completeness(fresh(lead)).missing


# -- products ---------------------------------------------------------------------------------


def test_what_was_asked_of_a_product_is_noted_and_read_from_pickup_on(client) -> None:
    qualifier, rep = make_person(make_vendor(), "qualifier"), make_person()
    lead = make_lead(state=LeadState.QUALIFYING, qualifier_id=qualifier.id)
    (product,) = lead.product_ids
    address, name = f"/leads/{lead.id}/products", f"note-{product}"
    browser = sign_in(client, qualifier)
    wrong = post(browser, address, **{name: "x" * 2001})
    assert wrong.status_code == 422
    assert "x" * 2001 in wrong.text
    assert post(browser, address, **{name: "PoE on all ports?"}).status_code == 303
    assert "PoE on all ports?" in browser.get(address).text
    held = make_held(rep)
    holder = sign_in(client.application.test_client(), rep)
    assert post(holder, f"/leads/{held.id}/products", **{name: "48 of them"}).status_code == 303
    assert "48 of them" in holder.get(f"/leads/{held.id}").text
    stranger = sign_in(client.application.test_client(), make_person())
    assert stranger.get(f"/leads/{held.id}/products").status_code == 404


def test_whoever_works_on_a_lead_opens_the_price_book_of_its_products(client) -> None:
    rep = make_person()
    lead = make_held(rep)
    address = "https://prices.example/switches"
    admin = sign_in(client, make_manager())
    page = f"/catalog/product/{lead.product_ids[0]}"
    form = {"name_en": "Switches", "active": "y", "position": "10", "brand_id": ""}
    assert post(admin, page, **form, price_book="javascript:alert(1)").status_code == 422
    assert post(admin, page, **form, price_book=address).status_code == 303
    assert price_book_of(lead) == address
    holder = sign_in(client.application.test_client(), rep)
    assert f'href="{address}" target="_blank" rel="noopener' in holder.get(f"/leads/{lead.id}").text


@factory
def price_book_of(lead: Lead) -> str | None:
    forget_book()
    return session().get_one(Product, lead.product_ids[0]).price_book


# -- the archive ------------------------------------------------------------------------------


def test_a_dead_lead_is_kept_for_later_and_comes_back_into_view_on_its_day(client) -> None:
    manager = make_manager()
    lead, alive = make_lead(title="Cabling of plant two"), make_lead()
    cancel(lead, manager)
    browser, address = sign_in(client, manager), f"/leads/{lead.id}/archive"
    assert browser.get(f"/leads/{alive.id}/archive").status_code == 409
    assert "Keep for later" in browser.get(f"/leads/{lead.id}").text
    past = post(browser, address, returns_on="2020-01-31", note="New budget in spring")
    assert past.status_code == 422
    assert "New budget in spring" in past.text
    day = clock.now().date() + 40 * DAY
    said = {"returns_on": day.isoformat(), "note": "New budget in spring"}
    assert post(browser, address, **said).status_code == 303
    assert 'href="/archive"' in browser.get("/board").text
    assert "New budget in spring" in browser.get("/archive").text
    assert back(manager) == []
    assert back(manager, 41) == [lead.id]
    for stranger, status in ((make_person(), 403), (account_manager(), 404)):
        other = sign_in(client.application.test_client(), stranger)
        assert post(other, address, **said).status_code == status
    assert post(browser, f"{address}/removal").status_code == 303
    assert "Cabling of plant two" not in browser.get("/archive").text
    assert post(browser, f"{address}/removal").status_code == 404


def account_manager() -> User:
    return make_person(make_vendor(), "account_manager")


@factory
def cancel(lead: Lead, manager: User) -> None:
    answer = Answer("cancelled", reason="by_mistake")
    actions.finish(Action.CANCEL, lead.id, answer, get_actor(manager.id), clock.now())


@factory
def back(manager: User, days: int = 0) -> list[int]:
    at = clock.now() + timedelta(days=days)
    return [row.id for row in archive.list_back(get_actor(manager.id), at)]


def test_whoever_asked_to_be_left_alone_never_comes_back_into_view(ctx) -> None:
    manager = make_manager()
    lead = make_lead(state=LeadState.DISQUALIFIED, suppressed=True)
    actor, day = get_actor(manager.id), clock.now().date() + DAY
    with pytest.raises(Invalid):
        archive.put_in(lead.id, day, "", actor, clock.now())
    assert archive.put_in(lead.id, None, "", actor, clock.now()).returns_on is None
