"""A lead goes on that had ended: the vendor takes its ending back, or revives what was dead.

An ending is taken back as a holder's answer is: for some days, as long as nothing followed, and all
that it brought about is undone. What is revived begins anew; how it ended stays in its history.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.customers import winning
from portal.feedback.action_rules import IN_WORK, Action, NotNow
from portal.feedback.actions import check, moved
from portal.feedback.events import EndingTakenBack
from portal.feedback.models import Feedback
from portal.feedback.operations import SAME_ANSWER, find_ending, restore
from portal.feedback.rules import CANCELLED, Status
from portal.leads import archive, revival
from portal.leads.lifecycle import status_again
from portal.leads.models import Lead, LeadState, LifeState
from portal.leads.queries import get_visible
from portal.offers import operations as offers
from portal.partners.figures import count
from portal.pickup import clocks
from portal.pickup.models import Pickup
from portal.qualification import nurture_rules
from portal.timeline.operations import enter, plan_again


def take_back(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Undo how the vendor ended a lead: it stands as before, in the hands that held it.

    What was on offer stands ready. Who held it hears of it; what was settled with the ending is
    planned again, a customer made of the win goes with it. Pressed twice it is once. Raises
    `NotFound`, `NotNow`, `TooLateToUndo`, `Conflict`.
    """
    lead, given, pickup = lock_ended(lead_id, actor)
    if given is None and is_just_taken_back(lead, actor, at):
        return lead
    check(Action.TAKE_BACK, lead, actor, at)
    if given is None:
        raise NotFound()
    if pickup is not None:
        check_there(lead, pickup)
    reopen(lead, pickup, given, at)
    given.taken_back_at = at
    lead.version += 1
    firm = pickup.organisation_id if pickup else None
    if firm is not None:
        counted = {} if given.status == CANCELLED else {given.status: -1}
        count(firm, open_pickups=1, **counted)
    archive.forget(lead)
    session().flush()
    if given.status == Status.WON:
        winning.take_win_back(lead, actor, at)
    elif given.status == Status.LOST:
        nurture_rules.withdraw(lead, at)
    plan_again("lead", lead.id, given.at, actor.id, at)
    author, ours = actor.id, firm or actor.organisation_id
    enter("lead", lead.id, "feedback", "", at, author, ours, code="taken_back")
    record(
        EndingTakenBack(
            at=at,
            lead_id=lead.id,
            feedback_id=given.id,
            pickup_id=pickup.id if pickup else None,
            user_id=pickup.user_id if pickup else None,
            organisation_id=firm,
            by_user_id=actor.id,
            status=given.status,
        )
    )
    return lead


def lock_ended(lead_id: int, actor: Actor) -> tuple[Lead, Feedback | None, Pickup | None]:
    """Lock the firm that held a lead, the lead and its pickup; return how the vendor ended it.

    Raises `NotFound`, and `Conflict` for a lead that somebody else ends at this moment.
    """
    seen = find_ending(get_visible(lead_id, actor))
    firm = None
    if seen is not None and seen.pickup_id is not None:
        firm = session().scalar(select(Pickup.organisation_id).where(Pickup.id == seen.pickup_id))
    if firm is not None:
        offers.lock_partner(firm)
    lead = offers.lock_lead(lead_id)
    given = find_ending(lead)
    if given is None or given.pickup_id is None:
        return lead, given, None
    if seen is None or seen.id != given.id:
        raise moved(lead)
    pickup = session().get_one(
        Pickup, given.pickup_id, with_for_update={"key_share": True}, populate_existing=True
    )
    return lead, given, pickup


def is_just_taken_back(lead: Lead, actor: Actor, at: datetime) -> bool:
    """Say whether the actor took back a moment ago how a lead had ended."""
    its = select(Feedback.id).where(
        Feedback.lead_id == lead.id,
        Feedback.user_id == actor.id,
        Feedback.taken_back_at >= at - SAME_ANSWER,
    )
    return lead.state != LeadState.CLOSED and session().scalar(its.limit(1)) is not None


def check_there(lead: Lead, pickup: Pickup) -> None:
    """Refuse to give a lead back into the hands of somebody who has left meanwhile."""
    there = select(User.id).where(
        User.id == pickup.user_id,
        User.organisation_id == pickup.organisation_id,
        User.active,
    )
    if session().scalar(there) is None:
        raise NotNow(
            _("Who held %(number)s is not there any more. It stays as it is.", number=lead.number),
            why="left",
        )


def reopen(lead: Lead, pickup: Pickup | None, given: Feedback, at: datetime) -> None:
    """Set a locked lead, and its pickup, back to what they said before the vendor ended it."""
    before = given.before or {}
    state = LeadState(before["state"])
    lead.closed_at = None
    if pickup is not None:
        pickup.ended_at = pickup.outcome = pickup.reason_id = None
        lead.holder_id, lead.holder_organisation_id = pickup.user_id, pickup.organisation_id
        lead.state = state
        restore(pickup, lead, before, given.at)
        clocks.taken_back(pickup, given.at, at)
        return
    life = LifeState.IN_PROGRESS if state in IN_WORK else LifeState.PENDING
    lead.status_id = status_again(lead, before["status_id"], life)
    # partners have seen it go: who offers it anew begins another round
    on_offer = state == LeadState.OFFERED
    lead.state = LeadState.QUALIFIED if on_offer else state
    lead.state_since = at if on_offer else datetime.fromisoformat(before["state_since"])
    if state not in IN_WORK and revival.is_left_alone(lead):
        lead.suppressed = True


def revive(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Let a lead that has ended without success be qualified anew.

    Raises `NotFound`, `NotNow`, and `DoNotCall` for whoever asked not to be approached.
    """
    get_visible(lead_id, actor)
    lead = offers.lock_lead(lead_id)
    check(Action.REVIVE, lead, actor, at)
    revival.revive(lead, actor.id, at)
    return lead
