"""Roles that must have a second step: led to set it up before anything else."""

from __future__ import annotations

from dataclasses import replace

import pyotp
import pytest

from portal.accounts import chosen, second_step
from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.accounts.permissions import ROLES
from portal.core import clock
from portal.core.config import Settings, SettingsMissing
from portal.core.db import session
from portal.core.errors import Refused
from portal.web.access import BEARER, PUBLIC, access_of
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
from tests.world import make_world

SETUP = "/settings/second-step"


@pytest.fixture
def demand(app, monkeypatch):
    """Return what demands a second step of some roles."""

    def of(*roles):
        settings = replace(app.config["SETTINGS"], second_step_roles=frozenset(roles))
        monkeypatch.setitem(app.config, "SETTINGS", settings)

    return of


def come_in_by_mail(client, user):
    """Sign in by the link of a mail."""
    path = "/sign-in/" + factory(accounts.issue_sign_in_link)(user.id, clock.now())
    answer = client.post(path, data={"csrf_token": csrf_of(client.get(path).text)})
    assert answer.status_code == 303
    return client


def set_up(client):
    token = csrf_of(client.get(SETUP).text)
    client.post(SETUP, data={"password": PASSWORD, "csrf_token": token})
    page = client.get(SETUP).text
    start = page.index("otpauth://")
    phone = pyotp.parse_uri(page[start : page.index('"', start)].replace("&amp;", "&"))
    data = {"code": phone.at(clock.now()), "csrf_token": token}
    assert client.post(f"{SETUP}/confirmation", data=data).status_code == 200
    return phone


def test_by_default_nobody_must(app):
    assert app.config["SETTINGS"].second_step_roles == frozenset()
    manager = sign_in(app.test_client(), make_person(make_vendor(), "channel_manager"))
    assert manager.get("/board").status_code == 200


def test_who_must_and_has_none_sets_it_up_first_and_then_goes_on(app, demand):
    demand("channel_manager", "admin")
    mara = make_person(make_vendor(), "channel_manager")
    manager = sign_in(app.test_client(), mara)
    for path in ("/", "/board", "/settings/mail", "/settings/sign-in"):
        answer = manager.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, SETUP)
    fragment = manager.get("/board", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (204, SETUP)
    assert manager.get("/stream", headers={"Accept": "text/event-stream"}).status_code == 204
    page = manager.get(SETUP).text
    assert "everything else is open then" in page
    assert "Not now" not in page
    assert 'href="/board"' not in page
    come_in_by_mail(manager, mara)
    set_up(manager)
    assert manager.get("/board").status_code == 200
    assert 'href="/board"' in manager.get("/board").text


def test_other_roles_are_not_asked(app, demand):
    demand("channel_manager")
    rep = sign_in(app.test_client(), make_person(make_partner(), "partner_rep"))
    assert rep.get("/available").status_code == 200


def test_one_of_several_roles_is_enough_and_all_means_all(app, demand):
    both = make_person(make_vendor(), "qualifier", "admin")
    rep = make_person(make_partner(), "partner_rep")
    demand("admin")
    assert sign_in(app.test_client(), both).get("/qualify").headers["Location"] == SETUP
    demand("all")
    assert sign_in(app.test_client(), rep).get("/available").headers["Location"] == SETUP


def test_nothing_but_the_set_up_is_open_before_on_no_address_there_is(app, demand):
    world = make_world()
    demand("all")
    client = sign_in(app.test_client(), make_person(make_vendor(), *ROLES))
    token = csrf_of(client.get(SETUP).text)
    open_ones = set()
    for rule in app.url_map.iter_rules():
        # who comes with a token is no person, and a session opens nothing there
        if access_of(app, rule.endpoint) in (PUBLIC, BEARER):
            continue
        if rule.endpoint == "accounts.logout":
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            data = None if method == "GET" else {"csrf_token": token}
            answer = client.open(world.address(rule), method=method, data=data)
            if (answer.status_code, answer.headers.get("Location")) != (303, SETUP):
                open_ones.add(rule.endpoint)
    setting_up = {"own.second_step_page", "own.begin_second_step", "own.confirm_second_step"}
    assert open_ones <= setting_up


def test_signing_out_stays_possible(app, demand):
    demand("all")
    client = sign_in(app.test_client(), make_person())
    answer = client.post("/logout", data={"csrf_token": csrf_of(client.get(SETUP).text)})
    assert answer.headers["Location"] == "/login"


def test_who_must_have_one_cannot_switch_it_off(app, demand):
    demand("partner_rep")
    rep = make_person(make_partner(), "partner_rep")
    client = come_in_by_mail(app.test_client(), rep)
    phone = set_up(client)
    assert "Switch the second step off" not in client.get(SETUP).text
    with app.app_context(), pytest.raises(Refused):
        second_step.switch_off(rep.id, PASSWORD, phone.at(AT), AT, 0)


def begin(client):
    """Try to begin with the password alone."""
    token = csrf_of(client.get(SETUP).text)
    return client.post(SETUP, data={"password": PASSWORD, "csrf_token": token})


def test_who_only_knows_the_password_cannot_set_up_a_phone_of_his_own(app, demand):
    demand("partner_rep")
    rep = make_person(make_partner(), "partner_rep")
    client = sign_in(app.test_client(), rep)
    page = client.get(SETUP).text
    assert "so that nobody sets up a phone who only knows your password" in page
    assert 'type="password"' not in page
    assert begin(client).status_code == 409
    assert "otpauth://" not in client.get(SETUP).text
    # the mail goes to her, wherever the button was pressed
    data = {"email": rep.email, "csrf_token": csrf_of(client.get(SETUP).text)}
    assert client.post("/login/link", data=data).status_code == 200
    assert begin(client).status_code == 409
    set_up(come_in_by_mail(app.test_client(), rep))


def test_what_somebody_else_came_in_by_opens_nothing_for_her(app, demand):
    demand("partner_rep")
    alice, bob = make_person(make_partner(), "partner_rep"), make_person(make_partner())
    with app.app_context():
        his = second_step.note_mailbox(bob, AT)
        hers = second_step.note_mailbox(alice, AT)
        for mailbox, at in (
            ("", AT),
            (his, AT),
            (hers, AT + second_step.READS_MAIL_LASTS),
            (accounts.issue_sign_in_link(alice.id, AT), AT),
        ):
            with pytest.raises(Refused):
                second_step.begin(alice.id, PASSWORD, at, mailbox)
        second_step.begin(alice.id, PASSWORD, AT, hers)


def test_who_was_just_invited_sets_it_up_right_away(app, demand):
    demand("partner_rep")
    path = "/invite/" + invited()
    client = app.test_client()
    data = {"name": "Nora", "password": PASSWORD, "csrf_token": csrf_of(client.get(path).text)}
    assert client.post(path, data=data).status_code == 303
    assert client.get("/").headers["Location"] == SETUP
    set_up(client)
    assert client.get("/available").status_code == 200


@factory
def invited():
    nora = accounts.invite(make_partner(), "nora@a.example", "Nora", ["partner_rep"], clock.now())
    return accounts.issue_invitation(nora.id, clock.now())


def test_after_it_was_taken_off_the_mail_is_asked_for_again(app, demand):
    demand("partner_rep")
    rep = make_person(make_partner(), "partner_rep")
    set_up(come_in_by_mail(app.test_client(), rep))
    factory(take_off)(rep.id)
    client = sign_in(app.test_client(), rep)
    assert begin(client).status_code == 409


def take_off(user_id):
    second_step.remove(session().get_one(User, user_id), clock.now())


def test_a_role_that_does_not_exist_stops_the_start():
    env = {"FIRSTCOME_LOCAL": "1", "SECOND_STEP_ROLES": "admin, chanel_manager"}
    settings = Settings.from_environment(env)
    with pytest.raises(SettingsMissing, match="no role of ours: chanel_manager"):
        chosen.check_settings(settings)
    good = {"FIRSTCOME_LOCAL": "1", "SECOND_STEP_ROLES": "admin, channel_manager"}
    chosen.check_settings(Settings.from_environment(good))
