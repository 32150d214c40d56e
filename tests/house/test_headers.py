"""Headers, cookies, sessions and the doors that must stay shut."""

from __future__ import annotations

import re
import time

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.core import clock, jobs
from portal.core.db import db, session
from portal.core.mail.models import OutgoingEmail
from portal.factory import create_app
from portal.web.boundary import CONTENT_SECURITY_POLICY
from tests.conftest import settings_for
from tests.factories import PASSWORD, csrf_of, factory, make_person, sign_in

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


def try_sign_in(client, email, password, **more):
    token = csrf_of(client.get("/login").text)
    data = {"email": email, "password": password, "csrf_token": token}
    return client.post("/login", data=data, **more)


@factory
def change(user, **values):
    found = session().get_one(User, user.id)
    for name, value in values.items():
        setattr(found, name, value)


def test_every_answer_carries_the_same_strict_headers(app, client):
    signed_in = sign_in(app.test_client(), make_person())
    assert CONTENT_SECURITY_POLICY == POLICY
    for answer in (
        client.get("/login"),
        client.get("/available"),
        client.get("/no-such-page"),
        signed_in.get("/"),
        signed_in.get("/leads/1"),
        signed_in.post("/leads/1/pickup"),
        signed_in.get("/available", headers={"HX-Request": "true"}),
    ):
        headers = answer.headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert {"HX-Request", "Cookie"} <= set(re.split(r",\s*", headers["Vary"]))


def test_the_cookie_is_for_this_site_and_no_script(app, client):
    cookie = client.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_on_https_the_cookie_is_bound_to_the_host_and_secure(app, tmp_path):
    ours = app.config["SETTINGS"]
    settings = settings_for(
        ours.database_url, ours.redis_url, tmp_path, PUBLIC_URL="https://x.example"
    )
    client = create_app(settings).test_client()
    cookie = client.get("/login", base_url="https://x.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_signing_in_leaves_nothing_of_the_visitors_cookie(app, client):
    client.get("/login")
    before = client.get_cookie("session").value
    with client.session_transaction() as kept:
        kept["planted"] = "by somebody else"
        old_csrf = kept["csrf_token"]
    sign_in(client, make_person())
    assert client.get_cookie("session").value != before
    with client.session_transaction() as now:
        assert "planted" not in now
        assert now.get("csrf_token") != old_csrf


def test_a_cookie_kept_from_before_signing_out_opens_nothing(app, client):
    sign_in(client, make_person())
    token = csrf_of(client.get("/").text)
    stolen = client.get_cookie("session").value
    assert client.post("/logout", data={"csrf_token": token}).status_code == 303
    thief = app.test_client()
    thief.set_cookie("session", stolen)
    assert thief.get("/available").status_code == 302


@pytest.mark.parametrize("fragment", [False, True])
def test_the_open_tab_of_a_deactivated_person_dies_at_once(app, client, fragment):
    user = make_person()
    sign_in(client, user)
    token = csrf_of(client.get("/").text)
    change(user, active=False)
    headers = {"HX-Request": "true"} if fragment else {}
    for answer in (
        client.get("/available", headers=headers),
        client.post("/leads/1/pickup", data={"csrf_token": token}, headers=headers),
    ):
        assert answer.status_code == (204 if fragment else 302)
        where = answer.headers["HX-Redirect" if fragment else "Location"]
        assert where.startswith("/login")


def test_a_new_password_ends_every_session(app, client):
    user = make_person()
    elsewhere = sign_in(app.test_client(), user)
    secret = factory(accounts.issue_password_reset)(user.id, clock.now())
    token = csrf_of(client.get(f"/reset/{secret}").text)
    new = {"password": "quite another password", "csrf_token": token}
    assert client.post(f"/reset/{secret}", data=new).status_code == 303
    assert elsewhere.get("/available").status_code == 302
    assert client.post(f"/reset/{secret}", data=new).status_code == 422, "it works once"
    assert try_sign_in(client, user.email, PASSWORD).status_code == 422
    assert try_sign_in(client, user.email, "quite another password").status_code == 303


def test_a_form_without_its_own_token_changes_nothing(app, client):
    user = make_person()
    sign_in(client, user)
    foreign = csrf_of(app.test_client().get("/login").text)
    for data in ({}, {"csrf_token": foreign}, {"csrf_token": "x"}):
        answer = client.post("/settings/theme", data={"theme": "dark", **data})
        assert answer.status_code == 400
        assert "open for too long" in answer.text
    plain = client.post("/settings/theme", data="theme=dark", content_type="text/plain")
    assert plain.status_code == 400
    with app.app_context():
        assert session().scalar(select(User.theme).where(User.id == user.id)) == "auto"
        db.session.remove()
    token = csrf_of(client.get("/").text)
    good = client.post("/settings/theme", data={"theme": "dark"}, headers={"X-CSRFToken": token})
    assert good.status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "/%0d%0aX-Evil: 1\r\nX-Evil: 1",
        "/\t/evil.example",
        " //evil.example",
        "evil.example",
    ],
)
def test_signing_in_never_leads_to_another_site(app, client, target):
    user = make_person()
    token = csrf_of(client.get("/login").text)
    answer = client.post(
        "/login",
        query_string={"next": target},
        data={"email": user.email, "password": PASSWORD, "csrf_token": token},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_signing_in_leads_on_to_where_she_wanted_to_go(app, client):
    user = make_person()
    sent = client.get("/available?page=2")
    token = csrf_of(client.get("/login").text)
    answer = client.post(
        sent.headers["Location"],
        data={"email": user.email, "password": PASSWORD, "csrf_token": token},
    )
    assert answer.headers["Location"] == "/available?page=2"


def test_who_is_not_known_reads_the_same_as_who_mistyped(app, client):
    user, gone = make_person(), make_person()
    change(gone, active=False)
    pages = set()
    for email, password in (
        (user.email, "wrong wrong"),
        ("nobody@nowhere.example", "wrong wrong"),
        (gone.email, PASSWORD),
    ):
        answer = try_sign_in(client, email, password)
        assert answer.status_code == 422
        body = answer.text.replace(email, "…")
        pages.add(re.sub(r"I[jm][\w.-]{20,}", "…", body))
    assert len(pages) == 1
    asked = set()
    for email in (user.email, "nobody@nowhere.example", gone.email):
        token = csrf_of(client.get("/forgot").text)
        answer = client.post("/forgot", data={"email": email, "csrf_token": token})
        asked.add((answer.status_code, answer.headers["Location"], answer.text))
    assert len(asked) == 1


def test_a_name_in_the_host_header_reaches_no_link(app, client):
    poison = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for path in ("/login", "/forgot", "/available", "/no-such-page"):
        answer = client.get(path, headers=poison)
        assert "evil.example" not in answer.text
        assert "evil.example" not in answer.headers.get("Location", "")


def test_a_huge_password_is_refused_without_hashing_it(app, client):
    user = make_person()
    started = time.monotonic()
    assert try_sign_in(client, user.email, "x" * 1_000_000).status_code == 422
    assert try_sign_in(client, user.email, "x" * 3_000_000).status_code in (413, 422)
    assert time.monotonic() - started < 2


def test_only_failures_count_toward_the_bound_on_signing_in(app):
    user = make_person()
    for _ in range(12):
        assert try_sign_in(app.test_client(), user.email, PASSWORD).status_code == 303
    answers = [
        try_sign_in(app.test_client(), user.email, "wrong wrong").status_code for _ in range(9)
    ]
    assert answers == [422] * 8 + [429]
    # the account's bound: another person at the same address is let in
    assert try_sign_in(app.test_client(), make_person().email, PASSWORD).status_code == 303


def test_a_forwarded_address_is_not_believed_without_a_proxy(app):
    """Or each guess would come from an address of its own."""
    answers = [
        try_sign_in(
            app.test_client(),
            f"nobody{number}@nowhere.example",
            "wrong wrong",
            headers={"X-Forwarded-For": f"198.51.100.{number}", "CF-Connecting-IP": "198.51.100.9"},
        ).status_code
        for number in range(21)
    ]
    assert answers == [422] * 20 + [429]


@pytest.mark.parametrize(
    ("hops", "words"),
    [(1, "{spoof}, {address}"), (2, "{spoof}, {address}, 10.0.0.9"), (1, "{spoof},,{address}")],
)
def test_behind_proxies_their_own_words_count_and_nothing_before_them(app, tmp_path, hops, words):
    ours = app.config["SETTINGS"]
    settings = settings_for(ours.database_url, ours.redis_url, tmp_path, PROXY_HOPS=str(hops))
    client = create_app(settings).test_client()
    token = csrf_of(client.get("/login").text)

    def ask(number, address="192.0.2.1"):
        said = words.format(spoof=f"198.51.100.{number}", address=address)
        # without a password, so that nothing is asked of the database
        form = {"email": f"nobody{number}@nowhere.example", "csrf_token": token}
        return client.post("/login", data=form, headers={"X-Forwarded-For": said}).status_code

    assert [ask(number) for number in range(21)] == [422] * 20 + [429]
    assert ask(22, "192.0.2.2") == 422, "somebody elsewhere is counted by himself"


@pytest.mark.parametrize("path", ["/forgot", "/login/link"])
def test_a_name_in_the_host_header_reaches_no_mail(app, client, path):
    user = make_person()
    poison = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil"}
    token = csrf_of(client.get(path, headers=poison).text)
    answer = client.post(path, data={"email": user.email, "csrf_token": token}, headers=poison)
    assert answer.status_code < 400
    (mail,) = factory(written)()
    assert "http://127.0.0.1:8000/" in mail
    assert "evil" not in mail


def written():
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    mails = session().scalars(select(OutgoingEmail)).all()
    return [f"{mail.subject} {mail.text} {mail.html} {mail.headers}" for mail in mails]
