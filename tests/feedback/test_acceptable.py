"""What a policy takes for an answer: asked alike in the browser, behind a mail and of machines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.deadlines.models import DeadlinePolicy
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    csrf_of,
    day_here,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)
from tests.inbound.pressing import get, issue, press, text_of

SINCE = "Since when are you waiting for their answer?"
STEP = "You said so last time, too. When do you try next?"


@factory
def hold(user, **terms):
    at = clock.now() - timedelta(days=1)
    lead = make_offered_lead(at=at)
    session().execute(update(DeadlinePolicy).values(**terms))
    return pickup.claim(lead.id, get_actor(user.id), at).pickup_id


@factory
def said_before(held, times):
    session().get_one(Pickup, held).uncontacted = times


@pytest.mark.parametrize(
    ("status", "terms", "wanted", "typed"),
    [
        ("waiting", {"waiting_since": True}, SINCE, {"waiting_since": "{today}"}),
        (
            "not_contacted",
            {"uncontacted_free": 2},
            STEP,
            {"next_step": "Call again", "next_step_on": "{today}"},
        ),
    ],
)
def test_page_mail_and_json_ask_for_the_same(
    client: FlaskClient, status: str, terms: dict, wanted: str, typed: dict
) -> None:
    client.environ_base["REMOTE_ADDR"] = "127.0.7.99"
    rep = make_person(make_partner(), timezone="Europe/Berlin")
    held = hold(rep, **terms)
    browser = sign_in(client.application.test_client(), rep)
    if status == "not_contacted":
        said_before(held, 1)
        assert wanted not in text_of(browser.get(f"/pickups/{held}/feedback").text)
        said_before(held, 2)
    path = issue(Purpose.FEEDBACK, rep, lead_id=get(Pickup, held).lead_id, pickup_id=held)
    assert wanted in text_of(client.get(f"{path}?s={status}").text)
    refused = press(client, path, "feedback", status)
    assert refused.status_code == 422
    assert wanted in text_of(refused.text)

    page = browser.get(f"/pickups/{held}/feedback").text
    assert wanted in text_of(page)
    form = {"csrf_token": csrf_of(page), "status": status, "note": "Rang twice"}
    url = f"/pickups/{held}/feedback"
    bare = browser.post(url, data=form)
    assert bare.status_code == 422
    assert 'value="Rang twice"' in bare.text
    asked = browser.post(url, data=form, headers={"Accept": "application/json"})
    assert wanted in asked.get_json()["errors"].values()

    today = day_here(clock.now()).isoformat()
    full = form | {name: value.format(today=today) for name, value in typed.items()}
    assert browser.post(url, data=full).status_code == 303
    after = get(Pickup, held)
    assert after.last_status == status
    if status == "waiting":
        assert after.waiting_since.isoformat() == today
        # it is known by now, and one press says that it goes on
        again = browser.post(url, data=form | {"note": "Still"})
        assert again.status_code == 303
        assert get(Pickup, held).waiting_since.isoformat() == today
