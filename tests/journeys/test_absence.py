"""Alice goes on holiday, and Alan stands in for her, in Chromium."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.pickup import operations as pickup
from tests.browser.windows import DESK
from tests.factories import CONTACT, day_here, make_offered_lead, make_partner, make_person


def test_alice_is_away_and_alan_answers_for_her_until_she_is_back(live, windows):
    firm = make_partner("Alpha Systems")
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    anna = make_person(firm, "partner_manager", name="Anna")
    lead = make_offered_lead(at=clock.now())
    live.do(lambda: pickup.claim(lead.id, get_actor(alice.id), clock.now()))

    # she notes it on her phone
    hers = windows.open(live, alice)
    hers.goto("/")
    hers.locator("details.menu > summary").click()
    hers.get_by_role("link", name="Your absence").click()
    today = day_here(clock.now())
    hers.get_by_label("First day").fill(today.isoformat())
    hers.get_by_label("Last day").fill((today + timedelta(days=7)).isoformat())
    hers.get_by_label("Who stands in?").select_option("Alan")
    hers.get_by_role("button", name="Note the absence").click()
    expect(hers.get_by_text("Alan stands in")).to_be_visible()

    # her manager sees it
    boss = windows.open(live, anna, width=DESK)
    boss.goto("/team")
    expect(boss.get_by_text("Alan stands in")).to_be_visible()

    # he finds her lead, whom to call, and answers in place
    his = windows.open(live, alan)
    his.goto("/mine")
    expect(his.get_by_role("heading", name="You stand in for colleagues")).to_be_visible()
    his.get_by_role("link", name=lead.number).click()
    expect(his.get_by_text(CONTACT["company"])).to_be_visible()
    his.get_by_role("button", name="Waiting for their answer").first.click()
    expect(his.get_by_text("Thank you").first).to_be_visible()
    # her manager's open page says so by itself
    expect(boss.get_by_text("Your firm owes nothing.")).to_be_visible(timeout=6_000)

    # she is back, and the lead is hers alone again
    hers.get_by_role("button", name="I’m back").click()
    expect(hers.get_by_text("The absence is over.")).to_be_visible()
    his.goto("/mine")
    expect(his.get_by_role("heading", name="You stand in for colleagues")).to_have_count(0)
    answer = his.request.get(f"{live.url}/leads/{lead.id}")
    assert answer.status == 404
    assert CONTACT["company"] not in answer.text()
