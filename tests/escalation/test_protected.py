"""What the last rung of the standard policy does where somebody works on a lead after all."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import ClockStep, DeadlinePolicy
from portal.deadlines.ready_made import FULL, STANDARD
from portal.deadlines.rules import as_columns
from portal.leads import activities
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.timeline.rules import Entry, Kind
from tests.factories import (
    AT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CLOCKWORK = (
    "pickup.mark_debts",
    "escalation.take_steps",
    "notifications.send_notices",
)


@pytest.fixture
def team(ctx):
    """Have a house that goes by the full standard policy."""
    mara = make_manager(name="Mara")
    session().execute(update(DeadlinePolicy).values(as_columns(FULL.terms[STANDARD])))
    session().expire_all()
    arno = make_person(make_vendor(), "account_manager", name="Arno")
    first = make_partner(account_manager_id=arno.id)
    make_person(first, "partner_manager", name="Moritz")
    return {"alice": make_person(first, name="Alice"), "mara": mara, "first": first}


def live_through(begins, ends, step=6 * HOUR):
    """Let time pass; the clockwork of the house runs."""
    at = begins
    while at <= ends:
        session().flush()
        for name in CLOCKWORK:
            jobs.run_now(name, at=at)
        jobs.run_now("core.dispatch", {"here": True}, at)
        at += step


def told():
    rows = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id))
    return Counter((mail.to_name, mail.kind) for mail in rows)


def test_work_that_is_under_way_keeps_a_lead_and_the_channel_manager_hears(team):
    lead = make_offered_lead(at=AT)
    alice = get_actor(team["alice"].id)
    held = pickup.claim(lead.id, alice, AT).pickup_id
    live_through(AT, AT + 13 * DAY, DAY)
    row = session().get(Lead, lead.id)
    worked = AT + 13 * DAY + HOUR
    activities.enter(row, Entry(Kind.TASK, "Compared"), done=True, actor=alice, at=worked)
    session().execute(OutgoingEmail.__table__.delete())
    live_through(AT + 14 * DAY, AT + 14 * DAY + 12 * HOUR)
    assert session().get(Pickup, held, populate_existing=True).ended_at is None
    refused = session().scalars(select(ClockStep.outcome).where(ClockStep.action == "recall")).one()
    assert refused == "refused"
    assert told()["Mara", "partner_late"] == 1

    # once that work is as long ago as the policy says, the step that was refused comes again
    ends = worked + 14 * DAY
    live_through(worked + 13 * DAY, ends, DAY)
    assert session().get(Pickup, held, populate_existing=True).ended_at is None
    live_through(ends + MINUTE, ends + 2 * MINUTE, MINUTE)
    assert session().get(Pickup, held, populate_existing=True).ended_at == ends + MINUTE
    came = session().scalars(select(ClockStep.outcome).where(ClockStep.action == "recall")).all()
    assert "done" in came
