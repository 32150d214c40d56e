"""What everybody sees of a web form, and what becomes of what he sends."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.campaigns import consent
from portal.campaigns.models import Campaign
from portal.core import clock
from portal.core.db import session
from portal.core.jobs import run_now
from portal.core.mail.models import OutgoingEmail
from portal.leads.models import Lead, Suppression
from portal.web_forms import marks, operations, rules
from portal.web_forms.marks import Mark
from portal.web_forms.models import EntryState, FormEntry, FormEntryWords, WebForm
from tests.factories import contact_of, factory, make_manager

SITE = "https://www.meier.example"
TYPED = {
    "company": "Kanarienwerke AG",
    "first_name": "Zephyrine",
    "last_name": "Quastenflosser",
    "email": "Zephyrine@Kanarienwerke.example",
    "phone": "0511 7654321",
    "country": "DE",
    "message": "Fourteen cabinets.\nBefore March.",
}


NUMBERS = itertools.count(1)


@factory
def make_form(kind="contact", **over) -> WebForm:
    manager = over.pop("by", None) or make_manager()
    form = operations.make_form(
        kind, over.pop("name", "Talk to us"), actor_of(manager), clock.now()
    )
    # of its own: nobody is too many because of who came in the test before
    over["key"] = f"form-{next(NUMBERS)}"
    for name, value in {"active": True, "calm": 60, **over}.items():
        setattr(form, name, value)
    return form


def actor_of(user):
    return get_actor(user.id)


@factory
def leads():
    return session().scalars(select(Lead).order_by(Lead.id)).all()


@factory
def entries():
    return session().scalars(select(FormEntry).order_by(FormEntry.id)).all()


@factory
def mails():
    return session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)).all()


@factory
def words_left():
    """Count what was typed and is kept, as the superuser of nobody sees it: through the wall."""
    return sum(bool(operations.words_of(entry.id)) for entry in entries())


def react(app):
    with app.app_context():
        run_now("core.dispatch", {"here": True})


def mark_of(page: str) -> str:
    return re.search(r'name="mark" value="([^"]+)"', page)[1]


def patient(app, form, **over) -> str:
    """Return the mark of a page that was opened half a minute ago."""
    with app.app_context():
        return marks.issue(
            Mark(form.key, clock.now() - timedelta(seconds=30), nonce=marks.new_nonce(), **over)
        )


def send(app, client, form, headers=None, **over):
    data = {"mark": patient(app, form), **TYPED, **over}
    return client.post(f"/f/{form.key}", data=data, headers=headers or {})


def test_a_form_becomes_a_lead_with_its_way_and_a_mail_of_thanks(app, client):
    form = make_form(name="Contact from the web")
    campaign = make_campaign("spring")
    page = client.get(
        f"/f/{form.key}?utm_source=ads&utm_campaign=Spring&utm_term=network+cabinets",
        headers={"Referer": "https://search.example/find?q=anna"},
    )
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert "<script" not in page.text
    # a person needs a moment to fill it in
    with app.app_context():
        read = marks.read(mark_of(page.text), form.key)
        mark = marks.issue(
            Mark(form.key, clock.now() - timedelta(seconds=9), read.origin, read.search_term, "one")
        )
    answer = client.post(f"/f/{form.key}", data={**TYPED, "mark": mark})
    assert (answer.status_code, answer.location) == (303, f"/f/{form.key}/thanks?lang=en")
    assert "Thank you. We have your message" in client.get(answer.location).text
    (lead,) = leads()
    assert (lead.title, lead.state, lead.source_system) == (
        "Contact from the web", "captured", "web-form",
    )  # fmt: skip
    assert (lead.campaign_id, lead.search_term) == (campaign.id, "network cabinets")
    assert lead.origin["referrer"] == "search.example/find"
    assert (lead.basis, lead.basis_words) == ("asked", None)
    contact = find_contact(lead.id)
    assert contact["email"] == "zephyrine@kanarienwerke.example"
    assert contact["phone_e164"] == "+495117654321"
    assert contact["note"] == TYPED["message"]
    # the same press again is the same inquiry
    assert client.post(f"/f/{form.key}", data={**TYPED, "mark": mark}).status_code == 303
    assert len(leads()) == 1
    react(app)
    (mail,) = mails()
    assert (mail.to_address, mail.to_name) == ("Zephyrine@Kanarienwerke.example", "")
    assert "Hello Zephyrine Quastenflosser," in mail.text
    assert words_left() == 0


@factory
def make_campaign(key, **over) -> Campaign:
    campaign = Campaign(key=key, name=key.title(), channel="search", created_at=clock.now(), **over)
    session().add(campaign)
    return campaign


@factory
def find_contact(lead_id):
    row = contact_of(lead_id)
    return {name: getattr(row, name) for name in ("email", "phone_e164", "note", "last_name")}


def test_what_was_typed_stays_where_it_was_wrong(app, client):
    form = make_form()
    answer = send(app, client, form, email="meier at work", phone="ask at the desk", last_name="")
    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    answer = send(app, client, form, email="meier at work", phone="ask at the desk", country="ZZ")
    assert answer.status_code == 422
    for said in ("This is no e-mail address", "no phone number", "country of the list"):
        assert said in answer.text
    assert "Kanarienwerke AG" in answer.text
    assert leads() == []


def test_the_visitor_s_language_speaks_on_the_page_and_in_the_mail(app, client):
    form = make_form()
    page = client.get(f"/f/{form.key}", headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert '<html lang="de"' in page.text
    assert "Sprechen Sie mit uns" in page.text
    assert "Talk to us" in client.get(f"/f/{form.key}?lang=en").text
    assert send(app, client, form, lang="de").location.endswith("lang=de")
    react(app)
    assert mails()[0].subject == "Vielen Dank für Ihr Interesse"
    assert leads()[0].language == "de"


def test_consent_is_kept_with_its_words_and_asked_for(app, client):
    manager = make_manager()
    word(manager, "We may call you.")
    word(manager, "We and our partners may call you.")
    form = make_form(consent_key="contact")
    page = client.get(f"/f/{form.key}").text
    assert "We and our partners may call you." in page
    mark = patient(app, form, consent="contact/1")
    answer = client.post(f"/f/{form.key}", data={**TYPED, "mark": mark})
    assert answer.status_code == 422
    assert "Please tick this box" in answer.text
    # who opened the page before agreed to what it showed
    assert (
        client.post(f"/f/{form.key}", data={**TYPED, "mark": mark, "consent": "y"}).status_code
        == 303
    )
    (lead,) = leads()
    assert (lead.basis, lead.basis_words) == ("consent", "contact/1")
    assert lead.basis_at is not None


@factory
def word(manager, english):
    consent.word("contact", {"en": english}, actor_of(manager), clock.now())


def test_an_inquiry_waits_until_its_mail_is_pressed(app, client):
    form = make_form(confirms=True)
    answer = send(app, client, form)
    assert "look into your mailbox" in client.get(answer.location).text
    assert leads() == []
    react(app)
    (mail,) = mails()
    link = re.search(r"http://127.0.0.1:8000(/form-confirmation/[0-9a-f]{64})", mail.text)[1]
    for _opened_by in ("a scanner", "a person"):
        assert "One more press" in client.get(link).text
    assert leads() == []
    assert client.post(link).status_code == 303
    assert "that is settled" in client.get(link).text
    assert client.post(link).status_code == 303
    (lead,), (entry,) = leads(), entries()
    assert (entry.state, entry.lead_id) == (EntryState.TAKEN, lead.id)
    assert entry.confirmed_at is not None
    assert client.get("/form-confirmation/" + "0" * 64).status_code == 404


def test_what_nobody_confirms_is_forgotten(app, client):
    form = make_form(confirms=True)
    send(app, client, form)
    assert words_left() == 1
    later = clock.now() + operations.WAITS + timedelta(minutes=1)
    with app.app_context():
        run_now("web_forms.forget", {}, later)
    assert [entry.state for entry in entries()] == [EntryState.LAPSED]
    assert words_left() == 0


@pytest.mark.parametrize(
    "trick",
    [
        {"fax": "1"},
        {"mark": ""},
        {"mark": "forged.by-somebody"},
    ],
)
def test_who_looks_like_a_robot_is_asked_once_more_and_nothing_is_lost(app, client, trick):
    form = make_form()
    answer = send(app, client, form, **trick)
    assert answer.status_code == 422
    assert "One more question" in answer.text
    assert "Kanarienwerke AG" in answer.text
    assert leads() == []
    first, second = map(int, re.search(r"How much is (\d+) plus (\d+)", answer.text).groups())
    with app.app_context():
        asked = marks.read(mark_of(answer.text), form.key)
        mark = marks.issue(
            Mark(form.key, asked.issued_at - timedelta(seconds=5), nonce=asked.nonce, sum=asked.sum)
        )
    wrong = client.post(f"/f/{form.key}", data={**TYPED, "mark": mark, "answer": "99"})
    assert wrong.status_code == 422
    right = {**TYPED, "mark": mark, "answer": str(first + second)}
    assert client.post(f"/f/{form.key}", data=right).status_code == 303
    assert len(leads()) == 1
    # one answer opens the door once
    other = {**right, "company": "Another AG"}
    assert client.post(f"/f/{form.key}", data=other).status_code == 422
    assert len(leads()) == 1


def test_two_hundred_robots_a_minute_leave_a_form_usable(app, client):
    form = make_form(calm=30, fields=[{"name": "email", "required": True}])
    for number in range(200):
        robot = {"REMOTE_ADDR": f"198.51.100.{number % 20}"}
        data = {**TYPED, "email": f"r{number}@robots.example", "mark": patient(app, form)}
        client.post(f"/f/{form.key}", data=data, environ_overrides=robot)
    taken = len(leads())
    assert taken <= 30
    # a person elsewhere answers one question and is through
    person = {"REMOTE_ADDR": "203.0.113.7"}
    answer = client.post(
        f"/f/{form.key}", data={**TYPED, "mark": patient(app, form)}, environ_overrides=person
    )
    assert "One more question" in answer.text
    with app.app_context():
        asked = marks.read(mark_of(answer.text), form.key)
        mark = marks.issue(
            Mark(form.key, asked.issued_at - timedelta(seconds=5), nonce=asked.nonce, sum=asked.sum)
        )
    answer = client.post(
        f"/f/{form.key}",
        data={**TYPED, "mark": mark, "answer": str(asked.sum)},
        environ_overrides=person,
    )
    assert answer.status_code == 303
    assert len(leads()) == taken + 1


def test_only_the_sites_named_hold_it_in_a_frame_and_post_to_it(app, client):
    form = make_form(sites=[SITE])
    framed = client.get(f"/f/{form.key}").headers
    assert f"frame-ancestors 'self' {SITE};" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    other = make_form(name="Elsewhere")
    closed = client.get(f"/f/{other.key}").headers
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]
    assert closed["X-Frame-Options"] == "DENY"
    plain = {**TYPED, "utm_source": "landing", "search_term": "cabinets"}
    answer = client.post(
        f"/f/{form.key}", data=plain, headers={"Origin": SITE, "Referer": SITE + "/go?x=1"}
    )
    assert answer.status_code == 303
    (lead,) = leads()
    assert lead.origin == {"utm_source": "landing", "page": "www.meier.example/go"}
    assert lead.search_term == "cabinets"
    foreign = {**plain, "company": "Other AG"}
    answer = client.post(f"/f/{form.key}", data=foreign, headers={"Origin": "https://evil.example"})
    assert "One more question" in answer.text


def test_a_form_out_of_use_or_after_its_event_takes_nothing(app, client):
    assert client.get("/f/nothing-here").status_code == 404
    off = make_form(active=False)
    assert client.get(f"/f/{off.key}").status_code == 410
    over = make_form("event", event_at=clock.now() - timedelta(minutes=1))
    assert send(app, client, over).status_code == 410
    assert leads() == []


def test_own_questions_and_own_fields_come_along(app, client):
    form = make_form(
        fields=[
            {"name": "email", "required": True},
            {"name": "product"},
            {
                "name": "extra-1",
                "labels": {"en": "How many halls?"},
                "kind": "choice",
                "choices": [{"en": "One"}, {"en": "More"}],
            },
        ]
    )
    page = client.get(f"/f/{form.key}").text
    assert "How many halls?" in page
    answer = send(app, client, form, **{"extra-1": "A thousand"})
    assert answer.status_code == 422
    assert send(app, client, form, **{"extra-1": "More", "product": "switches"}).status_code == 303
    (lead,) = leads()
    assert find_contact(lead.id)["note"] == "How many halls?: More"
    assert len(lead.product_ids) == 1


def test_who_asked_not_to_be_written_to_gets_no_mail_and_is_not_offered(app, client):
    form = make_form()
    keep_away("email:zephyrine@kanarienwerke.example")
    assert send(app, client, form).status_code == 303
    assert leads()[0].suppressed
    react(app)
    assert mails() == []
    assert words_left() == 0


@factory
def keep_away(key):
    session().add(Suppression(key=key, reason="do_not_call", created_at=clock.now()))


def test_no_mail_says_in_our_name_what_anybody_typed(app, client):
    form = make_form()
    bait = {"first_name": "Win now: www.casino.example", "last_name": "Meier"}
    send(app, client, form, **bait)
    react(app)
    (mail,) = mails()
    assert "casino" not in mail.text + mail.html + mail.subject
    assert "Hello Meier," in mail.text


def test_what_waits_is_hidden_from_whoever_has_not_opened_the_wall(app, client):
    form = make_form(confirms=True)
    send(app, client, form)
    assert seen_without_a_key() == 0


@factory
def seen_without_a_key():
    return session().scalar(select(func.count()).select_from(FormEntryWords))


@pytest.mark.parametrize(
    ("words", "filled"),
    [
        ("Hello {first_name} {last_name},", "Hello Meier,"),
        ("{form}: {event_place}.", "Trial:."),
        ("nothing", "nothing"),
    ],
)
def test_merge_fields_leave_no_holes(words, filled):
    assert rules.merged(words, {"last_name": "Meier", "form": "Trial"}) == filled


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://WWW.Meier.example/path?x", "https://www.meier.example"),
        ("http://127.0.0.1:8100", "http://127.0.0.1:8100"),
        ("https://meier.example:443", "https://meier.example"),
        ("javascript:alert(1)", None),
        ("https://a.example; script-src *", None),
        ("https://*.example", None),
        ("meier.example", None),
        ("https://x:99999999/", None),
    ],
)
def test_a_site_is_an_origin_and_nothing_that_ends_a_policy(address, origin):
    assert rules.origin_of(address) == origin
