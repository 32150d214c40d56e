"""Races of who waits: the head start against an ordinary pick, sweeps against picks and sweeps."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.leads import drafts
from portal.leads.models import LeadState
from portal.matching.models import DistributionRule
from portal.offers import operations as offers
from portal.offers.models import Offer, OfferRound
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    factory,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)
from tests.live import at_once

WON = (303, None)
GONE = (409, "already_taken")
UNKNOWN = (404, None)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def field(live):
    """Offer leads to all firms that suit, however many, and to this test's firms alone."""

    def clear():
        session().execute(update(DistributionRule).values(most=None))
        session().execute(
            update(Organisation)
            .where(Organisation.kind == OrganisationKind.RESELLER)
            .values(active=False)
        )

    live.do(clear)


def rep():
    return make_person(make_partner(capacity=100, rep_capacity=100))


def picks(browser, lead_id):
    return lambda: browser.post(f"/leads/{lead_id}/pickup").verdict


def lost_by(*losers, holder):
    """Return a lead that the holder picked an hour ago and for which the losers stand by."""
    at = clock.now() - HOUR

    @factory
    def make():
        lead = make_offered_lead(at=at)
        held = pickup.claim(lead.id, get_actor(holder.id), at).pickup_id
        for loser in losers:
            offers.stand_by(lead.id, get_actor(loser.id), at)
        return lead.id, held

    return make()


def give_back(live, pickup_id, holder):
    live.do(
        lambda: pickup.give_back(
            pickup_id, "duplicate", None, get_actor(holder.id), clock.now() - HOUR / 2
        )
    )


def events_of(live, lead_id, name):
    return live.value(
        "SELECT count(*) FROM events WHERE lead_id = :id AND name = :name", id=lead_id, name=name
    )


def assert_no_deadlock(live):
    assert not live.value(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )


def test_of_twenty_reps_at_a_lead_that_came_back_only_who_stood_by_can_win(live):
    holder, bob, betty = rep(), rep(), rep()
    others = [rep() for _ in range(15)]
    for _ in range(5):
        lead_id, held = lost_by(bob, betty, holder=holder)
        newcomers = [rep() for _ in range(3)]
        give_back(live, held, holder)
        browsers = live.signed_in(*others, *newcomers, bob, betty)
        verdicts = at_once(*(picks(browser, lead_id) for browser in browsers))
        assert Counter(verdicts[:15]) == {GONE: 15}
        # once it is picked, who never saw it learns no more than before
        assert {status for status, _ in verdicts[15:18]} == {404}
        assert sorted(verdicts[18:], key=str) == sorted([WON, GONE], key=str)
        live.do(
            lambda lead_id=lead_id: session().execute(
                update(Pickup)
                .where(Pickup.lead_id == lead_id)
                .values(last_feedback_at=clock.now(), last_status="waiting")
            )
        )
    assert_no_deadlock(live)


def test_standing_by_against_the_give_back_is_heard_or_learns_that_it_is_back(live):
    for _ in range(6):
        holder, bob, carol = rep(), rep(), rep()
        lead_id, held = lost_by(holder=holder)
        his, hers = live.signed_in(bob, holder)
        verdict, given = at_once(
            lambda his=his, lead_id=lead_id: his.post(f"/leads/{lead_id}/stand-by").verdict,
            lambda hers=hers, held=held: (
                hers.post(f"/pickups/{held}/give-back", reason="duplicate").verdict
            ),
        )
        assert (verdict, given) == (WON, WON)
        stood = events_of(live, lead_id, "StoodBy")
        assert events_of(live, lead_id, "StandByHeard") == stood
        [theirs] = live.signed_in(carol)
        assert picks(theirs, lead_id)() == (GONE if stood else WON)
    assert_no_deadlock(live)


def end_head_start(live, lead_id):
    """Let the head start of a lead have ended just now; return its round."""

    def end():
        now = clock.now()
        round_id = session().scalar(
            update(OfferRound)
            .where(OfferRound.lead_id == lead_id, OfferRound.ended_at.is_(None))
            .values(head_start_until=now, next_ring_at=now)
            .returning(OfferRound.id)
        )
        session().execute(
            update(Offer)
            .where(Offer.round_id == round_id, Offer.visible_from > now)
            .values(visible_from=now)
        )
        return round_id

    return live.do(end)


def test_the_sweep_that_opens_a_lead_to_all_races_picks_and_itself(live):
    for _ in range(6):
        holder, bob, carol = rep(), rep(), rep()
        lead_id, held = lost_by(bob, holder=holder)
        give_back(live, held, holder)
        round_id = end_head_start(live, lead_id)
        his, hers = live.signed_in(bob, carol)
        opens = partial(live.do, lambda r=round_id: offers.open_rings(r, clock.now()))
        *_none, one, other = at_once(opens, opens, opens, picks(his, lead_id), picks(hers, lead_id))
        assert sorted([one, other], key=str) == sorted([WON, GONE], key=str)
        assert events_of(live, lead_id, "OfferVisible") <= 1
        assert events_of(live, lead_id, "LeadPickedUp") == 2
    assert_no_deadlock(live)


def test_sweeps_of_two_schedulers_at_the_same_things_do_each_once(live):
    holder, bob = rep(), rep()
    rep()
    lead_id, held = lost_by(bob, holder=holder)
    give_back(live, held, holder)
    round_id = end_head_start(live, lead_id)
    lapsed = live.do(lambda: make_offered_lead(at=clock.now() - 90 * HOUR).id)
    lapsed_round = live.value("SELECT id FROM offer_rounds WHERE lead_id = :id", id=lapsed)
    owed, debt = lost_by(holder=holder)
    late = clock.now() + timedelta(days=30)
    qualifier = make_person(make_vendor(), "qualifier")
    make_lead(
        at=clock.now() - timedelta(days=9),
        state=LeadState.QUALIFYING,
        qualifier_id=qualifier.id,
    )
    deeds = [
        partial(live.do, lambda: offers.open_rings(round_id, clock.now())),
        partial(live.do, lambda: offers.end_round(lapsed_round, clock.now())),
        partial(live.do, lambda: pickup.mark_debt(debt, late)),
        partial(live.do, lambda: drafts.tell_of_drafts(qualifier.id, clock.now())),
    ]
    at_once(*deeds * 4)
    assert events_of(live, lead_id, "OfferVisible") == 1
    assert events_of(live, lapsed, "RoundEnded") == 1
    assert events_of(live, lapsed, "LeadOffered") == 2
    assert events_of(live, owed, "FeedbackOverdue") == 1
    told = live.value(
        "SELECT count(*) FROM events WHERE name = 'DraftsStale' AND data->>'user_id' = :id",
        id=str(qualifier.id),
    )
    assert told == 1
    assert_no_deadlock(live)


def test_a_sweep_that_marks_a_debt_against_a_pick_of_the_same_rep_hurts_neither(live):
    for _ in range(4):
        alice = rep()
        owed, debt = lost_by(holder=alice)
        wanted = live.do(lambda: make_offered_lead(at=clock.now()).id)
        [tab] = live.signed_in(alice)
        late = clock.now() + timedelta(days=30)
        marks = partial(live.do, lambda d=debt, late=late: pickup.mark_debt(d, late))
        verdict, *_none = at_once(picks(tab, wanted), marks, marks)
        assert verdict == (409, "feedback_owed")
        assert events_of(live, owed, "FeedbackOverdue") == 1
    assert_no_deadlock(live)
