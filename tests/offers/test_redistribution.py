"""Where a lead goes that nobody picks up, or that came back: rung by rung, as its policy says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Conflict
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.deadlines.models import DeadlinePolicy, Rung
from portal.deadlines.queries import get_policy
from portal.leads.models import Lead, LeadState
from portal.matching.criteria import Condition, Criterion, Field, Kind
from portal.matching.models import DistributionRule
from portal.matching.operations import match
from portal.matching.queries import find_rule_for
from portal.matching.rulebook import RuleDraft, add_rule, delete_rule
from portal.offers import dry_run, redistribution
from portal.offers import operations as offers
from portal.offers.models import Redistribution, Way
from portal.offers.queries import find_card
from portal.offers.rules import rungs_left
from portal.pickup import operations as pickup
from portal.pickup import recall
from portal.pickup.models import Pickup
from portal.qualification.nurture import find_nurture
from tests.factories import (
    AT,
    answer_questions,
    last_round,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_unit,
    make_vendor,
)

HOUR = timedelta(hours=1)
A, G, U, C, N = Rung.AGAIN, Rung.GROUP, Rung.OVERFLOW, Rung.CHANNEL_MANAGER, Rung.NURTURE


@pytest.mark.parametrize(
    ("chain", "last", "why", "lapses", "left"),
    [
        ([A], None, "lapsed", 1, [A]),
        ([A], A, "lapsed", 2, [A]),
        ([A], A, "lapsed", 3, []),
        ([A], A, "declined", 3, [A]),
        ([A, G, U, C], None, "lapsed", 1, [A, G, U, C]),
        ([A, G, U, C], A, "lapsed", 2, [G, U, C]),
        ([A, G, U, C], G, "lapsed", 3, [G, U, C]),
        ([A, G, U, C], U, "lapsed", 4, [C]),
        ([A, G, U, C], U, "given_back", 0, [A, G, U, C]),
        ([A, G, U, C], G, "recalled", 0, [A, G, U, C]),
        ([G, C], None, "lapsed", 1, [G, C]),
        ([A, C], A, "lapsed", 2, [A, C]),
        ([A, C], A, "lapsed", 3, [C]),
        ([G, N], A, "lapsed", 1, [G, N]),
        ([], None, "lapsed", 1, []),
    ],
)
def test_the_rungs_that_are_left(chain, last, why, lapses, left):
    assert rungs_left(chain, last, why, lapses) == left


def far_and_wide() -> DistributionRule:
    """Add a rule behind all others that takes every partner."""
    return add_rule(RuleDraft("Everybody", [], [Criterion(Kind.BRAND, weight=50)]), AT)


@pytest.fixture
def chained(ctx: Flask) -> DeadlinePolicy:
    """Let the standard policy go all the way, to Otto of the overflow unit in the end."""
    vendor = make_vendor()
    unit = make_unit(vendor, "Digital sales")
    make_person(vendor, "direct_sales", name="Otto", unit_id=unit.id)
    make_manager()
    policy = get_policy()
    policy.chain = [A, G, U, C]
    policy.overflow_unit_id = unit.id
    session().flush()
    return policy


def end_of(lead):
    ends = last_round(lead).ends_at
    run_now("offers.end_rounds", at=ends)
    return ends


def now(lead):
    return session().get_one(Lead, lead.id, populate_existing=True)


def test_a_lead_that_nobody_picks_up_goes_wider_and_wider_and_ends_on_a_desk(chained):
    make_person(make_partner("Near"))
    far_and_wide()
    lead = make_offered_lead()
    first = last_round(lead).rule_id
    end_of(lead)
    assert (now(lead).round, last_round(lead).rule_id) == (2, first)
    end_of(lead)
    assert last_round(lead).rule_id != first
    while redistribution.rung_of(last_round(lead)) == G:
        at = end_of(lead)
    otto = get_actor(make_person_of_unit(chained))
    assert redistribution.rung_of(last_round(lead)) == U
    assert find_card(lead.id, otto, at + HOUR) is not None
    end_of(lead)
    assert now(lead).state == LeadState.RETURNED
    steps = [one.rung for one in reversed(redistribution.list_steps(lead.id))]
    assert (steps[0], steps[1], steps[-2:]) == (A, G, [U, C])
    (asked,) = session().scalars(select(EventRow).where(EventRow.name == "LeadReturned"))
    assert asked.data["asks"] is True


def make_person_of_unit(policy: DeadlinePolicy) -> int:
    """Return somebody of the overflow unit."""
    return make_person(make_vendor(), "direct_sales", unit_id=policy.overflow_unit_id).id


def test_no_rung_leads_back_to_who_declined_or_held_it(chained):
    held, declined, third = (make_person(make_partner(name)) for name in ("H", "D", "T"))
    boss = make_person(declined.organisation, "partner_manager")
    far_and_wide()
    lead = make_offered_lead()
    offers.decline(lead.id, "too_far", get_actor(boss.id), AT)
    pickup_id = pickup.claim(lead.id, get_actor(held.id), AT + HOUR).pickup_id
    late = session().get_one(Pickup, pickup_id).feedback_due_at + HOUR
    recall.recall(pickup_id, None, recall.SILENT, None, late)
    at = now(lead).rests_until
    run_now("offers.end_rests", at=at)
    for _round in range(2):
        for person, sees in ((held, False), (declined, False), (third, True)):
            assert (find_card(lead.id, get_actor(person.id), at) is not None) is sees
        at = end_of(lead)


def test_who_stood_by_sees_first_what_was_taken_back(chained):
    held, waits, other = (make_person(make_partner(name)) for name in ("H", "W", "T"))
    lead = make_offered_lead()
    pickup_id = pickup.claim(lead.id, get_actor(held.id), AT + HOUR).pickup_id
    offers.stand_by(lead.id, get_actor(waits.id), AT + 2 * HOUR)
    late = session().get_one(Pickup, pickup_id).feedback_due_at + HOUR
    recall.recall(pickup_id, None, recall.SILENT, None, late)
    at = now(lead).rests_until
    run_now("offers.end_rests", at=at)
    assert find_card(lead.id, get_actor(waits.id), at) is not None
    assert find_card(lead.id, get_actor(other.id), at) is None


def test_the_overflow_unit_has_a_lead_before_its_round_is_over(chained):
    make_person(make_partner())
    lead = make_offered_lead()
    first = last_round(lead)
    dry_run.begin(None, AT)
    assert not offers.end_for_overflow(first.id, AT + HOUR)
    assert now(lead).state == LeadState.OFFERED
    dry_run.end(None, AT)
    assert offers.end_for_overflow(first.id, AT + HOUR)
    assert first.outcome == "expired"
    assert redistribution.rung_of(last_round(lead)) == U
    assert not offers.end_for_overflow(last_round(lead).id, AT + 2 * HOUR)


@pytest.mark.parametrize(("chain", "state"), [([N], LeadState.NURTURE), ([], LeadState.RETURNED)])
def test_the_end_of_the_chain(chained, chain, state):
    make_person(make_partner())
    chained.chain = chain
    lead = make_offered_lead()
    at = end_of(lead)
    assert now(lead).state == state
    kept = find_nurture(lead.id)
    assert (kept is not None and kept.until > at) is (state == LeadState.NURTURE)


def test_a_lead_goes_the_way_of_the_version_with_which_it_was_picked(chained):
    rep = make_person(make_partner("H"))
    make_person(make_partner("T"))
    lead = make_offered_lead()
    pickup_id = pickup.claim(lead.id, get_actor(rep.id), AT + HOUR).pickup_id
    kept = session().get_one(Pickup, pickup_id).policy_id
    pickup.give_back(pickup_id, "no_capacity", None, get_actor(rep.id), AT + 2 * HOUR)
    (step,) = session().scalars(select(Redistribution))
    assert (step.policy_id, step.why, step.rung) == (kept, Way.GIVEN_BACK, A)


def test_the_next_rule_is_one_that_fits_the_lead(chained):
    make_person(make_partner())
    chained.chain = [G]
    lead = make_offered_lead(temperature="warm")
    others = DistributionRule.id != last_round(lead).rule_id
    session().execute(update(DistributionRule).where(others).values(active=False))
    cold = Condition(Field.TEMPERATURE, ("cold",))
    add_rule(RuleDraft("Cold", [cold], [Criterion(Kind.BRAND, weight=50)]), AT)
    wide = far_and_wide().id
    end_of(lead)
    assert last_round(lead).rule_id == wide


def test_a_rule_deleted_in_the_same_moment_offers_nobody_anything(ctx, monkeypatch):
    make_partner()
    lead = make_lead()
    answer_questions(lead)
    rule = find_rule_for(lead)

    def find_and_lose(*asked, **how):
        found = match(*asked, **how)
        delete_rule(rule.id, AT)
        return found

    monkeypatch.setattr(offers, "match", find_and_lose)
    with pytest.raises(Conflict):
        offers.offer(lead.id, AT)
    assert redistribution.by_rule(lead, rule, AT) is None
