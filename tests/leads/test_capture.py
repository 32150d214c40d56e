"""Taking in one inquiry, and the pure rules of texts."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.campaigns.models import Campaign
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.leads import rules
from portal.leads.basis import Basis
from portal.leads.leaks import ContactFacts
from portal.leads.models import LeadState, Suppression
from portal.leads.operations import ContactDraft, Draft, capture, suppress
from tests.factories import AT, contact_of, make_person, make_programme, make_vendor


def test_an_inquiry_comes_in_with_a_number_a_state_and_an_event(ctx: Flask) -> None:
    by = get_actor(make_person(make_vendor(), "qualifier").id)
    lead = capture(Draft(title="Switches", contact=ContactDraft(company="Meier")), AT, by)
    assert lead.number.startswith("L-")
    assert (lead.state, lead.owner_id, lead.captured_at) == (LeadState.CAPTURED, by.id, AT)
    event = session().scalars(select(EventRow).where(EventRow.name == "LeadCaptured")).one()
    assert (event.lead_id, event.data["user_id"]) == (lead.id, by.id)
    assert "Meier" not in str(event.data)


def test_size_and_value_fall_into_their_bands(ctx: Flask) -> None:
    make_programme()
    lead = capture(Draft(people=240, target_amount=60_000), AT)
    assert lead.size_band_id is not None
    assert lead.value_band_id is not None


def test_a_phone_number_nobody_understands_is_kept_as_written(ctx: Flask) -> None:
    make_programme()
    lead = capture(Draft(contact=ContactDraft(phone="ask at the desk")), AT)
    contact = contact_of(lead.id)
    assert (contact.phone, contact.phone_e164) == ("ask at the desk", None)


def test_of_several_phone_numbers_the_first_one_understood_counts(ctx: Flask) -> None:
    make_programme()
    draft = Draft(country="DE", contact=ContactDraft(phone="ext. 4, 0511 7654321"))
    contact = contact_of(capture(draft, AT).id)
    assert contact.phone_e164 == "+495117654321"


def test_an_address_that_is_none_is_refused(ctx: Flask) -> None:
    make_programme()
    with pytest.raises(Invalid) as refused:
        capture(Draft(contact=ContactDraft(email="meier at work")), AT)
    assert set(refused.value.errors) == {"email"}


def test_an_unknown_key_of_the_catalogue_is_refused(ctx: Flask) -> None:
    make_programme()
    with pytest.raises(NotFound):
        capture(Draft(industry_key="astrology"), AT)


@pytest.mark.parametrize("key", ["email:z@meier.example", "phone:+495117654321", "external:crm:7"])
def test_each_key_of_the_suppression_list_is_recognised(ctx: Flask, key: str) -> None:
    make_programme()
    suppress([key], "do_not_call", AT)
    lead = capture(
        Draft(
            source_system="crm",
            external_id="7",
            country="DE",
            contact=ContactDraft(phone="0511/7654321", email="Z@Meier.example"),
        ),
        AT,
    )
    assert lead.suppressed


def test_suppressing_twice_keeps_the_first_reason(ctx: Flask) -> None:
    make_programme()
    suppress(["email:z@meier.example"], "do_not_call", AT)
    suppress(["email:z@meier.example"], "something else", AT)
    assert session().scalars(select(Suppression.reason)).all() == ["do_not_call"]


@pytest.mark.parametrize("state", list(LeadState))
def test_every_state_is_editable_or_refused_with_a_sentence(ctx: Flask, state: str) -> None:
    if state in rules.EDITABLE:
        rules.check_editable(state, "L-1")
        return
    with pytest.raises(rules.NotEditable) as refused:
        rules.check_editable(state, "L-1")
    assert "L-1" in refused.value.message


def test_the_mark_of_leaks_changes_with_every_leak(ctx: Flask) -> None:
    facts = ContactFacts(last_name="Quastenflosser", company="Kanarienwerke AG")
    one = rules.leaks_in({"title": "Quastenflosser"}, facts)
    two = rules.leaks_in({"title": "Quastenflosser, Kanarienwerke"}, facts)
    other = rules.leaks_in({"partner_text": "Quastenflosser"}, facts)
    assert len({rules.fingerprint(found) for found in (one, two, other, {})}) == 4


def test_texts_are_measured_against_their_fields(ctx: Flask) -> None:
    assert rules.too_long({"title": "x" * 160, "answer-need": "x" * 4000}) == {}
    assert set(rules.too_long({"title": "x" * 161, "answer-need": "x" * 4001})) == {
        "title",
        "answer-need",
    }


def test_a_lead_keeps_its_campaign_its_way_and_the_reason_to_call(ctx):
    make_vendor()
    campaign = Campaign(
        key="spring", name="Spring", channel="search", source_id=book().active("source")[1].id,
        created_at=AT,
    )  # fmt: skip
    session().add(campaign)
    session().flush()
    referrer = "https://anna:secret@search.example/find?q=anna+meier"
    lead = capture(
        Draft(
            campaign_id=campaign.id,
            search_term="  network   cabinets ",
            origin={"utm_medium": "cpc", "referrer": referrer, "gclid": "x" * 40, "utm_term": ""},
            basis=Basis("consent", "contact/2"),
        ),
        AT,
    )
    assert (lead.campaign_id, lead.source_id) == (campaign.id, campaign.source_id)
    assert lead.search_term == "network cabinets"
    assert lead.origin == {"utm_medium": "cpc", "referrer": "search.example/find"}
    assert (lead.basis, lead.basis_words, lead.basis_at) == ("consent", "contact/2", AT)


@pytest.mark.parametrize(
    "over", [{"campaign_id": 99}, {"basis": Basis("before")}, {"basis": Basis("asked", "x" * 81)}]
)
def test_what_is_no_campaign_and_no_legal_basis_is_refused(ctx, over):
    make_vendor()
    with pytest.raises(Invalid):
        capture(Draft(**over), AT)


def test_a_source_says_why_its_people_may_be_called_unless_the_inquiry_does(ctx: Flask) -> None:
    make_vendor()
    assert capture(Draft(source_key="phone_inquiry"), AT).basis == "asked"
    assert capture(Draft(source_key="purchased_list"), AT).basis is None
    assert capture(Draft(source_key="phone_inquiry", basis=Basis("consent")), AT).basis == "consent"
