"""A sign-in from a browser that the person never used is told to her."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.devices import Browser
from portal.accounts.models import UserSession
from portal.core.db import session
from portal.core.events import EventRow
from tests.factories import AT, PASSWORD, csrf_of, factory, make_person, sign_in


@factory
def told():
    """The people who were told of a new device, one entry for each time."""
    rows = session().scalars(
        select(EventRow).where(EventRow.name == "NewDeviceSeen").order_by(EventRow.id)
    )
    return [row.data["user_id"] for row in rows]


def device(client):
    found = client.get_cookie("device")
    return found.value if found else None


def test_the_first_device_is_not_told_and_every_other_is_once(app):
    alice = make_person()
    laptop, phone = app.test_client(), app.test_client()
    sign_in(laptop, alice)
    assert told() == []
    sign_in(phone, alice)
    assert told() == [alice.id]
    for client in (laptop, phone):
        known = device(client)
        client.get("/login")
        client.delete_cookie("session")
        sign_in(client, alice)
        assert device(client) == known
    assert told() == [alice.id]


def test_a_second_person_at_the_same_browser_is_new_there(app):
    alice, bob = make_person(), make_person()
    shared = app.test_client()
    sign_in(app.test_client(), bob)
    sign_in(shared, alice)
    shared.delete_cookie("session")
    sign_in(shared, bob)
    assert told() == [bob.id]


@pytest.mark.parametrize("forged", ["", "x", "abc.def", '"0000".AAAAAAAA'])
def test_a_forged_device_is_a_new_one(app, forged):
    alice = make_person()
    sign_in(app.test_client(), alice)
    client = app.test_client()
    client.set_cookie("device", forged)
    sign_in(client, alice)
    assert told() == [alice.id]
    assert device(client) != forged


def test_who_signed_in_before_devices_were_known_is_not_told(ctx):
    alice = make_person()
    accounts.open_session(alice.id, AT)
    accounts.sign_in(alice.email, PASSWORD, AT, Browser(device="a"))
    assert told() == []
    accounts.sign_in(alice.email, PASSWORD, AT, Browser(device="b"))
    assert told() == [alice.id]


def test_a_refused_sign_in_names_no_device(app, client):
    alice = make_person()
    token = csrf_of(client.get("/login").text)
    data = {"email": alice.email, "password": "wrong", "csrf_token": token}
    assert client.post("/login", data=data).status_code == 422
    assert device(client) is None


def test_the_event_names_the_session_that_knows_where_and_with_what(ctx):
    alice = make_person()
    accounts.sign_in(alice.email, PASSWORD, AT, Browser(device="a"))
    accounts.sign_in(alice.email, PASSWORD, AT, Browser("192.0.2.7", "Some Browser", "b"))
    row = session().scalar(select(EventRow).where(EventRow.name == "NewDeviceSeen"))
    seen = session().get_one(UserSession, row.data["session_id"])
    assert (seen.address, seen.user_agent) == ("192.0.2.7", "Some Browser")


def test_the_cookie_is_for_this_site_alone_and_no_script(app):
    alice = make_person()
    client = app.test_client()
    token = csrf_of(client.get("/login").text)
    data = {"email": alice.email, "password": PASSWORD, "csrf_token": token}
    cookies = client.post("/login", data=data).headers.getlist("Set-Cookie")
    (cookie,) = [each for each in cookies if each.startswith("device=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_on_https_the_cookie_is_bound_to_the_host(app, monkeypatch):
    settings = replace(app.config["SETTINGS"], public_url="https://x.example")
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    alice = make_person()
    client = app.test_client()
    token = csrf_of(client.get("/login").text)
    data = {"email": alice.email, "password": PASSWORD, "csrf_token": token}
    cookies = client.post("/login", data=data).headers.getlist("Set-Cookie")
    (cookie,) = [each for each in cookies if each.startswith("__Host-device=")]
    assert {"Secure", "Path=/"} <= set(cookie.split("; "))
