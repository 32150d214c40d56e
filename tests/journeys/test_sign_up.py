"""A firm asks to become a partner on a phone, is accepted, and its manager is in a minute later."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from tests.browser.windows import DESK, PHONE
from tests.factories import make_manager

ADDRESS = "nina@newcomers.example"


def link_of(live, kind):
    """Do what a worker would do, and return the link in the newest mail of a kind."""

    def newest():
        jobs.run_now("core.dispatch", {"here": True}, clock.now())
        mail = select(OutgoingEmail).where(OutgoingEmail.kind == kind)
        return session().scalars(mail.order_by(OutgoingEmail.id.desc())).first()

    mail = live.do(newest)
    assert mail.to_address == ADDRESS
    return re.search(r"/[a-z-]+/[0-9a-f]{64}", mail.text).group()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_from_the_request_to_the_first_sign_in(fresh, windows, script):
    phone = windows.open(fresh, None, width=PHONE, script=script)
    phone.goto("/login")
    phone.get_by_role("link", name="Become a partner").click()
    phone.get_by_label("Your firm").fill("Newcomers GmbH")
    phone.get_by_label("Country").select_option("DE")
    phone.get_by_label("Your name").fill("Nina Neu")
    phone.get_by_label("E-mail").fill(ADDRESS)
    phone.get_by_label("What should we know?").fill("We wire schools all over Hanover.")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("heading", name="Please look into your mailbox")).to_be_visible()

    phone.goto(link_of(fresh, "sign_up_confirm"))
    phone.get_by_role("button", name="Yes, that was me").click()
    expect(phone.get_by_role("heading", name="Thank you, Nina Neu")).to_be_visible()

    manager = windows.open(fresh, make_manager(), width=DESK)
    manager.goto("/partners")
    manager.get_by_role("link", name="Requests").click()
    manager.get_by_role("link", name="Newcomers GmbH").click()
    expect(manager.get_by_text("We wire schools all over Hanover.")).to_be_visible()
    manager.get_by_role("button", name="Accept and invite").click()
    expect(manager.get_by_role("heading", name="Newcomers GmbH")).to_be_visible()
    expect(manager.get_by_text(ADDRESS)).to_be_visible()

    phone.goto(link_of(fresh, "invitation"))
    expect(phone.get_by_label("Your name")).to_have_value("Nina Neu")
    phone.get_by_label("Choose a password").fill("three quiet words")
    phone.get_by_role("button", name="Save and sign in").click()
    expect(phone.get_by_text("Welcome, Nina Neu.")).to_be_visible()
