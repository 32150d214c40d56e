"""Leads are shared out: caps, cooling, places for new and small firms, and what holidays do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core.db import session, unit_of_work
from portal.core.errors import Conflict, Invalid
from portal.leads.models import Lead
from portal.matching import fairness, fairness_terms
from portal.matching.fairness_rules import (
    Had,
    Terms,
    arrange,
    drawn_places,
    left_out,
    window_start,
)
from portal.matching.models import DistributionRule
from portal.matching.operations import Match, match
from portal.matching.rules import score_of
from portal.matching.words import tell_excluded, why
from portal.offers import operations as offers
from portal.offers.rules import NobodyMatches
from portal.partners.models import Absence, Partner
from portal.pickup import operations as pickup
from portal.pickup.queries import position_of
from portal.pickup.rules import CapReached
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    last_round,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def agree(**said: Any) -> Terms:
    """Agree on terms, by whoever."""
    now = fairness.read_terms()
    return fairness_terms.save(replace(now, **said), None, AT)


def rule(**over: Any) -> DistributionRule:
    """Make a rule that asks for nothing."""
    made = DistributionRule(
        **{"criteria": [], "name": "All", "position": 0, "conditions": [], "changed_at": AT, **over}
    )
    session().add(made)
    session().flush()
    return made


def offer(at=AT, **over: Any) -> Lead:
    """Offer a lead to all who suit, by a rule that asks for nothing."""
    lead = make_lead(at=at, **over)
    answer_questions(lead)
    offers.offer(lead.id, at, rule=session().query(DistributionRule).filter_by(name="All").one())
    return lead


def firms(found: Match) -> set[int]:
    return {one.organisation_id for one in found.partners}


def at_work(*names: str) -> list[Organisation]:
    made = [make_partner(name) for name in names]
    for one in made:
        make_person(one)
    return made


# -- pure


@dataclass(frozen=True)
class Ranked:
    organisation_id: int
    score: float


HAD = Had(offers=3, hot_offers=1, picks=2, hot_picks=1, last_hot=AT - 2 * DAY)


@pytest.mark.parametrize(
    ("terms", "hot", "said"),
    [
        (Terms(), True, None),
        (Terms(most_offers=4), True, None),
        (Terms(most_offers=3), False, "cap.offers"),
        (Terms(most_picks=2), False, "cap.picks"),
        (Terms(most_hot_offers=1), False, None),
        (Terms(most_hot_offers=1), True, "cap.hot_offers"),
        (Terms(most_hot_picks=1), False, None),
        (Terms(most_hot_picks=1), True, "cap.hot_picks"),
        (Terms(cooling_days=3), False, None),
        (Terms(cooling_days=3), True, "cooling"),
        (Terms(cooling_days=2), True, None),
    ],
)
def test_who_has_had_his_share_is_left_out_for_a_while(terms, hot, said):
    assert left_out(terms, HAD, hot, AT) == said


def test_days_away_neither_empty_the_window_nor_use_it_up():
    today = AT.date()
    fortnight = [(today - 14 * DAY, today - DAY)]
    assert window_start(AT, 30, ()) == AT - 30 * DAY
    assert window_start(AT, 30, fortnight) == AT - 44 * DAY
    # what lies before the window doesn't matter, and two absences at once count once
    assert window_start(AT, 30, [(date(2020, 1, 1), date(2020, 2, 1))]) == AT - 30 * DAY
    assert window_start(AT, 30, fortnight * 2) == AT - 44 * DAY


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    new=st.sets(st.integers(1, 12)),
    places=st.integers(1, 12),
    percent=st.integers(0, 100),
    seed=st.integers(0, 2**53),
)
def test_places_that_are_drawn_leave_nobody_out_and_the_order_of_the_others_alone(
    scores, new, places, percent, seed
):
    ranked = [Ranked(n, score) for n, score in enumerate(sorted(scores, reverse=True), 1)]
    order, drawn = arrange(ranked, new, places, percent, seed)
    assert sorted(one.organisation_id for one in order) == [one.organisation_id for one in ranked]
    assert drawn <= new
    assert drawn <= {one.organisation_id for one in order[:places]}
    assert [one for one in order if one.organisation_id not in drawn] == [
        one for one in ranked if one.organisation_id not in drawn
    ]
    assert (order, drawn) == arrange(ranked, new, places, percent, seed)


def test_over_many_rounds_new_firms_get_the_share_of_places_that_was_agreed_on():
    ranked = [Ranked(n, 1 - n / 100) for n in range(1, 41)]
    new = range(21, 41)
    rounds = 2000
    seats = sum(len(arrange(ranked, new, 5, 15, seed)[1]) for seed in range(1, rounds + 1))
    # 15 % of five places is three quarters of one
    assert seats / (rounds * 5) == pytest.approx(0.15, abs=0.01)
    assert sum(drawn_places(5, 15, seed) for seed in range(1, rounds + 1)) == seats


def test_of_new_firms_the_better_suited_ones_are_drawn_more_often():
    ranked = [Ranked(1, 1.0), Ranked(2, 0.6), Ranked(3, 0.2)]
    drawn = [next(iter(arrange(ranked, {2, 3}, 1, 100, seed)[1])) for seed in range(1, 1501)]
    assert drawn.count(2) / len(drawn) == pytest.approx(0.75, abs=0.04)


# -- with the database


def test_whoever_was_offered_as_many_as_agreed_is_left_out_until_days_have_passed(ctx: Flask):
    one, other = at_work("One", "Other")
    made = rule(most=None)
    agree(most_offers=2, period_days=10)
    offer()
    offer(AT + DAY)
    make_partner("Third", at=AT)
    lead = make_lead()
    found = match(lead, AT + 2 * DAY, rule=made)
    assert {one.id, other.id}.isdisjoint(firms(found))
    assert found.excluded["cap.offers"] == 2
    assert sum(found.excluded.values()) == found.candidates - len(found.partners)
    assert "2 partners have been offered as many leads as agreed" in tell_excluded(found.excluded)
    assert {one.id, other.id} <= firms(match(lead, AT + 12 * DAY, rule=made))


def test_a_round_remembers_by_which_terms_it_was_shared_out(ctx: Flask):
    (one,) = at_work("One")
    rule()
    agree(most_hot_offers=1)
    offer(temperature="hot")
    with pytest.raises(NobodyMatches):
        offer(temperature="hot")
    kept = last_round(offer()).fairness
    assert kept is not None
    assert (kept["number"], kept["most_hot_offers"], kept["left_out"]) == (1, 1, {})
    (second,) = at_work("Second")
    kept = last_round(offer(temperature="hot")).fairness
    assert kept is not None
    assert kept["left_out"] == {"cap.hot_offers": [one.id]}
    assert second.id


def test_rings_that_never_opened_were_offered_to_nobody(ctx: Flask):
    first, later = at_work("First", "Later")
    made = rule(contest="staggered", ring_size=1, ring_minutes=60)
    agree(most_offers=1)
    lead = offer()
    here = {first.id, later.id}
    order = [one for one in here if one != min(here)]
    # the second ring is to come, so both have had theirs
    assert match(make_lead(), AT, rule=made).excluded["cap.offers"] == 2
    holder = get_actor(make_person(session().get_one(Organisation, min(here))).id)
    pickup.claim(lead.id, holder, AT + DAY / 48)
    assert here & firms(match(make_lead(), AT + DAY, rule=made)) == set(order)


def test_after_a_hot_one_comes_a_pause_before_the_next_hot_one(ctx: Flask):
    (one,) = at_work("One")
    made = rule()
    agree(cooling_days=5)
    pickup.claim(offer(temperature="hot").id, get_actor(make_person(one).id), AT)
    hot, warm = make_lead(temperature="hot"), make_lead()
    assert match(hot, AT + 4 * DAY, rule=made).excluded["cooling"] == 1
    assert one.id in firms(match(warm, AT + 4 * DAY, rule=made))
    assert one.id in firms(match(hot, AT + 6 * DAY, rule=made))


def test_of_two_hot_leads_on_offer_a_firm_picks_up_one_and_the_other_days_later(ctx: Flask):
    (one,) = at_work("One")
    me, her = (get_actor(make_person(one).id) for _ in range(2))
    first, second, third = (make_offered_lead(temperature="hot", hours=900) for _ in range(3))
    warm = make_offered_lead(temperature="warm", hours=900)
    agree(cooling_days=5)
    # neither absences nor holidays move the day: two days after `AT` is Repentance Day in Saxony
    session().get_one(Partner, one.id).subdivision = "DE-SN"
    away = (AT + DAY).date(), (AT + 3 * DAY).date()
    session().add(Absence(organisation_id=one.id, starts_on=away[0], ends_on=away[1]))
    noon = AT + 3 * HOUR
    mine = pickup.claim(first.id, me, AT).pickup_id
    pickup.give_back(mine, "no_capacity", None, me, AT)
    # given back doesn't count
    pickup.claim(second.id, me, noon)
    # who pressed a moment earlier and had to wait for the other is refused like who comes later
    for at in (noon - SECOND, noon, noon + 5 * DAY - SECOND):
        with pytest.raises(CapReached, match="Your firm picked up a hot lead") as refused:
            pickup.claim(third.id, her, at)
        assert refused.value.facts["obstacle"].until == noon + 5 * DAY
    assert match(make_lead(temperature="hot"), at, rule=rule()).excluded["cooling"] == 1
    pickup.claim(warm.id, her, noon)
    assert pickup.claim(third.id, get_actor(make_person(one).id), noon + 5 * DAY)


def test_a_holiday_brings_no_flood_afterwards(ctx: Flask):
    one, rested = at_work("One", "Rested")
    made = rule()
    agree(most_offers=2, period_days=7)
    offer()
    offer(AT + DAY)
    # away for a fortnight from the third day on
    session().add(
        Absence(
            organisation_id=rested.id,
            starts_on=(AT + 2 * DAY).date(),
            ends_on=(AT + 15 * DAY).date(),
        )
    )
    session().flush()
    back = AT + 16 * DAY
    assert firms(match(make_lead(), back, rule=made)) & {one.id, rested.id} == {one.id}
    # and after as many days as she still had to wait when she left, her turn is back
    assert rested.id in firms(match(make_lead(), back + 6 * DAY, rule=made))


def test_a_public_holiday_counts_as_a_day_away_where_it_is_one(ctx: Flask):
    """Repentance Day, two days after `AT`, is one in Saxony and not in Lower Saxony."""
    north, east = at_work("North", "East")
    session().get_one(Partner, east.id).subdivision = "DE-SN"
    made = rule()
    people = [get_actor(make_person(firm).id) for firm in (north, east)]
    for actor in people:
        pickup.claim(offer().id, actor, AT)
    agree(most_offers=2, most_picks=9, period_days=7)
    later = AT + 7 * DAY + HOUR
    assert firms(match(make_lead(), later, rule=made)) & {north.id, east.id} == {north.id}
    assert east.id in firms(match(make_lead(), later + DAY, rule=made))
    assert [position_of(actor, later).standing.picks for actor in people] == [0, 1]


def test_new_firms_get_a_place_by_lot_and_it_is_said(ctx: Flask):
    old = [make_partner(f"Old {n}", at=AT - 900 * DAY, people=80) for n in range(4)]
    new = make_partner("New", at=AT - DAY, latitude=52.9)
    near = {"kind": "radius", "mode": "weighted", "weight": 30, "km": 500}
    made = rule(most=2, criteria=[near])
    assert new.id not in firms(match(make_lead(), AT, rule=made, seed=5))
    agree(explored=50, new_days=90, small_people=3)
    found = match(make_lead(), AT, rule=made, seed=5)
    assert len(found.partners) == 2
    drawn = found.partners[-1]
    assert drawn.organisation_id == new.id
    assert len(firms(found) & {one.id for one in old}) == 1
    assert score_of(drawn.explanation) == drawn.score
    assert "a place kept for new and small partners" in why(drawn.explanation)
    assert found.fairness is not None
    assert found.fairness["drawn"] == [new.id]


def test_in_turn_the_first_turn_goes_to_a_new_firm_as_often_as_agreed(ctx: Flask):
    for number in range(4):
        make_partner(f"Old {number}", at=AT - 900 * DAY, people=80)
    new = make_partner("New", at=AT - DAY, latitude=52.9)
    near = {"kind": "radius", "mode": "weighted", "weight": 30, "km": 500}
    made = rule(criteria=[near], contest="serial", ring_minutes=60)
    agree(explored=50, new_days=90, small_people=3)
    lead = make_lead()
    first = [
        match(lead, AT, rule=made, seed=seed).partners[0].organisation_id for seed in range(1, 41)
    ]
    assert 12 <= first.count(new.id) <= 28


def test_a_firm_picks_up_as_many_as_agreed_and_is_told_honestly(ctx: Flask):
    (one,) = at_work("One")
    actor = get_actor(make_person(one).id)
    leads = [make_offered_lead() for _ in range(3)]
    hot, again = (make_offered_lead(temperature="hot") for _ in range(2))
    agree(most_picks=2, most_hot_picks=1, period_days=20)
    mine = pickup.claim(leads[0].id, actor, AT).pickup_id
    pickup.give_back(mine, "no_capacity", None, actor, AT)
    # given back doesn't count
    pickup.claim(hot.id, actor, AT)
    colleague = get_actor(make_person(one).id)
    with pytest.raises(CapReached, match="picked up 1 hot lead within 20 days"):
        pickup.claim(again.id, colleague, AT)
    pickup.claim(leads[1].id, colleague, AT)
    with pytest.raises(CapReached, match="picked up 2 leads within 20 days") as refused:
        pickup.claim(leads[2].id, get_actor(make_person(one).id), AT)
    assert refused.value.code == "cap_reached"
    assert position_of(colleague, AT).standing.picks == 2
    assert match(make_lead(), AT, rule=rule()).excluded["cap.picks"] == 1


def test_terms_are_versions_and_whoever_comes_second_is_told(ctx: Flask):
    first = agree(most_offers=5)
    assert agree(most_offers=5) == first
    with pytest.raises(Conflict):
        fairness_terms.save(Terms(most_offers=9), None, AT)
    with pytest.raises(Invalid) as wrong:
        agree(explored=101, most_picks=0)
    assert set(wrong.value.errors) == {"explored", "most_picks"}
    assert agree(most_offers=None).number == 2
    assert [row.most_offers for row, _name in fairness_terms.list_versions()] == [None, 5]


def test_a_channel_manager_agrees_on_terms_on_their_page(app, client):
    browser = sign_in(client, make_manager())
    page = browser.get("/rules/fairness").text
    assert "the rules alone decide" in page
    said = {
        "csrf_token": csrf_of(page),
        "number": "0",
        "period_days": "30",
        "most_hot_picks": "4",
        "cooling_days": "2",
        "explored": "10",
        "new_days": "180",
        "small_people": "many",
    }
    wrong = browser.post("/rules/fairness", data=said)
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    assert browser.post("/rules/fairness", data={**said, "small_people": "9"}).status_code == 303
    assert "at most 4 hot leads within 30 days" in browser.get("/rules/fairness").text
    assert browser.post("/rules/fairness", data={**said, "small_people": "8"}).status_code == 409


def test_no_cap_is_passed_however_many_come_at_once(committed: Flask):
    with committed.app_context(), unit_of_work():
        (one,) = at_work("One")
        people = [make_person(one).id for _ in range(4)]
        leads = [make_offered_lead().id for _ in range(4)]
        ready = [make_lead().id for _ in range(4)]
        for lead_id in ready:
            answer_questions(session().get_one(Lead, lead_id))
        session().get_one(Partner, one.id).capacity = 50
        agree(most_offers=6, most_picks=2)

    def both(number: int) -> tuple[str, str]:
        said = []
        deeds = (
            lambda: offers.offer(ready[number], AT),
            lambda: pickup.claim(leads[number], get_actor(people[number]), AT),
        )
        with committed.app_context():
            for deed in deeds:
                try:
                    with unit_of_work():
                        deed()
                    said.append("done")
                except (NobodyMatches, CapReached) as refusal:
                    said.append(refusal.code)
        return said[0], said[1]

    with ThreadPoolExecutor(4) as crowd:
        came = list(crowd.map(both, range(4)))
    assert [offered for offered, _picked in came].count("done") == 2
    assert [picked for _offered, picked in came].count("done") == 2


def test_of_colleagues_who_press_on_different_hot_leads_at_once_one_gets_hers(committed: Flask):
    with committed.app_context(), unit_of_work():
        (one,) = at_work("One")
        people = [make_person(one).id for _ in range(3)]
        leads = [make_offered_lead(temperature="hot").id for _ in people]
        agree(cooling_days=1)

    def press(number: int) -> str:
        with committed.app_context():
            try:
                with unit_of_work():
                    pickup.claim(leads[number], get_actor(people[number]), AT)
            except CapReached as refusal:
                return str(refusal.facts["obstacle"].reason)
        return "hers"

    with ThreadPoolExecutor(3) as crowd:
        assert sorted(crowd.map(press, range(3))) == ["cooling", "cooling", "hers"]
