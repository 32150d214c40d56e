"""Waiting for a lead that somebody else has, on a phone: with a script, and without."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.pickup import operations as pickup
from tests.factories import make_offered_lead, make_person

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WAITS = "You stand by. Should it come back, you hear of it first."


@pytest.fixture
def lost(live, windows):
    """Return Alice, Bob, and a lead on his page, and what lets Alice pick it."""
    # the honest answer about a lead that is not theirs
    windows.forgiven.append(re.compile(r"status of 404 "))
    alice, bob = make_person(), make_person()
    lead = make_offered_lead(at=clock.now() - timedelta(hours=1))

    def taken():
        return live.do(lambda: pickup.claim(lead.id, get_actor(alice.id), clock.now()).pickup_id)

    return alice, bob, lead, taken


def assert_accessible(page):
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run()).violations.map((one) => one.id)")
    assert found == []


def test_the_card_that_was_lost_waits_in_its_place_and_is_back_first(live, windows, lost):
    alice, bob, lead, taken = lost
    page = windows.open(live, bob)
    page.goto("/available")
    card = page.locator(f"#lead-{lead.id}")
    expect(card.get_by_role("button", name="Pick up")).to_be_visible()
    held = taken()
    # it fades by itself, or the press is told
    wait = page.get_by_role("button", name="Stand by, should it come back")
    pick = card.get_by_role("button", name="Pick up")
    expect(wait.or_(pick).first).to_be_visible()
    if pick.is_visible():
        pick.click()
    wait.click()
    expect(card.get_by_text(WAITS)).to_be_visible()
    expect(card.get_by_role("button", name="Wait no more")).to_be_visible()
    expect(card.get_by_text(lead.number)).to_have_count(1)  # and nothing said of its rating
    expect(card.get_by_text("Not rated")).to_have_count(0)
    page.goto(f"/leads/{lead.id}")
    expect(page.get_by_text(WAITS)).to_be_visible()
    live.do(lambda: pickup.give_back(held, "duplicate", None, get_actor(alice.id), clock.now()))
    page.goto("/available")
    expect(card.get_by_role("button", name="Pick up")).to_be_visible()


def test_without_a_script_plain_forms_do_it(live, windows, lost):
    _alice, bob, lead, taken = lost
    taken()
    page = windows.open(live, bob, script=False)
    page.goto(f"/leads/{lead.id}")
    page.get_by_role("button", name="Stand by, should it come back").click()
    expect(page.locator("[data-refusal]").get_by_text(WAITS)).to_be_visible()
    page.goto("/mine")
    expect(page.get_by_role("link", name=lead.number)).to_be_visible()
    page.goto(f"/leads/{lead.id}")
    page.get_by_role("button", name="Wait no more").click()
    expect(page.get_by_role("button", name="Stand by, should it come back")).to_be_visible()


def test_the_pages_about_waiting_are_accessible_and_fit_a_phone(live, windows, lost):
    _alice, bob, lead, taken = lost
    taken()
    page = windows.open(live, bob, bypass_csp=True)
    page.goto(f"/leads/{lead.id}")
    assert_accessible(page)
    page.get_by_role("button", name="Stand by, should it come back").click()
    for path in (f"/leads/{lead.id}", "/mine"):
        page.goto(path)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
