"""Where a person is signed in: listed, and ended from wherever she sits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.accounts import operations as accounts
from portal.accounts.devices import Browser
from portal.accounts.models import User, UserSession
from portal.core import clock
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import EventRow
from tests.factories import (
    AT,
    PASSWORD,
    csrf_of,
    factory,
    make_partner,
    make_person,
    sign_in,
)
from tests.live import cookie_for

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"


@factory
def signed_in_with(user, agent, address):
    secret = accounts.open_session(
        user.id, clock.now() - timedelta(hours=2), Browser(address, agent)
    )
    return secret, accounts.queries.get_session(secret).id


@factory
def set_user(user, **values):
    row = session().get_one(User, user.id)
    for name, value in values.items():
        setattr(row, name, value)


def browser_of(app, secret):
    client = app.test_client()
    cookie, token = cookie_for(app, secret)
    client.set_cookie(*cookie.split("=", 1))
    return client, token


def gets_in(client):
    return client.get("/settings/mail").status_code == 200


def test_each_browser_is_listed_with_when_where_and_which_is_this_one(app, client):
    alice = make_person()
    sign_in(client, alice)
    signed_in_with(alice, LAPTOP, "192.0.2.7")
    signed_in_with(alice, PHONE, "2001:db8::7")
    page = client.get("/settings/sign-in").text
    rows = re.findall(r"<li class=\"spread\">(.*?)</li>", page, re.S)
    assert len(rows) == 3
    assert "this one" in rows[0]
    assert 'action="/settings/sessions' not in rows[0]
    others = "".join(rows[1:])
    assert "this one" not in others
    for word in ("Firefox on Windows", "Safari on iPhone", "192.0.2.7", "2001:db8::7"):
        assert word in others
    assert others.count("last seen 2 hours ago") == 2


def test_what_is_over_or_somebody_elses_is_not_listed(app, client):
    alice, bob = make_person(), make_person()
    sign_in(client, alice)
    signed_in_with(bob, PHONE, "192.0.2.8")
    _, ended = signed_in_with(alice, LAPTOP, "192.0.2.9")
    factory(accounts.end_session)(ended, clock.now())
    long_ago = clock.now() - timedelta(days=2)
    factory(accounts.open_session)(alice.id, long_ago, Browser("192.0.2.10", LAPTOP))
    page = client.get("/settings/sign-in").text
    assert page.count('<li class="spread">') == 1
    for address in ("192.0.2.8", "192.0.2.9", "192.0.2.10"):
        assert address not in page
    assert "Sign out everywhere else" not in page


def test_another_browser_is_signed_out_and_this_one_stays(app, client):
    alice = make_person()
    sign_in(client, alice)
    secret, session_id = signed_in_with(alice, LAPTOP, "192.0.2.7")
    lost, _ = browser_of(app, secret)
    assert gets_in(lost)
    token = csrf_of(client.get("/settings/sign-in").text)
    answer = client.post(f"/settings/sessions/{session_id}/sign-out", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/sign-in")
    assert not gets_in(lost)
    assert gets_in(client)
    again = client.post(f"/settings/sessions/{session_id}/sign-out", data={"csrf_token": token})
    assert again.status_code == 404


def test_this_one_too_which_is_to_sign_out(app, client):
    alice = make_person()
    secret, session_id = signed_in_with(alice, LAPTOP, "192.0.2.7")
    here, token = browser_of(app, secret)
    answer = here.post(f"/settings/sessions/{session_id}/sign-out", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert not gets_in(here)


def test_all_others_at_once_and_nobody_elses(app, client):
    alice, bob = make_person(), make_person()
    sign_in(client, alice)
    hers = [browser_of(app, signed_in_with(alice, a, "192.0.2.7")[0])[0] for a in (LAPTOP, PHONE)]
    his = browser_of(app, signed_in_with(bob, LAPTOP, "192.0.2.7")[0])[0]
    token = csrf_of(client.get("/settings/sign-in").text)
    answer = client.post(
        "/settings/sessions/sign-out", data={"csrf_token": token}, follow_redirects=True
    )
    assert "Signed out in 2 other browsers." in answer.text
    assert not any(gets_in(each) for each in hers)
    assert gets_in(his)
    assert gets_in(client)
    again = client.post(
        "/settings/sessions/sign-out", data={"csrf_token": token}, follow_redirects=True
    )
    assert "You are signed in here only." in again.text


def test_nobody_ends_the_session_of_somebody_else_not_even_a_colleague(app, client):
    firm = make_partner()
    alice, alan = make_person(firm), make_person(firm)
    sign_in(client, alan)
    secret, session_id = signed_in_with(alice, LAPTOP, "192.0.2.7")
    token = csrf_of(client.get("/settings/sign-in").text)
    answer = client.post(f"/settings/sessions/{session_id}/sign-out", data={"csrf_token": token})
    assert answer.status_code == 404
    assert gets_in(browser_of(app, secret)[0])


def test_what_was_ended_stands_in_the_events(ctx):
    alice = make_person()
    accounts.open_session(alice.id, AT)
    accounts.open_session(alice.id, AT)
    here = accounts.queries.get_session(accounts.open_session(alice.id, AT)).id
    ids = [one.id for one in accounts.queries.list_sessions(alice.id, AT) if one.id != here]
    assert accounts.end_other_sessions(alice.id, here, AT) == 2
    assert accounts.end_other_sessions(alice.id, here, AT) == 0
    rows = session().query(EventRow).filter_by(name="SessionsEnded").all()
    assert [row.data for row in rows] == [{"user_id": alice.id, "session_ids": sorted(ids)}]
    with pytest.raises(NotFound):
        accounts.end_own_session(alice.id, ids[0], AT)


# -- what ends a session, and what one can't be made to be -------------------------------------


def test_a_session_that_was_put_into_a_browser_before_signing_in_is_not_the_one_after(app, client):
    """Case 103: neither a visitor's cookie nor another person's session outlives a sign-in."""
    alice, mallory = make_person(), make_person()
    secret, _ = signed_in_with(mallory, LAPTOP, "192.0.2.66")
    cookie, _token = cookie_for(app, secret)
    client.set_cookie(*cookie.split("=", 1))
    client.post("/logout", data={"csrf_token": _token})
    client.set_cookie(*cookie.split("=", 1))
    before = client.get_cookie("session").value
    sign_in(client, alice)
    assert client.get_cookie("session").value != before
    assert alice.email in client.get("/settings/mail").text
    other = app.test_client()
    other.set_cookie("session", before)
    assert not gets_in(other)


def test_signing_out_ends_the_session_for_who_has_copied_the_cookie_too(app, client):
    """Case 103."""
    alice = make_person()
    sign_in(client, alice)
    copied = client.get_cookie("session").value
    thief = app.test_client()
    thief.set_cookie("session", copied)
    assert gets_in(thief)
    client.post("/logout", data={"csrf_token": csrf_of(client.get("/settings/mail").text)})
    assert not gets_in(thief)


def test_the_cookie_of_a_session_is_for_this_site_alone_and_no_script(app):
    """Case 103."""
    alice = make_person()
    client = app.test_client()
    token = csrf_of(client.get("/login").text)
    data = {"email": alice.email, "password": PASSWORD, "csrf_token": token}
    cookies = client.post("/login", data=data).headers.getlist("Set-Cookie")
    (cookie,) = [each for each in cookies if each.startswith("session=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize("what", ["deactivated", "password"])
def test_who_is_deactivated_or_has_a_new_password_is_out_everywhere(app, client, what):
    """Case 103."""
    alice = make_person()
    sign_in(client, alice)
    assert gets_in(client)
    factory(end_everything)(alice.id, what)
    assert not gets_in(client)


def end_everything(user_id, what):
    user, at = session().get_one(User, user_id), clock.now()
    if what == "deactivated":
        accounts.deactivate(user, at)
    else:
        accounts.set_password(user, "quite another password", at)


def test_a_session_ends_by_itself_after_hours_unused_and_after_a_week_at_the_latest(ctx):
    alice = make_person()
    opened = accounts.queries.get_session(accounts.open_session(alice.id, AT))
    assert opened.expires_at == AT + accounts.IDLE
    assert isinstance(opened, UserSession)
    listed = accounts.queries.list_sessions
    assert [one.id for one in listed(alice.id, AT + timedelta(hours=7))] == [opened.id]
    assert listed(alice.id, AT + accounts.IDLE) == []
