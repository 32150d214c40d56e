"""Where the type of a lead says so, its owner speaks with the customer, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.accounts import tree
from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.assistance import duty
from portal.core import clock as clocks
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import Clock, DeadlinePolicy, Stop
from portal.feedback import operations as feedback
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer
from portal.leads import activities, team
from portal.leads.models import Lead, LeadType
from portal.pickup import operations as pickups
from portal.timeline.models import Activity
from portal.timeline.rules import Entry
from tests.factories import (
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

AT = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Scene:
    """A lead in Alice's hands that Paula of the vendor owns, who speaks with its customer."""

    def __init__(self, at: datetime = AT, speaks: str | None = "picked_up") -> None:
        vendor = make_vendor()
        self.paula = make_person(vendor, "account_manager", name="Paula")
        self.pam = make_person(vendor, "account_manager", name="Pam")
        self.firm = make_partner("Alpha", account_manager_id=self.paula.id)
        self.alice = make_person(self.firm, name="Alice")
        for policy in session().scalars(select(DeadlinePolicy)):
            policy.owner_hours, policy.working = 24, []
        for lead_type in session().scalars(select(LeadType)):
            lead_type.owner_speaks = speaks
        lead = make_offered_lead(at=at)
        self.pickup_id = pickups.claim(lead.id, get_actor(self.alice.id), at).pickup_id
        session().flush()
        react(at)
        self.lead = session().get_one(Lead, lead.id, populate_existing=True)

    @property
    def clock(self) -> Clock:
        found = select(Clock).where(Clock.kind == "owner", Clock.lead_id == self.lead.id)
        return session().scalars(found.execution_options(populate_existing=True)).one()


def react(at: datetime) -> None:
    for _twice in range(2):
        jobs.run_now("core.dispatch", {"here": True}, at)


def test_the_duty_begins_with_the_pickup_and_is_met_by_a_call_of_the_owner_alone(ctx):
    scene = Scene()
    assert (scene.clock.user_id, scene.clock.due_at) == (scene.paula.id, AT + 24 * HOUR)
    for user, met in ((scene.alice, None), (scene.paula, Stop.MET)):
        lead = session().get_one(Lead, scene.lead.id)
        call = Entry("call", "Spoken")
        activities.enter(lead, call, done=True, actor=get_actor(user.id), at=AT + HOUR)
        react(AT + HOUR)
        assert scene.clock.outcome == met


def test_no_type_that_does_not_say_so_has_it(ctx):
    scene = Scene(speaks=None)
    assert duty.running(scene.lead.id) == []


def test_one_tap_is_enough_late_is_kept_and_nobody_else_taps(ctx):
    scene = Scene()
    for stranger in (scene.pam, scene.alice):
        actor = get_actor(stranger.id)
        if stranger is scene.pam:
            with pytest.raises(NotFound):
                duty.speak(scene.lead.id, actor, AT + HOUR)
        else:
            duty.speak(scene.lead.id, actor, AT + HOUR)
        assert scene.clock.stopped_at is None
    for _twice in range(2):
        duty.speak(scene.lead.id, get_actor(scene.paula.id), AT + 26 * HOUR)
    assert (scene.clock.outcome, scene.clock.late_seconds) == (Stop.MISSED, 2 * 3600)
    calls = select(Activity).where(Activity.author_id == scene.paula.id)
    assert len(session().scalars(calls).all()) == 1


def test_it_is_void_with_the_lead_and_goes_with_its_owner(ctx):
    scene = Scene()
    manager = get_actor(make_person(make_vendor(), "channel_manager").id)
    team.set_owner(scene.lead.id, scene.pam.id, manager, AT + HOUR)
    react(AT + HOUR)
    assert scene.clock.user_id == scene.pam.id
    lost = Answer("lost", reason="price", decision_maker="The board")
    feedback.give(scene.pickup_id, lost, get_actor(scene.alice.id), AT + 2 * HOUR)
    react(AT + 2 * HOUR)
    assert scene.clock.outcome == Stop.VOID
    given = session().scalars(select(Feedback)).one()
    feedback.take_back(given.id, get_actor(scene.alice.id), AT + 3 * HOUR)
    react(AT + 3 * HOUR)
    (again,) = duty.running(scene.lead.id)
    assert (again.user_id, again.due_at) == (scene.pam.id, AT + 24 * HOUR)


def test_a_new_account_manager_takes_the_duty_over(ctx):
    scene = Scene()
    firm = session().get_one(Organisation, scene.firm.id)
    tree.set_account_manager(firm, scene.pam.id, AT + HOUR)
    react(AT + HOUR)
    assert scene.clock.user_id == scene.pam.id


@factory
def stage() -> Scene:
    return Scene(clocks.now() - HOUR)


def test_the_owner_reads_it_on_the_lead_and_taps(client):
    scene = stage()
    sign_in(client, scene.paula)
    page = client.get(f"/leads/{scene.lead.id}").text
    assert "Please speak with the customer, too" in page
    client.post(f"/leads/{scene.lead.id}/spoken", data={"csrf_token": csrf_of(page)})
    assert "Paula has spoken with the customer" in client.get(f"/leads/{scene.lead.id}").text
