"""First come, first served: the claim and the gate, through the operations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import EventRow
from portal.deadlines.models import DeadlinePolicy
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.lifecycle import TransitionRefused
from portal.leads.models import Lead, LeadState, LeadStatus, LeadTransition
from portal.offers import operations as offers
from portal.offers.models import OfferRound
from portal.offers.rules import AlreadyTaken
from portal.partners.models import Absence, Partner, PartnerFigures
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.rules import Absent, CapacityReached, FeedbackOwed, Suspended
from portal.pickup.suspension import suspend_by_hand
from tests.factories import (
    AT,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
)

LATER = AT + timedelta(hours=1)


def actor_of(user):
    return get_actor(user.id)


def test_the_first_to_pick_up_a_lead_holds_it(ctx: Flask) -> None:
    alice = make_person()
    lead = make_offered_lead()
    claimed = pickup.claim(lead.id, actor_of(alice), LATER)
    held = session().get_one(Lead, lead.id, populate_existing=True)
    assert (held.state, held.holder_id) == (LeadState.HELD, alice.id)
    assert held.holder_organisation_id == alice.organisation_id
    assert not claimed.again
    assert session().scalar(select(OfferRound.outcome)) == "picked"
    assert session().get_one(PartnerFigures, alice.organisation_id).open_pickups == 1


def test_picking_up_twice_is_answered_with_yes(ctx: Flask) -> None:
    alice = actor_of(make_person())
    lead = make_offered_lead()
    first = pickup.claim(lead.id, alice, LATER)
    second = pickup.claim(lead.id, alice, LATER)
    assert second.again
    assert second.pickup_id == first.pickup_id
    events = session().scalar(
        select(func.count()).select_from(EventRow).where(EventRow.name == "LeadPickedUp")
    )
    assert events == 1


def test_an_answer_about_a_recruit_is_due_sooner_and_one_row_says_so(ctx: Flask) -> None:
    alice = actor_of(make_person())
    usual, recruit = make_offered_lead(), make_offered_lead(kind="partner_recruit")
    for lead, days in ((usual, 7), (recruit, 2)):
        claimed = pickup.claim(lead.id, alice, LATER)
        held = session().get_one(Pickup, claimed.pickup_id)
        assert held.feedback_due_at == LATER + timedelta(days=days)
        feedback.give(claimed.pickup_id, Answer("waiting"), alice, LATER)
        assert held.feedback_due_at == LATER + timedelta(days=days)
    assert session().scalar(select(func.count()).select_from(DeadlinePolicy)) == 1


def test_the_second_firm_gets_the_honest_answer(ctx: Flask) -> None:
    alice, bob = make_person(), make_person()
    lead = make_offered_lead()
    pickup.claim(lead.id, actor_of(alice), LATER)
    with pytest.raises(AlreadyTaken) as refusal:
        pickup.claim(lead.id, actor_of(bob), LATER)
    assert refusal.value.facts["gone_at"] == LATER
    assert refusal.value.facts["seen_by"] == 2
    assert not refusal.value.facts["in_house"]


def test_a_firm_that_never_had_the_offer_finds_nothing(ctx: Flask) -> None:
    make_partner()
    lead = make_offered_lead()
    stranger = make_person(make_partner(territories=["US"], country="US", subdivision=None))
    with pytest.raises(NotFound):
        pickup.claim(lead.id, actor_of(stranger), LATER)


def test_an_offer_that_has_ended_cannot_be_picked_even_if_no_worker_runs(ctx: Flask) -> None:
    alice = actor_of(make_person())
    lead = make_offered_lead()
    with pytest.raises(AlreadyTaken):
        pickup.claim(lead.id, alice, AT + timedelta(days=30))


def test_the_next_pick_waits_for_an_answer(ctx: Flask) -> None:
    alice = actor_of(make_person())
    first, second = make_offered_lead(), make_offered_lead()
    held = pickup.claim(first.id, alice, LATER)
    with pytest.raises(FeedbackOwed):
        pickup.claim(second.id, alice, LATER)
    feedback.give(held.pickup_id, Answer("waiting"), alice, LATER)
    pickup.claim(second.id, alice, LATER)


def test_an_answer_past_its_due_date_closes_the_gate_again(ctx: Flask) -> None:
    alice = actor_of(make_person())
    first, second = make_offered_lead(), make_offered_lead(hours=2000)
    held = pickup.claim(first.id, alice, LATER)
    feedback.give(held.pickup_id, Answer("waiting"), alice, LATER)
    with pytest.raises(FeedbackOwed):
        pickup.claim(second.id, alice, LATER + timedelta(days=7, minutes=1))


def test_answering_picks_up_the_lead_that_waits(ctx: Flask) -> None:
    alice = actor_of(make_person())
    first, second = make_offered_lead(), make_offered_lead()
    held = pickup.claim(first.id, alice, LATER)
    done = feedback.answer_and_claim(held.pickup_id, Answer("proposal"), second.id, alice, LATER)
    assert done.claimed is not None
    assert session().get_one(Lead, second.id, populate_existing=True).holder_id == alice.id


def test_an_answer_stays_although_the_lead_is_gone(ctx: Flask) -> None:
    alice, bob = actor_of(make_person()), actor_of(make_person())
    first, second = make_offered_lead(), make_offered_lead()
    held = pickup.claim(first.id, alice, LATER)
    pickup.claim(second.id, bob, LATER)
    done = feedback.answer_and_claim(held.pickup_id, Answer("waiting"), second.id, alice, LATER)
    assert done.claimed is None
    assert isinstance(done.refusal, AlreadyTaken)
    answered = session().get_one(Pickup, held.pickup_id, populate_existing=True)
    assert answered.last_status == "waiting"


def test_not_made_contact_a_second_time_needs_a_dated_next_step(ctx: Flask) -> None:
    alice = actor_of(make_person())
    held = pickup.claim(make_offered_lead().id, alice, LATER)
    feedback.give(held.pickup_id, Answer("not_contacted"), alice, LATER)
    again = LATER + timedelta(days=1)
    with pytest.raises(Invalid) as refusal:
        feedback.give(held.pickup_id, Answer("not_contacted"), alice, again)
    assert set(refusal.value.errors) == {"next_step", "next_step_on"}
    feedback.give(
        held.pickup_id,
        Answer("not_contacted", next_step="Call again", next_step_on=again.date()),
        alice,
        again,
    )
    found = session().get_one(Pickup, held.pickup_id, populate_existing=True)
    assert found.first_contact_at is None


def test_the_bounds_of_rep_and_firm_hold(ctx: Flask) -> None:
    firm = make_partner(capacity=2, rep_capacity=1)
    alice, alan, anna = (actor_of(make_person(firm)) for _ in range(3))
    leads = [make_offered_lead() for _ in range(4)]
    held = pickup.claim(leads[0].id, alice, LATER)
    feedback.give(held.pickup_id, Answer("waiting"), alice, LATER)
    with pytest.raises(CapacityReached):
        pickup.claim(leads[1].id, alice, LATER)
    pickup.claim(leads[1].id, alan, LATER)
    with pytest.raises(CapacityReached):
        pickup.claim(leads[2].id, anna, LATER)


def test_who_is_away_or_suspended_does_not_pick(ctx: Flask) -> None:
    alice = make_person()
    lead = make_offered_lead()
    today = LATER.date()
    absence = Absence(
        organisation_id=alice.organisation_id, user_id=alice.id, starts_on=today, ends_on=today
    )
    session().add(absence)
    with pytest.raises(Absent):
        pickup.claim(lead.id, actor_of(alice), LATER)
    session().delete(absence)
    partner = session().get_one(Partner, alice.organisation_id)
    until, manager = LATER + timedelta(days=1), actor_of(make_manager())
    suspend_by_hand(partner, until, "As agreed", manager, AT)
    with pytest.raises(Suspended):
        pickup.claim(lead.id, actor_of(alice), LATER)
    pickup.claim(lead.id, actor_of(alice), until)


def test_a_debt_over_seven_days_late_stops_the_colleagues_too(ctx: Flask) -> None:
    firm = make_partner()
    alice, alan = actor_of(make_person(firm)), actor_of(make_person(firm))
    first, second = make_offered_lead(), make_offered_lead(hours=2000)
    pickup.claim(first.id, alice, LATER)
    just_late = LATER + timedelta(days=13, hours=23)
    assert pickup.claim(second.id, alan, just_late)
    third = make_offered_lead(hours=2000)
    feedback.give(
        session().scalars(select(Pickup.id).where(Pickup.user_id == alan.id)).one(),
        Answer("waiting"),
        alan,
        just_late,
    )
    with pytest.raises(FeedbackOwed):
        pickup.claim(third.id, alan, LATER + timedelta(days=14, minutes=1))


def test_who_was_refused_and_why_is_on_record(ctx: Flask) -> None:
    alice, bob = make_person(), make_person()
    lead, other = make_offered_lead(), make_offered_lead()
    pickup.claim(lead.id, actor_of(bob), LATER)
    pickup.claim(other.id, actor_of(alice), LATER)
    for refused in (lead, make_offered_lead()):
        with pytest.raises(Refused):
            pickup.claim(refused.id, actor_of(alice), LATER)
    with pytest.raises(NotFound):
        pickup.claim(987_654, actor_of(alice), LATER)
    found = session().scalars(
        select(EventRow).where(EventRow.name == "PickRefused").order_by(EventRow.id)
    )
    assert [(row.lead_id == lead.id, row.data["user_id"], row.data["code"]) for row in found] == [
        (True, alice.id, "already_taken"),
        (False, alice.id, "feedback_owed"),
        (False, alice.id, "not_found"),
    ]


def test_giving_back_offers_the_lead_to_the_others_at_once(ctx: Flask) -> None:
    alice, bob = make_person(), make_person()
    lead = make_offered_lead()
    held = pickup.claim(lead.id, actor_of(alice), LATER)
    pickup.give_back(held.pickup_id, "wrong_number", "", actor_of(alice), LATER)
    back = session().get_one(Lead, lead.id, populate_existing=True)
    assert (back.state, back.round, back.holder_id) == (LeadState.OFFERED, 2, None)
    with pytest.raises(AlreadyTaken):
        pickup.claim(lead.id, actor_of(alice), LATER)
    assert pickup.claim(lead.id, actor_of(bob), LATER)


def test_a_lead_nobody_is_left_for_stands_on_the_board_as_returned(ctx: Flask) -> None:
    alice = actor_of(make_person())
    lead = make_offered_lead()
    held = pickup.claim(lead.id, alice, LATER)
    pickup.give_back(held.pickup_id, "duplicate", "", alice, LATER)
    assert session().get_one(Lead, lead.id, populate_existing=True).state == LeadState.RETURNED


def test_a_firm_is_out_when_all_its_reps_said_not_for_me(ctx: Flask) -> None:
    firm = make_partner()
    alice, alan = actor_of(make_person(firm)), actor_of(make_person(firm))
    bob = actor_of(make_person())
    lead = make_offered_lead()
    assert not offers.decline(lead.id, "too_far", alice, LATER)
    assert offers.decline(lead.id, "too_far", alan, LATER)
    with pytest.raises(AlreadyTaken):
        pickup.claim(lead.id, alan, LATER)
    assert pickup.claim(lead.id, bob, LATER)


def test_a_manager_declines_for_the_whole_firm(ctx: Flask) -> None:
    firm = make_partner()
    make_person(firm)
    anna = actor_of(make_person(firm, "partner_manager"))
    lead = make_offered_lead()
    assert offers.decline(lead.id, "too_far", anna, LATER)
    assert session().get_one(Lead, lead.id, populate_existing=True).state == LeadState.RETURNED


def test_a_race_that_nobody_won_starts_again_until_the_third_time(ctx: Flask) -> None:
    make_person()
    lead = make_offered_lead()
    for number in (1, 2, 3):
        found = (
            session()
            .scalars(
                select(OfferRound).where(OfferRound.number == number, OfferRound.lead_id == lead.id)
            )
            .one()
        )
        offers.end_round(found.id, found.ends_at + timedelta(seconds=1))
    assert session().get_one(Lead, lead.id, populate_existing=True).state == LeadState.RETURNED


def test_won_needs_a_value_and_lost_a_reason_and_who_decided(ctx: Flask) -> None:
    alice = actor_of(make_person())
    held = pickup.claim(make_offered_lead().id, alice, LATER)
    with pytest.raises(Invalid) as refusal:
        feedback.give(held.pickup_id, Answer("won"), alice, LATER)
    assert set(refusal.value.errors) == {"value"}
    with pytest.raises(Invalid) as refusal:
        feedback.give(held.pickup_id, Answer("lost"), alice, LATER)
    assert set(refusal.value.errors) == {"reason", "decision_maker"}


def test_a_lead_that_misses_something_is_not_offered(ctx: Flask) -> None:
    make_person()
    lead = make_lead(contact={"company": "Kanarienwerke AG"}, title="")
    with pytest.raises(Invalid) as refusal:
        offers.offer(lead.id, AT)
    assert {"title", "contact.last_name", "contact.reachable"} <= set(refusal.value.errors)


def test_a_pick_goes_the_way_that_is_open_to_the_leads_own_type(ctx: Flask) -> None:
    """Another lead, of a type that may go it, opens it to nobody."""
    alice = actor_of(make_person())
    person, company = make_offered_lead(type="person"), make_offered_lead()
    begins = session().get_one(LeadStatus, company.status_id)
    for way in session().scalars(
        select(LeadTransition).where(LeadTransition.from_status_id == begins.id)
    ):
        way.type_ids = [company.type_id]
    session().flush()
    with pytest.raises(TransitionRefused):
        pickup.claim(person.id, alice, AT)
    pickup.claim(company.id, alice, AT)
    assert session().get_one(Lead, company.id, populate_existing=True).state == LeadState.HELD
