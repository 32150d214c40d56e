"""Bringing an inquiry by hand, as people do it in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from portal.duplicates import pairs
from tests.browser.windows import DESK
from tests.factories import AT, CONTACT, factory, make_lead, make_person, make_vendor


def test_who_is_known_appears_while_somebody_types_and_a_partner_brings_a_find(live, windows):
    known = make_lead(title="Cabinets for two halls")
    factory(pairs.check)(AT)
    page = windows.open(live, make_person(make_vendor(), "channel_manager"), width=DESK)
    page.goto("/qualify/new")
    page.locator("#company").fill(CONTACT["company"])
    page.locator("#email").press_sequentially(CONTACT["email"])
    found = page.locator("#known")
    expect(found.get_by_role("link", name=known.number)).to_be_visible()
    expect(found).to_contain_text("same e-mail")
    expect(page.locator("#email")).to_be_focused()
    phone = windows.open(live, make_person())
    phone.goto("/mine")
    phone.get_by_role("link", name="Leads of your own").click()
    phone.get_by_role("link", name="Bring a lead of your own").click()
    phone.get_by_label("What is wanted").fill("Racks for a school")
    phone.get_by_label("Company").fill("Lessing School")
    phone.get_by_role("button", name="Bring it in").click()
    expect(phone.get_by_role("row")).to_have_count(2)
    expect(phone.get_by_text("Waits to be qualified")).to_be_visible()
