"""Give feedback, win, lose, take an answer back; answer and pick in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.accounts.reach import units_of
from portal.catalog.models import Product, Reason
from portal.catalog.queries import book
from portal.core import circumstances
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.customers import winning
from portal.feedback.events import (
    FeedbackGiven,
    FeedbackTakenBack,
    LeadCancelled,
    LeadLost,
    LeadWon,
)
from portal.feedback.models import Feedback
from portal.feedback.rules import (
    CANCELLED,
    CLOSING,
    Acceptable,
    Answer,
    Status,
    check_answer,
    may_take_back,
)
from portal.leads import own_fields
from portal.leads.events import LeadFiguresChanged
from portal.leads.lifecycle import status_again, status_for_answer
from portal.leads.models import Lead, LeadRequirement, LeadState, LifeState
from portal.leads.requirements import check_stage
from portal.offers import operations as offers
from portal.offers.operations import read_reason
from portal.partners.figures import count
from portal.pickup import clocks, queries, suspension
from portal.pickup import operations as pickup_operations
from portal.pickup.models import Debt, Pickup
from portal.pickup.taking import Claimed, Deciding
from portal.qualification import nurture_rules
from portal.timeline.operations import cancel_planned, enter, plan_again
from portal.timeline.queries import list_planned
from portal.timeline.rules import Why, still_open

SAME_ANSWER = timedelta(minutes=2)


def give(pickup_id: int, answer: Answer, actor: Actor, at: datetime) -> Feedback:
    """Report on a held lead. Won and lost end the pickup and close the lead.

    The same answer sent twice within two minutes is one answer. Raises `Invalid` by field,
    `NotFound`, `NotYoursAnyMore`, `TransitionRefused`, and `ActivitiesOpen` where the firm has
    something planned about a lead that is to be closed and the answer doesn't settle it.
    """
    earlier = repeated(pickup_id, answer, actor, at)
    if earlier is not None:
        return earlier
    pickup, lead = pickup_operations.lock_pickup(pickup_id, actor)
    earlier = repeated(pickup_id, answer, actor, at)
    if earlier is not None:
        return earlier
    needed = needed_for(lead, answer.status)
    errors = check_answer(answer, acceptable_for(pickup), needed, today_of(actor, at))
    own = fill_own(lead, needed, answer, errors)
    reason = read_reason("lost", answer.reason) if answer.status == Status.LOST else None
    if answer.status in CLOSING:
        clear_planned(lead, pickup.organisation_id, answer, actor, at)
    before = position_before(pickup, lead)
    status = status_for_answer(lead, answer.status, actor.roles, units_of(actor))
    check_stage(lead, status)
    lead.status_id = status.id
    lead.version += 1
    late = max(0, int((at - pickup.feedback_due_at).total_seconds()))
    given = write(lead, pickup, answer, reason, actor, at, late)
    given.before = before
    keep_own(lead, own, actor, at)
    record(
        FeedbackGiven(
            at=at,
            lead_id=lead.id,
            feedback_id=given.id,
            pickup_id=pickup.id,
            user_id=actor.id,
            organisation_id=pickup.organisation_id,
            status=answer.status,
            late_seconds=late,
        )
    )
    pickup.last_feedback_at, pickup.last_status = at, answer.status
    pickup.debt, pickup.blocked_at = Debt.NONE, None
    if answer.status == Status.NOT_CONTACTED:
        pickup.uncontacted += 1
    else:
        pickup.uncontacted = 0
        pickup.first_contact_at = pickup.first_contact_at or at
    pickup.waiting_since = given.waiting_since
    if answer.status not in CLOSING:
        clocks.answered(pickup, at, contacted=answer.status != Status.NOT_CONTACTED)
    count(pickup.organisation_id, **{"answers_late" if late else "answers_in_time": 1})
    if answer.status in CLOSING:
        close(lead, pickup, answer, reason, actor, at)
    session().flush()
    suspension.end_answered(pickup, at)
    return given


def wanting(pickup: Pickup, answer: Answer, actor: Actor, at: datetime) -> dict[str, str]:
    """Return a sentence per field that an answer about a lead in hand still lacks."""
    lead = session().get_one(Lead, pickup.lead_id)
    needed = needed_for(lead, answer.status)
    errors = check_answer(answer, acceptable_for(pickup), needed, today_of(actor, at))
    try:
        fill_own(lead, needed, answer, errors)
    except Invalid as refusal:
        return refusal.errors
    return {}


def acceptable_for(pickup: Pickup) -> Acceptable:
    """Return what is an answer about a lead, by the policy that it began with."""
    policy = queries.get_policy(pickup)
    return Acceptable(
        uncontacted=pickup.uncontacted,
        free=policy.uncontacted_free,
        since=policy.waiting_since and pickup.waiting_since is None,
    )


def since_of(pickup: Pickup | None, answer: Answer) -> date | None:
    """Return since when the customer is waited for, as said now or with the answer before."""
    if answer.status != Status.WAITING:
        return None
    return answer.waiting_since or (pickup.waiting_since if pickup else None)


def clear_planned(lead: Lead, firm: int, answer: Answer, actor: Actor, at: datetime) -> None:
    """Settle what the firm that closes a locked lead has planned about it, or refuse to close it.

    What the other side has planned stays with it. Raises `ActivitiesOpen`.
    """
    if answer.settles:
        cancel_planned("lead", lead.id, firm, Why.CLOSED, actor.id, at)
        return
    refusal = still_open(list_planned("lead", lead.id, firm))
    if refusal is not None:
        raise refusal


def repeated(pickup_id: int, answer: Answer, actor: Actor, at: datetime) -> Feedback | None:
    """Return the answer just given if this is the same one again."""
    last = session().scalar(
        select(Feedback)
        .where(
            Feedback.pickup_id == pickup_id,
            Feedback.user_id == actor.id,
            Feedback.taken_back_at.is_(None),
        )
        .order_by(Feedback.at.desc(), Feedback.id.desc())
        .limit(1)
    )
    if last is None or abs(at - last.at) > SAME_ANSWER:
        return None
    return last if says_the_same(last, answer) else None


def says_the_same(given: Feedback, answer: Answer) -> bool:
    """Say whether an answer repeats one that was given; of how a lead ended, in what it says."""
    try:
        ending = read_ending(answer) | {"decision_maker": answer.decision_maker}
        if answer.status == Status.LOST and answer.reason:
            ending["reason_id"] = read_reason("lost", answer.reason).id
    except Invalid:
        return False
    return (
        given.status == answer.status
        and (given.note or "") == answer.note
        and (given.next_step or "") == answer.next_step
        and given.next_step_on == answer.next_step_on
        and answer.waiting_since in (None, given.waiting_since)
        and given.value == answer.value
        and all(getattr(given, name) == said for name, said in ending.items() if said)
    )


STEPS = {Status.WON: "win", Status.LOST: "lose"}
"""The steps of the lead definition that answers are."""


def needed_for(lead: Lead, status: str | None) -> set[str]:
    """Return the fields that the lead definition asks for when this lead is won or lost so."""
    step = STEPS.get(Status(status)) if status in set(Status) else None
    if step is None:
        return set()
    return set(
        session().scalars(
            select(LeadRequirement.field).where(
                LeadRequirement.type_id == lead.type_id, LeadRequirement.step == step
            )
        )
    )


Own = tuple[dict[str, Any], list[str]]
"""Values of own fields, and the places of those that were answered."""


def fill_own(lead: Lead, needed: Collection[str], answer: Answer, errors: Mapping[str, str]) -> Own:
    """Return the lead's own fields with those that an answer fills.

    Raises `Invalid` with these errors and those of what is missing.
    """
    wrong = dict(errors)
    try:
        filled = own_fields.fill(lead.id, needed, dict(answer.own))
    except Invalid as refusal:
        wrong |= refusal.errors
    if wrong:
        raise Invalid(wrong)
    return filled


def keep_own(lead: Lead, own: Own, actor: Actor, at: datetime) -> None:
    """Keep what an answer said in the programme's own fields."""
    values, places = own
    if places:
        own_fields.write(lead.id, values)
        record(LeadFiguresChanged(at=at, lead_id=lead.id, user_id=actor.id, fields=places))


def today_of(actor: Actor, at: datetime) -> date:
    """Return the date where the person is."""
    return at.astimezone(ZoneInfo(actor.timezone)).date()


def write(
    lead: Lead,
    pickup: Pickup | None,
    answer: Answer,
    reason: Reason | None,
    actor: Actor,
    at: datetime,
    late: int = 0,
) -> Feedback:
    """Write an answer and its entry in the timeline. Raises `Invalid` for what is not to choose."""
    given = Feedback(
        pickup_id=pickup.id if pickup else None,
        lead_id=lead.id,
        user_id=actor.id,
        at=at,
        channel=circumstances.current().channel,
        status=answer.status,
        note=answer.note or None,
        next_step=answer.next_step or None,
        next_step_on=answer.next_step_on,
        waiting_since=since_of(pickup, answer),
        value=answer.value,
        reason_id=reason.id if reason else None,
        decision_maker=answer.decision_maker or None,
        late_seconds=late,
        **read_ending(answer),
    )
    session().add(given)
    session().flush()
    enter(
        "lead",
        lead.id,
        "feedback",
        answer.note,
        at,
        author_id=actor.id,
        organisation_id=pickup.organisation_id if pickup else actor.organisation_id,
        code=answer.status,
    )
    return given


def read_ending(answer: Answer) -> dict[str, Any]:
    """Return what was said of how a lead ended, as its columns take it. Raises `Invalid`."""
    known = book()
    if answer.status == Status.WON:
        bought = list(dict.fromkeys(answer.products))
        if not all(isinstance(known.by_id.get(one), Product) for one in bought):
            raise Invalid({"products": _("Please choose from the list.")})
        return {"product_ids": bought, "also": answer.also or None, "why": answer.why or None}
    if answer.status == Status.LOST:
        chosen = dict(known.choices("competitor", "en"))
        if answer.competitor and answer.competitor not in chosen:
            raise Invalid({"competitor": _("Please choose from the list.")})
        return {
            "lost_value": answer.lost_value,
            "competitor_id": int(answer.competitor) if answer.competitor else None,
        }
    return {}


ENDS = {Status.WON: "won", Status.LOST: "lost", CANCELLED: "recalled"}
"""How the pickup of a lead ends that ends so."""


def close(
    lead: Lead,
    pickup: Pickup | None,
    answer: Answer,
    reason: Reason | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Close a locked lead, and end the pickup of whoever holds it.

    Its holder stays named on a lead that was won or lost; a cancelled one is nobody's.
    """
    status = answer.status
    firm = pickup.organisation_id if pickup else actor.organisation_id
    if pickup is not None:
        pickup_operations.end_pickup(pickup, ENDS[status], at)
        counted = {} if status == CANCELLED else {status: 1}
        count(firm, open_pickups=-1, **counted)
    if status == CANCELLED:
        lead.holder_id = lead.holder_organisation_id = None
    lead.state, lead.state_since, lead.closed_at = LeadState.CLOSED, at, at
    about: dict[str, Any] = {
        "at": at,
        "lead_id": lead.id,
        "pickup_id": pickup.id if pickup else None,
        "organisation_id": firm,
        "user_id": actor.id,
    }
    reason_id = reason.id if reason else None
    if status == Status.WON:
        record(LeadWon(**about, value=str(answer.value)))
        winning.win(lead, actor, at)
    elif status == Status.LOST:
        record(LeadLost(**about, reason_id=reason_id))
        if reason_id is not None:
            nurture_rules.begin_by_rule(lead, reason_id, at)
    else:
        record(LeadCancelled(**about, reason_id=reason_id))


def moment(at: datetime | None) -> str | None:
    """Return a moment as it is kept."""
    return at.isoformat() if at else None


def position_before(pickup: Pickup, lead: Lead) -> dict[str, Any]:
    """Return what pickup and lead say before an answer, to come back to."""
    return {
        "status_id": lead.status_id,
        "feedback_due_at": moment(pickup.feedback_due_at),
        "last_feedback_at": moment(pickup.last_feedback_at),
        "last_status": pickup.last_status,
        "first_contact_at": moment(pickup.first_contact_at),
        "uncontacted": pickup.uncontacted,
        "debt": pickup.debt,
        "blocked_at": moment(pickup.blocked_at),
        "waiting_since": pickup.waiting_since.isoformat() if pickup.waiting_since else None,
        "state_since": moment(lead.state_since),
    }


def position_before_ending(lead: Lead, pickup: Pickup | None) -> dict[str, Any]:
    """Return what a lead, and the pickup of whoever holds it, say before the vendor ends it."""
    before: dict[str, Any] = {"status_id": lead.status_id, "state_since": moment(lead.state_since)}
    return before | (position_before(pickup, lead) if pickup else {}) | {"state": lead.state}


def is_ending(given: Feedback) -> bool:
    """Say whether an answer is how the vendor ended a lead, not what its holder said of it."""
    return "state" in (given.before or {})


def find_ending(lead: Lead) -> Feedback | None:
    """Return how the vendor ended a lead that has gone no further since; None where it did not."""
    if lead.state != LeadState.CLOSED:
        return None
    last = session().scalar(
        select(Feedback)
        .where(Feedback.lead_id == lead.id, Feedback.taken_back_at.is_(None))
        .order_by(Feedback.at.desc(), Feedback.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return last if last and is_ending(last) and last.at == lead.closed_at else None


def take_back(feedback_id: int, actor: Actor, at: datetime) -> Feedback:
    """Undo an answer: pickup and lead say again what they said before it.

    Only as long as nothing newer happened. What was settled with it is planned again. How the
    vendor ended a lead is for the vendor to take back (`again`). Raises `NotFound`,
    `TooLateToUndo`.
    """
    asked = session().get(Feedback, feedback_id)
    if asked is None or asked.pickup_id is None or is_ending(asked):
        raise NotFound()
    offers.lock_partner(actor.organisation_id)
    queries.get_visible(asked.pickup_id, actor)
    lead = offers.lock_lead(asked.lead_id)
    pickup = session().get_one(
        Pickup, asked.pickup_id, with_for_update={"key_share": True}, populate_existing=True
    )
    given = session().get_one(Feedback, feedback_id, populate_existing=True)
    last = newest(pickup.id)
    closing = given.status in CLOSING
    untouched = given.before is not None and (
        (pickup.outcome == given.status and lead.state == LeadState.CLOSED)
        if closing
        else (pickup.ended_at is None and lead.state == LeadState.HELD)
    )
    held = lead.holder_id == pickup.user_id
    refusal = may_take_back(
        given.at,
        given.taken_back_at,
        last is not None and last.id == given.id,
        untouched and held,
        at,
    )
    if refusal is not None:
        raise refusal
    restore(pickup, lead, given.before or {}, given.at)
    given.taken_back_at = at
    clocks.taken_back(pickup, given.at, at)
    lead.version += 1
    figures = {"answers_late" if given.late_seconds else "answers_in_time": -1}
    if closing:
        pickup.ended_at = pickup.outcome = None
        lead.state, lead.closed_at = LeadState.HELD, None
        plan_again("lead", lead.id, given.at, actor.id, at)
        figures |= {"open_pickups": 1, "won" if given.status == Status.WON else "lost": -1}
    if given.status == Status.WON:
        winning.take_win_back(lead, actor, at)
    elif given.status == Status.LOST:
        nurture_rules.withdraw(lead, at)
    count(pickup.organisation_id, **figures)
    session().flush()
    suspension.hold_again(pickup, given.at, at)
    enter(
        "lead",
        lead.id,
        "feedback",
        "",
        at,
        author_id=actor.id,
        organisation_id=pickup.organisation_id,
        code="taken_back",
    )
    record(
        FeedbackTakenBack(
            at=at,
            lead_id=lead.id,
            feedback_id=given.id,
            pickup_id=pickup.id,
            user_id=actor.id,
            organisation_id=pickup.organisation_id,
            status=given.status,
        )
    )
    return given


def newest(pickup_id: int) -> Feedback | None:
    """Return the last answer about a pickup that was not taken back."""
    return session().scalar(
        select(Feedback)
        .where(Feedback.pickup_id == pickup_id, Feedback.taken_back_at.is_(None))
        .order_by(Feedback.at.desc(), Feedback.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def restore(pickup: Pickup, lead: Lead, before: dict[str, Any], said_at: datetime) -> None:
    """Set a locked pickup and its lead back to `before` an answer.

    First contact stays where it was not the answer that told of it.
    """

    def kept(name: str) -> datetime | None:
        # what was kept before there was such a thing doesn't name it
        return datetime.fromisoformat(before[name]) if before.get(name) else None

    lead.status_id = status_again(lead, before["status_id"], LifeState.IN_PROGRESS)
    lead.state_since = kept("state_since") or lead.state_since
    pickup.feedback_due_at = kept("feedback_due_at") or pickup.feedback_due_at
    pickup.last_feedback_at = kept("last_feedback_at")
    pickup.last_status = before["last_status"]
    if pickup.first_contact_at == said_at:
        pickup.first_contact_at = kept("first_contact_at")
    pickup.uncontacted = before["uncontacted"]
    pickup.debt = before["debt"]
    pickup.blocked_at = kept("blocked_at")
    since = before.get("waiting_since")
    pickup.waiting_since = date.fromisoformat(since) if since else None


def told_of_contact(pickup: Pickup) -> datetime | None:
    """Return when somebody first answered that there was contact with the customer."""
    return session().scalar(
        select(func.min(Feedback.at)).where(
            Feedback.pickup_id == pickup.id,
            Feedback.taken_back_at.is_(None),
            Feedback.status != Status.NOT_CONTACTED,
        )
    )


def forget_contact(pickup: Pickup, made_at: datetime) -> None:
    """Have no answer come back to a first contact of which nobody says any more that it was."""
    for given in session().scalars(select(Feedback).where(Feedback.pickup_id == pickup.id)):
        if (given.before or {}).get("first_contact_at") == moment(made_at):
            given.before = {**(given.before or {}), "first_contact_at": None}


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of answer-and-pick: the answer stands; the pick was won, refused or waits."""

    claimed: Claimed | Deciding | None
    refusal: Refused | None


def answer_and_claim(
    pickup_id: int, answer: Answer, lead_id: int, actor: Actor, at: datetime
) -> Answered:
    """Answer an owed question and pick up the lead that waits for it, in one transaction.

    The answer stands whether or not the lead is still free. Raises what `give` raises.
    """
    give(pickup_id, answer, actor, at)
    try:
        with session().begin_nested():
            return Answered(pickup_operations.claim(lead_id, actor, at), None)
    except Refused as refusal:
        return Answered(None, refusal)
