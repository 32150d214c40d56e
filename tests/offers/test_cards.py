"""Cards that are drawn once and shown often."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from portal.catalog.models import Entry
from portal.catalog.queries import book, forget_book
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.leads.models import Lead
from tests.factories import csrf_of, make_offered_lead, make_partner, make_person, sign_in


def seen_by(app: Flask, user: object) -> str:
    page = sign_in(app.test_client(), user).get("/available")
    assert page.status_code == 200
    return page.text


def test_a_card_drawn_for_one_reader_carries_the_token_of_the_next(app: Flask) -> None:
    firm = make_partner()
    alice, alan = (make_person(organisation=firm) for _ in range(2))
    make_offered_lead(at=clock.now() - timedelta(hours=1))
    for reader in (alice, alan, alice):
        page = seen_by(app, reader)
        card = page[page.index("<article") : page.index("</article>")]
        assert f'name="csrf_token" value="{csrf_of(page)}"' in card


def test_a_card_is_drawn_in_the_words_of_its_reader(app: Flask) -> None:
    firm = make_partner()
    alice, anton = make_person(organisation=firm), make_person(organisation=firm, locale="de")
    make_offered_lead(at=clock.now() - timedelta(hours=1))
    assert "Pick up" in seen_by(app, alice)
    assert "Pick up" not in seen_by(app, anton)
    assert "Pick up" in seen_by(app, alice)


def test_a_card_follows_every_change_of_its_lead_however_small(app: Flask) -> None:
    alice = make_person()
    text = "A long story. " * 60
    lead = make_offered_lead(at=clock.now() - timedelta(hours=1), partner_text=text + "Now.")
    assert text + "Now." in seen_by(app, alice)
    with app.app_context(), unit_of_work():
        session().get_one(Lead, lead.id).partner_text = text + "Later."
    page = seen_by(app, alice)
    assert text + "Later." in page
    assert text + "Now." not in page


def test_a_card_follows_a_new_name_in_the_catalogue(app: Flask) -> None:
    alice = make_person()
    lead = make_offered_lead(at=clock.now() - timedelta(hours=1))
    with app.app_context():
        brand_id = session().get_one(Lead, lead.id).brand_id
        before = book().label(brand_id, "en")
    assert before in seen_by(app, alice)
    with app.app_context(), unit_of_work():
        entry = session().get_one(Entry, brand_id)
        entry.names = {**entry.names, "en": "Renamed Works"}
    forget_book()
    assert "Renamed Works" in seen_by(app, alice)


def test_a_text_with_markup_stays_text(client: FlaskClient) -> None:
    alice = make_person()
    make_offered_lead(at=clock.now() - timedelta(hours=1), title="<b>Cabinets</b> & more")
    page = sign_in(client, alice).get("/available").text
    assert "&lt;b&gt;Cabinets&lt;/b&gt; &amp; more" in page
    assert "<b>Cabinets</b>" not in page
