"""A person hears of every change in how she signs in: what, when, with what, and what to do."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts import second_step
from portal.accounts.devices import Browser
from portal.accounts.queries import get_session
from portal.core import jobs
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.hearing import operations as hearing
from tests.factories import AT, PASSWORD, make_partner, make_person, make_vendor

FIREFOX = Browser("203.0.113.7", "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "a")
LATER = timedelta(minutes=5)
NEW = "seven quiet harbours"
OFF = "ask an administrator to take the second step off"


@pytest.fixture
def alice(ctx):
    return make_person(name="Alice Ainsworth")


@pytest.fixture
def here(alice):
    """Return the id of a session of hers."""
    return get_session(accounts.open_session(alice.id, AT, FIREFOX)).id


def mails(at=AT):
    """Let everything be told and return the mails about changes, oldest first."""
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, at)
    found = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id))
    return [mail for mail in found if mail.kind == "sign_in_changed"]


def set_up(user, session_id, at=AT):
    """Give a person a second step; return her app and the recovery codes."""
    second_step.begin(user.id, PASSWORD, at)
    app = pyotp.TOTP(second_step.find_setup(user.id, at).secret)
    return app, second_step.confirm(user.id, app.at(at), at, session_id)


def test_a_changed_password_is_told_with_when_and_where(alice):
    accounts.change_password(alice.id, PASSWORD, NEW, AT, FIREFOX)
    (mail,) = mails()
    assert mail.to_address == alice.email
    assert mail.subject == "Your sign-in to Firstcome was changed"
    assert "your password was changed." in mail.text
    assert "With: Firefox on Windows" in mail.text
    assert "Address: 203.0.113.7" in mail.text
    assert "/forgot" in mail.text
    assert NEW not in mail.text + mail.html


def test_a_new_password_by_a_mailed_link_is_told_too(alice):
    accounts.reset_password(accounts.issue_password_reset(alice.id, AT), NEW, AT)
    (mail,) = mails()
    assert "By: the link of a mail to you" in mail.text
    assert "With:" not in mail.text


def test_the_first_password_is_not_told(ctx):
    nora = accounts.invite(make_partner(), "nora@a.example", "Nora", ["partner_rep"], AT)
    accounts.accept_invitation(accounts.issue_invitation(nora.id, AT), "Nora", NEW, AT)
    assert mails() == []


def test_a_second_step_set_up_is_told_once_and_with_whom_to_ask(alice, here):
    set_up(alice, here)
    (mail,) = mails()
    assert "a second step was set up" in mail.text
    assert "With: Firefox on Windows" in mail.text
    assert OFF in " ".join(mail.text.split())


def test_new_recovery_codes_are_told_and_none_of_them_stands_in_the_mail(alice, here):
    phone, _codes = set_up(alice, here)
    codes = second_step.fresh_codes(alice.id, PASSWORD, phone.at(AT + LATER), AT + LATER, here)
    mail = mails(AT + LATER)[-1]
    assert "new recovery codes were made; the old ones count no more." in mail.text
    assert not [code for code in codes if code in mail.text + mail.html]


def test_a_second_step_that_she_switched_off_is_told(alice, here):
    phone, _codes = set_up(alice, here)
    second_step.switch_off(alice.id, PASSWORD, phone.at(AT + LATER), AT + LATER, here)
    mail = mails(AT + LATER)[-1]
    assert "your second step was switched off" in mail.text
    assert "With: Firefox on Windows" in mail.text


@pytest.mark.parametrize("by_command", [False, True])
def test_a_second_step_that_was_taken_off_is_told_with_who_did_it(alice, here, by_command):
    ann = make_person(make_vendor(), "admin", name="Ann Admin")
    set_up(alice, here)
    second_step.remove(alice, AT + LATER, 0 if by_command else ann.id)
    mail = mails(AT + LATER)[-1]
    assert f"By: {'who runs the portal' if by_command else 'Ann Admin'}" in mail.text


def test_who_never_hears_by_mail_hears_of_this_at_once(alice):
    hearing.choose(alice.id, AT, hears="never")
    accounts.change_password(alice.id, PASSWORD, NEW, AT)
    assert len(mails()) == 1


def test_a_sign_in_names_who_it_was_as_who_did_it(alice):
    accounts.sign_in(alice.email, PASSWORD, AT, Browser(device="a"))
    accounts.sign_in(alice.email, PASSWORD, AT, Browser(device="b"))
    rows = session().scalars(
        select(EventRow).where(EventRow.name.in_(["SignedIn", "NewDeviceSeen"]))
    )
    assert [row.actor_id for row in rows] == [alice.id] * 3


def test_who_tried_a_wrong_password_is_nobody(alice):
    with pytest.raises(accounts.Forbidden):
        accounts.sign_in(alice.email, "wrong", AT)
    (row,) = session().scalars(select(EventRow).where(EventRow.name == "SignInRefused"))
    assert row.actor_id is None
