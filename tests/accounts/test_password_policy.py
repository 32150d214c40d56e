"""Which passwords are taken, and that every place where one is chosen asks the same."""

from __future__ import annotations

import time

import pytest

from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.accounts.rules import LONGEST, SHORTEST, common_passwords, fault_of
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow
from tests.factories import AT, PASSWORD, csrf_of, factory, make_partner, make_person, sign_in

GOOD = "seven quiet harbours"


def fault(password, email="alice.ahrens@alpha.example", programme="Firstcome"):
    return fault_of(password, email, programme)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "harbours",
        "x7" * 32,
        "x7" * 64,
        "только русские слова",
        "🐘🐘🐘🐘🦒🦒🦒🦒",
        "        !",
        "ALLUPPERCASEBUTODD",
        "4821903377",
    ],
)
def test_any_characters_will_do_from_eight_to_a_hundred_and_twenty_eight(ctx, password):
    assert fault(password) is None


@pytest.mark.parametrize("password", ["", "seven77", "x" * (LONGEST + 1), "x" * 2_000_000])
def test_too_short_or_too_long_is_said_with_both_bounds(ctx, password):
    assert "8 to 128" in fault(password)
    assert SHORTEST == 8


@pytest.mark.parametrize(
    "password", ["password", "Password1", "12345678", "QWERTYUIOP", "iloveyou", "trustno1"]
)
def test_what_everybody_tries_first_is_refused_however_it_is_written(ctx, password):
    assert "everybody tries first" in fault(password)


def test_the_list_is_long_enough_and_has_only_what_could_be_taken():
    assert len(common_passwords()) > 3000
    assert all(len(word) >= SHORTEST for word in common_passwords())


@pytest.mark.parametrize(
    ("password", "email", "programme"),
    [
        ("alice.ahrens!", "alice.ahrens@alpha.example", "Firstcome"),
        ("AliceAhrens2026", "alice.ahrens@alpha.example", "Firstcome"),
        ("my firstcome word", "alice@alpha.example", "Firstcome"),
        ("leadhub-hanover", "alice@alpha.example", "Lead Hub"),
        ("I like Lead Hub", "alice@alpha.example", "Lead Hub"),
    ],
)
def test_the_own_name_and_the_programmes_are_not_taken(ctx, password, email, programme):
    assert "leave" in fault(password, email, programme).casefold()


def test_a_name_of_three_letters_forbids_no_words(ctx):
    assert fault("seven bobsleighs", "bob@beta.example", "FC") is None


# -- every place where one is chosen ------------------------------------------------------------


@pytest.mark.parametrize("word", ["password1", "short"])
def test_an_invited_person_keeps_what_she_typed_and_her_invitation(app, word):
    firm = make_partner()
    at = clock.now()
    invited = factory(accounts.invite)(firm, "nora.new@alpha.example", "Nora", ["partner_rep"], at)
    secret = factory(accounts.issue_invitation)(invited.id, at)
    client = app.test_client()
    token = csrf_of(client.get(f"/invite/{secret}").text)
    for password in (word, "nora.new is in"):
        data = {"name": "Nora Newly", "password": password, "csrf_token": token}
        answer = client.post(f"/invite/{secret}", data=data)
        assert answer.status_code == 422
        assert 'value="Nora Newly"' in answer.text
        assert 'id="password-errors"' in answer.text
        assert password not in answer.text
    data["password"] = GOOD
    assert client.post(f"/invite/{secret}", data=data).status_code == 303


def test_a_reset_link_survives_a_password_that_is_not_taken(app, client):
    user = make_person(email="carla.carlson@alpha.example")
    secret = factory(accounts.issue_password_reset)(user.id, clock.now())
    token = csrf_of(client.get(f"/reset/{secret}").text)
    for password in ("iloveyou", "carla.carlson!", "short"):
        answer = client.post(f"/reset/{secret}", data={"password": password, "csrf_token": token})
        assert answer.status_code == 422
        assert 'id="password-errors"' in answer.text
    answer = client.post(f"/reset/{secret}", data={"password": GOOD, "csrf_token": token})
    assert answer.status_code == 303


def test_the_first_administrator_is_asked_the_same(ctx):
    with pytest.raises(Invalid):
        accounts.add_person(make_partner(), "x@new.example", "X", ["partner_rep"], AT, "password1")


# -- her own, while she is in -------------------------------------------------------------------


def change(client, current, password):
    token = csrf_of(client.get("/settings/sign-in").text)
    data = {"current": current, "password": password, "csrf_token": token}
    return client.post("/settings/password", data=data)


def gets_in(client):
    return client.get("/settings/mail").status_code == 200


def test_a_new_password_signs_out_everywhere_else_and_gives_this_browser_a_new_session(app, client):
    alice = make_person()
    sign_in(client, alice)
    other = sign_in(app.test_client(), alice)
    old = client.get_cookie("session").value
    answer = change(client, PASSWORD, GOOD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/sign-in")
    assert gets_in(client)
    assert not gets_in(other)
    copied = app.test_client()
    copied.set_cookie("session", old)
    assert not gets_in(copied)
    token = csrf_of(other.get("/login").text)
    for password, status in ((PASSWORD, 422), (GOOD, 303)):
        data = {"email": alice.email, "password": password, "csrf_token": token}
        assert other.post("/login", data=data).status_code == status


def test_who_sits_at_somebodys_open_browser_cannot_change_the_password(committed):
    alice, client = make_person(), committed.test_client()
    sign_in(client, alice)
    answer = change(client, "not her password", GOOD)
    assert answer.status_code == 422
    assert "This is not your password" in answer.text
    assert 'id="current-errors"' in answer.text
    assert gets_in(client)
    assert told("ProofRefused") == [{"user_id": alice.id, "proof": "password"}]


def test_a_new_password_that_is_not_taken_changes_nothing(app, client):
    alice = make_person()
    other = sign_in(app.test_client(), alice)
    sign_in(client, alice)
    assert change(client, PASSWORD, "password1").status_code == 422
    assert gets_in(other)
    with app.app_context():
        assert session().get_one(User, alice.id).password_hash == alice.password_hash


@factory
def told(name):
    return [row.data for row in session().query(EventRow).filter_by(name=name)]


# -- exactly as typed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [" seven quiet harbours ", "ſeven quiet harbourſ", "e\u0301lephants walk", "a\tb" * 4],
)
def test_a_password_is_taken_and_asked_exactly_as_it_was_typed(app, client, password):
    """Case 104: no character is changed, left out or cut off."""
    alice = make_person()
    sign_in(client, alice)
    assert change(client, PASSWORD, password).status_code == 303
    other = app.test_client()
    token = csrf_of(other.get("/login").text)

    def try_it(word):
        data = {"email": alice.email, "password": word, "csrf_token": token}
        return other.post("/login", data=data).status_code

    assert try_it(password.strip() + "x") == 422
    if password.strip() != password:
        assert try_it(password.strip()) == 422
    assert try_it(password) == 303


def test_a_password_of_two_megabytes_is_refused_at_once_and_breaks_nothing(app, client):
    """Case 104."""
    alice = make_person()
    token = csrf_of(client.get("/login").text)
    for email in (alice.email, "nobody@nowhere.example"):
        data = {"email": email, "password": "x" * 2_000_000, "csrf_token": token}
        begun = time.perf_counter()
        assert client.post("/login", data=data).status_code in (413, 422)
        assert time.perf_counter() - begun < 2
    sign_in(client, alice)
