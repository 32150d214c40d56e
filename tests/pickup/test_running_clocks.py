"""Clocks of leads in hand start and stop with what makes them start and stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.jobs import run_now
from portal.deadlines import clocks as deadline_clocks
from portal.deadlines import operations as policies
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.deadlines.queries import get_policy
from portal.deadlines.rules import terms_of
from portal.feedback import actions, again
from portal.feedback import operations as feedback
from portal.feedback.action_rules import Action
from portal.feedback.rules import Answer
from portal.leads import activities
from portal.offers import operations as offers
from portal.partners import operations as partners
from portal.pickup import clocks, reassign
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.timeline.rules import Entry
from tests.factories import AT, make_manager, make_offered_lead, make_partner, make_person

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEPS = [
    {"clock": "feedback", "minutes": -2880, "action": "remind_holder"},
    {"clock": "feedback", "minutes": 0, "action": "remind_holder"},
    {"clock": "response", "minutes": 60, "action": "tell_account_manager"},
]


@dataclass
class World:
    firm: object
    alice: object
    lead: object
    id: int

    @property
    def row(self) -> Pickup:
        return session().get_one(Pickup, self.id, populate_existing=True)

    def clock(self, kind: ClockKind = ClockKind.FEEDBACK) -> Clock | None:
        return deadline_clocks.find_running(kind, pickup_id=self.id)

    def stopped(self) -> list[tuple[str, str, int]]:
        rows = session().execute(
            select(Clock.kind, Clock.outcome, Clock.late_seconds)
            .where(Clock.pickup_id == self.id, Clock.stopped_at.is_not(None))
            .order_by(Clock.id)
        )
        return [tuple(row) for row in rows]

    def answer(self, status: str, at: datetime, **said: object):
        return feedback.give(self.id, Answer(status, **said), self.alice, at)


def allow(**terms: object) -> DeadlinePolicy:
    policy = get_policy()
    for name, value in terms.items():
        setattr(policy, name, value)
    session().flush()
    return policy


@pytest.fixture
def world(ctx: Flask) -> World:
    """A lead that Alice picked up on a Monday at ten in Hanover, by terms with all clocks."""
    firm = make_partner()
    alice = get_actor(make_person(firm, "partner_rep", "partner_manager").id)
    allow(response_hours=8, completion_days=60, working=["response"], steps=STEPS)
    lead = make_offered_lead()
    return World(firm, alice, lead, pickup.claim(lead.id, alice, AT).pickup_id)


def test_a_pick_starts_the_clocks_of_its_policy_and_ends_that_of_the_offer(world: World) -> None:
    running = {one.kind: one for one in clocks.list_of(world.id)}

    assert {kind: one.due_at for kind, one in running.items()} == {
        # Monday at ten plus eight working hours
        "response": datetime(2026, 11, 17, 9, tzinfo=UTC),
        "feedback": AT + 7 * DAY,
        "completion": AT + 60 * DAY,
    }
    assert world.row.feedback_due_at == running["feedback"].due_at
    # two days before, but never in the first three quarters
    assert (running["feedback"].next_step, running["feedback"].next_step_at) == (
        0,
        AT + 7 * DAY - 42 * HOUR,
    )
    assert running["response"].next_step_at == running["response"].due_at + HOUR
    offer = session().scalars(select(Clock).where(Clock.round_id.is_not(None))).one()
    assert (offer.outcome, offer.stopped_at, offer.due_at) == ("met", AT, AT + 72 * HOUR)


def test_an_answer_starts_the_next_clock_and_how_late_it_was_is_kept(world: World) -> None:
    late = AT + 7 * DAY + 90 * MINUTE

    world.answer("not_contacted", late)

    assert world.stopped() == [("feedback", "missed", 5400)]
    assert world.clock().due_at == world.row.feedback_due_at == late + 7 * DAY
    assert world.clock(ClockKind.RESPONSE) is not None


@pytest.mark.parametrize(
    ("status", "stops"),
    [("not_contacted", False), ("waiting", True), ("proposal", True)],
)
def test_an_answer_that_tells_of_contact_stops_the_response_clock(
    world: World, status: str, stops: bool
) -> None:
    world.answer(status, AT + HOUR)

    assert (world.clock(ClockKind.RESPONSE) is None) == stops


@pytest.mark.parametrize(
    ("kind", "done", "stops"),
    [
        ("call", True, True),
        ("email", True, True),
        ("appointment", True, True),
        ("task", True, False),
        ("call", False, False),
    ],
)
def test_a_call_mail_or_meeting_that_is_done_stops_the_response_clock(
    world: World, kind: str, done: bool, stops: bool
) -> None:
    policy = allow(milestones=["appointment"])
    when = AT + HOUR
    session().refresh(world.lead)
    noted = activities.enter(
        world.lead,
        Entry(kind, "About the cabinets", due=when if done else when + DAY),
        done=done,
        actor=world.alice,
        at=when + MINUTE,
    )

    run_now("core.dispatch", {"here": True}, at=when + 2 * MINUTE)

    assert noted.id
    assert (world.clock(ClockKind.RESPONSE) is None) == stops
    assert world.row.first_contact_at == (when if stops else None)
    # a meeting is a milestone: tell of it soon
    soon = when + policy.milestone_hours * HOUR
    assert world.row.feedback_due_at == (soon if kind == "appointment" else AT + 7 * DAY)


def test_an_answer_that_is_taken_back_lets_the_clocks_run_as_before(world: World) -> None:
    before = {one.kind: one.id for one in clocks.list_of(world.id)}

    for status in ("waiting", "won", "lost"):
        said = {"value": 1000} if status == "won" else {"reason": "price", "decision_maker": "IT"}
        given = world.answer(status, AT + HOUR, **(said if status != "waiting" else {}))
        feedback.take_back(given.id, world.alice, AT + 2 * HOUR)

        assert {one.kind: one.id for one in clocks.list_of(world.id)} == before
        assert world.row.feedback_due_at == world.clock().due_at == AT + 7 * DAY
        assert world.clock().next_step_at == AT + 7 * DAY - 42 * HOUR


def test_a_lead_that_is_won_has_met_its_deadlines_one_given_back_has_void_ones(
    world: World,
) -> None:
    world.answer("won", AT + DAY + HOUR, value=1000)
    assert sorted(world.stopped()) == [
        ("completion", "met", 0),
        ("feedback", "met", 0),
        ("response", "missed", 3600),
    ]

    other = make_offered_lead()
    pickup_id = pickup.claim(other.id, world.alice, AT).pickup_id
    pickup.give_back(pickup_id, "no_capacity", None, world.alice, AT + 2 * DAY)
    given_back = World(world.firm, world.alice, other, pickup_id)
    # what was over is not forgotten
    assert sorted(one[:2] for one in given_back.stopped()) == [
        ("completion", "void"),
        ("feedback", "void"),
        ("response", "missed"),
    ]


def test_what_the_vendor_ends_stops_the_clocks_and_runs_on_when_taken_back(world: World) -> None:
    manager = get_actor(make_manager().id)
    actions.finish(
        Action.CANCEL,
        world.lead.id,
        Answer("cancelled", reason="by_mistake"),
        manager,
        AT + HOUR,
    )
    assert clocks.list_of(world.id) == []

    again.take_back(world.lead.id, manager, AT + 2 * HOUR)
    assert [one.kind for one in clocks.list_of(world.id)] == ["response", "feedback", "completion"]


def test_a_colleague_takes_over_clocks_as_they_stand(world: World) -> None:
    bob = make_person(world.firm)
    before = [(one.id, one.due_at) for one in clocks.list_of(world.id)]

    reassign.reassign(world.id, bob.id, world.alice, AT + HOUR)

    running = clocks.list_of(world.id)
    assert [(one.id, one.due_at) for one in running] == before
    assert {one.user_id for one in running} == {bob.id}


def test_time_counts_for_nobody_who_is_away_and_whom_nobody_stands_in_for(ctx: Flask) -> None:
    firm = make_partner()
    alice, bob, carol = (make_person(firm) for _ in range(3))
    away = date(2026, 11, 18), date(2026, 11, 19)
    for person, delegate in ((alice, None), (bob, carol.id)):
        partners.add_absence(firm.id, *away, AT, user_id=person.id, delegate_id=delegate)
    dues = [
        pickup.claim(make_offered_lead().id, get_actor(person.id), AT) for person in (alice, bob)
    ]
    found = [session().get_one(Pickup, one.pickup_id).feedback_due_at for one in dues]

    assert found == [AT + 9 * DAY, AT + 7 * DAY]


def test_a_policy_that_is_edited_leaves_running_clocks_alone(world: World) -> None:
    old = get_policy()
    policies.save(old.key, replace(terms_of(old), feedback_days=2, steps=()), None, None, AT)

    world.answer("waiting", AT + HOUR)

    assert world.clock().policy_id == old.id
    assert world.clock().next_step is not None


def test_nobody_picks_a_round_up_and_its_clock_says_so(ctx: Flask) -> None:
    make_person()
    lead = make_offered_lead()
    run_now("offers.end_rounds", at=AT + 73 * HOUR)
    found = session().scalars(select(Clock).where(Clock.lead_id == lead.id).order_by(Clock.id))
    assert [(one.outcome, one.late_seconds) for one in found] == [("missed", 3600), (None, 0)]

    offers.withdraw(lead.id, AT + 74 * HOUR)
    last = session().scalars(select(Clock).where(Clock.lead_id == lead.id).order_by(-Clock.id))
    assert last.first().outcome == "void"
