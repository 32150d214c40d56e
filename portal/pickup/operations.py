"""The first-come claim and the give back.

The claim in four steps, all in one transaction:

1. The firm's own people are put in one line (`FOR NO KEY UPDATE` on the firm): two colleagues
   cannot both pass the gate on two different leads.
2. The gate decides on facts read under that lock.
3. The lead moves by ONE conditional UPDATE that names the round it means; its row count is the
   verdict. Who comes second waits here for the first one's commit and then finds no row.
4. Pickup, clocks, figures and event are written, all but the event by the same statement. A
   partial unique index on open pickups is the second lock.

In a photo-finish the third step waits: see `photo_finish`.

Lock order everywhere: partner → lead → pickup.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.catalog.models import Reason
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.leads.dates import clear_dates
from portal.leads.lifecycle import first_of
from portal.leads.models import Lead, LeadState, LifeState, Temperature
from portal.offers import operations as offers
from portal.offers import redistribution
from portal.offers.models import Way
from portal.partners.figures import count
from portal.pickup import clocks, photo_finish, queries, suspension, taking
from portal.pickup.counting import count_picks
from portal.pickup.events import (
    DealHidden,
    FeedbackDue,
    FeedbackDueSoon,
    FeedbackOverdue,
    LeadBlocked,
    LeadGivenBack,
)
from portal.pickup.models import Debt, Pickup
from portal.pickup.rules import NotYoursAnyMore, debt_of, may_pick, may_take_back_pick
from portal.pickup.taking import Claimed, Deciding
from portal.timeline.operations import cancel_planned
from portal.timeline.rules import Why

BY_MISTAKE = "picked_by_mistake"
"""The key of the reason with which a pick is undone."""

RETURNS = {Way.GIVEN_BACK: LeadState.QUALIFIED, Way.RECALLED: LeadState.RECALLED}
"""How a lead stands that left somebody's hands so, until it goes on."""

NO_TIME = "no_capacity"
"""The key of the reason with which the leads of somebody who leaves are given back."""


@count_picks
def claim(lead_id: int, actor: Actor, at: datetime) -> Claimed | Deciding:
    """Pick up a lead for the actor, who becomes its holder; his account manager owns it then.

    In a photo-finish he takes part, and it is decided who gets it as soon as others had their time.

    Raises `NotFound` (never offered to the firm), `AlreadyTaken`, `BeingDecided`, `Suspended`,
    `Absent`, `FeedbackOwed`, `CapacityReached`, `CapReached`. Who holds it already gets yes.
    """
    position, calendar, offer = queries.read_claim(lead_id, actor, at)
    for held in position.pickups:
        if held.lead_id == lead_id and held.user_id == actor.id:
            return Claimed(lead_id, held.id, again=True)
    if offer is None:
        raise NotFound()
    if offer.deciding_seconds is not None and photo_finish.takes_part(offer, position, at):
        return photo_finish.stay(lead_id, offer, actor, at)
    offers.check_standing(offer, lead_id, actor, at)
    hot = offer.temperature == Temperature.HOT
    refusal = may_pick(position.standing, position.gate, position.firm_in_hand, at, hot=hot)
    if refusal is not None:
        raise refusal
    if offer.deciding_seconds is not None:
        return photo_finish.enter(lead_id, offer, actor, at)
    pickup_id = taking.take(lead_id, offer, position, calendar, actor, at)
    if pickup_id is None:
        raise offers.gone(lead_id, actor.organisation_id)
    return Claimed(lead_id, pickup_id, again=False)


def lock_pickup(pickup_id: int, actor: Actor) -> tuple[Pickup, Lead]:
    """Lock firm, lead and pickup, in this order, and return the latter two.

    Raises `NotFound` for a pickup that is not the actor's to see, `NotYoursAnyMore` for one that
    has ended or was handed on.
    """
    offers.lock_partner(actor.organisation_id)
    return lock_lead_and_pickup(queries.get_visible(pickup_id, actor))


def lock_lead_and_pickup(seen: Pickup) -> tuple[Pickup, Lead]:
    """Lock lead and pickup, the firm being locked already. Raises `NotYoursAnyMore`."""
    lead = offers.lock_lead(seen.lead_id)
    pickup = (
        session()
        .scalars(
            select(Pickup)
            .where(Pickup.id == seen.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        .one()
    )
    if pickup.ended_at is not None:
        raise NotYoursAnyMore(
            _("%(number)s is not in your hands any more.", number=lead.number),
            outcome=pickup.outcome,
        )
    return pickup, lead


def give_back(
    pickup_id: int, reason_key: str | None, note: str | None, actor: Actor, at: datetime
) -> Lead:
    """Return a held lead; it is offered again at once, to other firms.

    Raises `Invalid` without a reason, `NotFound`, `NotYoursAnyMore`.
    """
    reason = offers.read_reason("give_back", reason_key)
    pickup, lead = lock_pickup(pickup_id, actor)
    if not queries.is_in_charge(pickup, actor):
        raise NotFound()
    return return_lead(pickup, lead, reason, note, actor, at)


def give_back_for_leaver(pickup_id: int, actor: Actor, at: datetime) -> Lead:
    """Return a lead that somebody holds who leaves; the firm is locked already.

    Raises `NotFound` for one that is not the actor's to hand on, `NotYoursAnyMore`.
    """
    pickup, lead = lock_lead_and_pickup(queries.get_in_charge(pickup_id, actor))
    reason = offers.own_reason("give_back", NO_TIME)
    return return_lead(pickup, lead, reason, None, actor, at)


def return_lead(
    pickup: Pickup, lead: Lead, reason: Reason, note: str | None, actor: Actor, at: datetime
) -> Lead:
    """End a locked pickup as given back and offer its lead again at once.

    What its firm had planned about it is not needed any more.
    """
    leave_hands(pickup, lead, Way.GIVEN_BACK, reason, actor.id, at)
    count(pickup.organisation_id, open_pickups=-1, given_back=1)
    record(
        LeadGivenBack(
            at=at,
            lead_id=lead.id,
            pickup_id=pickup.id,
            user_id=actor.id,
            organisation_id=pickup.organisation_id,
            reason_id=reason.id,
        ),
        private={"note": note} if note else None,
    )
    suspension.end_answered(pickup, at)
    redistribution.hand_on(lead, at, Way.GIVEN_BACK, queries.get_policy(pickup))
    return lead


def leave_hands(
    pickup: Pickup, lead: Lead, how: Way, reason: Reason, by: int | None, at: datetime
) -> None:
    """Take a lead out of its holder's hands; his firm is not offered it again."""
    pending = first_of(lead, LifeState.PENDING)
    end_pickup(pickup, how, at)
    pickup.reason_id = reason.id
    # holder and state leave together, as the table demands
    lead.holder_id = lead.holder_organisation_id = None
    lead.state, lead.state_since, lead.status_id = RETURNS[how], at, pending.id
    lead.version += 1
    session().flush()
    clear_dates(lead, by, at)
    cancel_planned("lead", lead.id, pickup.organisation_id, Why(how), by, at)
    offers.exclude(lead.id, pickup.organisation_id, how, at)


def take_back_pick(pickup_id: int, actor: Actor, at: datetime) -> Lead:
    """Undo a pick as long as nothing was reported on it; the lead is offered again at once.

    Raises `NotFound`, `NotYoursAnyMore`, `TooLateToUndoPick`.
    """
    pickup, lead = lock_pickup(pickup_id, actor)
    refusal = may_take_back_pick(pickup.picked_at, pickup.last_feedback_at, at)
    if refusal is not None:
        raise refusal
    if not queries.is_in_charge(pickup, actor):
        raise NotFound()
    reason = offers.own_reason("give_back", BY_MISTAKE)
    return return_lead(pickup, lead, reason, None, actor, at)


def end_pickup(pickup: Pickup, outcome: str, at: datetime) -> None:
    """End a locked pickup, and with it what is waited for."""
    pickup.ended_at, pickup.outcome, pickup.debt = at, outcome, Debt.NONE
    pickup.blocked_at = None
    clocks.ended(pickup, at, done=outcome in ("won", "lost"))


def hide(pickup_id: int, hidden: bool, actor: Actor, at: datetime) -> Pickup:
    """Keep a lead out of all that the firm's distributor sees of it, or let it in again.

    For its holder and the firm's manager. Raises `NotFound`, `NotYoursAnyMore`.
    """
    pickup = queries.get_visible(pickup_id, actor)
    if not queries.is_in_charge(pickup, actor):
        raise NotFound()
    if pickup.hidden_from_distributor != hidden:
        pickup.hidden_from_distributor = hidden
        session().flush()
        record(
            DealHidden(
                at=at,
                lead_id=pickup.lead_id,
                pickup_id=pickup.id,
                user_id=actor.id,
                organisation_id=pickup.organisation_id,
                hidden=hidden,
            )
        )
    return pickup


def block(pickup: Pickup, at: datetime) -> None:
    """Have a locked pickup answered before its holder picks again, whatever the policy allows.

    Doing it twice is fine.
    """
    if pickup.ended_at is not None or pickup.blocked_at is not None:
        return
    pickup.blocked_at = at
    session().flush()
    record(
        LeadBlocked(
            at=at,
            lead_id=pickup.lead_id,
            pickup_id=pickup.id,
            user_id=pickup.user_id,
            organisation_id=pickup.organisation_id,
        )
    )


TOLD = {
    Debt.SOON: FeedbackDueSoon,
    Debt.DUE: FeedbackDue,
    Debt.OVERDUE: FeedbackOverdue,
}
WORSE = (Debt.NONE, *TOLD)


def mark_debt(pickup_id: int, at: datetime) -> None:
    """Note what a pickup owes now, for lists and reports; the gate asks the dates itself.

    Open pages hear once that it has become worse, and only how bad it is by now.
    """
    pickup = session().scalar(
        select(Pickup)
        .where(Pickup.id == pickup_id, Pickup.ended_at.is_(None))
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if pickup is None:
        return
    before = Debt(pickup.debt)
    policy = queries.get_policy(pickup)
    debt = debt_of(
        pickup.feedback_due_at, pickup.rhythm_days, policy.amber_hours, policy.overdue_hours, at
    )
    pickup.debt = debt
    if WORSE.index(debt) > WORSE.index(before):
        record(
            TOLD[debt](at=at, lead_id=pickup.lead_id, pickup_id=pickup.id, user_id=pickup.user_id)
        )
