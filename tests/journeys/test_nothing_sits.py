"""Whole lives of leads that would sit, with a moved clock: every deadline comes at its minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, select, union_all, update

from portal.accounts import tree
from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import Clock, DeadlinePolicy
from portal.deadlines.steps import Step, as_rows
from portal.escalation.models import BrokenInvariant
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing.models import Notice, NoticeRound
from portal.leads import contacts
from portal.leads.models import Lead
from portal.matching.models import DistributionRule
from portal.offers import queries as offers
from portal.offers.models import OfferRound
from portal.offers.rules import AlreadyTaken
from portal.partners.models import PartnerFigures, PartnerGroup, PartnerGroupMember
from portal.pickup import operations as pickup
from portal.pickup import recall
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from portal.pickup.rules import Colour
from tests.factories import (
    AT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SWEEPS = (
    "offers.open_rings",
    "offers.end_rounds",
    "offers.end_rests",
    "pickup.mark_debts",
    "escalation.take_steps",
    "escalation.check_invariants",
)
NEXT = union_all(
    select(func.min(Clock.next_step_at)).where(Clock.stopped_at.is_(None)),
    select(func.min(OfferRound.ends_at)).where(OfferRound.ended_at.is_(None)),
    select(func.min(OfferRound.next_ring_at)).where(OfferRound.ended_at.is_(None)),
    select(func.min(Lead.rests_until)),
    select(func.min(Notice.due_at)).where(Notice.settled_at.is_(None)),
)


class Time:
    """The clock of the house: it jumps from one moment at which something is due to the next."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.mails: list[tuple[datetime, str, str]] = []

    def go(self, until: datetime) -> None:
        while self.at < until:
            due = [moment for moment in session().scalars(NEXT) if moment and moment > self.at]
            self.at = min([until, *due])
            self.look()

    def look(self) -> None:
        session().flush()
        # the sender of notices looks every minute
        session().merge(NoticeRound(id=1, ran_at=self.at - MINUTE, catching_up_until=None))
        for name in SWEEPS:
            jobs.run_now(name, at=self.at)
        # what reacts may have something to react to
        for _round in range(3):
            jobs.run_now("core.dispatch", {"here": True}, self.at)
        jobs.run_now("notifications.send_notices", {}, self.at)
        known = len(self.mails)
        found = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)).all()
        self.mails += [(self.at, one.to_name, one.kind) for one in found[known:]]
        assert session().scalars(select(BrokenInvariant.kind)).all() == []

    def told(self, *kinds: str) -> list[tuple[timedelta, str, str]]:
        """Return who was told, how long after the beginning, and with which mail, in order."""
        found = [(at - AT, name, kind) for at, name, kind in self.mails if kind in kinds]
        return sorted(found)


def set_policy(**terms):
    session().execute(update(DeadlinePolicy).values(terms))
    session().expire_all()


def rule(position, name, **over):
    made = DistributionRule(
        position=position, name=name, conditions=[], criteria=[], changed_at=AT, **over
    )
    session().add(made)
    session().flush()
    return made


def now(what, row_id):
    """Return a row as it stands now."""
    return session().get_one(what, row_id, populate_existing=True)


def find_available(user_id, at):
    page = offers.available(get_actor(user_id), at, 1, offers.Filters())
    return [row.id for row in page.items]


@pytest.fixture
def mara(ctx):
    return make_manager(name="Mara")


def test_a_lead_that_nobody_picks_up_goes_wider_and_then_to_the_overflow_unit(mara):
    session().execute(delete(DistributionRule))
    near, far = make_partner("Near"), make_partner("Far")
    nora, felix = make_person(near, name="Nora").id, make_person(far, name="Felix").id
    group = PartnerGroup(name="The near ones", created_at=AT)
    session().add(group)
    session().flush()
    session().add(PartnerGroupMember(group_id=group.id, organisation_id=near.id))
    rule(1, "Near", group_id=group.id, hours=24)
    rule(2, "Everybody", hours=48)
    digital = tree.save_unit(make_vendor(), "Digital sales", AT)
    dana = make_person(make_vendor(), "direct_sales", name="Dana", unit_id=digital.id).id
    warn = Step("offer", -4 * 60, "tell_channel_manager")
    set_policy(
        chain=["group", "overflow", "channel_manager"],
        overflow_unit_id=digital.id,
        offer_hours=24,
        steps=as_rows([warn]),
    )
    time = Time(AT)
    lead = make_offered_lead(owner_id=mara.id).id
    time.look()
    assert [find_available(user, AT) for user in (nora, felix, dana)] == [[lead], [], []]

    time.go(AT + 24 * HOUR)
    assert [find_available(user, time.at) for user in (nora, felix, dana)] == [[lead]] * 2 + [[]]
    time.go(AT + 72 * HOUR)
    assert [find_available(user, time.at) for user in (nora, felix, dana)] == [[], [], [lead]]
    assert time.told("lead_offered") == [
        (0 * HOUR, "Nora", "lead_offered"),
        (24 * HOUR, "Felix", "lead_offered"),
        (24 * HOUR, "Nora", "lead_offered"),
        (72 * HOUR, "Dana", "lead_offered"),
    ]
    # four hours before the end of each round, once
    assert [at for at, name, _kind in time.told("partner_late") if name == "Mara"] == [
        20 * HOUR,
        68 * HOUR,
    ]

    time.go(time.at + HOUR)
    held = pickup.claim(lead, get_actor(dana), time.at)
    feedback.give(
        held.pickup_id, Answer("won", value=Decimal(9000)), get_actor(dana), time.at + HOUR
    )
    time.go(AT + 30 * DAY)
    assert now(Lead, lead).state == "closed"


def test_what_not_even_the_overflow_unit_wants_stands_on_the_managers_desk(mara):
    make_person(make_partner(), name="Nora")
    digital = tree.save_unit(make_vendor(), "Digital sales", AT)
    make_person(make_vendor(), "direct_sales", name="Dana", unit_id=digital.id)
    set_policy(chain=["overflow", "channel_manager"], overflow_unit_id=digital.id, offer_hours=24)
    time = Time(AT)
    lead = make_offered_lead(owner_id=mara.id, hours=24).id
    time.look()
    time.go(AT + 3 * DAY)
    assert now(Lead, lead).state == "returned"
    assert [row[1:] for row in time.told("lead_offered")] == [
        ("Nora", "lead_offered"),
        ("Dana", "lead_offered"),
    ]
    assert time.told("round_unpicked")[-1][:2] == (2 * DAY, "Mara")


LADDER = (
    Step("feedback", -24 * 60, "remind_holder"),
    Step("feedback", 0, "remind_holder"),
    Step("feedback", 24 * 60, "remind_manager"),
    Step("feedback", 24 * 60, "note"),
    Step("feedback", 48 * 60, "tell_account_manager"),
    Step("feedback", 96 * 60, "block"),
    Step("feedback", 96 * 60, "tell_channel_manager"),
    Step("feedback", 7 * 24 * 60, "recall"),
)
RUNGS = (
    "answer_wanted",
    "feedback_soon",
    "feedback_due",
    "feedback_overdue",
    "partner_late",
    "team_late",
)
"""The mails that ask for an answer, or tell that one is missing."""


def test_a_lead_that_is_picked_up_and_met_with_silence_is_won_by_the_next_partner(mara):
    arno = make_person(make_vendor(), "account_manager", name="Arno")
    quiet = make_partner("Quiet", account_manager_id=arno.id)
    alice = make_person(quiet, name="Alice").id
    make_person(quiet, "partner_manager", name="Moritz")
    ready = make_partner("Ready", account_manager_id=arno.id)
    bob = make_person(ready, name="Bob").id
    firms = {"Quiet": quiet.id, "Ready": ready.id}
    set_policy(steps=as_rows(LADDER), overdue_hours=24, cooling_hours=24, chain=["again"])
    time = Time(AT)
    lead = make_offered_lead(owner_id=mara.id).id
    held = pickup.claim(lead, get_actor(alice), AT)
    time.look()
    assert contacts.find_contact(now(Lead, lead), get_actor(alice), time.at) is not None
    due = AT + 7 * DAY

    time.go(due + 7 * DAY - MINUTE)
    asked = (
        "answer_wanted",
        "feedback_soon",
        "feedback_due",
        "feedback_overdue",
        "partner_late",
        "team_late",
    )
    assert time.told(*asked) == [
        (6 * DAY, "Alice", "feedback_soon"),
        (7 * DAY, "Alice", "feedback_due"),
        (8 * DAY, "Moritz", "team_late"),
        (9 * DAY, "Arno", "partner_late"),
        (11 * DAY, "Mara", "partner_late"),
    ]
    position = position_of(get_actor(alice), time.at)
    assert position.gate.colour == Colour.RED
    assert now(Pickup, held.pickup_id).blocked_at == due + 4 * DAY

    time.go(due + 7 * DAY)
    assert now(Lead, lead).state == "recalled"
    assert contacts.find_contact(now(Lead, lead), get_actor(alice), time.at) is None
    assert position_of(get_actor(alice), time.at).gate.colour == Colour.GREEN
    with pytest.raises(AlreadyTaken):
        pickup.claim(lead, get_actor(bob), time.at)
    late = (
        session()
        .scalars(select(Clock).where(Clock.pickup_id == held.pickup_id, Clock.kind == "feedback"))
        .one()
    )
    assert (late.outcome, late.late_seconds) == ("missed", 7 * 86_400)

    # it rests, so that the customer is not called by two firms in one day
    time.go(due + 8 * DAY - MINUTE)
    assert lead not in find_available(bob, time.at)
    time.go(due + 8 * DAY)
    assert lead in find_available(bob, time.at)
    assert lead not in find_available(alice, time.at)

    won = pickup.claim(lead, get_actor(bob), time.at)
    assert recall.done_before(now(Lead, lead), time.at) == []
    time.go(time.at + DAY)
    feedback.give(won.pickup_id, Answer("waiting"), get_actor(bob), time.at)
    time.go(time.at + 5 * DAY)
    feedback.give(won.pickup_id, Answer("won", value=Decimal(48_250)), get_actor(bob), time.at)
    time.go(time.at + 30 * DAY)
    assert now(Lead, lead).state == "closed"
    figures = {name: now(PartnerFigures, firm) for name, firm in firms.items()}
    assert (figures["Quiet"].recalled, figures["Quiet"].won) == (1, 0)
    assert (figures["Ready"].recalled, figures["Ready"].won) == (0, 1)
