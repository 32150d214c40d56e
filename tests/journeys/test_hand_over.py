"""A won deal goes from its owner to operations and back, by hand, in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.pickup import operations as pickup
from tests.browser.windows import PLACES
from tests.factories import (
    PASSWORD,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

TITLE = "Wireless for a clinic with four houses"


@factory
def won_by(rep):
    at = clock.now()
    lead = make_offered_lead(at=at, title=TITLE)
    held = pickup.claim(lead.id, get_actor(rep.id), at)
    feedback.give(held.pickup_id, Answer("won", value=48_250), get_actor(rep.id), at)
    return lead


@pytest.mark.parametrize(("afield", "inside"), PLACES)
def test_from_its_owner_to_operations_and_back(fresh, windows, afield, inside):
    vendor = make_vendor()
    pam = make_person(vendor, "account_manager", name="Pam Ortega")
    oskar = make_person(vendor, "operations", name="Oskar Riedel")
    lead = won_by(make_person(make_partner("Alpha Systems", account_manager_id=pam.id)))
    due_on = (clock.now() + timedelta(days=3)).date()

    owner = open_and_sign_in(fresh, windows, pam, afield)
    owner.goto(f"/leads/{lead.id}")
    owner.get_by_role("link", name="Hand over to operations").click()
    owner.get_by_label("Needed back by").fill(due_on.isoformat())
    owner.get_by_label("What operations need to know").fill("Terms as agreed with Anna.")
    owner.get_by_role("button", name="Hand over").click()
    expect(owner.get_by_text("Waits with operations")).to_be_visible()

    worker = open_and_sign_in(fresh, windows, oskar, inside)
    expect(worker.get_by_text("1 hand-over is with you")).to_be_visible()
    worker.locator("main").get_by_role("link", name="Hand-overs").click()
    worker.get_by_role("link", name=TITLE).click()
    expect(worker.get_by_text("Terms as agreed with Anna.")).to_be_visible()
    worker.get_by_role("button", name="Take it on").click()
    expect(worker.get_by_text("In work")).to_be_visible()
    worker.get_by_role("button", name="Hand back to Pam Ortega").click()
    expect(worker.get_by_text("Please give the number, or say below why").first).to_be_visible()
    worker.get_by_label("Number in the ERP system").fill("40021187")
    worker.get_by_role("button", name="Hand back to Pam Ortega").click()
    expect(worker.get_by_text("It is back with its owner")).to_be_visible()

    owner.goto("/")
    expect(owner.get_by_role("heading", name="Back from operations")).to_be_visible()
    expect(owner.get_by_text("number 40021187")).to_be_visible()


def open_and_sign_in(live, windows, user, width):
    """Open a window and sign in by hand."""
    page = windows.open(live, width=width)
    page.goto("/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("summary").filter(has_text="Your account")).to_be_visible()
    return page
