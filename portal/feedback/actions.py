"""What the vendor does with a lead himself: begin, put back, win, lose, cancel, delete.

How an ending is taken back, and a dead lead revived, is in `again`.

Every change of state runs through here or through a holder's answer, and both end a lead by the
same `operations.close`. What an action asks for is checked before its form is shown and once more
under the locks: how the lead stands, what the lead definition lets follow for somebody with these
roles, what is still planned, what has to be said. A holder whose lead is closed is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.reach import units_of
from portal.catalog.models import CustomField
from portal.core.db import AnyRow, session
from portal.core.errors import Conflict, NotFound
from portal.core.events import record
from portal.customers.models import CustomerLead
from portal.feedback.action_rules import (
    ANSWER_OF,
    FROM,
    UNASKED,
    Action,
    Standing,
    refusal_of,
    target_of,
)
from portal.feedback.events import DirectBegun, DirectEnded, HeldLeadClosed, LeadDeleted
from portal.feedback.models import Feedback
from portal.feedback.operations import (
    SAME_ANSWER,
    clear_planned,
    close,
    fill_own,
    find_ending,
    keep_own,
    needed_for,
    position_before_ending,
    today_of,
    write,
)
from portal.feedback.rules import CANCELLED, Answer, Status, check_ending
from portal.leads import own_fields, removal
from portal.leads.dates import begin_dates, clear_dates
from portal.leads.lifecycle import TransitionRefused, list_ways
from portal.leads.models import Lead, LeadState, LeadStatus
from portal.leads.queries import get_visible, is_handed_over
from portal.leads.sight import sight_of
from portal.leads.team import may_change_team
from portal.leads.visibility import Field
from portal.offers import operations as offers
from portal.offers.models import RoundOutcome
from portal.pickup import suspension
from portal.pickup.models import Pickup
from portal.pickup.rules import UNDO_WITHIN
from portal.timeline.operations import cancel_planned
from portal.timeline.queries import list_planned
from portal.timeline.rules import Planned, Why

PURPOSE = {Status.LOST: "lost", CANCELLED: "cancel"}
"""For what the reasons of the catalogue are that an ending asks for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that can be taken now: what is planned meanwhile, and who holds the lead, or held
    it until it ended.
    """

    action: Action
    lead: Lead
    pickup: Pickup | None
    planned: Sequence[Planned]
    needed: frozenset[str]
    holder: AnyRow | None = None
    """`name` and `firm` of who holds it, for who may know."""
    own: Sequence[CustomField] = ()
    """The programme's own fields that it asks for and that are empty."""
    until: datetime | None = None
    """Until when an ending can be taken back."""


# -- before the form --------------------------------------------------------------------------


def may_act(lead: Lead, action: Action, actor: Actor) -> bool:
    """Say whether somebody decides on a lead so: who answers for it or assigns it.

    Who qualifies an inquiry may say that it was a mistake, and whoever ended a lead that he didn't
    mean to.
    """
    if actor.is_partner or actor.is_looked_as:
        return False
    if actor.organisation_kind == OrganisationKind.VENDOR and may_change_team(lead, actor):
        return True
    if action == Action.TAKE_BACK:
        ending = find_ending(lead)
        return ending is not None and ending.user_id == actor.id
    mistakes = (Action.CANCEL, Action.DELETE)
    return action in mistakes and lead.qualifier_id == actor.id and lead.holder_id is None


def list_actions(lead: Lead, actor: Actor, at: datetime) -> list[Action]:
    """Return what somebody may do with a lead as it stands and as the definition has it."""
    found = [one for one in Action if lead.state in FROM[one] and may_act(lead, one, actor)]
    if not found:
        return []
    standing = standing_of(lead, at)
    found = [one for one in found if refusal_of(one, standing) is None]
    if set(found) <= set(UNASKED):
        return found
    ways = list_ways(lead, actor.roles, units_of(actor))
    return [one for one in found if one in UNASKED or target_of(one, ways) is not None]


def standing_of(lead: Lead, at: datetime) -> Standing:
    """Return what decides on an action on a lead."""
    status = session().get_one(LeadStatus, lead.status_id)
    ending = find_ending(lead)
    return Standing(
        number=lead.number,
        state=lead.state,
        life_state=status.life_state,
        suppressed=lead.suppressed,
        round=lead.round,
        with_operations=is_handed_over(lead.id),
        merged=lead.round == 0 and removal.is_merged_into(lead),
        merged_away=lead.merged_into is not None,
        ended_since=at - ending.at if ending else None,
    )


def ask(action: Action, lead_id: int, actor: Actor, at: datetime) -> Asked:
    """Return what an action on a lead asks for, before its form is filled in.

    Raises `NotFound`, `NotNow`, `TooLateToUndo`, `TransitionRefused`.
    """
    lead = get_visible(lead_id, actor)
    check(action, lead, actor, at)
    ending = find_ending(lead) if action == Action.TAKE_BACK else None
    pickup = find_pickup(lead)
    if ending is not None and ending.pickup_id is not None:
        pickup = session().get_one(Pickup, ending.pickup_id)
    knows = pickup is not None and Field.HOLDER in sight_of(lead, actor)
    needed = needed_for(lead, ANSWER_OF.get(action))
    return Asked(
        action=action,
        lead=lead,
        pickup=pickup,
        holder=find_holder(pickup) if pickup and knows else None,
        planned=list_planned("lead", lead.id, actor.organisation_id) if action in ANSWER_OF else (),
        needed=frozenset(needed),
        own=own_fields.list_empty(lead.id, needed),
        until=ending.at + UNDO_WITHIN if ending else None,
    )


def check(action: Action, lead: Lead, actor: Actor, at: datetime) -> LeadStatus:
    """Return the status to which a way of the definition leads; what goes none keeps its own.

    Raises `NotFound` for whoever does not decide on the lead, `NotNow`, `TooLateToUndo`,
    `TransitionRefused`.
    """
    if not may_act(lead, action, actor):
        raise NotFound()
    refusal = refusal_of(action, standing_of(lead, at))
    if refusal is not None:
        raise refusal
    if action in UNASKED:
        return session().get_one(LeadStatus, lead.status_id)
    target = target_of(action, list_ways(lead, actor.roles, units_of(actor)))
    if target is None:
        raise TransitionRefused(_("This change of status is not part of the programme."))
    return target


def find_pickup(lead: Lead, *, locked: bool = False) -> Pickup | None:
    """Return the open pickup of a lead."""
    query = select(Pickup).where(Pickup.lead_id == lead.id, Pickup.ended_at.is_(None))
    if locked:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session().scalar(query)


def find_holder(pickup: Pickup) -> AnyRow | None:
    """Return `name` and `firm` of who holds a lead."""
    return (
        session()
        .execute(
            select(User.name, Organisation.name.label("firm"))
            .join(Organisation, Organisation.id == pickup.organisation_id)
            .where(User.id == pickup.user_id)
        )
        .one_or_none()
    )


# -- verbs ------------------------------------------------------------------------------------


def lock(lead_id: int, actor: Actor) -> tuple[Lead, Pickup | None]:
    """Lock the holder's firm, the lead and its open pickup, in this order.

    Raises `NotFound`, and `Conflict` for a lead that changes hands at this moment.
    """
    seen = get_visible(lead_id, actor)
    firm = session().scalar(select(Lead.holder_organisation_id).where(Lead.id == seen.id))
    if firm is not None:
        offers.lock_partner(firm)
    lead = offers.lock_lead(lead_id)
    if lead.holder_organisation_id != firm:
        raise moved(lead)
    return lead, find_pickup(lead, locked=True)


def moved(lead: Lead) -> Conflict:
    """Return the answer to who decided on a lead that is in other hands by now."""
    return Conflict(_("%(number)s changed hands meanwhile. Please look again.", number=lead.number))


def begin(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Begin work on a lead that stays with the vendor; who has no owner yet gets the actor.

    Raises `NotFound`, `NotNow`, `TransitionRefused`.
    """
    lead, _pickup = lock(lead_id, actor)
    status = check(Action.BEGIN, lead, actor, at)
    lead.state, lead.state_since, lead.status_id = LeadState.DIRECT, at, status.id
    # whoever begins with it has waited long enough
    lead.rests_until = None
    lead.owner_id = lead.owner_id or actor.id
    lead.version += 1
    session().flush()
    begin_dates(lead, today_of(actor, at), actor.id, at)
    record(DirectBegun(at=at, lead_id=lead.id, user_id=actor.id, owner_id=lead.owner_id))
    return lead


def put_back(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Make a lead ready for partners again that the vendor worked on himself.

    Raises `NotFound`, `NotNow`, `TransitionRefused`.
    """
    lead, _pickup = lock(lead_id, actor)
    status = check(Action.PUT_BACK, lead, actor, at)
    lead.state, lead.state_since, lead.status_id = LeadState.QUALIFIED, at, status.id
    lead.version += 1
    session().flush()
    clear_dates(lead, actor.id, at)
    record(DirectEnded(at=at, lead_id=lead.id, user_id=actor.id))
    return lead


def finish(
    action: Action,
    lead_id: int,
    answer: Answer,
    actor: Actor,
    at: datetime,
    *,
    seen: int | None = None,
) -> Feedback:
    """Win, lose or cancel a lead. Sent twice within two minutes it is one ending.

    `seen` is the pickup that the form showed, 0 for none. What the vendor has planned about the
    lead is settled if the answer says so; what its holder has is not needed any more, and he is
    told. Raises `Invalid` by field, `NotFound`, `NotNow`, `TransitionRefused`, `ActivitiesOpen`,
    `Conflict`.
    """
    lead, pickup = lock(lead_id, actor)
    earlier = ended_just_now(lead, answer, actor, at)
    if earlier is not None:
        return earlier
    status = check(action, lead, actor, at)
    if seen is not None and seen != (pickup.id if pickup else 0):
        raise moved(lead)
    needed = needed_for(lead, answer.status)
    own = fill_own(lead, needed, answer, check_ending(answer, needed))
    purpose = PURPOSE.get(answer.status)
    reason = offers.read_reason(purpose, answer.reason) if purpose else None
    clear_planned(lead, actor.organisation_id, answer, actor, at)
    if pickup is not None and pickup.organisation_id != actor.organisation_id:
        firm = pickup.organisation_id
        cancel_planned("lead", lead.id, firm, Why.CLOSED, actor.id, at)
    given = write(lead, pickup, answer, reason, actor, at)
    keep_own(lead, own, actor, at)
    given.before = position_before_ending(lead, pickup)
    if lead.state == LeadState.OFFERED:
        offers.close_round(lead, RoundOutcome.WITHDRAWN, at)
    lead.status_id = status.id
    lead.version += 1
    if pickup is not None:
        pickup.last_status = answer.status if answer.status != CANCELLED else pickup.last_status
        pickup.reason_id = reason.id if reason and answer.status == CANCELLED else None
    close(lead, pickup, answer, reason, actor, at)
    session().flush()
    if pickup is not None:
        suspension.end_answered(pickup, at)
    if pickup is not None and pickup.user_id != actor.id:
        record(
            HeldLeadClosed(
                at=at,
                lead_id=lead.id,
                pickup_id=pickup.id,
                feedback_id=given.id,
                user_id=pickup.user_id,
                organisation_id=pickup.organisation_id,
                by_user_id=actor.id,
                outcome=answer.status,
            )
        )
    return given


def ended_just_now(lead: Lead, answer: Answer, actor: Actor, at: datetime) -> Feedback | None:
    """Return how the actor ended a locked lead a moment ago, if it is the same once more."""
    if lead.state != LeadState.CLOSED:
        return None
    return session().scalar(
        select(Feedback)
        .where(
            Feedback.lead_id == lead.id,
            Feedback.user_id == actor.id,
            Feedback.status == answer.status,
            Feedback.at >= at - SAME_ANSWER,
            Feedback.taken_back_at.is_(None),
        )
        .order_by(Feedback.id.desc())
        .limit(1)
    )


def delete_lead(lead_id: int, actor: Actor, at: datetime) -> str:
    """Delete a lead that is pending and that no partner ever saw; return its number.

    Raises `NotFound`, `NotNow`.
    """
    lead, _pickup = lock(lead_id, actor)
    check(Action.DELETE, lead, actor, at)
    number = lead.number
    session().execute(delete(CustomerLead).where(CustomerLead.lead_id == lead.id))
    removal.remove(lead)
    record(LeadDeleted(at=at, lead_id=lead_id, user_id=actor.id, lead_number=number))
    return number
