"""Whoever works on a lead asks again, completes the answers and confirms the interest."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.core.mail.links import Purpose
from portal.leads.models import Lead, QualificationQuestion
from portal.pickup import operations as pickups
from portal.pickup.models import Pickup
from portal.qualification import confirming
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)
from tests.inbound.pressing import issue, press, text_of

HOUR = timedelta(hours=1)


def held_by(name: str) -> tuple[Lead, int]:
    """Return a lead in somebody's hands whose script asks for one thing more by then."""
    rep = make_person(make_partner(name))
    lead = make_offered_lead()
    some = session().scalars(select(QualificationQuestion)).first()
    assert some is not None
    session().add(
        QualificationQuestion(
            definition_id=some.definition_id, key="signs", area="own", position=70,
            names={"en": "Who signs?"}, required_later=True,
        )
    )  # fmt: skip
    pickups.claim(lead.id, get_actor(rep.id), AT)
    session().flush()
    return lead, rep.id


def test_the_holder_confirms_once_all_is_answered_and_nobody_else_does(ctx):
    lead, rep_id = held_by("Alpha")
    alice, bob = get_actor(rep_id), get_actor(make_person(make_partner("Beta")).id)
    with pytest.raises(Invalid) as refused:
        confirming.confirm(lead.id, alice, AT)
    assert list(refused.value.errors) == ["answer-signs"]
    for wants in (confirming.confirm, lambda *given: confirming.complete(lead.id, {}, bob, AT)):
        with pytest.raises(NotFound):
            wants(lead.id, bob, AT)
    confirming.complete(lead.id, {"signs": "The CFO"}, alice, AT)
    for _twice in range(2):
        confirming.confirm(lead.id, alice, AT)
    events = session().scalars(select(EventRow.name).where(EventRow.lead_id == lead.id)).all()
    assert list(events).count("LeadConfirmed") == 1
    assert confirming.find_confirmation(lead) is not None


@factory
def in_hand() -> tuple[int, User]:
    lead, rep_id = held_by("Alpha")
    return lead.id, session().get_one(User, rep_id)


def test_the_page_keeps_what_was_answered_although_something_is_missing(client):
    lead_id, rep = in_hand()
    sign_in(client, rep)
    page = client.get(f"/leads/{lead_id}/confirmation").text
    assert "Who signs?" in page
    sent = {"csrf_token": csrf_of(page), "action": "confirm", "answer-need": "Faster racks"}
    wrong = client.post(f"/leads/{lead_id}/confirmation", data=sent)
    assert wrong.status_code == 422
    assert "Please answer this question." in wrong.text
    assert "Faster racks" in client.get(f"/leads/{lead_id}/confirmation").text
    done = client.post(f"/leads/{lead_id}/confirmation", data={**sent, "answer-signs": "The CFO"})
    assert done.status_code == 303
    assert "Interest confirmed" in client.get(f"/leads/{lead_id}").text


def test_interest_is_confirmed_in_one_tap_on_mine_and_on_the_lead_and_taken_back(client):
    lead_id, rep = in_hand()
    sign_in(client, rep)
    mine = client.get("/mine").text
    assert f'action="/leads/{lead_id}/interest"' in mine
    sign = {"csrf_token": csrf_of(mine)}
    asked = client.post(f"/leads/{lead_id}/interest", data=sign)
    assert asked.location == f"/leads/{lead_id}/confirmation"  # the script asks first
    client.post(f"/leads/{lead_id}/confirmation", data={**sign, "answer-signs": "The CFO"})
    tapped = client.post(f"/leads/{lead_id}/interest", data=sign, headers={"HX-Request": "true"})
    assert "Interest confirmed:" in tapped.text
    assert "Interest confirmed (" in re.sub("<[^>]+>", "", client.get(f"/leads/{lead_id}").text)
    stranger = client.application.test_client()
    sign_in(stranger, make_person(make_partner("Beta")))
    page = {"csrf_token": csrf_of(stranger.get("/mine").text)}
    for path in ("interest", "interest/undo"):
        assert stranger.post(f"/leads/{lead_id}/{path}", data=page).status_code == 404
    assert dated(lead_id) is not None
    client.post(f"/leads/{lead_id}/interest/undo", data=sign)
    assert dated(lead_id) is None
    assert f'action="/leads/{lead_id}/interest"' in client.get(f"/leads/{lead_id}").text


@factory
def dated(lead_id: int) -> datetime | None:
    return session().get_one(Lead, lead_id, populate_existing=True).sql_at


def test_the_next_holder_confirms_anew_and_until_then_the_list_says_what_was(ctx):
    lead, rep_id = held_by("Alpha")
    alice = get_actor(rep_id)
    confirming.complete(lead.id, {"signs": "The CFO"}, alice, AT)
    confirming.confirm(lead.id, alice, AT + HOUR)
    beta = make_person(make_partner("Beta"))
    given = session().scalars(select(Pickup).where(Pickup.lead_id == lead.id)).one()
    pickups.give_back(given.id, "no_capacity", None, alice, AT + 2 * HOUR)
    pickups.claim(lead.id, get_actor(beta.id), AT + 3 * HOUR)
    session().refresh(lead)
    assert lead.sql_at == AT + HOUR
    assert confirming.interest_of(lead, may=True).confirmed_at is None
    confirming.confirm(lead.id, get_actor(beta.id), AT + 4 * HOUR)
    assert lead.sql_at == AT + 4 * HOUR
    confirming.take_back(lead.id, get_actor(beta.id), AT + 5 * HOUR)
    assert lead.sql_at == AT + HOUR


def test_interest_is_confirmed_and_taken_back_behind_mails(app, client):
    rep = make_person(make_partner("Alpha"))
    lead, held = hold(rep)
    path = issue(Purpose.FEEDBACK, rep, lead_id=lead.id, pickup_id=held)
    page = client.get(path + "?s=interest").text
    assert "Interest confirmed" in page
    done = press(client, path, "interest")
    assert "the interest is confirmed" in text_of(done.text)
    assert dated(lead.id) is not None
    undo = issue(Purpose.UNDO, rep, lead_id=lead.id, topic="interest")
    assert "not confirmed any more" in text_of(press(client, undo, "undo").text)
    assert dated(lead.id) is None


@factory
def hold(rep: User) -> tuple[Lead, int]:
    at = clock.now() - 48 * HOUR
    lead = make_offered_lead(at=at)
    return lead, pickups.claim(lead.id, get_actor(rep.id), at).pickup_id
