"""The vendor takes a lead back from who holds it: a step of its policy does, or somebody by hand.

Only after a deadline has passed, and never work that is under way: what was done of late, an
appointment ahead or a wish for more time keep the lead where it is. A channel manager may decide
otherwise and says why. The former holder loses the data in the same transaction and keeps the
credit for what was done; who gets the lead next reads in a neutral summary what that was.
Lock order as everywhere: partner → lead → pickup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import exists, func, or_, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Refused
from portal.core.events import record
from portal.core.mail.rendering import moment
from portal.deadlines.models import Clock, ClockKind, Rung
from portal.leads.models import Lead
from portal.offers import operations as offers
from portal.offers import redistribution
from portal.offers.models import Way
from portal.partners.figures import count
from portal.pickup import operations, queries, suspension
from portal.pickup.events import LeadRecalled
from portal.pickup.models import Extension, Pickup
from portal.timeline.models import Activity
from portal.timeline.rules import Kind

SILENT = "silent"
"""The key of the reason with which a policy takes a lead back."""
LONGEST_NOTE = 2000
CLOCKS = (ClockKind.RESPONSE, ClockKind.FEEDBACK, ClockKind.COMPLETION)


class Kept(StrEnum):
    """Why a lead stays with who holds it."""

    IN_TIME = "in_time"
    WORKED_ON = "worked_on"
    APPOINTMENT = "appointment"
    MORE_TIME = "more_time"


class WorkProtected(Refused):
    """A lead can't be taken back: there is work on it.

    Facts: `why` (`Kept`), `since`, `until` when that keeps it (None: until somebody decides).
    """

    code = "work_protected"


@dataclass(frozen=True, slots=True)
class Protection:
    """What keeps a lead with who holds it, the moment that this rests on, and until when it does.

    `until` is None where it ends by what somebody decides.
    """

    why: Kept
    moment: datetime | None = None
    until: datetime | None = None

    def words(self, number: str) -> str:
        """Return it as a sentence."""
        at = moment(self.moment) if self.moment else ""
        words = {
            Kept.IN_TIME: _(
                "%(number)s stays where it is: no deadline has passed. The next one is %(when)s.",
                number=number,
                when=at,
            ),
            Kept.WORKED_ON: _(
                "%(number)s stays where it is: it was worked on %(when)s.", number=number, when=at
            ),
            Kept.APPOINTMENT: _(
                "%(number)s stays where it is: there is an appointment %(when)s.",
                number=number,
                when=at,
            ),
            Kept.MORE_TIME: _(
                "%(number)s stays where it is: its holder asked for more time, and nobody has "
                "decided on it.",
                number=number,
            ),
        }
        return str(words[self.why])


def protection_of(pickup: Pickup, at: datetime) -> Protection | None:
    """Return what keeps a lead with who holds it; None where it may be taken back."""
    due = first_due(pickup)
    if due > at:
        return Protection(Kept.IN_TIME, due, due)
    asked = exists().where(Extension.pickup_id == pickup.id, Extension.decided_at.is_(None))
    if session().scalar(select(asked)):
        return Protection(Kept.MORE_TIME)
    its = (
        Activity.subject == "lead",
        Activity.subject_id == pickup.lead_id,
        Activity.organisation_id == pickup.organisation_id,
        Activity.kind.in_(list(Kind)),
    )
    protects = timedelta(days=queries.get_policy(pickup).protected_days)
    worked = session().scalar(
        select(func.max(Activity.done_at)).where(
            *its, Activity.done_at >= max(pickup.picked_at, at - protects)
        )
    )
    if worked is not None:
        return Protection(Kept.WORKED_ON, worked, worked + protects)
    ahead = session().scalar(
        select(func.min(Activity.planned_for)).where(
            *its,
            Activity.kind == Kind.APPOINTMENT,
            Activity.done_at.is_(None),
            Activity.cancelled_at.is_(None),
            Activity.planned_for > at,
        )
    )
    return Protection(Kept.APPOINTMENT, ahead, ahead) if ahead is not None else None


def first_due(pickup: Pickup) -> datetime:
    """Return the first moment at which something is or was due of who holds a lead."""
    clocks = session().scalar(
        select(func.min(Clock.due_at)).where(
            Clock.pickup_id == pickup.id,
            Clock.request_id.is_(None),
            Clock.kind.in_(CLOCKS),
            Clock.stopped_at.is_(None),
        )
    )
    return min(pickup.feedback_due_at, clocks or pickup.feedback_due_at)


def may_recall(pickup: Pickup, actor: Actor) -> bool:
    """Say whether somebody takes leads back from this firm: the vendor's people who lead there."""
    if not actor.may(Permission.LEADS_RECALL) or actor.is_looked_as:
        return False
    firms = reach.read_firms(actor)
    return firms is None or pickup.organisation_id in firms


def may_force(actor: Actor) -> bool:
    """Say whether somebody may take back what is worked on: a channel manager."""
    return actor.may(Permission.LEADS_RECALL) and actor.may(Permission.OFFERS_MAKE)


def recall(
    pickup_id: int,
    actor: Actor | None,
    reason_key: str,
    note: str | None,
    at: datetime,
    *,
    force: bool = False,
    to: Rung | None = None,
) -> Lead:
    """Take a lead back; it rests as its policy says, and then goes on to others.

    `to` is the rung of the chain with which that begins, None: the first. Nobody is the actor where
    a policy does so. Raises `NotFound`, `NotYoursAnyMore`, `Invalid`,
    `WorkProtected`; `Forbidden` for who may not `force` it.
    """
    seen = queries.find(pickup_id)
    if seen is None or (actor is not None and not may_recall(seen, actor)):
        raise NotFound()
    if force and (actor is None or not may_force(actor)):
        raise Forbidden(_("This belongs to another role."))
    known = offers.read_reason if actor else offers.own_reason
    reason = known("recall", reason_key)
    words = (note or "").strip()
    if len(words) > LONGEST_NOTE:
        raise Invalid({"note": _("Please keep it under %(most)d characters.", most=LONGEST_NOTE)})
    offers.lock_partner(seen.organisation_id)
    pickup, lead = operations.lock_lead_and_pickup(seen)
    protection = protection_of(pickup, at)
    if protection is not None:
        if not force:
            raise WorkProtected(
                protection.words(lead.number),
                why=protection.why,
                since=protection.moment,
                until=protection.until,
            )
        if not words:
            raise Invalid({"note": _("Please say why it is taken back all the same.")})
    operations.leave_hands(pickup, lead, Way.RECALLED, reason, actor.id if actor else None, at)
    drop_wishes(pickup, at)
    count(pickup.organisation_id, open_pickups=-1, recalled=1)
    record(
        LeadRecalled(
            at=at,
            lead_id=lead.id,
            pickup_id=pickup.id,
            user_id=pickup.user_id,
            organisation_id=pickup.organisation_id,
            by_user_id=actor.id if actor else None,
            reason_id=reason.id,
            forced=protection is not None,
        ),
        private={"note": words} if words else None,
    )
    suspension.end_answered(pickup, at)
    redistribution.rest(lead, at, queries.get_policy(pickup), to)
    return lead


def drop_wishes(pickup: Pickup, at: datetime) -> None:
    """Settle that more time was asked for a lead that has left its holder's hands."""
    open_wish = session().scalar(
        select(Extension).where(Extension.pickup_id == pickup.id, Extension.decided_at.is_(None))
    )
    if open_wish is not None:
        open_wish.decided_at, open_wish.granted = at, False
        session().flush()


# -- what was done before ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that an earlier holder did: `kind` of activity, or the `answer` that he gave."""

    at: datetime
    kind: str
    answer: str | None = None


def done_before(lead: Lead, since: datetime | None, limit: int = 20) -> Sequence[Done]:
    """Return what earlier holders did about a lead, the last first: no names, and no words.

    `since` is when its present holder got it; None: all that was done.
    """
    former = select(Pickup.organisation_id).where(
        Pickup.lead_id == lead.id, Pickup.ended_at.is_not(None)
    )
    rows = session().execute(
        select(Activity.done_at, Activity.kind, Activity.code)
        .where(
            Activity.subject == "lead",
            Activity.subject_id == lead.id,
            Activity.organisation_id.in_(former),
            Activity.done_at.is_not(None),
            or_(Activity.kind.in_(list(Kind)), Activity.kind == "feedback"),
            Activity.code.is_distinct_from("taken_back"),
            *([Activity.done_at < since] if since else []),
        )
        .order_by(Activity.done_at.desc(), Activity.id.desc())
        .limit(limit)
    )
    return [Done(row.done_at, row.kind, row.code) for row in rows]
