"""Each reader in his language: pages, refusals, forms and mails."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import nodes
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail import rendering
from portal.core.mail.models import OutgoingEmail
from portal.matching import names, words
from portal.matching.criteria import Kind
from portal.offers import operations as offers
from portal.offers.rules import AlreadyTaken
from portal.pickup import operations as pickup
from portal.pickup.refusals import words_of
from portal.web import filters
from tests import factories
from tests.notifications.kinds import OFFERED

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def german(ctx):
    """Open a request of somebody who reads German, in Berlin."""
    with ctx.test_request_context(), rendering.speaking("de", "Europe/Berlin"):
        yield ctx


def sign_in(client, email):
    page = client.get("/login").text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    answer = client.post(
        "/login",
        data={"email": email, "password": factories.PASSWORD, "csrf_token": token},
    )
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("asked", "heading"),
    [("de-AT,de;q=0.9,en;q=0.5", "Anmelden"), ("en-GB", "Sign in"), ("fr", "Sign in")],
)
def test_a_visitor_is_met_in_the_language_of_the_browser(client, asked, heading):
    page = client.get("/login", headers={"Accept-Language": asked}).text
    assert f"<h1>{heading}</h1>" in page


def test_a_person_reads_in_the_language_of_the_account(client):
    person = factories.make_person(locale="de")
    sign_in(client, person.email)
    page = client.get("/available", headers={"Accept-Language": "en"}).text
    assert '<html lang="de"' in page
    assert "Ihrer Firma wird gerade nichts angeboten" in page


def test_a_form_says_in_german_what_is_missing(client):
    page = client.get("/login", headers={"Accept-Language": "de"}).text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    answer = client.post(
        "/login", data={"email": "", "csrf_token": token}, headers={"Accept-Language": "de"}
    ).text
    assert "Bitte" in answer
    assert "This field" not in answer
    assert "Please" not in answer


@pytest.mark.parametrize(
    ("away", "said"), [(0, "heute"), (1, "morgen"), (-1, "gestern")], ids=["0", "1", "-1"]
)
def test_a_moment_is_said_as_germans_say_it(german, away, said):
    noon = filters.local(clock.now()).replace(hour=12, minute=30) + timedelta(days=away)
    assert filters.when(noon) == f"{said}, 12:30 Uhr"


def test_time_that_has_passed_is_said_as_germans_say_it(german):
    assert filters.ago(clock.now() - timedelta(minutes=1, seconds=5)) == "vor 1 Minute"
    assert filters.ago(clock.now() - timedelta(hours=3, seconds=5)) == "vor 3 Stunden"


def test_amounts_and_shares_are_written_as_germans_write_them(german):
    assert filters.number(1234567.5) == "1.234.567,5"
    assert filters.percent(0.34) == "34\u00a0%"


def test_a_match_is_explained_in_german(german):
    assert names.about(33) == "etwa 35 km entfernt"
    assert words.tell_excluded({"radius": 1, "capacity": 2}) == [
        "1 Partner ist zu weit weg",
        "2 Partner haben keine Kapazität frei",
    ]
    assert words.kind_name(Kind.LEVEL) == "Stufe"


def test_a_refusal_speaks_german_and_never_names_who_was_faster(german):
    first, second = factories.make_person(), factories.make_person()
    lead = factories.make_lead()
    factories.answer_questions(lead)
    offers.offer(lead.id, factories.AT)
    pickup.claim(lead.id, get_actor(first.id), factories.AT)
    with pytest.raises(AlreadyTaken) as refused:
        pickup.claim(lead.id, get_actor(second.id), factories.AT)
    title, sentence, facts = words_of(refused.value)
    assert title == "Eine andere Firma war schneller"
    assert f"{lead.number} wurde vor" in sentence
    assert first.name not in " ".join((title, sentence, *facts))


def test_a_mail_about_a_lead_is_a_german_letter(ctx):
    lead = {
        **OFFERED,
        "title": "14 Netzwerkschränke ersetzen",
        "text": "Ein Text für Partner.",
        "facts": [("Ort", "Niedersachsen, etwa 35 km entfernt")],
        "why": ["ganz in der Nähe"],
        "ends_at": TUESDAY,
    }
    mail = rendering.render("lead_offered", {"name": "Anna", "lead": lead}, "de", "Europe/Berlin")
    assert mail.subject == "Heißer Lead L-20418: 14 Netzwerkschränke ersetzen"
    assert "Guten Tag Anna," in mail.text
    assert "4 Firmen haben ihn, und wer ihn zuerst übernimmt, bekommt ihn." in mail.text
    assert "bis Dienstag, 24. November 2026, 10:00 Uhr (Zeit in Berlin) übernehmen." in mail.text
    assert "Viel Erfolg!" in mail.text


def test_each_rep_is_written_to_in_the_language_of_the_account(ctx):
    factories.make_person(locale="de", email="anna@eins.example")
    factories.make_person(locale="en", email="ben@zwei.example")
    lead = factories.make_lead(temperature="hot")
    factories.answer_questions(lead)
    offers.offer(lead.id, factories.AT)
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, factories.AT)
    subjects = {one.to_address: one.subject for one in session().scalars(select(OutgoingEmail))}
    assert subjects["anna@eins.example"].startswith("Heißer Lead")
    assert subjects["ben@zwei.example"].startswith("Hot lead")


def test_no_words_are_fixed_when_a_template_is_compiled(app):
    """Or all would read on in the language of whoever was the first to open the page."""
    environment, fixed = app.jinja_env, []
    for name in environment.list_templates():
        parsed = environment.parse(environment.loader.get_source(environment, name)[0], name)
        for node in parsed.find_all((nodes.Filter, nodes.Test, nodes.Call)):
            with suppress(nodes.Impossible):
                fixed.append(f"{name}:{node.lineno} says {node.as_const()!r} to everybody")
    assert not fixed, "\n".join(fixed)


def test_a_page_that_was_opened_in_german_first_speaks_english_afterwards(app):
    page = app.jinja_env.from_string("{{ 'won'|answer_words }}")
    said = []
    for locale in ("de", "en", "de"):
        with app.test_request_context(), rendering.speaking(locale, "Europe/Berlin"):
            said.append(page.render())
    assert said == ["Gewonnen", "Won", "Gewonnen"]
