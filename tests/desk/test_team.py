"""The page on which a manager sees how her people stand."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, session
from portal.core.mail import standing
from portal.core.mail.models import MailAddress
from portal.desk import live
from portal.desk.teams import read_team
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.partners import operations as partners
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


@pytest.fixture
def firm(app):
    return make_partner("Alpha Systems", capacity=10, rep_capacity=2)


@pytest.fixture
def anna(firm):
    return make_person(firm, "partner_manager", name="Anna")


@factory
def hold(rep, days=0, answer=None, due=None):
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at)
    held = pickup.claim(lead.id, get_actor(rep.id), at).pickup_id
    if answer:
        feedback.give(held, answer, get_actor(rep.id), at)
    if due is not None:
        session().get_one(Pickup, held).feedback_due_at = clock.now() - timedelta(days=due)
    return lead, held


def seen(page, user):
    """Return what the card of a person says."""
    card = page.text.partition(f'<article id="person-{user.id}"')[2].partition("</article>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", card)).strip()


def test_each_person_has_a_card_with_load_debts_and_what_is_due_next(client, firm, anna):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    lead, _held = hold(alice)
    hold(alan, answer=Answer("waiting"))
    page = sign_in(client, anna).get("/team")
    assert page.status_code == 200
    card = seen(page, alice)
    assert "Owes 1 answer" in card
    assert "1 of 2 leads in hand" in card
    assert f"Nothing heard about {lead.number} since it was picked up" in card
    assert "Free to pick up" in seen(page, alan)
    assert "The next answer is due" in seen(page, alan)
    assert "2 of 10" in page.text
    # who owes comes first
    assert page.text.index(f"person-{alice.id}") < page.text.index(f"person-{alan.id}")


def test_what_stops_the_whole_firm_stands_on_top_and_says_whose_it_is(client, firm, anna):
    alice = make_person(firm, name="Alice")
    lead, _held = hold(alice, days=30, answer=Answer("waiting"), due=9)
    page = sign_in(client, anna).get("/team").text
    assert "Nobody of your firm can pick up." in page
    top = page[: page.index("<article")]
    assert lead.number in top
    assert "(Alice)" in top


def test_who_is_away_and_until_when_stands_on_the_card(client, firm, anna):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    today = clock.now().date()
    away = factory(partners.add_absence)
    away(firm.id, today, today + timedelta(days=3), clock.now(), alice.id)
    away(firm.id, today + timedelta(9), today + timedelta(days=12), clock.now(), alan.id)
    page = sign_in(client, anna).get("/team")
    assert "Away until" in seen(page, alice)
    assert "Away from" in seen(page, alan)
    assert "Free to pick up" in seen(page, alan)


@factory
def mark(user):
    known = standing.hash_of(user.email)
    mine = {"marked_at": clock.now(), "counts_from": clock.now(), "domain": "alpha.example"}
    session().add(MailAddress(address_hash=known, **mine))


def test_whose_mails_come_back_stands_on_the_card(client, firm, anna):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    mark(alice)
    page = sign_in(client, anna).get("/team")
    assert "Mails to this address come back" in seen(page, alice)
    assert "Mails to this address come back" not in seen(page, alan)


def test_no_contact_data_stands_on_the_page(client, firm, anna):
    hold(make_person(firm))
    page = sign_in(client, anna).get("/team").text
    for secret in CONTACT.values():
        assert secret not in page


def test_it_shows_the_own_firm_alone_and_opens_for_managers_alone(client, firm, anna):
    bob = make_person(make_partner("Beta Networks"), name="Bob Beta")
    hold(bob)
    assert "Bob Beta" not in sign_in(client, anna).get("/team").text
    for user in (bob, make_person(make_vendor(), "channel_manager")):
        other = client.application.test_client()
        assert sign_in(other, user).get("/team").status_code == 403


def test_a_lead_handed_on_from_here_leads_back_here(client, firm, anna):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    lead, held = hold(alice)
    page = sign_in(client, anna).get("/team")
    assert f'href="/pickups/{held}/holder?back=team"' in page.text
    form = client.get(f"/pickups/{held}/holder?back=team")
    assert 'href="/team"' in form.text
    sent = {"csrf_token": csrf_of(form.text), "to": alan.id, "back": "team"}
    done = client.post(f"/pickups/{held}/holder", data=sent)
    assert (done.status_code, done.headers["Location"]) == (303, "/team")
    after = client.get("/team")
    assert f"{lead.number} is in the hands of Alan now." in after.text
    assert lead.number in seen(after, alan)
    assert lead.number not in seen(after, alice)


@contextmanager
def counted():
    """Count the statements that are sent."""
    sent = []

    def note(_connection, _cursor, statement, *_more):
        sent.append(statement)

    bind = db.engines[None]
    event.listen(bind, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(bind, "before_cursor_execute", note)


def test_it_asks_the_database_as_often_for_twenty_people_as_for_two(ctx):
    firm = make_partner(capacity=100)
    boss = get_actor(make_person(firm, "partner_manager").id)

    def asked(people):
        for _ in range(people):
            hold(make_person(firm))
        session().flush()
        session().expire_all()
        with counted() as sent:
            team = read_team(boss, clock.now())
            _ = [(one.user.name, one.load, one.leads) for one in team.members]
        return len(sent), len(team.members)

    few, people = asked(1)
    many, more = asked(18)
    assert (people, more) == (2, 20)
    assert few == many <= 7


def test_an_open_page_hears_of_the_firm_and_fetches_how_the_team_stands(app, client, firm, anna):
    rep = make_person(firm, name="Alice Adler")
    lead = make_offered_lead(at=clock.now())
    factory(lambda: pickup.claim(lead.id, get_actor(rep.id), clock.now()))()
    page = sign_in(client, anna).get("/team/state", headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert "Your firm owes one answer." in page.text
    assert f'id="person-{rep.id}"' in page.text
    assert "<html" not in page.text
    assert not [value for value in CONTACT.values() if value in page.text]
    assert client.get("/team/state").location == "/team"
    hers = sign_in(app.test_client(), rep)
    assert hers.get("/team/state", headers={"HX-Request": "true"}).status_code == 403
    letters = factory(lambda: live.address([{"kind": "gate", "firm": firm.id}]))()
    assert factory(lambda: live.topics_of(get_actor(anna.id)))() & letters[0].topics
    stranger = make_person(make_partner("Beta"), "partner_manager")
    assert not factory(lambda: live.topics_of(get_actor(stranger.id)))() & letters[0].topics
