"""Contests by the real clock: two web processes, and one that keeps time without a Redis."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from threading import Event

import pytest
from sqlalchemy import update

from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.matching.models import DistributionRule
from portal.offers import operations as offers
from portal.offers.models import Offer, OfferRound
from portal.pickup import operations as pickup
from portal.pickup import photo_finish
from tests.factories import make_offered_lead, make_partner, make_person
from tests.live import at_once
from tests.races.test_first_come import (
    GONE,
    assert_house_in_order,
    events_of,
    picks,
    pickups_of,
)

SECONDS = 2
NO_REDIS = {"REDIS_URL": "redis://127.0.0.1:1/0"}
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def field(live):
    """Offer leads to this test's firms alone."""

    def clear():
        session().execute(update(DistributionRule).values(most=None))
        session().execute(
            update(Organisation)
            .where(Organisation.kind == OrganisationKind.RESELLER)
            .values(active=False)
        )

    live.do(clear)


def on_offer(live, people, **contest):
    """Put a lead on offer now; the score of each firm is that of its place, the last the best."""

    def offer():
        lead = make_offered_lead(at=clock.now())
        of_lead = Offer.lead_id == lead.id
        for place, person in enumerate(people, 1):
            session().execute(
                update(Offer)
                .where(of_lead, Offer.organisation_id == person.organisation_id)
                .values(score=place / 10)
            )
        session().execute(update(OfferRound).where(OfferRound.lead_id == lead.id).values(**contest))
        return lead.id

    return live.do(offer)


def until(live, statement, **values):
    """Look again and again until something is there; return it with the moment."""
    deadline = time.monotonic() + PATIENCE
    while not (found := live.rows(statement, **values)):
        assert time.monotonic() < deadline, live.said()[-3000:]
        time.sleep(0.05)
    return found[0], clock.now()


def test_a_photo_finish_is_decided_on_time_whichever_process_took_the_picks_and_without_redis(live):
    people = [make_person() for _ in range(4)]
    # everybody has the lead open twice
    browsers, others = live.signed_in(*people), live.signed_in(*people[:3])
    live.start("scheduler", **NO_REDIS)
    deadline = time.monotonic() + PATIENCE
    while "queue unreachable" not in live.said():
        assert time.monotonic() < deadline, live.said()
        time.sleep(0.05)
    lead_id = on_offer(live, people, mode="photo_finish", deciding_seconds=SECONDS)
    deeds = [picks(browser, lead_id) for browser in (*browsers[:3], *others)]
    assert at_once(*deeds) == [(202, None)] * 6
    assert not pickups_of(live, lead_id)
    [closes_at] = live.rows("SELECT closes_at FROM offer_rounds WHERE lead_id = :id", id=lead_id)[0]
    held, seen_at = until(live, "SELECT user_id FROM pickups WHERE lead_id = :id", id=lead_id)
    assert held.user_id == people[2].id
    assert timedelta(0) <= seen_at - closes_at < timedelta(seconds=2.5)
    outcomes = dict(
        live.rows("SELECT user_id, outcome FROM entries WHERE lead_id = :id", id=lead_id)
    )
    assert outcomes == {
        people[0].id: "outscored",
        people[1].id: "outscored",
        people[2].id: "won",
    }
    assert events_of(live, lead_id) == 1
    assert events_of(live, lead_id, "EntryMade") == 3
    assert [browser.post(f"/leads/{lead_id}/pickup").verdict for browser in browsers] == [
        (409, "outscored"),
        (409, "outscored"),
        (303, None),
        GONE,
    ]
    assert_house_in_order(live)


def test_many_who_decide_at_once_give_it_once_while_others_still_pick(live):
    people = [make_person() for _ in range(4)]
    browsers = live.signed_in(*people)
    for _turn in range(3):
        lead_id = on_offer(live, people, mode="photo_finish", deciding_seconds=60)
        for browser in browsers[:2]:
            assert browser.post(f"/leads/{lead_id}/pickup").status == 202
        round_id = live.value("SELECT id FROM offer_rounds WHERE lead_id = :id", id=lead_id)
        soon = clock.now() + timedelta(seconds=61)
        late = get_actor_in(live, people[3])
        decide = partial(live.do, photo_finish.decide, round_id, soon)
        join = partial(live.do, pickup.claim, lead_id, late, clock.now())
        at_once(decide, decide, decide, quietly(join), quietly(join))
        # who came in the last moment has put the decision off until the next look
        live.do(photo_finish.decide, round_id, soon)
        entered = live.rows(
            "SELECT user_id, outcome FROM entries WHERE lead_id = :id ORDER BY score", id=lead_id
        )
        assert [row.outcome for row in entered] == [*["outscored"] * (len(entered) - 1), "won"]
        assert [row.user_id for row in pickups_of(live, lead_id)] == [entered[-1].user_id]
        live.do(end_all)
    assert_house_in_order(live)


def test_the_news_of_a_no_waits_for_who_is_just_picking_again(live):
    firm = make_partner()
    # a colleague is still interested, so the firm is not out
    rep, _colleague = make_person(firm), make_person(firm)
    lead_id = on_offer(live, [rep], mode="photo_finish", deciding_seconds=60)
    actor, at = get_actor_in(live, rep), clock.now()
    live.do(pickup.claim, lead_id, actor, at)
    live.do(offers.decline, lead_id, "no_capacity", actor, at)
    offer_id = live.value("SELECT offer_id FROM entries WHERE lead_id = :id", id=lead_id)
    picked, told = Event(), Event()

    def pick_again():
        assert pickup.claim(lead_id, actor, at).again
        picked.set()
        told.wait(0.5)

    def tell():
        assert picked.wait(PATIENCE)
        live.do(photo_finish.step_back, offer_id, rep.id, at, at)
        told.set()

    at_once(partial(live.do, pick_again), tell)
    assert live.value("SELECT outcome FROM entries WHERE lead_id = :id", id=lead_id) is None


def get_actor_in(live, person):
    return live.do(get_actor, person.id)


def quietly(deed):
    """Return a deed that may be refused."""

    def run():
        try:
            return deed()
        except Exception as refusal:
            return refusal

    return run


def end_all():
    """Let everybody be free again."""
    for table, change in (
        ("pickups", "ended_at = now(), outcome = 'lost'"),
        ("leads", "state = 'closed', holder_id = NULL, holder_organisation_id = NULL"),
        ("partner_figures", "open_pickups = 0"),
    ):
        session().connection().exec_driver_sql(f"UPDATE {table} SET {change}")


def staggered(live, people):
    """Put a lead on offer to the first now and to the second in a moment; return it and when."""
    lead_id = on_offer(live, people, mode="staggered", ring_minutes=5, rings=2)
    opens_at = clock.now() + timedelta(seconds=SECONDS)

    def put_off():
        session().execute(
            update(Offer)
            .where(Offer.lead_id == lead_id, Offer.organisation_id == people[1].organisation_id)
            .values(visible_from=opens_at, ring=2)
        )
        session().execute(
            update(OfferRound)
            .where(OfferRound.lead_id == lead_id)
            .values(next_ring_at=opens_at, next_ring_firms=1, offered=1)
        )

    live.do(put_off)
    return lead_id, opens_at


def test_the_second_ring_can_pick_from_its_second_on_and_not_before(live):
    people = [make_person() for _ in range(2)]
    early, late = live.signed_in(*people)
    lead_id, opens_at = staggered(live, people)
    assert late.post(f"/leads/{lead_id}/pickup").status == 404
    statuses = set()
    while (status := late.post(f"/leads/{lead_id}/pickup").status) == 404:
        statuses.add(clock.now())
        assert clock.now() < opens_at + timedelta(seconds=PATIENCE)
        time.sleep(0.05)
    assert status == 303
    assert max(statuses) < opens_at + timedelta(seconds=1)
    assert clock.now() >= opens_at
    assert early.post(f"/leads/{lead_id}/pickup").verdict == GONE
    assert_house_in_order(live)


def test_the_clock_opens_the_second_ring_which_then_picks(live):
    people = [make_person() for _ in range(2)]
    _early, late = live.signed_in(*people)
    lead_id, opens_at = staggered(live, people)
    ring = "SELECT ring, offered FROM offer_rounds WHERE lead_id = :id"
    assert live.rows(ring, id=lead_id) == [(1, 1)]
    until(live, "SELECT 1 WHERE clock_timestamp() > :opens_at", opens_at=opens_at)
    for role in ("worker", "scheduler"):
        live.start(role)
    until(live, f"{ring} AND ring = 2 AND offered = 2 AND next_ring_at IS NULL", id=lead_id)
    told = "SELECT data FROM events WHERE lead_id = :id AND name = 'OfferVisible'"
    found, _at = until(live, f"{told} ORDER BY id DESC LIMIT 1", id=lead_id)
    assert found.data["organisation_ids"] == [people[1].organisation_id]
    assert late.post(f"/leads/{lead_id}/pickup").status == 303
    assert_house_in_order(live)
