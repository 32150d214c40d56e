"""People are invited, choose a password once, and are let in no more."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import OrganisationKind, User, UserSession
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import EventRow
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.tokens import Token
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

WEEK = timedelta(days=7)
NEW = "a quite new password"


@factory
def find(email):
    return session().scalar(select(User).where(User.email == email))


@factory
def events(name):
    return (
        session().scalars(select(EventRow).where(EventRow.name == name).order_by(EventRow.id)).all()
    )


@factory
def invited(at, firm=None, roles=("partner_rep",)):
    """Invite Nora into a firm and return her and the secret that her mail would carry."""
    user = accounts.invite(firm or make_partner(), "nora@new.example", "Nora", roles, at)
    return user, accounts.issue_invitation(user.id, at)


def send(client, path, **fields):
    token = csrf_of(client.get("/").text if "csrf_from" not in fields else "")
    return client.post(path, data={"csrf_token": token, **fields})


def test_a_channel_manager_invites_on_the_partner_s_page(app):
    firm = make_partner("Alpha Systems")
    manager = make_manager()
    client = sign_in(app.test_client(), manager)
    page = f"/partners/{firm.id}"
    form = {"invited_name": "Nora New", "email": "Nora@New.example", "roles": ["partner_rep"]}
    assert send(client, f"{page}/people", **form).status_code == 303
    nora = find("nora@new.example")
    assert (nora.name, nora.roles, nora.password_hash) == ("Nora New", ["partner_rep"], None)
    assert nora.organisation_id == firm.id
    (event,) = events("PersonInvited")
    assert event.data == {"user_id": nora.id, "by_user_id": manager.id}
    shown = client.get(page).text
    assert "Nora New" in shown
    assert "Invite again" in shown


def test_what_is_missing_is_said_at_the_field(app):
    firm = make_partner()
    taken = make_person()
    client = sign_in(app.test_client(), make_manager())
    path = f"/partners/{firm.id}/people"
    empty = send(client, path)
    assert empty.status_code == 422
    assert "Please choose at least one role." in empty.text
    odd = send(client, path, invited_name="N", email="nora", roles=["partner_rep"])
    assert "Please check this e-mail address." in odd.text
    again = send(client, path, invited_name="N", email=taken.email, roles=["partner_rep"])
    assert "Somebody has this e-mail address already." in again.text
    alien = send(client, path, invited_name="N", email="n@new.example", roles=["admin"])
    assert alien.status_code == 422
    assert find("n@new.example") is None


def test_one_role_of_several_is_enough_for_a_browser_too(app):
    firm = make_partner()
    client = sign_in(app.test_client(), make_manager())
    page = client.get(f"/partners/{firm.id}").text
    boxes = re.findall(r'<input[^>]*name="roles"[^>]*>', page)
    assert len(boxes) > 1
    assert not [box for box in boxes if "required" in box]


def test_only_who_keeps_partners_may_invite(app):
    firm = make_partner()
    for user in (make_person(firm, "partner_manager"), make_person(make_vendor(), "qualifier")):
        client = sign_in(app.test_client(), user)
        form = {"invited_name": "N", "email": "n@new.example", "roles": ["partner_rep"]}
        assert send(client, f"/partners/{firm.id}/people", **form).status_code == 403
    assert find("n@new.example") is None


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (OrganisationKind.RESELLER, ["distributor_sales"]),
        (OrganisationKind.DISTRIBUTOR, ["partner_rep"]),
        (OrganisationKind.RESELLER, ["admin"]),
        (OrganisationKind.RESELLER, ["partner_rep", "channel_manager"]),
    ],
)
def test_nobody_becomes_what_the_firm_does_not_have(ctx, kind, roles):
    firm = make_partner(kind=kind)
    with pytest.raises(Invalid):
        accounts.invite(firm, "nora@new.example", "Nora", roles, AT)


def test_the_invited_person_chooses_name_and_password_and_is_in(app):
    user, secret = invited(clock.now())
    client = app.test_client()
    page = client.get(f"/invite/{secret}")
    assert page.status_code == 200
    assert user.email in page.text
    form = {"name": "Nora Newly", "password": NEW, "csrf_token": csrf_of(page.text)}
    assert client.post(f"/invite/{secret}", data=form).status_code == 303
    home = client.get("/available")
    assert home.status_code == 200
    assert find(user.email).name == "Nora Newly"
    assert events("InvitationAccepted")
    assert not events("NewDeviceSeen"), "nobody is told of her first sign-in"


def test_an_invitation_works_once(app):
    _user, secret = invited(clock.now())
    client = app.test_client()
    token = csrf_of(client.get(f"/invite/{secret}").text)
    form = {"name": "Nora", "password": NEW, "csrf_token": token}
    assert client.post(f"/invite/{secret}", data=form).status_code == 303
    other = app.test_client()
    gone = other.get(f"/invite/{secret}")
    assert gone.status_code == 410
    assert "This invitation is over" in gone.text
    form = {"name": "Eve", "password": "another password", "csrf_token": csrf_of(gone.text)}
    assert other.post(f"/invite/{secret}", data=form).status_code == 410
    assert other.get("/available").status_code == 302


@pytest.mark.parametrize("secret", ["0" * 64, "short", "%00", "ü" * 20])
def test_a_mistyped_invitation_says_so_and_nothing_more(client, secret):
    answer = client.get(f"/invite/{secret}")
    assert answer.status_code == 410
    assert "@" not in answer.text.split("<main")[1]


def test_a_password_that_is_too_short_keeps_the_invitation(ctx):
    user, secret = invited(AT)
    with pytest.raises(Invalid):
        accounts.accept_invitation(secret, "Nora", "short", AT)
    accounts.accept_invitation(secret, "Nora", NEW, AT)
    assert user.password_hash


def test_an_invitation_ends_after_seven_days(ctx):
    _user, secret = invited(AT)
    with pytest.raises(NotFound):
        accounts.accept_invitation(secret, "Nora", NEW, AT + WEEK)
    assert accounts.accept_invitation(secret, "Nora", NEW, AT + WEEK - timedelta(minutes=1))


def test_a_newer_invitation_ends_the_older(ctx):
    user, old = invited(AT)
    accounts.invite_again(user, AT + timedelta(days=1))
    new = accounts.issue_invitation(user.id, AT + timedelta(days=1))
    with pytest.raises(NotFound):
        accounts.accept_invitation(old, "Nora", NEW, AT + timedelta(days=2))
    assert accounts.accept_invitation(new, "Nora", NEW, AT + timedelta(days=2))


def test_inviting_the_same_address_again_corrects_name_and_roles(ctx):
    firm = make_partner()
    user, _secret = invited(AT, firm)
    again = accounts.invite(firm, "NORA@new.example", "Nora Newly", ["partner_manager"] * 2, AT)
    assert again.id == user.id
    assert (user.name, user.roles) == ("Nora Newly", ["partner_manager"])
    with pytest.raises(Invalid, match="already"):
        accounts.invite(make_partner(), "nora@new.example", "Nora", ["partner_rep"], AT)


def test_who_has_a_password_is_not_invited_again(ctx):
    with pytest.raises(Refused, match="password already"):
        accounts.invite_again(make_person(), AT)


def test_a_password_by_the_reset_mail_ends_the_invitation(ctx):
    user, secret = invited(AT)
    accounts.reset_password(accounts.issue_password_reset(user.id, AT), NEW, AT)
    with pytest.raises(NotFound):
        accounts.accept_invitation(secret, "Eve", "another password", AT)


def test_who_loses_access_is_signed_out_and_her_links_are_dead(app):
    firm = make_partner()
    alice = make_person(firm)
    client = sign_in(app.test_client(), alice)
    manager = sign_in(app.test_client(), make_manager())
    path = factory(links.issue)(Purpose.STOP, alice.id, clock.now(), topic="digest")
    reset = factory(accounts.issue_password_reset)(alice.id, clock.now())
    assert client.get("/available").status_code == 200
    assert send(manager, f"/people/{alice.id}/leaving").status_code == 303
    assert client.get("/available").status_code == 302
    with app.app_context():
        assert links.find(path.removeprefix("/m/"), clock.now()) is None
        with pytest.raises(Invalid):
            accounts.reset_password(reset, NEW, clock.now())
        open_rows = select(UserSession).where(
            UserSession.user_id == alice.id, UserSession.ended_at.is_(None)
        )
        assert not session().scalars(open_rows).all()
    assert "no access any more" in manager.get(f"/partners/{firm.id}").text
    access = f"/partners/{firm.id}/people/{alice.id}/access"
    assert send(manager, access).status_code == 303
    sign_in(app.test_client(), alice)


def test_people_of_other_firms_are_out_of_reach(app):
    firm, other = make_partner(), make_person()
    manager = sign_in(app.test_client(), make_manager())
    for what in ("access", "invitation"):
        answer = send(manager, f"/partners/{firm.id}/people/{other.id}/{what}", active="0")
        assert answer.status_code == 404
    assert find(other.email).active


def test_the_secret_of_an_invitation_stands_nowhere_but_in_its_mail(ctx):
    _user, secret = invited(AT)
    assert secret not in str([row.data for row in events("PersonInvited")])
    assert all(secret.encode() != row.token_hash for row in session().scalars(select(Token)))
