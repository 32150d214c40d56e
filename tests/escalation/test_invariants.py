"""What should never be is found, told on the Board and by the doctor, and forgotten once mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal import doctor
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.jobs import run_now
from portal.deadlines.models import Clock, DeadlinePolicy
from portal.escalation import invariants
from portal.escalation.models import Broken
from portal.leads.models import Lead
from portal.offers.models import Offer
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

NOW = clock.now()
BEFORE = NOW - timedelta(hours=2)


class House:
    """A lead on offer and one in hand, both as they should be."""

    def __init__(self):
        self.before = []
        self.manager = make_manager()
        firm = make_partner(account_manager_id=self.manager.id)
        self.rep = make_person(firm)
        self.offered = make_offered_lead(at=BEFORE, owner_id=self.manager.id)
        self.held = make_offered_lead(at=BEFORE)
        self.pickup_id = pickup.claim(self.held.id, get_actor(self.rep.id), BEFORE).pickup_id
        session().flush()

    def noted(self, at=NOW):
        run_now("escalation.check_invariants", at=at)
        return [(row.kind, row.id) for row in invariants.list_noted(get_actor(self.manager.id), 9)]

    def change(self, what, *where, **values):
        """Change rows behind everybody's back, and remember what they said."""
        columns = [what.id, *(getattr(what, name) for name in values)]
        self.before += [(what, row) for row in session().execute(select(*columns).where(*where))]
        session().execute(update(what).where(*where).values(**values))

    def mend(self):
        for what, row in reversed(self.before):
            kept = row._asdict()
            session().execute(update(what).where(what.id == kept.pop("id")).values(**kept))

    def clock_of_pickup(self):
        return Clock.pickup_id == self.pickup_id, Clock.kind == "feedback"


@pytest.fixture
def kept(ctx):
    return House()


def leaves(house):
    house.change(User, User.id == house.rep.id, active=False)
    # she was the only one whom the other lead was offered to
    make_person(house.rep.organisation)


def nobody_is_left(house):
    house.change(Offer, Offer.lead_id == house.offered.id, declined_at=BEFORE)


def owner_leaves(house):
    house.change(Lead, Lead.id == house.held.id, owner_id=None)


def clock_is_gone(house):
    stopped = {"stopped_at": BEFORE, "outcome": "void", "next_step": None, "next_step_at": None}
    house.change(Clock, *house.clock_of_pickup(), **stopped)


def clock_says_another_moment(house):
    house.change(Pickup, Pickup.id == house.pickup_id, feedback_due_at=NOW + timedelta(days=99))


def pickup_ends_without_its_clock(house):
    house.change(Pickup, Pickup.id == house.pickup_id, ended_at=NOW, outcome="lost")
    house.change(
        Lead, Lead.id == house.held.id, state="closed", holder_id=None, holder_organisation_id=None
    )


def nobody_takes_the_step(house):
    policy_id = session().scalar(select(Clock.policy_id).where(*house.clock_of_pickup()))
    house.change(
        DeadlinePolicy,
        DeadlinePolicy.id == policy_id,
        steps=[{"clock": "feedback", "minutes": 0, "action": "remind_holder"}],
    )
    house.change(
        Clock, *house.clock_of_pickup(), next_step=0, next_step_at=NOW - timedelta(minutes=11)
    )


def test_nothing_is_noted_of_what_is_as_it_should_be(kept):
    assert kept.noted() == []
    assert {one.name: one for one in doctor.examine(NOW)}["invariants"].found == "all hold"


@pytest.mark.parametrize(
    ("kind", "breaks", "lead"),
    [
        (Broken.HELD_BY_NOBODY, leaves, "held"),
        (Broken.OFFERED_TO_NOBODY, nobody_is_left, "offered"),
        (Broken.WITHOUT_OWNER, owner_leaves, "held"),
        (Broken.WITHOUT_CLOCK, clock_is_gone, "held"),
        (Broken.WITHOUT_CLOCK, clock_says_another_moment, "held"),
        (Broken.STRAY_CLOCK, pickup_ends_without_its_clock, "held"),
        (Broken.STRAY_STEP, nobody_takes_the_step, "held"),
    ],
)
def test_what_should_never_be_is_noted_once_and_gone_when_mended(kept, kind, breaks, lead):
    breaks(kept)
    assert kept.noted() == [(kind, getattr(kept, lead).id)]
    told = {one.name: one for one in doctor.examine(NOW)}["invariants"]
    assert (told.state, told.found) == ("warn", f"1 {doctor.BROKEN[kind]}")
    # looked at again it is still the one thing, found when it was found
    kept.noted(NOW + timedelta(minutes=1))
    [row] = invariants.list_noted(get_actor(kept.manager.id), 9)
    assert row.found_at == NOW
    kept.mend()
    assert kept.noted() == []


def test_an_inquiry_that_nobody_looks_after_is_noted_after_a_day(kept):
    lead = make_offered_lead(at=BEFORE, state_since=BEFORE)
    kept.change(Lead, Lead.id == lead.id, state="captured", owner_id=None, round=0)
    assert kept.noted() == []
    assert kept.noted(NOW + timedelta(hours=23)) == [(Broken.WITHOUT_OWNER, lead.id)]


@factory
def make_house_out_of_order():
    house = House()
    owner_leaves(house)
    house.noted()
    return house


def test_the_board_tells_who_sees_the_lead_and_nobody_else(client):
    house = make_house_out_of_order()
    manager, stranger = house.manager, make_person(make_vendor(), "account_manager")
    page = sign_in(client, manager).get("/board")
    assert "1 thing is out of order" in page.text
    listed = client.get("/board/out-of-order").text
    assert house.held.number in listed
    assert "Nobody of the vendor answers for it" in listed
    client.get("/logout")
    other = sign_in(client.application.test_client(), stranger)
    assert "out of order" not in other.get("/board").text
    assert house.held.number not in other.get("/board/out-of-order").text
