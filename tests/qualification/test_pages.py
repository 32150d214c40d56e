"""Qualifying in the browser: what the pages say, keep and never show."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from portal.catalog.queries import book
from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.core.mail.models import OutgoingEmail
from portal.duplicates import pairs
from portal.leads.models import Lead, LeadState, QualificationQuestion
from portal.leads.operations import ContactDraft, Draft, capture
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

TYPED = {
    "company": "Kanarienwerke AG",
    "first_name": "Zephyrine",
    "last_name": "Quastenflosser",
    "phone": "0511 7654321",
    "email": "zephyrine@kanarienwerke.example",
    "country": "DE",
    "city": "Hannover",
    "temperature": "hot",
    "basis": "asked",
    "title": "Replace 14 ageing network cabinets",
    "partner_text": "Two plants, budget signed off.",
    "answer-budget": "50 k",
    "answer-authority": "The CIO",
    "answer-need": "Slow",
    "answer-time": "March",
}


@factory
def make_inquiry(**over) -> Lead:
    make_vendor()
    contact = ContactDraft(**{k: v for k, v in CONTACT.items() if k != "phone_e164"})
    return capture(Draft(contact=contact, country="DE", source_key=a_source(), **over), AT)


def a_source() -> str:
    return book().active("source")[0].key


@factory
def source_id() -> str:
    return str(book().active("source")[0].id)


@factory
def lead_of(lead: Lead) -> Lead:
    found = session().get_one(Lead, lead.id, populate_existing=True)
    session().expunge(found)
    return found


@pytest.fixture
def qualifier(app: Flask):
    user = make_person(make_vendor(), "qualifier")
    return sign_in(app.test_client(), user)


def send(client, path: str, page: str | None = None, **values):
    html = client.get(page or path).text
    found = re.search(r'name="version"[^>]*value="(\d+)"', html)
    version = {"version": found[1]} if found else {}
    return client.post(path, data={"csrf_token": csrf_of(html), **version, **values})


def test_a_qualifier_completes_an_inquiry_and_makes_it_ready(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    answer = send(qualifier, f"/qualify/{lead.id}", **TYPED, source_id=source_id(), action="ready")
    assert answer.status_code == 303, answer.text
    kept = lead_of(lead)
    assert (kept.state, kept.temperature, kept.subdivision) == ("qualified", "hot", "DE-NI")
    assert "is ready to be offered" in qualifier.get(f"/qualify/{lead.id}").text


def test_what_is_missing_is_said_at_the_field_and_the_rest_is_kept(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    few = {"title": "Cabinets", "company": "Kanarienwerke AG", "answer-need": "Slow"}
    answer = send(qualifier, f"/qualify/{lead.id}", **few, action="ready")
    assert answer.status_code == 422
    for field in ("partner_text", "temperature", "source_id", "country", "phone", "answer-budget"):
        assert f'id="{field}-errors"' in answer.text, field
    assert 'id="company-errors"' not in answer.text
    assert 'value="Cabinets"' in answer.text
    assert lead_of(lead).title == "Cabinets"
    # what came back carries the version that was saved with it
    again = re.search(r'name="version"[^>]*value="(\d+)"', answer.text)
    assert again is not None
    assert int(again[1]) == lead_of(lead).version


def test_a_text_that_gives_the_contact_away_waits_for_a_change_or_a_tick(
    app: Flask, qualifier
) -> None:
    lead = make_inquiry()
    leaky = {**TYPED, "partner_text": "Ask for Ms Quastenflosser.", "source_id": source_id()}
    answer = send(qualifier, f"/qualify/{lead.id}", **leaky, action="ready")
    assert answer.status_code == 422
    assert 'id="partner_text-errors"' in answer.text
    assert "“Ms Quastenflosser”" in answer.text or "“Quastenflosser”" in answer.text
    mark = re.search(r'name="confirmed" value="(\w+)"', answer.text)
    assert mark is not None
    assert lead_of(lead).state == LeadState.QUALIFYING
    path = f"/qualify/{lead.id}"
    answer = send(qualifier, path, **leaky, action="ready", confirmed=mark[1])
    assert answer.status_code == 303, answer.text
    assert lead_of(lead).state == LeadState.QUALIFIED


def test_the_second_of_two_people_sees_a_conflict_with_her_words_kept(
    app: Flask, qualifier
) -> None:
    lead = make_inquiry()
    page = qualifier.get(f"/qualify/{lead.id}").text
    send(qualifier, f"/qualify/{lead.id}", **TYPED, action="save")
    values = {**TYPED, "title": "Words of the second", "version": "1"}
    answer = qualifier.post(
        f"/qualify/{lead.id}", data={"csrf_token": csrf_of(page), **values, "action": "save"}
    )
    assert answer.status_code == 409
    assert "Somebody else changed" in answer.text
    assert 'value="Words of the second"' in answer.text
    assert lead_of(lead).title == TYPED["title"]


def test_the_preview_is_the_partners_card_and_holds_nothing_of_the_contact(
    app: Flask, qualifier
) -> None:
    lead = make_inquiry()
    token = csrf_of(qualifier.get(f"/qualify/{lead.id}").text)
    answer = qualifier.post(
        f"/qualify/{lead.id}/preview",
        data={**TYPED, "csrf_token": token, "note": "Quastenflosser again"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert "Two plants, budget signed off." in answer.text
    assert "lead-card" in answer.text
    for value in [*CONTACT.values(), "0511 7654321"]:
        if value != CONTACT["role"]:
            assert value not in answer.text
    assert lead_of(lead).version == lead.version


def test_the_preview_warns_at_the_field(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    token = csrf_of(qualifier.get(f"/qualify/{lead.id}").text)
    answer = qualifier.post(
        f"/qualify/{lead.id}/preview",
        data={**TYPED, "csrf_token": token, "title": "Cabinets for kanarienwerke.example"},
        headers={"HX-Request": "true"},
    )
    assert re.search(r'id="leaks-title"[^>]*>\s*<div class="notice', answer.text)
    assert 'name="confirmed"' in answer.text


def test_the_preview_works_without_a_script(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    answer = send(qualifier, f"/qualify/{lead.id}/preview", page=f"/qualify/{lead.id}", **TYPED)
    assert answer.status_code == 200
    assert "<!doctype html>" in answer.text
    assert "lead-card" in answer.text
    assert lead_of(lead).title == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("get", p) for p in ("/qualify", "/qualify/new", "/qualify/{}", "/qualify/{}/states")],
        *[("post", p) for p in ("/qualify/next", "/qualify/{}", "/qualify/{}/preview")],
        *[(m, "/qualify/{}/disqualification") for m in ("get", "post")],
    ],
)
def test_partners_and_strangers_stay_out(app: Flask, method: str, path: str) -> None:
    lead = make_inquiry()
    rep = sign_in(app.test_client(), make_person(make_partner()))
    token = csrf_of(rep.get("/").text)
    data = {"data": {"csrf_token": token}} if method == "post" else {}
    answer = getattr(rep, method)(path.format(lead.id), **data)
    assert answer.status_code == 403
    stranger = app.test_client()
    token = csrf_of(stranger.get("/login").text)
    data = {"data": {"csrf_token": token}} if method == "post" else {}
    answer = getattr(stranger, method)(path.format(lead.id), **data)
    assert answer.status_code in (302, 303)
    assert "/login" in answer.location


def test_a_held_lead_does_not_exist_for_a_qualifier(app: Flask, qualifier) -> None:
    rep = make_person()
    held = make_lead(state="held", holder_id=rep.id, holder_organisation_id=rep.organisation_id)
    assert qualifier.get(f"/qualify/{held.id}").status_code == 404


def test_a_duplicate_in_a_partners_hands_shows_its_number_and_nothing_else(
    app: Flask, qualifier
) -> None:
    rep = make_person()
    held = make_lead(
        state="held",
        title="A title nobody here may read",
        holder_id=rep.id,
        holder_organisation_id=rep.organisation_id,
    )
    lead = make_inquiry()
    with app.app_context(), unit_of_work():
        pairs.check(AT)
    page = qualifier.get(f"/qualify/{lead.id}").text
    assert held.number in page
    assert "same e-mail" in page
    assert "A title nobody here may read" not in page
    assert f'href="/leads/{held.id}"' not in page


def test_a_lead_on_offer_is_refused_friendly(app: Flask, qualifier) -> None:
    make_person()
    lead = make_offered_lead()
    answer = qualifier.get(f"/qualify/{lead.id}")
    assert answer.status_code == 409
    assert "is on offer" in answer.text
    assert CONTACT["last_name"] not in answer.text


def test_do_not_call_is_said_and_never_made_ready(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    answer = send(qualifier, f"/qualify/{lead.id}/disqualification", reason="do_not_call")
    assert answer.status_code == 303
    again = make_inquiry()
    assert "asked not to be approached" in qualifier.get(f"/qualify/{again.id}").text
    answer = send(qualifier, f"/qualify/{again.id}", **TYPED, source_id=source_id(), action="ready")
    assert answer.status_code == 409
    assert "asked not to be approached" in answer.text
    assert lead_of(again).state == LeadState.QUALIFYING


def test_putting_aside_asks_for_a_reason_and_keeps_the_note(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    answer = send(qualifier, f"/qualify/{lead.id}/disqualification", note="Said by phone")
    assert answer.status_code == 422
    assert "Please choose a reason." in answer.text
    assert "Said by phone" in answer.text


def test_the_queue_counts_filters_and_hands_out_the_next(app: Flask, qualifier) -> None:
    first, _second = make_inquiry(title="Switches for a school"), make_inquiry(title="Firewalls")
    page = qualifier.get("/qualify").text
    assert "2 inquiries wait" in page
    assert "Switches for a school" in page
    assert CONTACT["last_name"] not in page
    assert "0 inquiries wait" in qualifier.get("/qualify?source=999999").text
    assert qualifier.get("/qualify?source=x&order=y&page=%00&industry=1e9").status_code == 200
    answer = send(qualifier, "/qualify/next", page="/qualify")
    assert answer.status_code == 303
    assert re.fullmatch(r"/qualify/\d+", answer.location)
    send(qualifier, "/qualify/next", page="/qualify")
    answer = send(qualifier, "/qualify/next", page="/qualify")
    assert answer.location == "/qualify"
    assert lead_of(first).state == LeadState.QUALIFYING


def test_an_inquiry_is_taken_down_by_hand(app: Flask, qualifier) -> None:
    answer = send(qualifier, "/qualify/new", type_key="person")
    assert answer.status_code == 422
    values = {"type_key": "person", "last_name": "Meier", "phone": "0511 123456", "country": "DE"}
    answer = send(qualifier, "/qualify/new", **values)
    assert answer.status_code == 303, answer.text
    assert "Meier" in qualifier.get(answer.location).text


def test_an_inquiry_by_hand_with_an_odd_phone_or_mail_is_asked_again(app: Flask, qualifier) -> None:
    values = {"type_key": "organisation", "company": "Meier", "phone": "12", "email": "nobody"}
    answer = send(qualifier, "/qualify/new", **values)
    assert answer.status_code == 422
    assert 'id="phone-errors"' in answer.text
    answer = send(qualifier, "/qualify/new", **{**values, "phone": ""})
    assert 'id="email-errors"' in answer.text


@pytest.mark.parametrize("path", ["/qualify/{}", "/qualify/{}/preview", "/qualify/new"])
def test_hostile_values_never_break_a_page(app: Flask, qualifier, path: str) -> None:
    lead = make_inquiry()
    fields = [*TYPED, "version", "people", "target_amount", "product_ids", "brand_id", "domain"]
    fields += ["subdivision", "source_id", "source_key", "type_key", "note", "action", "confirmed"]
    page = qualifier.get(f"/qualify/{lead.id}").text
    for value in ("\x00\ud83d", "9" * 400, "x" * 20_000, "<script>alert(1)</script>", "-1", "²"):
        data = dict.fromkeys(fields, value) | {"csrf_token": csrf_of(page)}
        data = {k: v.encode("utf-8", "replace") for k, v in data.items()}
        answer = qualifier.post(path.format(lead.id), data=data)
        assert answer.status_code in (200, 303, 409, 422), (value[:20], answer.status_code)
        assert "<script>alert(1)" not in answer.text


def test_the_states_of_a_country_come_as_a_list(app: Flask, qualifier) -> None:
    lead = make_inquiry()
    assert "Niedersachsen" in qualifier.get(f"/qualify/{lead.id}/states?country=DE").text
    assert qualifier.get(f"/qualify/{lead.id}/states?country=%00").status_code == 200


def test_the_script_is_asked_in_the_readers_language(app: Flask) -> None:
    user = make_person(make_vendor(), "qualifier", locale="de")
    client = sign_in(app.test_client(), user)
    lead = make_inquiry()

    @factory
    def german() -> str:
        by_position = select(QualificationQuestion).order_by(QualificationQuestion.position)
        return session().scalars(by_position).first().names["de"]

    assert german() in client.get(f"/qualify/{lead.id}").text


def test_a_note_for_us_only_reaches_nobody_of_the_firm_that_picks_the_lead_up(app):
    secret = "He pays late, and the competitor was there."
    firm = make_partner()
    rep, chief = make_person(firm), make_person(firm, "partner_manager")
    lead = make_offered_lead(contact={**CONTACT, "note": secret}, at=clock.now())
    vendor = sign_in(app.test_client(), make_person(make_vendor(), "channel_manager"))
    assert secret in vendor.get(f"/leads/{lead.id}").text
    holder = sign_in(app.test_client(), rep)
    token = csrf_of(holder.get("/available").text)
    pick = {"data": {"csrf_token": token}, "headers": {"HX-Request": "true"}}
    answer = holder.post(f"/leads/{lead.id}/pickup", **pick)
    assert CONTACT["last_name"] in answer.text
    assert secret not in answer.text
    for reader in (holder, sign_in(app.test_client(), chief)):
        page = reader.get(f"/leads/{lead.id}").text
        assert CONTACT["last_name"] in page
        assert secret not in page
    with app.app_context():
        jobs.run_now("core.dispatch", {"here": True}, clock.now())
        written = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == "yours_now"))
        (mail,) = written
        assert CONTACT["last_name"] in mail.text
        assert secret not in mail.text + mail.html
