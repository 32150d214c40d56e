"""Two inquiries of one person are compared, merged field by field, and taken apart again."""

from __future__ import annotations

from playwright.sync_api import expect

from portal.core.db import unit_of_work
from portal.duplicates import pairs
from tests.browser.windows import PHONE
from tests.factories import AT, CONTACT, make_lead, make_manager
from tests.journeys.test_main_road import open_and_sign_in


def test_a_manager_merges_two_inquiries_on_the_phone_and_takes_them_apart(fresh, windows):
    new = {"state": "captured", "qualified_at": None}
    first = make_lead(title="Old cabinets", **new)
    second = make_lead({**CONTACT, "role": "Owner"}, title="Fourteen cabinets", **new)
    with fresh.app.app_context(), unit_of_work():
        pairs.check(AT)
    page = open_and_sign_in(fresh, windows, make_manager(), PHONE)

    page.goto("/qualify")
    page.get_by_role("link", name="1 possible duplicate").click()
    expect(page.get_by_text("100 of 100")).to_be_visible()
    page.get_by_role("link", name="Compare and merge").click()
    expect(page.get_by_role("heading", name="Are these two the same?")).to_be_visible()
    title = page.get_by_role("group", name="Title")
    title.get_by_text("Fourteen cabinets").click()
    page.get_by_role("group", name="Role").get_by_text("Owner").click()
    page.get_by_role("button", name="Merge them").click()

    expect(page.get_by_text(f"{second.number} is part of {first.number} now.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fourteen cabinets")
    page.get_by_role("button", name="Take apart").click()
    expect(page.get_by_text(f"{second.number} is a lead of its own again.")).to_be_visible()
    page.goto(f"/leads/{first.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Old cabinets")
    assert fresh.value("SELECT count(*) FROM leads WHERE merged_into IS NOT NULL") == 0
