"""A channel manager shapes the programme by hand, in a browser, and a lead goes its way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.windows import PLACES
from tests.factories import make_manager, make_partner, make_person

TITLE = "A room full of people who want to see it"
SCRIPT = ("budget", "authority", "need", "time", "how_many_seats")


@pytest.mark.parametrize(("partners", "vendor"), PLACES)
def test_a_type_with_its_own_statuses_ways_and_questions_and_a_lead_of_it(
    fresh, windows, partners, vendor
):
    rep = make_person(make_partner("Alpha Systems"), name="Alice Arndt")
    manager = windows.open(fresh, make_manager(), width=vendor)
    shape(manager)
    lead = take_down(manager)
    manager.goto(f"/leads/{lead}")
    manager.get_by_role("button", name="Offer to partners").click()
    expect(manager.get_by_text("The lead is on offer to 1 firm.")).to_be_visible()

    alice = windows.open(fresh, rep, width=partners)
    alice.goto("/available")
    alice.locator(f"#lead-{lead}").get_by_role("button", name="Pick up").click()
    expect(alice.locator(f"#lead-{lead}")).to_contain_text("Lühmann")
    alice.goto(f"/leads/{lead}")
    with alice.expect_response("**/feedback"):
        alice.get_by_role("button", name="Waiting for their answer").click()
    # a label of its own, which leads of this type alone may have
    alice.goto(f"/leads/{lead}")
    alice.get_by_role("link", name="Change the status").click()
    alice.get_by_text("Seats booked", exact=True).click()
    alice.get_by_role("button", name="Save").click()
    expect(alice.get_by_text("Seats booked").first).to_be_visible()
    # nothing is due: the question is folded
    alice.get_by_role("heading", name="How far are you?", level=2).click()
    alice.get_by_text("Won …").click()
    alice.get_by_label("Value of the order").fill("4800")
    alice.get_by_role("button", name="Report as won").click()
    expect(alice.get_by_text("The lead is closed.")).to_be_visible()
    manager.goto(f"/leads/{lead}")
    expect(manager.locator("main header")).to_contain_text("Won")


def shape(page):
    """Add a status, a way to it, a type and a question of the type's own; activate them."""
    page.goto("/definition")
    page.get_by_role("button", name="Begin a draft from it").click()
    home = page.url
    page.get_by_role("link", name="New status").click()
    page.get_by_label("Name in English").fill("Seats booked")
    page.get_by_label("State", exact=True).select_option("in_progress")
    page.get_by_label("Stands for the answer").select_option("waiting")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="New type").click()
    page.get_by_label("Name in English").fill("Event")
    page.get_by_role("radio", name="End customer").check()
    page.get_by_label("Days from start to end").fill("30")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="New question").click()
    page.get_by_label("In English").fill("How many seats?")
    page.get_by_label("Must be answered before an offer").check()
    for other in ("Company", "Person", "Future partner"):
        page.get_by_role("checkbox", name=other).uncheck()
    page.get_by_role("button", name="Save").click()

    page.get_by_role("link", name="Check and activate").first.click()
    expect(page.get_by_text("Event: no way leads to Seats booked.")).to_be_visible()
    page.goto(f"{home}/statuses/waiting")
    page.get_by_role("checkbox", name="Seats booked").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Add the ways that are missing").click()
    expect(page.get_by_role("heading", name="missing before it can be activated")).to_have_count(0)
    page.get_by_role("link", name="Check and activate").first.click()
    expect(page.get_by_text("Yes. Every lead stays what it is.")).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("holds from now on")).to_be_visible()


def take_down(page):
    """Take down an inquiry of the new type, answer its script, and return its id."""
    page.goto("/qualify/new")
    page.get_by_text("Event", exact=True).click()
    page.locator("[name=company]").fill("Weserkontor GmbH")
    page.locator("[name=last_name]").fill("Lühmann")
    page.locator("[name=country]").select_option("DE")
    page.locator("[name=phone]").fill("0511 1234560")
    page.locator("[name=source_key]").select_option(index=1)
    page.locator("[name=title]").fill(TITLE)
    page.get_by_role("button", name="Take it in and qualify").click()
    for key in SCRIPT:
        page.locator(f"[name=answer-{key}]").fill("Forty, and in writing.")
    page.get_by_text("Hot", exact=True).click()
    page.locator("[name=partner_text]").fill("They meet in May and want to see it at work.")
    page.get_by_role("button", name="Ready to offer").click()
    expect(page.get_by_text("is ready to be offered")).to_be_visible()
    return int(page.url.rpartition("/")[2])
