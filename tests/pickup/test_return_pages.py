"""More time and taking back on the pages: asked for, decided, told, and what is left to read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.queries import get_policy
from portal.leads.notes import about
from portal.pickup import operations as pickup
from portal.pickup import recall
from portal.pickup.models import Pickup
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_unit,
    make_vendor,
    sign_in,
)
from tests.inbound.pressing import press
from tests.world import make_file

LATE = timedelta(days=9)


@factory
def make_late(**policy):
    """Return Alice, her firm's account manager and her lead, nine days without an answer."""
    pam = make_person(make_vendor(), "account_manager", name="Pam")
    alice = make_person(make_partner("Alpha", account_manager_id=pam.id), name="Alice")
    at = clock.now() - LATE
    for name, value in policy.items():
        setattr(get_policy(), name, value)
    lead = make_offered_lead(at=at - timedelta(hours=1))
    held = pickup.claim(lead.id, get_actor(alice.id), at).pickup_id
    return alice, pam, lead.id, held


@pytest.fixture
def late(app: Flask):
    return make_late(extension_approval="account_manager")


def post(client: FlaskClient, at: str, page: str, **data):
    return client.post(at, data={"csrf_token": csrf_of(client.get(page).text), **data})


def test_more_time_is_asked_for_on_the_page_and_given_with_one_press(app, late):
    alice, pam, lead_id, held = late
    hers = sign_in(app.test_client(), alice)
    form = f"/pickups/{held}/more-time"
    assert f'href="{form}"' in hers.get(f"/leads/{lead_id}").text
    wrong = post(hers, form, form, reason="", days="99", text="He is in Rome")
    assert wrong.status_code == 422
    assert "He is in Rome" in wrong.text
    assert 'value="99"' in wrong.text
    assert post(hers, form, form, reason="customer_away", days="5").status_code == 303
    assert "You have asked for 5 more days" in hers.get(f"/leads/{lead_id}").text
    his = sign_in(app.test_client(), pam)
    waiting = his.get("/more-time").text
    assert "Alice, Alpha: 5 more days" in waiting
    action = waiting.split('action="/more-time/')[1].split('"')[0]
    assert post(his, f"/more-time/{action}", "/more-time", granted="1").status_code == 303
    assert "You were given 5 more days" in hers.get(f"/leads/{lead_id}").text
    assert sign_in(app.test_client(), alice).get("/more-time").status_code == 403


def test_more_time_by_mail_needs_a_press_and_says_nothing_of_the_customer(app, late):
    alice, _pam, lead_id, held = late
    path = factory(links.issue)(
        Purpose.MORE_TIME, alice.id, clock.now(), lead_id=lead_id, pickup_id=held
    )
    client = app.test_client()
    page = client.get(path).text
    assert "Ask for more time" in page
    assert CONTACT["company"] not in page
    answer = press(client, path, "more_time", reason="customer_away", days="3")
    assert "Asked for" in answer.text
    assert "Asked for" in client.get(path).text


def test_a_lead_is_taken_back_on_its_page_and_the_former_holder_reads_only_his_own(app, late):
    alice, _pam, lead_id, _held = late
    mara = factory(make_manager)()
    hers = sign_in(app.test_client(), mara)
    page = f"/leads/{lead_id}/recall"
    assert f'href="{page}"' in hers.get(f"/leads/{lead_id}").text
    assert post(hers, page, page, reason="").status_code == 422
    assert post(hers, page, page, reason="silent", note="Third time").status_code == 303
    shown = hers.get(f"/leads/{lead_id}").text
    assert "It rests until" in shown
    assert "Taken back: rests until" in shown
    past = sign_in(app.test_client(), alice).get(f"/leads/{lead_id}")
    assert past.status_code == 200
    for secret in (*CONTACT.values(), "Third time"):
        assert secret not in past.text
    assert post(hers, page, f"/leads/{lead_id}", reason="silent").status_code == 409


def test_who_lost_a_lead_finds_its_customer_nowhere(app, late):
    alice, _pam, lead_id, held = late
    actor, at = factory(get_actor)(alice.id), clock.now()
    file_id = factory(make_file)(about(lead_id), actor, at)
    link = factory(links.issue)(Purpose.FEEDBACK, alice.id, at, lead_id=lead_id, pickup_id=held)
    client = sign_in(app.test_client(), alice)
    file = f"/leads/{lead_id}/attachments/{file_id}"
    assert client.get(file).status_code == 200
    assert CONTACT["company"] in client.get("/mine").text
    factory(recall.recall)(held, None, recall.SILENT, None, clock.now())
    assert client.get(file).status_code == 404
    assert client.get(link).status_code == 404
    search = f"/search?q={CONTACT['company']}"
    for page in ("/mine", "/", "/available", f"/leads/{lead_id}", link, search):
        shown = client.get(page).text
        for secret in (CONTACT["last_name"], CONTACT["email"], CONTACT["phone"]):
            assert secret not in shown, page
    for page in (f"/pickups/{held}/more-time", f"/pickups/{held}/give-back"):
        assert CONTACT["last_name"] not in client.get(page).text


@factory
def take_overflow(lead_id: int, held: int) -> str:
    """Let the lead go to Otto's unit; return his address."""
    at = clock.now()
    unit = make_unit(make_vendor(), "Digital sales")
    otto = make_person(make_vendor(), "direct_sales", name="Otto", unit_id=unit.id)
    policy = session().get_one(DeadlinePolicy, session().get_one(Pickup, held).policy_id)
    policy.chain, policy.overflow_unit_id, policy.cooling_hours = ["overflow"], unit.id, 0
    recall.recall(held, None, recall.SILENT, None, at)
    return otto


def test_the_overflow_unit_has_a_queue_of_its_own(app, late):
    alice, _pam, lead_id, held = late
    otto = take_overflow(lead_id, held)
    his = sign_in(app.test_client(), otto)
    queue = his.get("/overflow").text
    assert "Taken back" in queue
    assert "Digital sales" in queue
    assert f'action="/leads/{lead_id}/pickup"' in queue
    seen = sign_in(app.test_client(), factory(make_manager)()).get("/overflow").text
    assert "Digital sales" in seen
    assert "/pickup" not in seen
    assert sign_in(app.test_client(), alice).get("/overflow").status_code == 404
    assert post(his, f"/leads/{lead_id}/pickup", "/overflow").status_code == 303
    assert "In hand" in his.get("/overflow").text
