"""Verbs of the desk: take the next inquiry, keep it to oneself, note attempts, hand a step on.

What becomes of the lead itself is decided in `leads.operations`; here is who works on it, and what
has to come before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.actor import Actor
from portal.accounts.models import Unit, User
from portal.accounts.reach import units_below
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, Refused
from portal.core.events import record
from portal.leads import beginning, operations, team
from portal.leads.models import TO_QUALIFY, Lead, LeadState, LeadType
from portal.leads.notes import about
from portal.leads.operations import Qualification, lock_to_edit
from portal.qualification import queue, routing
from portal.qualification.events import ContactTried, QualificationHandedOn
from portal.qualification.models import ContactAttempt, DeskWork, QualificationStep
from portal.qualification.rules import (
    ESTABLISHED,
    LOCKED_FOR,
    Locked,
    NotYourStep,
    Outcome,
    check_call_back,
    outcome_words,
    step_after,
    step_words,
    too_early,
)
from portal.timeline import activities as timeline
from portal.timeline import operations as planned
from portal.timeline.rules import LONGEST, Entry, Kind


def find_work(lead_id: int) -> DeskWork | None:
    """Return how the work on a lead stands; None where nobody has begun."""
    return session().get(DeskWork, lead_id)


def _work(lead_id: int) -> DeskWork:
    """Lock how the work on a lead stands, whether or not somebody has begun."""
    session().execute(upsert(DeskWork).values(lead_id=lead_id, attempts=0).on_conflict_do_nothing())
    return session().get_one(DeskWork, lead_id, with_for_update=True, populate_existing=True)


# -- whose it is at this moment -----------------------------------------------------------------


def locked_by_others(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """Return the condition of leads on which somebody else works at this moment."""
    return exists().where(
        DeskWork.lead_id == Lead.id,
        DeskWork.locked_by != actor.id,
        DeskWork.locked_until > at,
    )


def find_lock(lead_id: int, at: datetime) -> DeskWork | None:
    """Return the work of whoever works on a lead at this moment."""
    work = find_work(lead_id)
    held = work is not None and work.locked_until is not None and work.locked_until > at
    return work if held else None


def lock(lead_id: int, actor: Actor, at: datetime) -> DeskWork:
    """Keep a lead to oneself for a while; again is longer.

    Raises `NotFound`, `rules.NotEditable`, and `Locked` where somebody else works on it.
    """
    lead = lock_to_edit(lead_id, actor)
    work = _work(lead.id)
    if work.locked_by not in (None, actor.id) and work.locked_until and work.locked_until > at:
        raise locked(lead, work)
    work.locked_by, work.locked_until = actor.id, at + LOCKED_FOR
    session().flush()
    return work


def locked(lead: Lead, work: DeskWork) -> Locked:
    """Return the answer to who comes while somebody else works on a lead."""
    who = session().get_one(User, work.locked_by or 0).name
    words = _("%(who)s works on %(number)s just now.", who=who, number=lead.number)
    return Locked(words, who=who, until=work.locked_until)


def release(lead_id: int, actor: Actor) -> None:
    """Let others work on a lead again; nothing where it is not the actor's."""
    work = session().get(DeskWork, lead_id, with_for_update=True, populate_existing=True)
    if work is not None and work.locked_by == actor.id:
        work.locked_by = work.locked_until = None
        session().flush()


# -- the next one -------------------------------------------------------------------------------


def take_next(
    actor: Actor, at: datetime, filters: queue.Filters, after: int | None = None
) -> Lead | None:
    """Take the next inquiry and keep it to oneself; None where none is left.

    First who is to be called back by now, then what waits, as `filters` order and narrow it. Two
    who ask at once get two different leads.
    """
    due = session().scalar(
        select(Lead)
        .join(DeskWork, DeskWork.lead_id == Lead.id)
        .where(
            DeskWork.call_back_at <= at,
            queue.begun_by(actor),
            queue.narrowed(filters),
            Lead.id != (after or 0),
            Lead.suppressed.is_(False),
        )
        .order_by(DeskWork.call_back_at, Lead.id)
        .limit(1)
    )
    if due is None:
        due = operations.take_next(
            actor,
            at,
            and_(
                queue.narrowed(filters),
                or_(Lead.qualifier_id.is_(None), Lead.qualifier_id == actor.id),
                ~locked_by_others(actor, at),
            ),
            after,
            queue.ORDERS[filters.order],
        )
        if due is None:
            return None
        beginning.taken(due, actor.id, at)
    lock(due.id, actor, at)
    return due


def save(lead_id: int, given: Qualification, actor: Actor, at: datetime, version: int) -> Lead:
    """Keep what was typed on the page, and the lead to oneself.

    Raises `Locked`, and as `operations.save_qualification` does.
    """
    lock(lead_id, actor, at)
    waited = session().get_one(Lead, lead_id).state == LeadState.CAPTURED
    lead = operations.save_qualification(lead_id, given, actor, at, version)
    if waited:
        beginning.taken(lead, actor.id, at)
    return lead


def qualify(lead_id: int, actor: Actor, at: datetime, confirmed: str = "") -> Lead:
    """Declare a lead complete once its last step is done.

    Raises `NotYourStep`, `Locked`, and as `operations.qualify` does.
    """
    lock(lead_id, actor, at)
    lead = session().get_one(Lead, lead_id)
    step = find_next_step(lead)
    if step is not None and lead.state in TO_QUALIFY:
        words = _(
            "Before it can be offered, %(unit)s has a step to do: %(step)s.",
            unit=session().get_one(Unit, step.unit_id).name,
            step=step_words(step.key),
        )
        raise NotYourStep(words)
    found = operations.qualify(lead_id, actor, at, confirmed)
    release(lead_id, actor)
    return found


def put_aside(lead_id: int, reason: str, note: str, actor: Actor, at: datetime) -> Lead:
    """Put a lead aside; because nobody could be reached only after the prescribed attempts.

    Raises `Invalid` at `reason`, `Locked`, and as `operations.disqualify` does.
    """
    work = lock(lead_id, actor, at)
    lead = session().get_one(Lead, lead_id)
    early = too_early(
        reason.strip(),
        work.attempts,
        session().get_one(LeadType, lead.type_id).attempts,
        reached=work.reached_at is not None,
    )
    if early:
        raise Invalid({"reason": early})
    lead = operations.disqualify(lead_id, reason, note, actor, at)
    release(lead_id, actor)
    return lead


# -- attempts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt to reach somebody, as it was typed."""

    outcome: str
    note: str = ""
    call_back_at: datetime | None = None


def note_attempt(lead_id: int, given: Try, actor: Actor, at: datetime) -> DeskWork:
    """Note an attempt: it counts, stands in the timeline and settles the call that was planned.

    Whoever is to be called back is planned for that moment. Raises `Invalid`, `NotFound`,
    `Locked`, `rules.NotEditable`.
    """
    work = lock(lead_id, actor, at)
    errors = check_call_back(given.outcome, given.call_back_at, at)
    if len(given.note) > LONGEST:
        errors["said"] = str(_("Please keep it under %(most)d characters.", most=LONGEST))
    if errors:
        raise Invalid(errors)
    lead = session().get_one(Lead, lead_id)
    begin(lead, actor, at)
    back = given.call_back_at if given.outcome == Outcome.CALL_BACK else None
    session().add(
        ContactAttempt(
            lead_id=lead_id, user_id=actor.id, at=at, outcome=given.outcome, call_back_at=back
        )
    )
    work.attempts += 1
    work.last_outcome, work.last_attempt_at, work.call_back_at = given.outcome, at, back
    if given.outcome in ESTABLISHED and work.reached_at is None:
        work.reached_at = at
    session().flush()
    said = outcome_words(given.outcome) if back is None else str(_("Asked to be called back"))
    enter_attempt(lead, f"{said}. {given.note}" if given.note else said, actor, at)
    if back is not None:
        words = Entry(Kind.CALL, str(_("Call back")), due=back, assignee_id=actor.id)
        activity = timeline.plan(about(lead.id), words, actor.organisation_id, at)
        activity.code = beginning.CADENCE
        session().flush()
    record(
        ContactTried(
            at=at,
            lead_id=lead_id,
            user_id=actor.id,
            outcome=given.outcome,
            attempts=work.attempts,
        )
    )
    return work


def begin(lead: Lead, actor: Actor, at: datetime) -> None:
    """Have a locked lead that waits be the actor's to qualify."""
    if lead.state == LeadState.CAPTURED:
        operations.take(lead, actor, at)
        beginning.taken(lead, actor.id, at)


def enter_attempt(lead: Lead, words: str, actor: Actor, at: datetime) -> None:
    """Settle the next call that is planned, or note one that nobody had planned."""
    calls = [
        one
        for one in planned.lock_open("lead", lead.id, actor.organisation_id)
        if one.kind == Kind.CALL and one.code == beginning.CADENCE
    ]
    if calls:
        first = min(calls, key=lambda one: (one.planned_for or at, one.id))
        timeline.settle(about(lead.id), first.id, done=True, outcome=words, actor=actor, at=at)
        return
    timeline.enter(
        about(lead.id),
        Entry(Kind.CALL, words),
        done=True,
        people={actor.id},
        actor=actor,
        at=at,
    )


# -- steps --------------------------------------------------------------------------------------


def step_of(lead: Lead) -> QualificationStep | None:
    """Return the step in which a lead is; None where its kind has none set apart."""
    steps = routing.list_steps(lead.kind)
    work = find_work(lead.id)
    return next(
        (one for one in steps if work is not None and one.key == work.step),
        steps[0] if steps else None,
    )


def find_next_step(lead: Lead) -> QualificationStep | None:
    """Return the step that comes after the one in which a lead is."""
    now, steps = step_of(lead), routing.list_steps(lead.kind)
    following = step_after([one.key for one in steps], now.key if now else None)
    return next((one for one in steps if one.key == following), None)


def hand_on(
    lead_id: int,
    actor: Actor,
    at: datetime,
    *,
    user_id: int | None = None,
    briefing_at: datetime | None = None,
) -> Lead:
    """End a step: the next unit has the lead, somebody of it where named, with an appointment.

    What is known of it stays. Raises `Invalid` (`user_id`, `briefing_on`), `Refused` after the last
    step, `Locked`, `NotFound`.
    """
    lock(lead_id, actor, at)
    lead = session().get_one(Lead, lead_id)
    now, following = step_of(lead), find_next_step(lead)
    if now is None or following is None or lead.state not in TO_QUALIFY:
        raise Refused(_("No further step comes for %(number)s.", number=lead.number))
    errors: dict[str, str] = {}
    user = session().get(User, user_id) if user_id is not None else None
    whole = units_below(following.unit_id)
    if user_id is not None and (user is None or not user.active or user.unit_id not in whole):
        errors["user_id"] = str(_("Please choose somebody of the unit that comes next."))
    if following.briefing and briefing_at is None:
        errors["briefing_on"] = str(_("Please say when you brief them."))
    elif briefing_at is not None and briefing_at <= at:
        errors["briefing_on"] = str(_("That is over. Please choose a moment ahead."))
    if errors:
        raise Invalid(errors)
    beginning.drop(lead, actor.id, at)
    lead.unit_id = user.unit_id if user else routing.unit_in(lead, following.unit_id)
    lead.state, lead.state_since, lead.qualifier_id = LeadState.CAPTURED, at, None
    if user is not None:
        lead.state, lead.qualifier_id = LeadState.QUALIFYING, user.id
    lead.version += 1
    work = _work(lead_id)
    work.step, work.locked_by, work.locked_until = following.key, None, None
    session().flush()
    firm = session().get_one(Unit, following.unit_id).organisation_id
    if briefing_at is not None:
        for organisation_id, who in {
            firm: user.id if user else None,
            **({} if firm == actor.organisation_id else {actor.organisation_id: actor.id}),
        }.items():
            said = _("Briefing: %(step)s", step=step_words(following.key))
            entry = Entry(Kind.APPOINTMENT, str(said), due=briefing_at, assignee_id=who)
            timeline.plan(about(lead.id), entry, organisation_id, at)
    record(
        QualificationHandedOn(
            at=at,
            lead_id=lead_id,
            user_id=actor.id,
            step_before=now.key,
            step=following.key,
            unit_id=following.unit_id,
            to_user_id=user_id,
        )
    )
    return lead


# -- who there is ---------------------------------------------------------------------------------


def name_of(user_id: int | None) -> str:
    """Return what somebody is called."""
    found = session().get(User, user_id or 0)
    return found.name if found else ""


def unit_name(unit_id: int) -> str:
    """Return what a unit is called."""
    return session().get_one(Unit, unit_id).name


def list_people_of(unit_id: int) -> Sequence[AnyRow]:
    """Return `id` and `name` of the people of a unit and its parts who qualify inquiries."""
    return (
        session()
        .execute(
            select(User.id, User.name)
            .where(User.unit_id.in_(units_below(unit_id)), routing.qualifies())
            .order_by(User.name, User.id)
        )
        .all()
    )


def list_managers() -> Sequence[AnyRow]:
    """Return `id` and `name` of the vendor's account managers."""
    return (
        session()
        .execute(
            select(User.id, User.name)
            .where(User.active, User.roles.contains(["account_manager"]))
            .order_by(User.name, User.id)
        )
        .all()
    )


def name_manager(lead_id: int, user_id: int, actor: Actor, at: datetime) -> Lead:
    """Say which account manager answers for a lead: what the last step of a brand decides.

    Raises `Invalid` at `user_id`, `Locked`, `NotFound`, `rules.NotEditable`.
    """
    lock(lead_id, actor, at)
    if user_id not in {one.id for one in list_managers()}:
        raise Invalid({"user_id": str(_("Please choose an account manager."))})
    return team.set_owner(lead_id, user_id, actor, at)
