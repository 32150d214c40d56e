"""The vendor's own duty: who answers for a lead speaks with its customer, too.

Where the type of a lead says so, it begins once the lead is qualified or picked up, with the hours
of its policy (`owner_hours`). A call, an e-mail or an appointment of hers that is done meets it,
or one tap: "spoken to". Who stands in for her may do so, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, update

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines import clocks
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy, Stop
from portal.leads import activities
from portal.leads.definition import Moment
from portal.leads.models import OFFERABLE, Lead, LeadState, LeadType
from portal.leads.policies import policy_of
from portal.leads.queries import find_visible
from portal.partners.calendars import calendar_of
from portal.pickup.models import Pickup
from portal.pickup.queries import get_policy
from portal.timeline.models import Activity
from portal.timeline.rules import Entry, Kind

ON: Mapping[str, Collection[str]] = {
    Moment.PICKED_UP: (LeadState.HELD,),
    Moment.QUALIFIED: (*OFFERABLE, LeadState.OFFERED, LeadState.HELD),
}
"""The states of a lead in which its owner has the duty, by the moment from which she has it."""
CONTACTS = (Kind.CALL, Kind.EMAIL, Kind.APPOINTMENT)
"""What somebody does who speaks with a customer."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who of the vendor speaks with the customer until when; `may`: the reader says that she has.

    `done_at` is when that was, with how late.
    """

    who: str
    due_at: datetime
    done_at: datetime | None
    late_seconds: int
    may: bool


def begin(lead_id: int, moment: Moment, at: datetime) -> None:
    """Let the duty begin where the type of a lead has it begin so. Twice is once.

    A lead that is in hand again, after all, has it as from its pickup.
    """
    lead = _lock(lead_id)
    if lead is None or lead.owner_id is None or speaks_from(lead) != moment:
        return
    void_stale(lead, at)
    since = lead.picked_at if moment == Moment.PICKED_UP else lead.qualified_at
    if since is None or lead.state not in ON[moment] or running(lead_id):
        return
    begun = select(Clock.id).where(
        Clock.kind == ClockKind.OWNER,
        Clock.lead_id == lead_id,
        Clock.started_at >= since,
        Clock.outcome != Stop.VOID,
    )
    if session().scalar(begun.limit(1)) is not None:
        return
    policy = find_policy(lead)
    owner = session().get_one(User, lead.owner_id)
    clocks.start(
        ClockKind.OWNER,
        lead_id,
        policy,
        since,
        minutes=policy.owner_hours * 60,
        calendar=calendar_of(owner.organisation_id, owner.id),
        user_id=owner.id,
        organisation_id=owner.organisation_id,
    )


def speaks_from(lead: Lead) -> str | None:
    """Return the moment from which the owner of such a lead speaks with its customer."""
    return session().get_one(LeadType, lead.type_id).owner_speaks


def find_policy(lead: Lead) -> DeadlinePolicy:
    """Return the policy of whoever holds a lead; else the one that would hold for it now."""
    pickup = session().scalar(
        select(Pickup).where(Pickup.lead_id == lead.id, Pickup.ended_at.is_(None))
    )
    return get_policy(pickup) if pickup is not None else policy_of(lead)


def void_stale(lead: Lead, at: datetime) -> None:
    """End what the owner of a locked lead was to do about it as it stood before."""
    goes_on = lead.state in ON.get(speaks_from(lead) or "", ())
    for clock in running(lead.id):
        since = lead.picked_at if speaks_from(lead) == Moment.PICKED_UP else lead.qualified_at
        if not goes_on or since is None or clock.started_at < since:
            clocks.stop(clock, at, void=True)


def _lock(lead_id: int) -> Lead | None:
    return session().get(Lead, lead_id, with_for_update={"key_share": True}, populate_existing=True)


def running(lead_id: int) -> Sequence[Clock]:
    """Return the clocks of the duty that run about a lead."""
    found = select(Clock).where(
        Clock.kind == ClockKind.OWNER, Clock.lead_id == lead_id, Clock.stopped_at.is_(None)
    )
    return session().scalars(found.execution_options(populate_existing=True)).all()


def meet(lead_id: int, user_id: int, at: datetime) -> None:
    """Note that somebody spoke with the customer: the duty is met if it was hers."""
    _lock(lead_id)
    for clock in running(lead_id):
        if clock.user_id == user_id and clock.started_at <= at:
            clocks.stop(clock, at)


def meet_by(activity_id: int, at: datetime) -> None:
    """Note that an activity is done; one that is a contact meets the duty of whoever did it."""
    done = session().get(Activity, activity_id, populate_existing=True)
    if done is None or done.subject != "lead" or done.kind not in CONTACTS or done.done_at is None:
        return
    for user_id in {done.author_id, done.assignee_id, done.settled_by_id} - {None}:
        if user_id is not None:
            meet(done.subject_id, user_id, at)


def speak(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Note with one tap that the owner of a lead has spoken with its customer; twice is once.

    Raises `NotFound`.
    """
    lead = find_visible(lead_id, actor)
    if lead is None or actor.is_looked_as:
        raise NotFound()
    _lock(lead_id)
    hers = [clock for clock in running(lead_id) if clock.user_id in _her_places(actor)]
    if not hers:
        return lead
    activities.enter(
        lead, Entry(_kind(lead), str(_("Spoken with the customer"))), done=True, actor=actor, at=at
    )
    for clock in hers:
        meet(lead_id, clock.user_id or 0, at)
    return lead


def _kind(lead: Lead) -> str:
    """Return what is noted: a call, unless leads of this type have none."""
    kinds = activities.list_kinds(lead)
    return next((kind for kind in CONTACTS if kind in kinds), kinds[0] if kinds else Kind.CALL)


def _her_places(actor: Actor) -> set[int]:
    return {actor.id, *actor.stands_in_for}


def void_of(lead_id: int, at: datetime) -> None:
    """End the duty without its being met: the lead has ended, or left the hands it came into."""
    lead = _lock(lead_id)
    if lead is not None:
        void_stale(lead, at)


def follow_owner(lead_id: int) -> None:
    """Let the duty be that of who answers for a lead now; its moment stays."""
    lead = _lock(lead_id)
    if lead is not None and lead.owner_id is not None:
        for clock in running(lead_id):
            clock.user_id = lead.owner_id
        session().flush()


def follow_manager(organisation_id: int, was_id: int | None, user_id: int | None) -> None:
    """Let the duties about the leads of a firm go to its new account manager with it."""
    if user_id is None or was_id is None:
        return
    held = select(Lead.id).where(
        Lead.holder_organisation_id == organisation_id, Lead.state == LeadState.HELD
    )
    session().execute(
        update(Clock)
        .where(
            Clock.kind == ClockKind.OWNER,
            Clock.stopped_at.is_(None),
            Clock.user_id == was_id,
            Clock.lead_id.in_(held),
        )
        .values(user_id=user_id)
    )


def find_duty(lead: Lead, actor: Actor) -> Duty | None:
    """Return the last duty about a lead that was not void, for one of the vendor's people."""
    if actor.is_partner:
        return None
    row = (
        session()
        .execute(
            select(Clock, User.name)
            .join(User, User.id == Clock.user_id)
            .where(
                Clock.kind == ClockKind.OWNER,
                Clock.lead_id == lead.id,
                Clock.outcome.is_distinct_from(Stop.VOID),
            )
            .order_by(Clock.id.desc())
            .limit(1)
        )
        .one_or_none()
    )
    if row is None:
        return None
    clock, who = row
    mine = clock.user_id in _her_places(actor) and not actor.is_looked_as
    may = clock.stopped_at is None and mine
    return Duty(who, clock.due_at, clock.stopped_at, clock.late_seconds, may)
