"""A lead is taken back: only where nobody works on it, and the former holder loses it at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.catalog.queries import forget_book
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.deadlines.models import Clock, DeadlinePolicy
from portal.escalation.actions import take_back_lead
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import activities, contacts
from portal.leads.models import Lead, LeadState
from portal.leads.notes import write_note
from portal.offers import operations as offers
from portal.offers.models import OfferExclusion
from portal.offers.queries import find_card
from portal.offers.rules import Resting
from portal.partners.models import PartnerFigures
from portal.pickup import extension, recall
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.rules import NotYoursAnyMore
from portal.timeline.models import Activity
from portal.timeline.rules import Entry
from tests.factories import (
    AT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Held:
    """A lead in Alice's hands, her answer late; Mara is channel manager."""

    def __init__(self):
        self.firm = make_partner("Alpha")
        self.alice = get_actor(make_person(self.firm, name="Alice").id)
        self.bob = get_actor(make_person(make_partner("Beta"), name="Bob").id)
        self.mara = get_actor(make_manager().id)
        self.lead = make_offered_lead()
        self.id = pickup.claim(self.lead.id, self.alice, AT).pickup_id
        session().refresh(self.lead)
        self.late = self.row.feedback_due_at + HOUR

    @property
    def row(self):
        return session().get_one(Pickup, self.id, populate_existing=True)

    def policy(self, **values):
        policy = session().get_one(DeadlinePolicy, self.row.policy_id)
        for name, value in values.items():
            setattr(policy, name, value)
        session().flush()
        return policy

    def enter(self, kind, due, done=True, at=AT):
        entry = Entry(kind=kind, text="Alice and Ms Quastenflosser", due=due)
        return activities.enter(self.lead, entry, done=done, actor=self.alice, at=at)

    def recall(self, at=None, actor=None, **more):
        note = more.pop("note", None)
        return recall.recall(self.id, actor, "silent", note, at or self.late, **more)


@pytest.fixture
def held(ctx: Flask) -> Held:
    return Held()


def test_who_is_silent_loses_the_lead_and_the_firm_is_not_asked_again(held):
    lead = held.recall()
    assert (lead.state, lead.holder_id) == (LeadState.RECALLED, None)
    assert held.row.outcome == "recalled"
    assert lead.rests_until == held.late + 24 * HOUR
    figures = session().get_one(PartnerFigures, held.firm.id, populate_existing=True)
    assert (figures.open_pickups, figures.picked, figures.recalled) == (0, 1, 1)
    out = session().scalars(select(OfferExclusion.organisation_id)).all()
    assert out == [held.firm.id]
    running = select(Clock.id).where(Clock.pickup_id == held.id, Clock.stopped_at.is_(None))
    assert session().scalars(running).all() == []


def test_the_house_takes_back_although_people_can_not_choose_its_reason_any_more(held):
    reason = offers.own_reason("recall", recall.SILENT)
    reason.active = False
    session().flush()
    forget_book()
    assert held.recall().state == LeadState.RECALLED


def test_while_it_rests_nobody_is_offered_it_and_then_the_next_firm_is(held):
    lead = held.recall()
    with pytest.raises(Resting):
        offers.offer(lead.id, held.late + HOUR)
    run_now("offers.end_rests", at=lead.rests_until - timedelta(minutes=1))
    assert find_card(lead.id, held.bob, lead.rests_until) is None
    ends = lead.rests_until
    run_now("offers.end_rests", at=ends)
    run_now("offers.end_rests", at=ends)
    lead = session().get_one(Lead, lead.id)
    assert (lead.state, lead.rests_until, lead.round) == (LeadState.OFFERED, None, 2)
    assert find_card(lead.id, held.bob, ends) is not None
    assert find_card(lead.id, held.alice, ends) is None


def test_the_former_holder_reaches_nothing_of_it_any_more(held):
    lead = held.recall()
    assert contacts.find_contact(lead, held.alice, held.late) is None
    with pytest.raises(NotFound):
        held.enter("call", held.late, at=held.late)
    with pytest.raises(NotYoursAnyMore):
        feedback.give(held.id, Answer(status="waiting"), held.alice, held.late)
    with pytest.raises(NotYoursAnyMore):
        extension.ask(held.id, 3, "customer_away", held.alice, held.late)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("in time", recall.Kept.IN_TIME),
        ("worked on", recall.Kept.WORKED_ON),
        ("appointment", recall.Kept.APPOINTMENT),
        ("more time", recall.Kept.MORE_TIME),
    ],
)
def test_work_is_protected_and_only_a_channel_manager_decides_otherwise(held, case, why):
    at = held.late
    if case == "in time":
        at = held.row.feedback_due_at - HOUR
    elif case == "more time":
        held.policy(extension_approval="channel_manager")
        extension.ask(held.id, 3, "customer_away", held.alice, at)
    else:
        ahead = case == "appointment"
        kind, due = ("appointment", at + DAY) if ahead else ("call", at - DAY)
        held.enter(kind, due, done=not ahead, at=at - DAY)
    with pytest.raises(recall.WorkProtected) as refused:
        held.recall(at)
    assert refused.value.facts["why"] == why
    assert held.row.ended_at is None
    with pytest.raises(Invalid):
        held.recall(at, held.mara, force=True)
    leader = get_actor(make_person(make_vendor(), "sales_manager").id)
    with pytest.raises((Forbidden, NotFound)):
        held.recall(at, leader, force=True, note="Now")
    assert held.recall(at, held.mara, force=True, note="Agreed").state == LeadState.RECALLED


def test_work_of_long_ago_and_an_answer_given_protect_nothing(held):
    feedback.give(held.id, Answer(status="waiting"), held.alice, AT + HOUR)
    held.enter("call", AT + HOUR, at=AT + HOUR)
    assert held.recall(AT + 16 * DAY).state == LeadState.RECALLED


def test_two_who_take_it_back_do_so_once(held):
    held.recall()
    with pytest.raises(NotYoursAnyMore):
        held.recall()
    names = session().scalars(select(EventRow.name).where(EventRow.name == "LeadRecalled")).all()
    assert len(names) == 1


def test_the_next_holder_reads_what_was_done_without_names_and_words(held):
    held.enter("call", AT)
    write_note(held.lead, "Quastenflosser is rude", True, held.alice, AT)
    feedback.give(held.id, Answer(status="waiting", note="Alpha waits"), held.alice, AT + HOUR)
    lead = held.recall(AT + 30 * DAY)
    run_now("offers.end_rests", at=lead.rests_until)
    later = lead.rests_until + HOUR
    pickup.claim(lead.id, held.bob, later)
    feedback.give(
        session().scalars(select(Pickup.id).where(Pickup.ended_at.is_(None))).one(),
        Answer(status="proposal"),
        held.bob,
        later + HOUR,
    )
    done = recall.done_before(lead, later)
    assert [(one.kind, one.answer) for one in done] == [("feedback", "waiting"), ("call", None)]


def test_what_was_planned_is_settled_and_more_time_that_was_asked_for_is_moot(held):
    held.policy(extension_approval="account_manager")
    held.enter("task", held.late + DAY, done=False)
    wish = extension.ask(held.id, 3, "customer_away", held.alice, held.late)
    held.recall(actor=held.mara, force=True, note="Agreed with Alpha")
    assert wish.granted is False
    task = session().scalars(select(Activity).where(Activity.kind == "task")).one()
    assert task.code == "recalled"


def test_a_step_takes_back_what_is_still_in_hand(held):
    assert take_back_lead(None, held.row, held.late)
    assert held.lead.state == LeadState.RECALLED
    assert not take_back_lead(None, None, held.late)
