"""A new version of the lead definition is activated while partners pick up and answer."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, session, unit_of_work
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import versions
from portal.leads.activation import activate
from portal.leads.definition import Status, put, take_out
from portal.leads.definition_rules import add_ways
from portal.leads.models import Lead, LeadState, LeadStatus
from portal.pickup import operations as pickup
from tests.factories import make_manager, make_offered_lead, make_partner, make_person
from tests.live import at_once

ROUNDS, REPS = 3, 4


def test_a_pickup_in_the_moment_of_an_activation_leads_to_a_status_that_there_is(committed):
    firm = make_partner(capacity=100, rep_capacity=100)
    manager = make_manager()

    def do(verb):
        with committed.app_context():
            try:
                with unit_of_work():
                    return verb()
            finally:
                db.session.remove()

    def hold(lead_id, rep, answers):
        held = do(lambda: pickup.claim(lead_id, get_actor(rep.id), clock.now()).pickup_id)
        if answers:
            do(lambda: feedback.give(held, Answer("waiting"), get_actor(rep.id), clock.now()))

    def draft(old, new):
        """Draft that what partners begin with is called otherwise, a status of its own."""
        content = versions.content_of(versions.find_active())
        first = Status(new, {"en": new}, "in_progress", "not_contacted", usual=True)
        content = put(take_out(content, content.status_of(old)), first)
        found = versions.begin_draft(get_actor(manager.id), clock.now())
        found.content = versions.to_data(versions.in_order(add_ways(content)[0]))
        return found.id, found.version

    def change(draft_id, version, old, new):
        places = {f"organisation/{old}": ("organisation", new)}
        do(lambda: activate(draft_id, version, places, get_actor(manager.id), clock.now()))

    for number in range(ROUNDS):
        old = "not_contacted" if number == 0 else f"begun_{number - 1}"
        new = f"begun_{number}"
        reps = [make_person(firm) for _ in range(REPS)]
        leads = [make_offered_lead(at=clock.now()).id for _ in reps]
        drafted = do(partial(draft, old, new))
        at_once(
            *(partial(hold, leads[turn], reps[turn], turn % 2) for turn in range(REPS)),
            partial(change, *drafted, old, new),
        )
        with committed.app_context(), unit_of_work():
            rows = session().execute(
                select(Lead.state, LeadStatus.key)
                .join(LeadStatus, LeadStatus.id == Lead.status_id)
                .where(Lead.id.in_(leads))
                .order_by(Lead.id)
            )
            assert [tuple(row) for row in rows] == [
                (LeadState.HELD, "waiting" if turn % 2 else new) for turn in range(REPS)
            ]
            active = versions.content_of(versions.find_active())
            assert active.status_of(old) is None
            assert active.status_of(new) is not None
