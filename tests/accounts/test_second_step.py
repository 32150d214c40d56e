"""The second step at sign-in: set up, asked for, used once, lost, switched off."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, text

from portal.accounts import operations as accounts
from portal.accounts import second_step
from portal.accounts.models import RecoveryCode, SecondStep, User
from portal.cli import second_step_off
from portal.core import clock, seals
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import EventRow
from portal.core.tokens import Token
from portal.web.limits import limiter
from tests.factories import (
    AT,
    PASSWORD,
    csrf_of,
    factory,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

HALF_MINUTE = timedelta(seconds=30)


@factory
def set_up(user, at=None):
    """Give a person a second step; return her app and her recovery codes."""
    at = at or clock.now() - timedelta(minutes=5)
    second_step.begin(user.id, PASSWORD, at)
    app = pyotp.TOTP(second_step.find_setup(user.id, at).secret)
    return app, second_step.confirm(user.id, app.at(at), at, 0)


@factory
def told(name):
    return [row.data for row in session().query(EventRow).filter_by(name=name)]


def give_password(client, user, **more):
    token = csrf_of(client.get("/login").text)
    data = {"email": user.email, "password": PASSWORD, "csrf_token": token}
    return client.post("/login", data=data, **more)


def give_code(client, code, path="/login/code"):
    token = csrf_of(client.get("/login/code").text)
    return client.post(path, data={"code": code, "csrf_token": token})


def now_code(app):
    return app.at(clock.now())


def gets_in(client):
    return client.get("/settings/mail").status_code == 200


def other_than(*codes):
    return next(f"{n:06}" for n in range(1000) if f"{n:06}" not in codes)


@factory
def wrong_code(app):
    now = clock.now()
    return other_than(*(app.at(now + n * HALF_MINUTE) for n in range(-3, 4)))


# -- at sign-in -------------------------------------------------------------------------------


def test_after_the_password_a_code_is_asked_for_and_nothing_opens_before(app, client):
    alice = make_person()
    phone, _codes = set_up(alice)
    answer = give_password(client, alice, query_string={"next": "/mine?view=closed"})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login/code?next=")
    for path in ("/available", "/settings/mail", "/stream"):
        assert client.get(path).status_code in (204, 302)
    page = client.get(answer.headers["Location"])
    token = csrf_of(page.text)
    data = {"code": now_code(phone), "csrf_token": token}
    answer = client.post(answer.headers["Location"], data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/mine?view=closed")
    assert gets_in(client)


def test_the_code_may_be_typed_as_the_app_shows_it_and_a_phone_may_be_half_a_minute_off(ctx):
    for shift in (-HALF_MINUTE, timedelta(0), HALF_MINUTE):
        alice = make_person()
        phone, _codes = set_up(alice, AT)
        later = AT + timedelta(minutes=5)
        code = phone.at(later + shift)
        assert second_step.take(second_step.ask(alice.id, later), f" {code[:3]} {code[3:]} ", later)
    alice = make_person()
    phone, _codes = set_up(alice, AT)
    with pytest.raises(Invalid):
        second_step.take(second_step.ask(alice.id, later), phone.at(later + 3 * HALF_MINUTE), later)


def test_a_code_counts_once_in_the_same_half_minute_too(ctx):
    """Case 105: replay."""
    alice = make_person()
    phone, _codes = set_up(alice, AT)
    later = AT + timedelta(minutes=5)
    code = phone.at(later)
    assert second_step.take(second_step.ask(alice.id, later), code, later)
    with pytest.raises(Invalid):
        second_step.take(second_step.ask(alice.id, later), code, later)
    before = phone.at(later - HALF_MINUTE)
    with pytest.raises(Invalid):
        second_step.take(second_step.ask(alice.id, later), before, later)
    assert second_step.take(second_step.ask(alice.id, later), phone.at(later + HALF_MINUTE), later)


def test_the_code_that_switched_it_on_does_not_sign_in(ctx):
    """Case 105: replay."""
    alice = make_person()
    phone, _codes = set_up(alice, AT)
    with pytest.raises(Invalid):
        second_step.take(second_step.ask(alice.id, AT), phone.at(AT), AT)


def test_of_two_who_send_the_same_code_at_once_one_gets_in(committed):
    """Case 105: replay."""
    alice = make_person()
    phone, _codes = set_up(alice)
    at = clock.now()
    halves = [factory(second_step.ask)(alice.id, at) for _ in range(6)]
    code = phone.at(at)

    def attempt(half):
        try:
            return factory(second_step.take)(half, code, at)
        except Invalid:
            return None

    with ThreadPoolExecutor(6) as pool:
        got = [secret for secret in pool.map(attempt, halves) if secret]
    assert len(got) == 1


def test_after_five_wrong_codes_the_password_is_asked_for_again(app, client):
    """Case 105: brute force."""
    alice = make_person()
    phone, _codes = set_up(alice)
    give_password(client, alice)
    wrong = wrong_code(phone)
    for _number in range(second_step.MOST_WRONG):
        assert give_code(client, wrong).status_code == 422
    token = csrf_of(client.get("/login").text)
    answer = client.post("/login/code", data={"code": now_code(phone), "csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert not gets_in(client)
    give_password(client, alice)
    assert give_code(client, now_code(phone)).status_code == 303
    assert gets_in(client)


def test_twenty_guesses_at_once_are_counted_one_by_one(committed):
    """Case 105: brute force."""
    alice = make_person()
    phone, _codes = set_up(alice)
    at = clock.now()
    half, wrong = factory(second_step.ask)(alice.id, at), wrong_code(phone)

    def guess(_number):
        with committed.app_context():
            try:
                second_step.take(half, wrong, at)
            except Invalid:
                session().commit()
                return "wrong"
            except NotFound:
                return "over"

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(guess, range(20)))
    assert said.count("wrong") == second_step.MOST_WRONG
    assert told("ProofRefused") == [{"user_id": alice.id, "proof": "code"}] * 5


def test_a_half_sign_in_ends_after_ten_minutes_and_with_the_account(ctx):
    alice, bob = make_person(), make_person()
    for user in (alice, bob):
        set_up(user, AT)
    late = AT + timedelta(minutes=11)
    assert second_step.find_half(second_step.ask(alice.id, AT), late) is None
    half = second_step.ask(bob.id, AT)
    assert second_step.find_half(half, AT).id == bob.id
    accounts.deactivate(bob, AT)
    assert second_step.find_half(half, AT) is None
    with pytest.raises(NotFound):
        second_step.take(half, "000000", AT)


def test_a_new_password_ends_the_half_sign_ins_of_who_knew_the_old_one(ctx):
    alice = make_person()
    phone, _codes = set_up(alice, AT)
    later = AT + timedelta(minutes=5)
    half = second_step.ask(alice.id, later)
    accounts.set_password(alice, "seven quiet harbours", later)
    with pytest.raises(NotFound):
        second_step.take(half, phone.at(later), later)


def test_who_knows_the_password_alone_ends_nobodys_sign_in_under_way(ctx):
    alice = make_person()
    phone, _codes = set_up(alice, AT)
    later = AT + timedelta(minutes=5)
    hers = second_step.ask(alice.id, later)
    for _number in range(3):
        second_step.ask(alice.id, later)
    assert second_step.take(hers, phone.at(later), later)


def test_without_the_password_there_is_no_second_step_to_take(app, client):
    alice = make_person()
    phone, _codes = set_up(alice)
    assert client.get("/login/code").headers["Location"] == "/login"
    token = csrf_of(client.get("/login").text)
    answer = client.post("/login/code", data={"code": now_code(phone), "csrf_token": token})
    assert answer.headers["Location"] == "/login"
    assert not gets_in(client)


def test_the_cookie_before_the_second_step_is_not_the_one_after(app, client):
    """Case 103."""
    alice = make_person()
    phone, _codes = set_up(alice)
    give_password(client, alice)
    half = client.get_cookie("session").value
    give_code(client, now_code(phone))
    assert gets_in(client)
    other = app.test_client()
    other.set_cookie("session", half)
    assert not gets_in(other)
    assert other.get("/login/code").status_code == 302


def test_a_reset_by_mail_asks_for_the_second_step_all_the_same(ctx):
    alice = make_person()
    set_up(alice, AT)
    accounts.reset_password(accounts.issue_password_reset(alice.id, AT), "seven quiet harbours", AT)
    _user, secret = accounts.sign_in(alice.email, "seven quiet harbours", AT)
    assert secret is None


# -- recovery codes ---------------------------------------------------------------------------


def test_a_recovery_code_lets_in_once(ctx):
    """Case 105: recovery code reuse."""
    alice = make_person()
    _phone, codes = set_up(alice, AT)
    assert len(set(codes)) == 10
    typed = codes[0].upper().replace("-", " ")
    assert second_step.take(second_step.ask(alice.id, AT), typed, AT)
    assert told("RecoveryCodeUsed") == [{"user_id": alice.id, "left": 9}]
    for code in (codes[0], typed):
        with pytest.raises(Invalid):
            second_step.take(second_step.ask(alice.id, AT), code, AT)
    assert second_step.take(second_step.ask(alice.id, AT), codes[1], AT)


def test_a_recovery_code_is_for_its_owner_alone(ctx):
    alice, bob = make_person(), make_person()
    _phone, codes = set_up(alice, AT)
    set_up(bob, AT)
    with pytest.raises(Invalid):
        second_step.take(second_step.ask(bob.id, AT), codes[0], AT)


def test_new_recovery_codes_end_the_old_ones(ctx):
    alice = make_person()
    phone, old = set_up(alice, AT)
    later = AT + timedelta(minutes=5)
    new = second_step.fresh_codes(alice.id, PASSWORD, phone.at(later), later, 0)
    with pytest.raises(Invalid):
        second_step.take(second_step.ask(alice.id, later), old[0], later)
    assert second_step.take(second_step.ask(alice.id, later), new[0], later)


# -- how it is kept ---------------------------------------------------------------------------


def test_the_database_alone_gives_away_neither_secret_nor_codes(ctx):
    alice = make_person()
    phone, codes = set_up(alice, AT)
    kept = ""
    for table in ("second_steps", "recovery_codes", "users", "events", "tokens"):
        kept += "".join(session().execute(text(f"SELECT t::text FROM {table} t")).scalars())
    row = session().get(SecondStep, alice.id)
    held = [row.sealed, *session().scalars(select(RecoveryCode.code_hash))]
    for secret in (phone.secret, *codes, *(second_step.plain(code) for code in codes)):
        assert secret not in kept
        assert not any(secret.encode() in each for each in held)


def test_a_sealed_secret_opens_for_its_owner_and_with_its_key_alone():
    sealed = seals.seal("a secret", "key", "second-step", 7)
    assert seals.unseal(sealed, "key", "second-step", 7) == "a secret"
    for key, purpose, whose in (
        ("Key", "second-step", 7),
        ("key", "x", 7),
        ("key", "second-step", 8),
    ):
        assert seals.unseal(sealed, key, purpose, whose) is None
    assert seals.unseal(sealed[:-1] + b"\0", "key", "second-step", 7) is None
    assert seals.seal("a secret", "key", "second-step", 7) != sealed


def test_where_the_key_was_changed_no_code_is_right_and_nothing_breaks(ctx, monkeypatch):
    alice = make_person()
    phone, codes = set_up(alice, AT)
    monkeypatch.setattr("portal.accounts.chosen.secret_key", lambda: "another")
    later = AT + timedelta(minutes=5)
    for code in (phone.at(later), codes[0]):
        with pytest.raises(Invalid):
            second_step.take(second_step.ask(alice.id, later), code, later)


# -- setting up and switching off -------------------------------------------------------------


def send(client, path, **fields):
    token = csrf_of(client.get("/settings/second-step").text)
    return client.post(path, data={**fields, "csrf_token": token})


def test_it_is_set_up_with_password_and_a_first_code_and_shows_its_codes_once(app, client):
    alice = make_person()
    sign_in(client, alice)
    other = sign_in(app.test_client(), alice)
    assert send(client, "/settings/second-step", password="wrong").status_code == 422
    assert send(client, "/settings/second-step", password=PASSWORD).status_code == 303
    page = client.get("/settings/second-step").text
    assert "data:image/svg+xml" in page
    uri = re.search(r'href="(otpauth://[^"]+)"', page)[1].replace("&amp;", "&")
    phone = pyotp.parse_uri(uri)
    assert (phone.name, phone.issuer) == (alice.email, "Firstcome")
    done = "/settings/second-step/confirmation"
    assert send(client, done, code=wrong_code(phone)).status_code == 422
    assert gets_in(other)
    answer = send(client, done, code=now_code(phone))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    codes = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", answer.text)
    assert len(codes) == 10
    assert not gets_in(other), "others that are signed in owe the second step"
    assert gets_in(client)
    after = client.get("/settings/second-step").text
    assert phone.secret not in after
    assert not any(code in after for code in codes)
    (event,) = told("SecondStepSet")
    assert event["user_id"] == alice.id
    give_password(other, alice)
    assert give_code(other, codes[3]).status_code == 303


def test_a_secret_that_was_not_confirmed_counts_for_nothing_and_ends(ctx):
    alice = make_person()
    second_step.begin(alice.id, PASSWORD, AT)
    assert accounts.sign_in(alice.email, PASSWORD, AT)[1] is not None
    first = second_step.find_setup(alice.id, AT).secret
    second_step.begin(alice.id, PASSWORD, AT)
    assert second_step.find_setup(alice.id, AT).secret != first
    late = AT + timedelta(minutes=16)
    assert second_step.find_setup(alice.id, late) is None
    with pytest.raises(NotFound):
        second_step.confirm(alice.id, "000000", late, 0)


def test_who_has_one_does_not_get_another_over_it(ctx):
    alice = make_person()
    phone, _codes = set_up(alice, AT)
    with pytest.raises(Refused):
        second_step.begin(alice.id, PASSWORD, AT)
    with pytest.raises(NotFound):
        second_step.confirm(alice.id, phone.at(AT), AT, 0)


def who(event):
    """Return whose second step it was, and who took it off."""
    return event["user_id"], event["by_user_id"]


def test_switching_it_off_takes_password_and_code(app, client):
    alice = make_person()
    phone, codes = set_up(alice)
    give_password(client, alice)
    give_code(client, codes[0])
    off = "/settings/second-step/removal"
    assert send(client, off, password="wrong", code=now_code(phone)).status_code == 422
    assert send(client, off, password=PASSWORD, code=wrong_code(phone)).status_code == 422
    assert send(client, off, password=PASSWORD, code=codes[0]).status_code == 422
    assert send(client, off, password=PASSWORD, code=now_code(phone)).status_code == 303
    assert [who(event) for event in told("SecondStepRemoved")] == [(alice.id, alice.id)]
    assert give_password(app.test_client(), alice).headers["Location"] == "/"


def test_an_administrator_takes_it_off_for_who_lost_phone_and_codes(app):
    firm = make_partner()
    alice = make_person(firm)
    _phone, codes = set_up(alice)
    hers = app.test_client()
    give_password(hers, alice)
    give_code(hers, codes[0])
    path = f"/partners/{firm.id}/people/{alice.id}/second-step/removal"
    manager = sign_in(app.test_client(), make_person(make_vendor(), "channel_manager"))
    assert path not in manager.get(f"/partners/{firm.id}").text
    assert send(manager, path).status_code == 403
    boss = make_person(make_vendor(), "admin")
    admin = sign_in(app.test_client(), boss)
    assert path in admin.get(f"/partners/{firm.id}").text
    assert gets_in(hers)
    assert send(admin, path).status_code == 303
    assert not gets_in(hers)
    assert [who(event) for event in told("SecondStepRemoved")] == [(alice.id, boss.id)]
    assert give_password(hers, alice).headers["Location"] == "/"
    assert send(admin, path).status_code == 409


def test_a_command_takes_it_off_for_the_last_administrator(committed):
    boss = make_person(make_vendor(), "admin", email="boss@vendor.example")
    set_up(boss)
    runner = committed.test_cli_runner()
    assert runner.invoke(second_step_off, ["boss@vendor.example"]).exit_code == 0
    assert runner.invoke(second_step_off, ["boss@vendor.example"]).exit_code == 1
    assert runner.invoke(second_step_off, ["nobody@vendor.example"]).exit_code == 1
    assert [who(event) for event in told("SecondStepRemoved")] == [(boss.id, 0)]


# -- limits that lock nobody out --------------------------------------------------------------


@pytest.fixture
def limits(app):
    limiter.reset()
    yield
    limiter.reset()


def wrong_password(client, user, address, times):
    token = csrf_of(client.get("/login").text)
    data = {"email": user.email, "password": "wrong wrong", "csrf_token": token}
    place = {"REMOTE_ADDR": address}
    return [
        client.post("/login", data=data, environ_overrides=place).status_code
        for _number in range(times)
    ]


def test_who_guesses_at_an_account_is_stopped_and_locks_out_nobody_elsewhere(app, limits):
    """Case 104."""
    alice = make_person()
    assert wrong_password(app.test_client(), alice, "192.0.2.66", 9) == [422] * 8 + [429]
    assert give_password(app.test_client(), alice).status_code == 303


def test_a_crowd_that_guesses_is_stopped_and_her_own_browser_lets_her_in(app, limits):
    """Case 104: spraying from many addresses."""
    alice = make_person()
    hers = sign_in(app.test_client(), alice)
    hers.delete_cookie("session")
    crowd = app.test_client()
    said = []
    for number in range(13):
        said += wrong_password(crowd, alice, f"198.51.100.{number}", 8)
    assert said[:100] == [422] * 100
    assert said[100:] == [429] * 4
    assert give_password(app.test_client(), alice).status_code == 429
    assert give_password(hers, alice).status_code == 303


def test_who_guesses_beside_her_at_one_address_does_not_lock_out_her_own_browser(app, limits):
    """Case 104."""
    alice, alan = make_person(), make_person()
    hers, his = (sign_in(app.test_client(), user) for user in (alice, alan))
    for client in (hers, his):
        client.delete_cookie("session")
    here = "127.0.0.1"
    assert wrong_password(app.test_client(), alice, here, 9) == [422] * 8 + [429]
    for number in range(3):
        wrong_password(app.test_client(), make_person(email=f"x{number}@y.example"), here, 8)
    assert give_password(app.test_client(), alan).status_code == 429
    assert give_password(hers, alice).status_code == 303
    assert give_password(his, alan).status_code == 303


def test_her_own_browser_guesses_no_more_often_than_others(app, limits):
    """Case 104."""
    alice = make_person()
    hers = sign_in(app.test_client(), alice)
    hers.delete_cookie("session")
    assert wrong_password(hers, alice, "192.0.2.7", 9) == [422] * 8 + [429]
    assert wrong_password(hers, alice, "192.0.2.8", 1) == [429]


def test_somebody_elses_browser_is_not_hers_however_good_its_cookie(app, limits):
    alice, mallory = make_person(), make_person()
    thief = sign_in(app.test_client(), mallory)
    thief.delete_cookie("session")
    for number in range(13):
        wrong_password(thief, alice, f"198.51.100.{number}", 8)
    assert give_password(thief, alice).status_code == 429


def test_codes_are_limited_for_all_strangers_together(app, limits):
    """Case 105: brute force."""
    alice = make_person()
    phone, _codes = set_up(alice)
    wrong, said = wrong_code(phone), []
    client = app.test_client()
    for number in range(16):
        place = {"REMOTE_ADDR": f"198.51.100.{number}"}
        give_password(client, alice, environ_overrides=place)
        token = csrf_of(client.get("/login/code").text)
        data = {"code": wrong, "csrf_token": token}
        said += [
            client.post("/login/code", data=data, environ_overrides=place).status_code
            for _guess in range(4)
        ]
    assert said == [422] * 60 + [429] * 4
    assert all(token.used_at is None for token in factory(halves)())


def halves():
    return session().scalars(select(Token).where(Token.purpose == second_step.PURPOSE)).all()


def test_nobody_is_known_by_her_second_step_who_did_not_give_her_password(ctx):
    alice = make_person()
    assert session().get_one(User, alice.id).second_step_at is None
    assert second_step.find_half("", AT) is None
    assert second_step.find_half("0" * 64, AT) is None
