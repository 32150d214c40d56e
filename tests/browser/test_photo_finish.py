"""A photo-finish on a phone: who takes part sees when it is decided, and then how it went."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import update

from portal.core import clock
from portal.core.db import session
from portal.offers.models import Offer, OfferRound
from portal.pickup import photo_finish
from tests.browser.test_stand_by import assert_accessible
from tests.factories import CONTACT, last_round, make_offered_lead, make_person


def test_who_takes_part_waits_at_the_card_and_hears_there_how_it_went(live, windows):
    good, best = make_person(), make_person()

    def on_offer():
        lead = make_offered_lead(at=clock.now() - timedelta(hours=1))
        session().execute(
            update(OfferRound)
            .where(OfferRound.lead_id == lead.id)
            .values(mode="photo_finish", deciding_seconds=600)
        )
        session().execute(
            update(Offer)
            .where(Offer.lead_id == lead.id, Offer.organisation_id == best.organisation_id)
            .values(score=0.99)
        )
        return lead.id

    lead_id = live.do(on_offer)
    pages = [windows.open(live, good, bypass_csp=True), windows.open(live, best, script=False)]
    for page in pages:
        page.goto("/available")
    expect(pages[0].get_by_text("Photo-finish:")).to_be_visible()
    cards = [page.locator(f"#lead-{lead_id}") for page in pages]
    for card, page in zip(cards, pages, strict=True):
        card.get_by_role("button", name="Pick up").click()
        expect(page.get_by_text("You take part: whoever suits it best gets it.")).to_be_visible()
        expect(page.get_by_role("button", name="Pick up")).to_have_count(0)
        expect(page.get_by_text(CONTACT["company"])).to_have_count(0)
    expect(cards[0].locator("[data-left*=' (9:']")).to_be_visible()
    assert_accessible(pages[0])

    def decide():
        session().execute(update(OfferRound).values(closes_at=clock.now()))
        photo_finish.decide(last_round(lead).id, clock.now())

    lead = live.do(lambda: session().get_one(photo_finish.Lead, lead_id))
    live.do(decide)
    expect(cards[0].get_by_text("Another firm suited it better.")).to_be_visible()
    expect(cards[0].get_by_text("You take part")).to_have_count(0)
    pages[1].get_by_role("link", name="See how it went").click()
    expect(pages[1].get_by_text(CONTACT["company"]).first).to_be_visible()
