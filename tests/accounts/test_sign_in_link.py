"""The link that signs in by mail: asked for, opened by whomever, pressed once. Case A 17."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts import second_step
from portal.accounts.models import Organisation, User, UserSession
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.outbox import masked
from tests.factories import PASSWORD, csrf_of, factory, make_partner, make_person

OVER = "This link is over"


@factory
def mailed(user):
    """Ask for a link and return its path out of the mail."""
    accounts.request_sign_in_link(user.email.upper(), clock.now())
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    mail = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id.desc())).first()
    assert (mail.kind, mail.to_address) == ("sign_in_link", user.email)
    return re.search(r"/sign-in/[0-9a-f]{64}", mail.text)[0]


@factory
def sessions_of(user):
    return session().scalars(select(UserSession.id).where(UserSession.user_id == user.id)).all()


@factory
def told(name):
    return session().scalars(select(EventRow).where(EventRow.name == name)).all()


def press(client, path):
    """Open a link and press its button."""
    return client.post(path, data={"csrf_token": csrf_of(client.get(path).text)})


@pytest.fixture
def alice(app):
    return make_person(make_partner("Alpha Systems"), name="Alice Ainsworth")


def test_case_17_a_scanner_opens_it_and_the_person_still_gets_in(app, alice):
    path = mailed(alice)
    scanner = app.test_client()
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        assert scanner.open(path, method=method).status_code == 200
    assert sessions_of(alice) == []
    browser = app.test_client()
    answer = press(browser, path)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get("/available").status_code == 200
    assert len(told("SignedIn")) == 1


def test_case_17_a_second_press_is_refused(app, alice):
    path = mailed(alice)
    first, second = app.test_client(), app.test_client()
    page = second.get(path)
    assert press(first, path).status_code == 303
    late = second.post(path, data={"csrf_token": csrf_of(page.text)})
    assert late.status_code == 410
    assert OVER in late.text
    assert OVER in second.get(path).text
    assert second.get("/available").status_code == 302
    assert len(sessions_of(alice)) == 1


def test_case_17_the_second_step_is_asked_for_all_the_same(app, alice):
    phone = set_up(alice)
    browser = app.test_client()
    answer = press(browser, mailed(alice))
    assert (answer.status_code, answer.location) == (303, "/login/code")
    assert browser.get("/available").status_code == 302
    assert sessions_of(alice) == []
    token = csrf_of(browser.get("/login/code").text)
    browser.post("/login/code", data={"code": phone.at(clock.now()), "csrf_token": token})
    assert browser.get("/available").status_code == 200


@factory
def set_up(user):
    """Give a person a second step and return her app."""
    at = clock.now() - timedelta(minutes=5)
    second_step.begin(user.id, PASSWORD, at)
    phone = pyotp.TOTP(second_step.find_setup(user.id, at).secret)
    second_step.confirm(user.id, phone.at(at), at, 0)
    return phone


def test_a_press_from_elsewhere_without_the_page_does_nothing(app, alice):
    path = mailed(alice)
    assert app.test_client().post(path).status_code == 400
    assert press(app.test_client(), path).status_code == 303


def test_of_many_presses_at_once_one_opens_a_session(committed):
    alice = make_person()
    path = mailed(alice)
    browsers = [committed.test_client() for _ in range(6)]
    forms = [{"csrf_token": csrf_of(browser.get(path).text)} for browser in browsers]
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda browser, form: browser.post(path, data=form), browsers, forms)
    assert sorted(answer.status_code for answer in answers) == [303, *[410] * 5]
    assert len(sessions_of(alice)) == 1


def test_it_is_over_after_a_quarter_of_an_hour(ctx, alice):
    at = clock.now()
    secret = accounts.issue_sign_in_link(alice.id, at)
    with pytest.raises(NotFound):
        accounts.sign_in_by_link(secret, at + accounts.LINK_LASTS)
    assert accounts.sign_in_by_link(secret, at + accounts.LINK_LASTS - timedelta(seconds=1))[1]


def test_who_asks_in_her_name_does_not_end_her_link_and_using_one_ends_all(ctx, alice):
    at = clock.now()
    first, second, third = (accounts.issue_sign_in_link(alice.id, at) for _ in range(3))
    assert accounts.sign_in_by_link(second, at)[0].id == alice.id
    for other in (first, second, third):
        with pytest.raises(NotFound):
            accounts.sign_in_by_link(other, at)


def test_a_link_for_something_else_signs_nobody_in(ctx, alice):
    at = clock.now()
    for secret in (
        accounts.issue_password_reset(alice.id, at),
        second_step.ask(alice.id, at),
        accounts.issue_invitation(alice.id, at),
    ):
        with pytest.raises(NotFound):
            accounts.sign_in_by_link(secret, at)


def test_a_press_behind_it_is_a_fresh_session_and_nothing_of_the_visitors_cookie_stays(app, alice):
    browser = app.test_client()
    path = mailed(alice)
    browser.get(path)
    before = browser.get_cookie("session").value
    press(browser, path)
    assert browser.get_cookie("session").value != before
    assert browser.get_cookie("device") is not None


def test_its_page_is_kept_by_nobody_and_tells_no_other_site_where_it_was(client, alice):
    for path in (mailed(alice), "/sign-in/" + "0" * 64):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "noindex" in headers["X-Robots-Tag"]


def test_its_page_names_nobody(client, alice):
    page = client.get(mailed(alice)).text
    assert alice.email not in page
    assert alice.name not in page
    assert "Alpha" not in page


def test_who_was_invited_and_has_no_password_is_invited_again(app, client, alice):
    made = invited(alice)
    ask_for(client, made.email)
    assert told("SignInLinkRequested") == []
    (event,) = told("PersonInvited")[1:]
    assert event.data["user_id"] == made.id


@factory
def invited(beside):
    firm = session().get_one(Organisation, beside.organisation_id)
    return accounts.invite(firm, "nora@new.example", "Nora", ["partner_rep"], clock.now())


def ask_for(client, email, path="/login/link"):
    """Fill in the form that asks for a mail."""
    token = csrf_of(client.get(path).text)
    return client.post(path, data={"email": email, "csrf_token": token})


@pytest.mark.parametrize("path", ["/login/link", "/forgot"])
def test_mails_in_her_name_have_an_end_and_a_browser_of_hers_still_gets_one(app, alice, path):
    hers = app.test_client()
    token = csrf_of(hers.get("/login").text)
    hers.post("/login", data={"email": alice.email, "password": PASSWORD, "csrf_token": token})
    hers.post("/logout", data={"csrf_token": csrf_of(hers.get("/available").text)})
    other = app.test_client()
    answers = [ask_from(other, number, alice.email, path) for number in range(8)]
    assert answers[5] < 400
    assert answers[6:] == [429, 429]
    assert ask_for(hers, alice.email, path).status_code < 400
    assert ask_from(other, 9, "nobody@nowhere.example", path) < 400


def ask_from(client, number, email, path):
    """Ask from an address of its own each time."""
    token = csrf_of(client.get(path).text)
    return client.post(
        path,
        data={"email": email, "csrf_token": token},
        environ_overrides={"REMOTE_ADDR": f"192.0.2.{number}"},
    ).status_code


def test_it_dies_with_the_person_and_with_her_password(ctx, alice):
    at = clock.now()
    secret = accounts.issue_sign_in_link(alice.id, at)
    accounts.set_password(session().get_one(User, alice.id), "quite another, longer password", at)
    with pytest.raises(NotFound):
        accounts.sign_in_by_link(secret, at)
    secret = accounts.issue_sign_in_link(alice.id, at)
    session().get_one(User, alice.id).active = False
    session().flush()
    with pytest.raises(NotFound):
        accounts.sign_in_by_link(secret, at)


def test_who_asks_hears_the_same_whether_or_not_anybody_has_the_address(app, client, alice):
    pages = []
    for email in (alice.email, "nobody@nowhere.example", "a\x00b@nowhere.example"):
        answer = ask_for(client, email)
        pages.append((answer.status_code, re.sub(r"I[jm][\w.-]{20,}", "", answer.text)))
    assert len(set(pages)) == 1
    # as much is done for nobody as for somebody, so that the time it takes tells nothing
    assert [event.data["user_id"] for event in told("SignInLinkRequested")] == [alice.id, 0, 0]
    assert mails_written() == [alice.email]


@factory
def mails_written():
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    return session().scalars(select(OutgoingEmail.to_address)).all()


def test_a_link_to_sign_in_stands_in_no_row_once_its_mail_is_sent():
    assert masked("https://a.example/sign-in/" + "5ec2e7" * 10) == "https://a.example/sign-in/…"
