"""A channel manager without help makes a rule for leads within 50 km, and activates it."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import select, update

from portal.accounts.models import Organisation, OrganisationKind
from portal.core import clock
from portal.core.db import session
from portal.matching.models import DistributionRule
from tests.browser.windows import DESK
from tests.factories import make_lead, make_manager, make_offered_lead, make_partner


def firms_and_leads() -> str:
    """Have a firm nearby, one far away, a lead that was offered and one that is ready."""
    session().execute(
        update(Organisation)
        .where(Organisation.kind == OrganisationKind.RESELLER)
        .values(active=False)
    )
    make_partner("Nahe Systeme")
    make_partner("Weit Weg KG", latitude=48.1, longitude=11.5, city="Munich")
    make_offered_lead(at=clock.now())
    return make_lead(at=clock.now()).number


def newest_rule() -> tuple[str, bool, int]:
    rule = session().scalars(select(DistributionRule).order_by(DistributionRule.id.desc())).first()
    return (rule.name, rule.active, rule.version)


def test_a_channel_manager_makes_a_rule_for_leads_within_50_km(live, windows):
    number = live.do(firms_and_leads)
    page = windows.open(live, make_manager(), width=DESK)
    page.goto("/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=False).first.fill("Within 50 km")

    distance = page.get_by_role("group", name="Distance", exact=True)
    distance.get_by_label("How it counts").select_option("must")
    distance.get_by_label("How far at most").fill("50")
    page.get_by_label("What else counts").select_option("Brand")
    page.get_by_role("button", name="Add", exact=True).click()
    brand = page.get_by_role("group", name="Brand", exact=True)
    brand.get_by_label("How it counts").select_option("should")
    # the slider and its number are one
    brand.get_by_role("slider").fill("70")
    expect(brand.get_by_role("spinbutton")).to_have_value("70")

    page.get_by_label("Lead to try it with").fill(number)
    page.get_by_label("Lead to try it with").press("Tab")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("1 partner is too far away")
    expect(preview.get_by_role("listitem").filter(has_text="Nahe Systeme")).to_have_count(1)
    expect(preview).to_contain_text("must: is not away; has time for more; within 50 km")

    page.get_by_role("button", name="Save as draft").last.click()
    expect(page.get_by_text("A draft: it holds for no lead yet.")).to_be_visible()
    assert live.do(newest_rule) == ("Within 50 km", False, 0)
    page.get_by_role("main").get_by_role("link", name="Rules", exact=True).click()
    for place in (2, 1):
        page.get_by_role("button", name=re.compile(r"^Up\W+Within 50 km$")).click()
        expect(page.get_by_role("link", name=f"{place}. Within 50 km")).to_be_visible()
    page.get_by_role("link", name="1. Within 50 km").click()

    page.get_by_role("link", name="Check and activate").click()
    page.get_by_role("link", name="Replay").click()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Firms that lose")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Weit Weg KG")).to_be_visible()
    page.goto(page.url.replace("/replay", "/activation"))
    expect(page.get_by_text("1 loses")).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("“Within 50 km” holds from now on.")).to_be_visible()
    assert live.do(newest_rule) == ("Within 50 km", True, 1)
