"""An administrator looks at the portal as somebody else: read-only, on record, nothing private."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.events import EventRow
from portal.leads import contacts, notes, wall
from portal.leads.models import Lead, LeadContact
from portal.pickup import operations as pickup
from portal.timeline.models import ContactLook
from portal.web.access import PUBLIC, access_of
from tests.factories import (
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.world import make_world

SECRET = "He plays golf on Fridays."


@factory
def make_held(rep: User) -> int:
    """Have a rep hold a lead with a note on it, and return the lead's id."""
    at, actor = clock.now() - timedelta(hours=1), get_actor(rep.id)
    lead = make_offered_lead(at=at)
    pickup.claim(lead.id, actor, at)
    held = session().get_one(Lead, lead.id, populate_existing=True)
    notes.write_note(held, SECRET, False, actor, at)
    return lead.id


@factory
def events_of(name: str) -> list[EventRow]:
    return list(session().scalars(select(EventRow).where(EventRow.name == name)))


@factory
def count_looks() -> int:
    return session().scalar(select(func.count()).select_from(ContactLook)) or 0


def look_as(client: FlaskClient, user: User):
    """Press "Look as"."""
    token = csrf_of(client.get("/audit").text)
    return client.post(f"/people/{user.id}/look", data={"csrf_token": token})


def stop(client: FlaskClient):
    token = csrf_of(client.get("/").text)
    return client.post("/look/end", data={"csrf_token": token})


@pytest.fixture
def admin(app: Flask) -> User:
    return make_person(make_vendor(), "admin", name="Ada Admin")


def test_he_sees_her_pages_without_contact_data_and_notes_and_nobody_looked(
    client: FlaskClient, admin: User
) -> None:
    rep = make_person(make_partner("Alpha Systems"), name="Alice Ahrens")
    lead_id = make_held(rep)
    looks = count_looks()
    sign_in(client, admin)
    assert look_as(client, rep).status_code == 303
    for address in ("/", "/available", "/mine", f"/leads/{lead_id}"):
        page = client.get(address)
        assert page.status_code == 200, address
        assert "You see the portal as Alice Ahrens, Alpha Systems." in page.text
        assert "data-stream" not in page.text
        for mark in ("kanarienwerke", "quastenflosser", "7654321", SECRET.lower()):
            assert mark not in page.text.lower(), address
    assert "Contact data is not shown to who looks as somebody else." in page.text
    assert client.get("/board").status_code == 403, "her roles, not his"
    assert count_looks() == looks
    assert stop(client).status_code == 303
    assert client.get("/audit").status_code == 200


def test_he_changes_nothing_whatever_he_sends(client: FlaskClient, admin: User) -> None:
    rep = make_person()
    lead_id = make_held(rep)
    sign_in(client, admin)
    look_as(client, rep)
    token = csrf_of(client.get(f"/leads/{lead_id}").text)
    for address in (
        f"/leads/{lead_id}/notes",
        "/pickups/1/feedback",
        "/settings/password",
        "/settings/theme",
        f"/people/{admin.id}/look",
    ):
        answer = client.post(address, data={"csrf_token": token, "text": "x", "theme": "dark"})
        assert answer.status_code in (403, 404), address
    assert client.get("/settings/sign-in").status_code == 403
    assert client.get("/settings/second-step").status_code == 403
    refused = events_of("ViewingRefused")
    assert {event.actor_id for event in refused} == {admin.id}
    assert {event.data["as_user_id"] for event in refused} == {rep.id}


def test_every_address_that_changes_something_is_closed_to_who_looks(
    app: Flask, client: FlaskClient
) -> None:
    world = make_world()
    sign_in(client, world.people["admin"])
    look_as(client, world.people["anna"])
    token = csrf_of(client.get("/").text)
    open_, tried = [], 0
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or rule.endpoint in ("viewing.stop", "accounts.logout"):
            continue
        # what is bound to the secret of a mail asks for no sign-in and knows none
        if access_of(app, rule.endpoint) == PUBLIC and "token" in rule.arguments:
            continue
        answer = client.post(world.address(rule), data={"csrf_token": token})
        tried += 1
        if answer.status_code != 403:
            open_.append(f"{rule.rule}: {answer.status_code}")
    assert tried > 40
    assert not open_, "\n".join(open_)


def test_it_stands_in_the_record_who_looked_as_whom_from_when_to_when(
    client: FlaskClient, admin: User
) -> None:
    rep = make_person(name="Alice Ahrens")
    sign_in(client, admin)
    look_as(client, rep)
    client.post(
        "/settings/theme", data={"csrf_token": csrf_of(client.get("/").text), "theme": "dark"}
    )
    stop(client)
    (began,), (ended,) = events_of("ViewingBegan"), events_of("ViewingEnded")
    assert (began.actor_id, began.data) == (admin.id, {"user_id": rep.id})
    assert (ended.actor_id, ended.data["as_user_id"]) == (admin.id, rep.id)
    page = client.get("/audit").text
    assert "Ada Admin as Alice Ahrens" in page


def test_nobody_looks_as_an_administrator_nor_as_who_has_no_access(
    client: FlaskClient, admin: User
) -> None:
    other, gone = make_person(make_vendor(), "admin"), make_person(active=False)
    sign_in(client, admin)
    assert look_as(client, other).status_code == 409
    assert look_as(client, gone).status_code == 404
    assert client.get("/audit").status_code == 200


def test_nobody_but_an_administrator_looks(client: FlaskClient) -> None:
    rep = make_person()
    sign_in(client, make_manager())
    token = csrf_of(client.get("/board").text)
    answer = client.post(f"/people/{rep.id}/look", data={"csrf_token": token})
    assert answer.status_code == 403


@factory
def change(user: User, **values: object) -> None:
    session().execute(update(User).where(User.id == user.id).values(**values))


def test_looking_ends_with_her_access_and_with_his_role(client: FlaskClient, admin: User) -> None:
    rep = make_person()
    sign_in(client, admin)
    look_as(client, rep)
    assert client.get("/audit").status_code == 403
    change(rep, active=False)
    assert client.get("/audit").status_code == 200
    change(rep, active=True)
    change(admin, roles=["operations"])
    assert client.get("/available").status_code == 403, (
        "he is himself, and an administrator no more"
    )


@factory
def erase_contact(lead_id: int) -> None:
    with wall.open_for([lead_id]) as opened:
        opened.execute(delete(LeadContact).where(LeadContact.lead_id == lead_id))


def test_why_nobody_to_call_is_shown_is_said_truly(app: Flask, admin: User) -> None:
    rep, manager = make_person(), make_manager()
    lead_id = make_held(rep)
    clients = {user.id: sign_in(app.test_client(), user) for user in (rep, manager, admin)}

    def said(user: User) -> str:
        page = str(clients[user.id].get(f"/leads/{lead_id}").text)
        found = [sentence for sentence in WHY if sentence in page]
        return found[0] if found else ""

    assert [said(rep), said(manager)] == ["", SEEN]
    erase_contact(lead_id)
    assert [said(rep), said(manager)] == [ERASED, SEEN]
    look_as(clients[admin.id], rep)
    assert said(admin) == HIDDEN


HIDDEN = "Contact data is not shown to who looks as somebody else."
ERASED = "Contact data of this lead was erased."
SEEN = "Contact data is seen by the holder and the manager of his firm."
WHY = (HIDDEN, ERASED, SEEN)


def test_contact_data_is_not_loaded_for_who_looks_as_the_holder(ctx: Flask) -> None:
    rep = make_person()
    lead = session().get_one(Lead, make_held(rep))
    holder = get_actor(rep.id)
    assert contacts.may_see_contact(lead, holder)
    assert not contacts.may_see_contact(lead, replace(holder, viewer_id=1))
    assert contacts.load_contacts([lead], replace(holder, viewer_id=1), clock.now()) == {}
