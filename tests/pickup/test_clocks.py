"""The clocks of feedback and offers: told at their moment, once, and once after silence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.deadlines.queries import get_policy
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.offers.models import OfferRound
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import AT, make_offered_lead, make_person

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CLOCKS = ("FeedbackDueSoon", "FeedbackDue", "FeedbackOverdue")


class Held:
    """A lead in Alice's hands."""

    def __init__(self):
        self.alice = get_actor(make_person().id)
        self.lead = make_offered_lead()
        self.id = pickup.claim(self.lead.id, self.alice, AT).pickup_id

    @property
    def row(self):
        return session().get_one(Pickup, self.id, populate_existing=True)

    @property
    def due(self):
        return self.row.feedback_due_at


@pytest.fixture
def held(ctx: Flask) -> Held:
    return Held()


def look(*moments):
    for at in moments:
        run_now("pickup.mark_debts", at=at)


def told(*names):
    """Return what was told, in order."""
    return list(
        session().scalars(
            select(EventRow.name).where(EventRow.name.in_(names or CLOCKS)).order_by(EventRow.id)
        )
    )


def test_soon_due_and_overdue_are_told_at_their_moments_once_each(held):
    soon = held.due - timedelta(hours=42)  # a quarter of seven days
    look(soon - MINUTE)
    assert told() == []
    look(soon, soon + HOUR, held.due - MINUTE)
    assert told() == ["FeedbackDueSoon"]
    look(held.due, held.due + HOUR, held.due + DAY - MINUTE)
    assert told() == ["FeedbackDueSoon", "FeedbackDue"]
    look(held.due + DAY, held.due + 2 * DAY, held.due + 50 * DAY)
    assert told() == list(CLOCKS)


def test_after_three_days_of_silence_only_the_worst_is_told_and_once(held):
    look(held.due + 3 * DAY, held.due + 3 * DAY, held.due + 3 * DAY + MINUTE)
    assert told() == ["FeedbackOverdue"]
    assert held.row.debt == "overdue"


def test_an_answer_begins_the_clock_anew(held):
    look(held.due)
    feedback.give(held.id, Answer("waiting"), held.alice, held.due + HOUR)
    look(held.due - DAY)
    assert told() == ["FeedbackDue", "FeedbackDueSoon"]
    look(held.due)
    assert told() == ["FeedbackDue", "FeedbackDueSoon", "FeedbackDue"]


def test_what_ended_is_not_asked_for(held):
    feedback.give(held.id, Answer("won", value=1000), held.alice, AT + HOUR)
    look(AT + 30 * DAY)
    assert told() == []


def test_a_policy_that_grows_milder_is_no_news(held):
    look(held.due + DAY)
    assert told() == ["FeedbackOverdue"]
    get_policy().overdue_hours = 72
    look(held.due + DAY + MINUTE)
    assert held.row.debt == "due"
    assert told() == ["FeedbackOverdue"]


def test_a_round_that_ended_during_three_days_of_silence_ends_once(ctx: Flask):
    make_person()
    lead = make_offered_lead(hours=24)
    late = AT + DAY + 3 * DAY
    for at in (late, late, late + MINUTE, late + HOUR):
        run_now("offers.end_rounds", at=at)
    assert told("RoundEnded", "LeadOffered", "LeadReturned") == [
        "LeadOffered",
        "RoundEnded",
        "LeadOffered",
    ]
    rounds = session().scalars(
        select(OfferRound).where(OfferRound.lead_id == lead.id).order_by(OfferRound.number)
    )
    assert [(round_.number, round_.outcome) for round_ in rounds] == [(1, "expired"), (2, None)]
