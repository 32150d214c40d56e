"""Standing by on the pages: with a plain form, and as a card that answers in its place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.offers.models import OfferRound
from portal.pickup import operations as pickup
from tests.factories import csrf_of, make_manager, make_offered_lead, make_person, sign_in


class Pages:
    """Alice holds a lead that Bob lost; each has a browser."""

    def __init__(self, app):
        self.app, self.at = app, clock.now() - timedelta(hours=2)
        self.alice, self.bob = make_person(), make_person()
        self.lead = make_offered_lead(at=self.at)
        self.held = self.do(
            lambda: pickup.claim(self.lead.id, get_actor(self.alice.id), self.at).pickup_id
        )
        self.browser = sign_in(app.test_client(), self.bob)
        self.path = f"/leads/{self.lead.id}"

    def do(self, work):
        with self.app.app_context(), unit_of_work():
            return work()

    def get(self, path=None, fragment=False):
        return self.browser.get(
            path or self.path, headers={"HX-Request": "true"} if fragment else {}
        )

    def post(self, what, fragment=False, **fields):
        token = csrf_of(self.browser.get("/available").text)
        return self.browser.post(
            f"{self.path}/{what}",
            data={"csrf_token": token, **fields},
            headers={"HX-Request": "true"} if fragment else {},
        )

    def comes_back(self):
        self.do(
            lambda: pickup.give_back(
                self.held, "duplicate", None, get_actor(self.alice.id), clock.now()
            )
        )


@pytest.fixture
def pages(app: Flask) -> Pages:
    return Pages(app)


def test_the_losers_answer_offers_a_stand_by_place(pages):
    answer = pages.post("pickup")
    assert answer.status_code == 409
    assert f'action="{pages.path}/stand-by"' in answer.text
    assert "Stand by, should it come back" in answer.text


def test_the_losers_card_offers_it_in_its_place(pages):
    answer = pages.post("pickup", fragment=True)
    assert answer.status_code == 409
    assert f'hx-post="{pages.path}/stand-by"' in answer.text
    assert f'hx-target="#lead-{pages.lead.id}"' in answer.text


def test_standing_by_works_with_a_plain_form_and_is_undone_by_another(pages):
    answer = pages.post("stand-by")
    assert answer.status_code == 303
    assert answer.location.endswith(pages.path)
    page = pages.get()
    assert "You stand by. Should it come back, you hear of it first." in page.text
    assert "Wait no more" in page.text
    assert pages.lead.number in pages.get("/mine").text
    assert pages.post("stand-by", leave="1").status_code == 303
    assert "Stand by, should it come back" in pages.get().text
    assert pages.lead.number not in pages.get("/mine").text


def test_the_card_turns_into_one_that_waits_and_back(pages):
    waiting = pages.post("stand-by", fragment=True)
    assert waiting.status_code == 200
    assert f'id="lead-{pages.lead.id}"' in waiting.text
    assert "You stand by" in waiting.text
    assert 'name="leave" value="1"' in waiting.text
    shown = pages.get(f"{pages.path}/card", fragment=True)
    assert (shown.status_code, "You stand by" in shown.text) == (200, True)
    left = pages.post("stand-by", fragment=True, leave="1")
    assert "Stand by, should it come back" in left.text


def test_pressing_when_it_has_come_back_shows_the_lead(pages):
    pages.comes_back()
    answer = pages.post("stand-by", fragment=True)
    assert answer.status_code == 200
    assert f'action="{pages.path}/pickup"' in answer.text
    assert pages.post("stand-by").status_code == 303


def test_opening_the_address_takes_no_place(pages):
    assert pages.get(f"{pages.path}/stand-by").status_code == 303
    assert "Stand by, should it come back" in pages.get().text


def test_the_holder_reads_how_many_wait_and_the_vendor_who(pages):
    pages.post("stand-by")
    holder = sign_in(pages.app.test_client(), pages.alice).get(pages.path)
    assert "1 firm stands by for this lead, should you give it back." in holder.text
    assert pages.bob.name not in holder.text
    vendor = sign_in(pages.app.test_client(), make_manager()).get(pages.path)
    assert "Standing by" in vendor.text
    assert "1 firm waits, should it come back." in vendor.text
    assert pages.bob.name in vendor.text


def test_the_vendor_reads_who_has_the_head_start(pages):
    make_person()
    pages.post("stand-by")
    pages.comes_back()
    vendor = sign_in(pages.app.test_client(), make_manager()).get(pages.path)
    assert "heard first" in vendor.text
    assert "who stood by alone until" in vendor.text


def test_who_did_not_wait_finds_no_trace_of_the_lead_during_the_head_start(pages):
    pages.post("stand-by")
    dora = sign_in(pages.app.test_client(), make_person())
    pages.comes_back()
    assert dora.get(pages.path).status_code == 404
    assert pages.lead.number not in dora.get("/available").text
    assert dora.get(f"{pages.path}/card", headers={"HX-Request": "true"}).status_code == 404
    available = pages.get("/available").text
    assert pages.lead.number in available
    assert "only who stood by sees it until" in available


def test_the_card_says_again_how_many_see_it_once_all_do(pages):
    make_person()
    pages.post("stand-by")
    pages.comes_back()
    assert "only who stood by sees it until" in pages.get("/available").text
    later = pages.get("/available?sort=newest")
    assert "only who stood by sees it until" in later.text
    now = {"head_start_until": clock.now(), "next_ring_at": clock.now()}
    pages.do(lambda: session().execute(update(OfferRound).values(now)))
    assert "2 firms see it" in pages.get("/available").text


def test_nothing_to_wait_for_is_said_kindly(pages):
    alice = sign_in(pages.app.test_client(), pages.alice)
    token = csrf_of(alice.get("/mine").text)
    answer = alice.post(f"{pages.path}/stand-by", data={"csrf_token": token})
    assert answer.status_code == 409
    assert "has not gone to another firm that could return it" in answer.text
