"""More time for a lead in hand: with a reason, within limits, granted as the policy says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.deadlines.clocks import find_running
from portal.deadlines.models import ClockKind, DeadlinePolicy
from portal.pickup import extension
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

DAY = timedelta(days=1)


class Held:
    """A lead in Alice's hands; Pam is her firm's account manager, Mara channel manager."""

    def __init__(self):
        pam = make_person(make_vendor(), "account_manager")
        firm = make_partner("Alpha", account_manager_id=pam.id)
        self.pam, self.mara = get_actor(pam.id), get_actor(make_manager().id)
        self.alice = get_actor(make_person(firm).id)
        self.colleague = get_actor(make_person(firm).id)
        self.other = get_actor(make_person(make_vendor(), "account_manager").id)
        self.lead = make_offered_lead()
        self.id = pickup.claim(self.lead.id, self.alice, AT).pickup_id
        session().refresh(self.lead)

    @property
    def row(self):
        return session().get_one(Pickup, self.id, populate_existing=True)

    def policy(self, **values):
        policy = session().get_one(DeadlinePolicy, self.row.policy_id)
        for name, value in values.items():
            setattr(policy, name, value)
        session().flush()

    def ask(self, at=AT, days=3, reason="customer_away", actor=None, note=""):
        return extension.ask(self.id, days, reason, actor or self.alice, at, note)


@pytest.fixture
def held(ctx: Flask) -> Held:
    return Held()


def test_where_nobody_has_to_agree_it_is_granted_at_once_and_moves_answer_and_clock(held):
    later = held.row.feedback_due_at + 3 * DAY
    wish = held.ask(note="Back on Monday")
    assert (wish.granted, wish.due, held.row.feedback_due_at) == (True, later, later)
    clock = find_running(ClockKind.FEEDBACK, pickup_id=held.id)
    assert (clock.due_at, clock.extensions) == (later, 1)
    # pressed twice it is one wish, a while later another
    assert held.ask() is wish
    assert held.row.feedback_due_at == later
    with pytest.raises(extension.NoMoreTime):
        held.ask(AT + timedelta(minutes=2))


def test_asked_late_the_days_count_from_now(held):
    at = held.row.feedback_due_at + 10 * DAY
    assert held.ask(at).due == at + 3 * DAY


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "no_such"}, "reason"),
        ({"days": 0}, "days"),
        ({"days": 8}, "days"),
        ({"days": None}, "days"),
    ],
)
def test_reason_and_days_are_asked_for(held, values, at):
    with pytest.raises(Invalid) as refused:
        held.ask(**values)
    assert set(refused.value.errors) == {at}


def test_a_policy_may_give_none_and_a_colleague_asks_for_nobody(held):
    with pytest.raises(NotFound):
        held.ask(actor=held.colleague)
    held.policy(most_extensions=0)
    with pytest.raises(extension.NoMoreTime):
        held.ask()


@pytest.mark.parametrize("granted", [True, False])
def test_the_account_manager_decides_with_one_press(held, granted):
    held.policy(extension_approval="account_manager")
    due = held.row.feedback_due_at
    wish = held.ask()
    assert held.ask().id == wish.id
    assert held.row.feedback_due_at == due
    assert [row.number for row in extension.list_waiting(held.pam)] == [held.lead.number]
    assert extension.list_waiting(held.other) == []
    with pytest.raises(NotFound):
        extension.decide(wish.id, granted, held.other, AT)
    extension.decide(wish.id, granted, held.pam, AT)
    extension.decide(wish.id, granted, held.pam, AT)
    with pytest.raises(extension.DecidedAlready):
        extension.decide(wish.id, not granted, held.mara, AT)
    assert held.row.feedback_due_at == (due + 3 * DAY if granted else due)
    assert extension.list_waiting(held.mara) == []


def test_what_only_a_channel_manager_grants_the_account_manager_does_not(held):
    held.policy(extension_approval="channel_manager")
    wish = held.ask()
    assert extension.list_waiting(held.pam) == []
    with pytest.raises(NotFound):
        extension.decide(wish.id, True, held.pam, AT)
    assert extension.decide(wish.id, True, held.mara, AT).granted
