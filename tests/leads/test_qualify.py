"""From an inquiry to a lead that may be offered, through the operations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import EventPrivate, EventRow
from portal.leads import operations, rules
from portal.leads.basis import Basis
from portal.leads.models import (
    Lead,
    LeadAnswer,
    LeadState,
    Suppression,
)
from portal.leads.operations import ContactDraft, Draft, Qualification
from portal.offers import operations as offers
from portal.offers.rules import NotReady
from tests.factories import (
    AT,
    contact_of,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

LATER = AT + timedelta(hours=1)
ANSWERS = {"budget": "50 k", "authority": "The CIO", "need": "Slow", "time": "March"}
CONTACT = ContactDraft(
    company="Kanarienwerke AG",
    first_name="Zephyrine",
    last_name="Quastenflosser",
    phone="0511 7654321",
    email="Zephyrine@Kanarienwerke.example",
)


def make_qualifier() -> Actor:
    return get_actor(make_person(make_vendor(), "qualifier").id)


def a_qualification(**over) -> Qualification:
    entries = book()
    return replace(
        Qualification(
            title="Replace 14 ageing network cabinets",
            partner_text="Two plants, budget signed off.",
            temperature="hot",
            country="DE",
            city="Hannover",
            source_id=entries.active("source")[0].id,
            contact=CONTACT,
            answers=ANSWERS,
        ),
        **over,
    )


def make_inquiry(**over) -> Lead:
    make_vendor()
    over.setdefault("basis", Basis("asked"))
    return operations.capture(Draft(contact=CONTACT, country="DE", **over), AT)


def names_of_events() -> list[str]:
    return list(session().scalars(select(EventRow.name).order_by(EventRow.id)))


def test_a_complete_lead_becomes_qualified_and_can_be_offered(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    make_partner()
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)
    assert lead.state == LeadState.QUALIFYING
    operations.qualify(lead.id, qualifier, LATER)
    assert (lead.state, lead.qualified_at) == (LeadState.QUALIFIED, LATER)
    assert lead.qualifier_id == qualifier.id
    assert offers.offer(lead.id, LATER).offered == 1
    assert "LeadQualified" in names_of_events()


def test_a_draft_may_be_incomplete_and_is_kept(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    draft = Qualification(title="Cabinets", answers={"need": "Slow"})
    operations.save_qualification(lead.id, draft, qualifier, AT, lead.version)
    kept = session().scalars(select(LeadAnswer.answer)).all()
    assert (lead.title, kept, lead.state) == ("Cabinets", ["Slow"], LeadState.QUALIFYING)


def test_what_is_missing_is_named_field_by_field(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry(basis=None)
    draft = Qualification(title="Cabinets", answers={"need": "Slow"})
    operations.save_qualification(lead.id, draft, qualifier, AT, lead.version)
    with pytest.raises(Invalid) as refused:
        operations.qualify(lead.id, qualifier, LATER)
    assert set(refused.value.errors) == {
        *("partner_text", "temperature", "source_id", "country"),
        *("contact.company", "contact.last_name", "contact.reachable"),
        *("answer-budget", "answer-authority", "answer-time", "basis"),
    }
    assert lead.state == LeadState.QUALIFYING


def test_the_place_gets_its_coordinates_state_and_zone_from_the_city(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)
    assert lead.latitude == pytest.approx(52.37, abs=0.05)
    assert (lead.subdivision, lead.time_zone) == ("DE-NI", "Europe/Berlin")


def test_phone_and_mail_are_kept_in_the_form_they_are_looked_up_by(ctx: Flask) -> None:
    lead = make_inquiry()
    contact = contact_of(lead.id)
    assert contact.phone_e164 == "+495117654321"
    assert contact.email == "zephyrine@kanarienwerke.example"
    assert contact.phone == "0511 7654321"


def test_a_text_that_gives_the_contact_away_is_refused_until_it_is_confirmed(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    leaky = a_qualification(partner_text="Call Frau Quastenflosser on 0511 / 76 54 321.")
    operations.save_qualification(lead.id, leaky, qualifier, AT, lead.version)
    with pytest.raises(Invalid) as refused:
        operations.qualify(lead.id, qualifier, LATER)
    assert set(refused.value.errors) == {"partner_text"}
    leaks = rules.leaks_in(
        {"partner_text": lead.partner_text},
        operations.facts_of(contact_of(lead.id), "DE", lead.city or ""),
    )
    operations.qualify(lead.id, qualifier, LATER, confirmed=rules.fingerprint(leaks))
    assert lead.state == LeadState.QUALIFIED
    event = session().scalars(select(EventRow).where(EventRow.name == "LeaksConfirmed")).one()
    assert event.data["kinds"] == {"partner_text": ["name", "phone"]}


def test_a_confirmation_does_not_cover_a_leak_that_came_later(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    facts = operations.facts_of(contact_of(lead.id), "DE", "")
    seen = rules.fingerprint(rules.leaks_in({"title": "For Quastenflosser"}, facts))
    worse = a_qualification(title="For Quastenflosser", partner_text="Call 0511 7654321.")
    operations.save_qualification(lead.id, worse, qualifier, AT, lead.version)
    with pytest.raises(Invalid) as refused:
        operations.qualify(lead.id, qualifier, LATER, confirmed=seen)
    assert set(refused.value.errors) == {"title", "partner_text"}


def test_two_people_on_one_lead_do_not_overwrite_each_other(ctx: Flask) -> None:
    first, second, lead = make_qualifier(), make_qualifier(), make_inquiry()
    version = lead.version
    operations.save_qualification(lead.id, a_qualification(), first, AT, version)
    with pytest.raises(Conflict):
        operations.save_qualification(
            lead.id, a_qualification(title="Something else"), second, AT, version
        )
    assert lead.title == "Replace 14 ageing network cabinets"


def test_the_same_form_sent_twice_is_no_conflict(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    version = lead.version
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, version)
    operations.qualify(lead.id, qualifier, AT)
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, version)
    assert operations.qualify(lead.id, qualifier, AT).state == LeadState.QUALIFIED
    assert names_of_events().count("LeadQualified") == 1


def test_a_ready_lead_that_is_changed_has_to_be_made_ready_again(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)
    operations.qualify(lead.id, qualifier, AT)
    changed = a_qualification(partner_text="")
    operations.save_qualification(lead.id, changed, qualifier, LATER, lead.version)
    assert (lead.state, lead.qualified_at) == (LeadState.QUALIFYING, None)


def test_texts_that_are_too_long_or_not_what_they_should_be_are_refused(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    hostile = a_qualification(
        title="T" * 161,
        partner_text="P" * 1_000_000,
        answers={"need": "N" * 4001},
        contact=replace(CONTACT, email="nobody at nowhere", phone="12", domain="no domain"),
        country="XX",
        temperature="boiling",
        brand_id=2**62,
        product_ids=(-1,),
        people=-3,
    )
    with pytest.raises(Invalid) as refused:
        operations.save_qualification(lead.id, hostile, qualifier, AT, lead.version)
    assert set(refused.value.errors) == {
        *("title", "partner_text", "answer-need", "email", "phone", "domain", "country"),
        *("temperature", "brand_id", "product_ids", "people"),
    }


def test_signs_that_no_database_keeps_are_dropped(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    odd = a_qualification(title="Ca\x00bi\u202enets\ud800\x07", answers={"need": "a\x00b"})
    operations.save_qualification(lead.id, odd, qualifier, AT, lead.version)
    assert lead.title == "Cabinets"
    assert session().scalars(select(LeadAnswer.answer)).all() == ["ab"]


@pytest.mark.parametrize(
    "state", [LeadState.DISQUALIFIED, LeadState.DIRECT], ids=["disqualified", "direct"]
)
def test_a_lead_outside_qualification_can_not_be_changed(ctx: Flask, state: LeadState) -> None:
    qualifier = make_qualifier()
    lead = make_lead(state=state)
    with pytest.raises(rules.NotEditable):
        operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)


def test_a_lead_on_offer_can_not_be_changed_or_disqualified(ctx: Flask) -> None:
    qualifier = make_qualifier()
    make_person()
    lead = make_offered_lead()
    with pytest.raises(rules.NotEditable):
        operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)
    with pytest.raises(rules.NotEditable):
        operations.disqualify(lead.id, "not_real", "", qualifier, AT)


def test_a_held_lead_does_not_exist_for_a_qualifier(ctx: Flask) -> None:
    qualifier, rep = make_qualifier(), make_person()
    lead = make_lead(
        state=LeadState.HELD, holder_id=rep.id, holder_organisation_id=rep.organisation_id
    )
    with pytest.raises(NotFound):
        operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)


def test_disqualifying_needs_a_reason_and_keeps_the_note_apart(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    with pytest.raises(Invalid) as refused:
        operations.disqualify(lead.id, "because", "", qualifier, AT)
    assert set(refused.value.errors) == {"reason"}
    operations.disqualify(lead.id, "not_real", "A robot wrote it", qualifier, AT)
    assert lead.state == LeadState.DISQUALIFIED
    assert session().scalars(select(EventPrivate.texts)).all() == [{"note": "A robot wrote it"}]
    with pytest.raises(NotReady):
        offers.offer(lead.id, LATER)


def test_who_asked_not_to_be_called_is_never_offered_nor_taken_in_again(ctx: Flask) -> None:
    qualifier = make_qualifier()
    lead = make_inquiry(source_system="crm", external_id="A-7")
    other = make_inquiry()
    operations.save_qualification(other.id, a_qualification(), qualifier, AT, other.version)
    operations.qualify(other.id, qualifier, AT)
    operations.disqualify(lead.id, "do_not_call", "", qualifier, AT)
    assert set(session().scalars(select(Suppression.key))) == {
        "external:crm:A-7",
        "email:zephyrine@kanarienwerke.example",
        "phone:+495117654321",
    }
    assert (lead.suppressed, other.suppressed) == (True, True)
    with pytest.raises(rules.DoNotCall):
        operations.qualify(other.id, qualifier, AT)
    with pytest.raises(NotReady):
        offers.offer(other.id, LATER)
    assert make_inquiry().suppressed


def test_a_contact_completed_to_one_on_the_suppression_list_marks_the_lead(ctx: Flask) -> None:
    qualifier = make_qualifier()
    operations.suppress(["phone:+495117654321"], "do_not_call", AT)
    make_vendor()
    lead = operations.capture(Draft(), AT)
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)
    assert lead.suppressed
    with pytest.raises(rules.DoNotCall):
        operations.qualify(lead.id, qualifier, AT)


def test_leads_on_offer_are_named_when_their_contact_asks_not_to_be_called(ctx: Flask) -> None:
    make_person()
    lead = make_offered_lead()
    assert operations.suppress(["phone:+495117654321"], "do_not_call", AT) == [lead.id]


def test_the_next_one_is_the_most_important_and_nobody_elses(ctx: Flask) -> None:
    anna, ben = make_qualifier(), make_qualifier()
    plain, urgent, last = make_inquiry(), make_inquiry(), make_inquiry()
    urgent.priority = 9
    last.suppressed = True
    session().flush()
    first, second = operations.take_next(anna, AT), operations.take_next(ben, AT)
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (urgent.id, plain.id)
    assert operations.take_next(anna, AT) is None


def test_an_event_says_which_fields_changed_but_never_to_what(ctx: Flask) -> None:
    qualifier, lead = make_qualifier(), make_inquiry()
    operations.save_qualification(lead.id, a_qualification(), qualifier, AT, lead.version)
    rows = session().scalars(select(EventRow).where(EventRow.name == "QualificationSaved")).one()
    assert "title" in rows.data["fields"]
    assert "answer-need" in rows.data["fields"]
    assert "contact.last_name" not in rows.data["fields"]
    assert session().scalar(select(func.count()).select_from(EventPrivate)) == 0
