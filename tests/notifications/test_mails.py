"""Mails about leads and passwords: whom they reach, what they say, what they never say."""

from __future__ import annotations

import html
import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.catalog.queries import book
from portal.core import jobs
from portal.core.db import session
from portal.core.mail import rendering
from portal.core.mail.models import OutgoingEmail
from portal.leads.models import Lead, LeadAnswer, LeadType, QualificationQuestion
from portal.notifications import letters
from portal.offers import operations as offers
from portal.partners.models import Absence
from tests.factories import AT, make_lead, make_partner, make_person
from tests.notifications.kinds import KINDS, NAME, OFFERED
from tests.notifications.reading import links, told_of_contact

SNAPSHOTS = Path(__file__).parent / "snapshots"


def put_on_offer(lead=None, **over):
    """Answer what is asked about a lead and put it on offer."""
    lead = lead or make_lead(**over)
    for question in session().scalars(select(QualificationQuestion.id)):
        if session().get(LeadAnswer, (lead.id, question)) is None:
            session().add(LeadAnswer(lead_id=lead.id, question_id=question, answer="Yes"))
    session().flush()
    offers.offer(lead.id, AT)
    session().flush()
    return lead


def offered(lead=None, **over):
    """Put a lead on offer and run what follows, as worker and dispatcher would."""
    lead = put_on_offer(lead, **over)
    jobs.run_now("core.dispatch", {"here": True}, AT)
    return lead


def mails():
    return session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.to_address)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_reads_as_it_was_approved(ctx, kind, request):
    mail = rendering.render(kind, KINDS[kind], "en", "Europe/Berlin")
    head, closed, body = mail.html.partition("</head>\n")
    for name, made in (
        (f"{kind}.txt", f"{mail.subject}\n\n{mail.text}"),
        ("head.html", head + closed),
        (f"{kind}.html", body),
    ):
        approved = (SNAPSHOTS / name).read_text("utf-8")
        assert made == approved, f"{name} differs; if the new one is right, write it there"


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("extent", ["subject", "teaser", "full"])
def test_a_mail_says_as_much_of_a_lead_as_its_reader_wants(ctx, extent, locale):
    lead = letters.shorten(OFFERED, extent)
    mail = rendering.render("lead_offered", {**NAME, "lead": lead}, locale, "Europe/Berlin")
    approved = SNAPSHOTS / f"lead_offered_{extent}.{locale}.txt"
    assert f"{mail.subject}\n\n{mail.text}" == approved.read_text("utf-8")
    assert OFFERED["pick_path"] in mail.text
    assert OFFERED["pick_path"] in mail.html


@pytest.mark.parametrize("kind", ["who_calls", "did_they_call"])
def test_a_mail_to_a_customer_reads_in_german_as_it_was_approved(ctx, kind):
    context = {**KINDS[kind], "name": "Zephyrine Quastenflosser"}
    mail = rendering.render(kind, context, "de", "Europe/Berlin")
    approved = SNAPSHOTS / f"{kind}.de.txt"
    assert f"{mail.subject}\n\n{mail.text}" == approved.read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_of_a_mail_carry_the_same_absolute_links(ctx, kind):
    mail = rendering.render(kind, KINDS[kind], "en", "Europe/Berlin")
    assert links(mail.text) == links(mail.html)
    # a stranger who is thanked has nothing to open here
    assert links(mail.text) or kind == "inquiry_thanks"


# whom a mail asks in, or how she signs in, is nothing to choose; customers and strangers have none
WITHOUT_CHOICE = {
    *("invitation", "new_device", "password_reset", "sign_in_changed", "sign_in_link"),
    *("sign_up_confirm", "sign_up_declined"),
    *("customer_letter", "did_they_call", "inquiry_thanks", "nurture", "who_calls"),
}


def test_every_other_mail_leads_to_where_one_chooses_what_to_hear():
    said = {kind: (SNAPSHOTS / f"{kind}.txt").read_text("utf-8") for kind in KINDS}
    without = {kind for kind, text in said.items() if "Choose when you hear from us: " not in text}
    assert without == WITHOUT_CHOICE


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_fetches_nothing_and_stays_small(ctx, kind):
    made = rendering.render(kind, KINDS[kind], "en", "Europe/Berlin").html
    assert not re.search(r"<link|@import|url\(", made)
    # a picture comes along with its mail, and says what it shows
    for picture in re.findall(r"<img[^>]*>", made):
        assert re.search(r' src="cid:[^"]+"', picture)
        assert re.search(r' alt="[^"]+"', picture)
    assert len(made.encode()) < 60_000
    assert "prefers-color-scheme: dark" in made
    assert "[data-ogsc]" in made


@pytest.mark.parametrize("kind", ["lead_offered", "yours_now"])
@pytest.mark.parametrize("text", ["a\n\n" * 1667, "&" * 5000, "two words\n" * 500])
def test_the_oddest_text_of_a_lead_makes_no_mail_too_large(ctx, kind, text):
    lead = {**KINDS[kind]["lead"], "text": text, "title": "&" * 160, "expectation": "&" * 300}
    made = rendering.render(kind, {**KINDS[kind], "lead": lead}, "en", "Europe/Berlin")
    assert html.unescape(made.html).count(text[:1]) >= text.count(text[:1])


def test_a_mail_that_would_be_cut_off_is_refused(ctx):
    lead = {**OFFERED, "text": "long " * 30_000}
    with pytest.raises(rendering.TooLarge):
        rendering.render("lead_offered", {"name": "A", "lead": lead}, "en", "Europe/Berlin")


def test_text_of_a_lead_is_no_markup_in_a_mail(ctx):
    lead = {**OFFERED, "title": "<script>alert(1)</script>", "why": ["<b>x</b>"]}
    mail = rendering.render("lead_offered", {"name": "<i>A", "lead": lead}, "en", "Europe/Berlin")
    assert "<script>" not in mail.html
    assert "<b>" not in mail.html
    assert "<i>" not in mail.html
    assert "<script>alert(1)</script>" in mail.text


def test_line_breaks_in_a_title_make_no_second_header(ctx):
    lead = {**OFFERED, "title": "Cabinets\r\nBcc: evil@evil.example\u2028\x00now"}
    mail = rendering.render("lead_offered", {"name": "A", "lead": lead}, "en", "Europe/Berlin")
    assert mail.subject == "Hot lead L-20418: Cabinets Bcc: evil@evil.example now"


def test_dates_stand_in_the_readers_zone_and_language(ctx):
    context = {"name": "A", "lead": OFFERED}
    english = rendering.render("lead_offered", context, "en", "America/New_York").text
    assert "Thursday, November 19, 2026, 4:00\u00a0AM" in english
    german = rendering.render("lead_offered", context, "de", "Europe/Berlin").text
    assert "Donnerstag, 19. November 2026, 10:00" in german


def test_an_offer_writes_one_mail_to_each_who_may_pick(ctx):
    firm, other = make_partner(), make_partner()
    reps = [make_person(firm), make_person(firm), make_person(other)]
    make_person(firm, "partner_manager")
    make_person(firm, hears_by_mail=False)
    make_person(firm, active=False)
    lead = offered()
    sent = mails()
    assert {mail.to_address for mail in sent} == {rep.email for rep in reps}
    assert {mail.lead_id for mail in sent} == {lead.id}
    assert {mail.kind for mail in sent} == {"lead_offered"}
    jobs.run_now("core.dispatch", {"here": True}, AT)
    assert len(mails()) == len(sent)


def test_nobody_is_written_to_who_is_away(ctx):
    firm = make_partner()
    here, away = make_person(firm), make_person(firm)
    resting = make_partner()
    make_person(resting)
    day = date(2026, 11, 16)
    session().add(Absence(organisation_id=firm.id, user_id=away.id, starts_on=day, ends_on=day))
    put_on_offer()
    session().add(Absence(organisation_id=resting.id, user_id=None, starts_on=day, ends_on=day))
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, AT)
    assert [mail.to_address for mail in mails()] == [here.email]


def test_a_lead_that_is_gone_already_is_not_written_about(ctx):
    make_person()
    lead = put_on_offer()
    session().get(Lead, lead.id).state = "returned"
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, AT)
    assert mails() == []


def test_the_mail_about_an_offer_holds_no_contact_data(ctx):
    make_person()
    offered()
    (mail,) = mails()
    assert not told_of_contact(mail)


def test_the_mail_about_an_offer_says_what_the_teaser_allows(ctx):
    make_person(name="Alice Ainsworth")
    lead = offered(temperature="hot")
    (mail,) = mails()
    assert mail.subject == f"Hot lead {lead.number}: {lead.title}"
    for said in (
        "Alice Ainsworth",
        lead.partner_text,
        "Expects a call this week",
        "within 3 months",
        f"http://127.0.0.1:8000/leads/{lead.id}\n",
        book().label(lead.value_band_id, "en"),
    ):
        assert said in mail.text
    assert mail.headers["Reply-To"].startswith("fb+")


def test_a_field_that_the_lead_type_keeps_back_is_not_told(ctx):
    make_person()
    lead = make_lead()
    session().get(LeadType, lead.type_id).teaser_fields = ["title"]
    offered(lead)
    (mail,) = mails()
    assert lead.title in mail.text
    for kept in (lead.partner_text, lead.expectation, lead.time_frame, "Warm"):
        assert kept not in mail.text
        assert kept not in mail.html


def test_a_forgotten_password_is_answered_by_a_link_that_works_once(ctx):
    person = make_person(name="Alice Ainsworth")
    accounts.request_password_reset(person.email.upper(), AT)
    jobs.run_now("core.dispatch", {"here": True}, AT)
    (mail,) = mails()
    assert mail.to_address == person.email
    (link,) = links(mail.text)
    secret = link.rpartition("/")[2]
    assert link == f"http://127.0.0.1:8000/reset/{secret}"
    accounts.reset_password(secret, "a new and longer password", AT)


def test_nobody_is_written_to_about_an_unknown_address(ctx):
    make_person()
    accounts.request_password_reset("nobody@nowhere.example", AT)
    jobs.run_now("core.dispatch", {"here": True}, AT)
    assert mails() == []
