"""The partner's pages: available, mine, the lead."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead
from portal.offers.operations import withdraw
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_offered_lead,
    make_person,
    sign_in,
)


@factory
def make_held_lead(user: User, answer: Answer | None = None) -> int:
    """Return a pickup that the person has just made, answered on or not."""
    at = clock.now()
    lead = make_offered_lead(at=at - timedelta(hours=1))
    claimed = pickup.claim(lead.id, get_actor(user.id), at)
    if answer:
        feedback.give(claimed.pickup_id, answer, get_actor(user.id), at)
    return claimed.pickup_id


@factory
def make_fresh_offer() -> Lead:
    """Return a lead that has been on offer for an hour."""
    return make_offered_lead(at=clock.now() - timedelta(hours=1))


def post(client: FlaskClient, url: str, **fields: str):
    """Send a form as a browser without JavaScript does."""
    token = csrf_of(client.get("/available").text)
    return client.post(url, data={"csrf_token": token, **fields})


def test_mine_shows_the_dated_next_step(client: FlaskClient) -> None:
    alice = make_person()
    tomorrow = clock.now().astimezone(ZoneInfo("Europe/Berlin")).date() + timedelta(days=1)
    make_held_lead(alice, Answer("waiting", next_step="Site survey", next_step_on=tomorrow))
    page = sign_in(client, alice).get("/mine")
    assert page.status_code == 200
    assert "Site survey, tomorrow" in page.text
    assert CONTACT["company"] in page.text


def test_in_the_dossier_stands_open_what_is_due(client: FlaskClient) -> None:
    browser = sign_in(client, alice := make_person())
    held = make_held_lead(alice)
    page = browser.get(f"/leads/{lead_of(held)}").text
    assert '<details class="sheet fold fold-question" open>' in page
    assert post(browser, f"/pickups/{held}/feedback", status="waiting").status_code == 303
    page = browser.get(f"/leads/{lead_of(held)}").text
    assert '<details class="sheet fold fold-question">' in page
    head = [page.index(words) for words in ("Who to call", "How far are you?", "What it is about")]
    assert head == sorted(head)


@factory
def lead_of(pickup_id: int) -> int:
    return session().get_one(Pickup, pickup_id).lead_id


def test_available_shows_the_teaser_and_no_contact(client: FlaskClient) -> None:
    alice = make_person()
    lead = make_fresh_offer()
    page = sign_in(client, alice).get("/available")
    assert lead.title in page.text
    assert f'action="/leads/{lead.id}/pickup"' in page.text
    assert CONTACT["company"] not in page.text


def test_opening_a_lead_never_claims_it(client: FlaskClient) -> None:
    alice = make_person()
    lead = make_fresh_offer()
    page = sign_in(client, alice).get(f"/leads/{lead.id}")
    assert page.status_code == 200
    assert CONTACT["company"] not in page.text
    assert client.get(f"/leads/{lead.id}/pickup").status_code in (302, 303)
    assert f'action="/leads/{lead.id}/pickup"' in client.get("/available").text


def test_picking_up_leads_to_the_contact(client: FlaskClient) -> None:
    alice = make_person()
    lead = make_fresh_offer()
    answer = post(sign_in(client, alice), f"/leads/{lead.id}/pickup")
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert CONTACT["email"] in page.text
    assert f"{CONTACT['postcode']} Hanover" in page.text


def test_the_loser_reads_how_it_went_and_no_teaser(app: Flask) -> None:
    alice, bob = make_person(), make_person()
    lead = make_fresh_offer()
    late = sign_in(app.test_client(), bob)
    post(sign_in(app.test_client(), alice), f"/leads/{lead.id}/pickup")
    answer = post(late, f"/leads/{lead.id}/pickup")
    assert answer.status_code == 409
    assert 'data-refusal="already_taken"' in answer.text
    page = late.get(f"/leads/{lead.id}")
    assert page.status_code == 404
    assert "2 firms were offered it" in page.text
    assert lead.title not in page.text


def test_a_red_gate_answers_a_pick_with_the_question_and_the_answer_picks(
    client: FlaskClient,
) -> None:
    alice = make_person()
    held = make_held_lead(alice)
    lead = make_fresh_offer()
    refused = post(sign_in(client, alice), f"/leads/{lead.id}/pickup")
    assert refused.status_code == 409
    assert 'data-refusal="feedback_owed"' in refused.text
    assert f'action="/leads/{lead.id}/feedback-and-pickup"' in refused.text
    done = post(
        client,
        f"/leads/{lead.id}/feedback-and-pickup",
        pickup_id=str(held),
        status="waiting",
    )
    assert done.status_code == 303
    assert CONTACT["email"] in client.get(done.location).text


def test_the_answer_stays_although_the_lead_is_gone_meanwhile(app: Flask) -> None:
    alice = make_person()
    held = make_held_lead(alice)
    lead = make_fresh_offer()
    client = sign_in(app.test_client(), alice)
    with app.app_context(), unit_of_work():
        withdraw(lead.id, clock.now())
    done = post(
        client,
        f"/leads/{lead.id}/feedback-and-pickup",
        pickup_id=str(held),
        status="proposal",
        note="They want a quote",
    )
    assert done.status_code == 409
    assert 'data-refusal="already_taken"' in done.text
    page = client.get(f"/pickups/{held}/feedback")
    dossier = client.get(page.text.split('href="/leads/')[1].split('"')[0].join(("/leads/", "")))
    assert "They want a quote" in dossier.text


def test_what_was_typed_is_kept_when_something_is_missing(client: FlaskClient) -> None:
    alice = make_person()
    held = make_held_lead(alice)
    answer = post(
        sign_in(client, alice),
        f"/pickups/{held}/feedback",
        status="lost",
        note="Went elsewhere",
        decision_maker="The owner",
    )
    assert answer.status_code == 422
    assert 'value="Went elsewhere"' in answer.text
    assert 'value="The owner"' in answer.text
    assert "Please choose why it was lost" in answer.text


def test_after_giving_back_the_contact_is_gone_from_every_page_of_the_firm(app: Flask) -> None:
    alice = make_person()
    held = make_held_lead(alice)
    client = sign_in(app.test_client(), alice)
    assert CONTACT["email"] in client.get("/mine").text
    assert post(client, f"/pickups/{held}/give-back", reason="duplicate").status_code == 303
    page = client.get("/mine")
    assert CONTACT["email"] not in page.text
    assert "given back" in page.text
    past = client.get(page.text.split('id="closed-head"')[1].split('href="')[1].split('"')[0])
    assert "A lead you held" in past.text
    assert "L-" in past.text
    assert CONTACT["email"] not in past.text


def test_an_answer_on_the_page_of_the_lead_changes_what_its_head_says(client: FlaskClient) -> None:
    alice = make_person()
    pickup_id = make_held_lead(alice)
    token = csrf_of(sign_in(client, alice).get("/mine").text)
    for status, said, due in (("waiting", "Waiting for feedback", True), ("lost", "Lost", False)):
        answered = client.post(
            f"/pickups/{pickup_id}/feedback",
            data={
                "csrf_token": token,
                "status": status,
                "reason": "no_budget",
                "decision_maker": "the head of IT",
            },
            headers={"HX-Request": "true", "HX-Target": "answer"},
        )
        assert answered.status_code == 200
        head = answered.text[answered.text.index('id="lead-status"') :]
        assert said in head[:120]
        assert ("Feedback due" in head) == due
    # in a row of Mine there is no such head
    other = make_held_lead(alice)
    in_row = client.post(
        f"/pickups/{other}/feedback",
        data={"csrf_token": token, "status": "waiting"},
        headers={"HX-Request": "true", "HX-Target": f"pickup-{other}"},
    )
    assert "lead-status" not in in_row.text
