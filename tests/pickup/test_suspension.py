"""Who misses deadlines again and again picks up nothing for a while; answering is the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.deadlines import clocks
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.feedback import actions
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing.models import Notice
from portal.partners.models import Partner
from portal.pickup import extension, queries, recall, suspension
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.reassign import reassign
from tests.factories import AT, make_manager, make_offered_lead, make_partner, make_person

DAY = timedelta(days=1)
LATE = AT + 8 * DAY


def terms(**said):
    """Have the one policy say this."""
    session().execute(update(DeadlinePolicy).values(**said))
    session().expire_all()


def hold(actor, at=AT, hours=2000):
    """Let somebody hold a lead."""
    lead = make_offered_lead(hours=hours)
    return session().get_one(Pickup, pickup.claim(lead.id, actor, at).pickup_id)


def holding(firm):
    """Return what holds for a firm and its people."""
    return [one.id for one in suspension.in_force(firm.id, LATE)]


def miss(held, due, outcome=None):
    """Let an answer about a lead be late since a moment, or have been it."""
    policy = queries.get_policy(held)
    running = clocks.find_running(ClockKind.FEEDBACK, pickup_id=held.id)
    if running is not None and outcome is None:
        running.due_at = due
        return
    session().add(
        Clock(
            kind="feedback",
            lead_id=held.lead_id,
            pickup_id=held.id,
            user_id=held.user_id,
            organisation_id=held.organisation_id,
            policy_id=policy.id,
            started_at=due - DAY,
            length_minutes=1440,
            due_at=due,
            first_due_at=due,
            stopped_at=due + DAY if outcome else None,
            outcome=outcome,
        )
    )
    session().flush()


@pytest.mark.parametrize("scope", ["rep", "firm"])
def test_the_third_miss_suspends_until_all_is_answered(ctx: Flask, scope: str) -> None:
    firm = make_partner()
    alice, alan = (get_actor(make_person(firm).id) for _ in range(2))
    held, other = hold(alice), hold(alan)
    terms(suspend_after=3, suspend_within_days=30, suspend_days=5, gate_scope=scope)
    policy = queries.get_policy(held)
    for days, kept in ((40, "missed"), (20, "missed"), (10, "met")):
        miss(held, AT - days * DAY, kept)
    miss(other, LATE - DAY)
    miss(held, LATE + DAY)  # not late yet
    assert suspension.suspend(held, policy, LATE) is None
    miss(held, LATE - DAY)
    if scope == "rep":
        miss(held, LATE - 2 * DAY, "missed")
    begun = suspension.suspend(held, policy, LATE)
    assert begun is not None
    assert (begun.misses, begun.until) == (3, LATE + 5 * DAY)
    assert begun.user_id == (alice.id if scope == "rep" else None)
    partner = session().get_one(Partner, firm.id)
    assert partner.suspended_until == (None if scope == "rep" else begun.until)
    # the same misses cost once
    assert suspension.suspend(held, policy, LATE + DAY) is None

    run_now("core.dispatch", {"here": True}, LATE)
    told = set(session().scalars(select(Notice.user_id).where(Notice.topic == "paused")))
    assert told == ({alice.id} if scope == "rep" else {alice.id, alan.id})

    given = feedback.give(held.id, Answer("waiting"), alice, LATE)
    if scope == "firm":
        assert holding(firm) == [begun.id]
        given = feedback.give(other.id, Answer("waiting"), alan, LATE)
    assert holding(firm) == []
    assert session().get_one(Partner, firm.id, populate_existing=True).suspended_until is None
    feedback.take_back(given.id, alice if scope == "rep" else alan, LATE)
    assert holding(firm) == [begun.id]


@pytest.mark.parametrize("way", ["recall", "grant", "reassign", "close"])
def test_who_owes_nothing_any_more_picks_up_again(ctx: Flask, way: str) -> None:
    firm, mara = make_partner(), get_actor(make_manager().id)
    alice, alan = (get_actor(make_person(firm).id) for _ in range(2))
    moritz = get_actor(make_person(firm, "partner_manager").id)
    held = hold(alice)
    if way == "grant":
        feedback.give(held.id, Answer("waiting"), alice, AT)
    terms(suspend_after=1, suspend_within_days=90, suspend_days=50, gate_scope="rep")
    terms(extension_approval="channel_manager", most_extensions=1, extension_days=7)
    at = held.feedback_due_at + 4 * DAY
    miss(held, at - DAY, "missed")
    assert suspension.suspend(held, queries.get_policy(held), at) is not None
    if way == "recall":
        recall.recall(held.id, mara, recall.SILENT, None, at)
    elif way == "close":
        actions.finish(
            actions.Action.CANCEL, held.lead_id, Answer("cancelled", reason="by_mistake"), mara, at
        )
    elif way == "grant":
        wish = extension.ask(held.id, 3, "customer_away", alice, at)
        extension.decide(wish.id, True, mara, at)
    else:
        reassign(held.id, alan.id, moritz, at)
    assert suspension.in_force(firm.id, at) == []


def test_what_the_vendor_decided_ends_by_his_hand_or_with_its_time(ctx: Flask) -> None:
    firm, manager = make_partner(), get_actor(make_manager().id)
    alice = get_actor(make_person(firm).id)
    held = hold(alice)
    partner = session().get_one(Partner, firm.id)
    begun = suspension.suspend_by_hand(partner, AT + 9 * DAY, "As agreed", manager, AT)
    feedback.give(held.id, Answer("waiting"), alice, AT)
    assert suspension.in_force(firm.id, AT + 8 * DAY) == [begun]
    assert suspension.in_force(firm.id, AT + 9 * DAY) == []
    suspension.end(partner, begun.id, manager, AT + DAY)
    assert (begun.ending, begun.ended_by_id) == ("by_hand", manager.id)
    assert partner.suspended_until is None


def test_a_block_is_told_once_and_goes_with_the_answer(ctx: Flask) -> None:
    alice = get_actor(make_person().id)
    held = hold(alice)
    for _twice in range(2):
        pickup.block(held, LATE)
    assert held.blocked_at == LATE
    assert session().scalar(select(func.count()).where(EventRow.name == "LeadBlocked")) == 1
    given = feedback.give(held.id, Answer("proposal"), alice, LATE)
    assert held.blocked_at is None
    feedback.take_back(given.id, alice, LATE)
    assert held.blocked_at == LATE


def test_what_was_late_stays_the_miss_of_who_held_the_lead_then(ctx: Flask) -> None:
    firm = make_partner()
    alice, alan, bert = (get_actor(make_person(firm).id) for _ in range(3))
    terms(allowed_open=9, firm_red_days=99)
    anna = get_actor(make_person(firm, "partner_manager").id)
    late, soon = hold(alice), hold(alice)
    miss(late, AT + DAY)
    miss(soon, AT + 3 * DAY)
    for one in (late, soon):
        clocks.stop_all(AT, pickup_id=one.id, kinds=(ClockKind.RESPONSE,))
        reassign(one.id, alan.id, anna, AT + 2 * DAY)

    def misses(actor):
        return suspension.count_misses(firm.id, actor.id, AT, LATE)

    assert misses(alice) == (1, AT + DAY)
    assert misses(alan) == (1, AT + 3 * DAY)
    assert suspension.count_misses(firm.id, None, AT, LATE) == (2, AT + 3 * DAY)
    # handed on once more it stays hers, and what was due meanwhile is his
    for one in (late, soon):
        reassign(one.id, bert.id, anna, AT + 4 * DAY)
    assert (misses(alice)[0], misses(alan)[0], misses(bert)[0]) == (1, 1, 0)
