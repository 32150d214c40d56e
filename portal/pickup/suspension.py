"""Who missed too many deadlines picks up nothing for a while, and how that ends earlier.

A suspension is the firm's or one person's, as the policy's gate counts. It ends when its time has
come, before that as soon as all that is owed is answered: the way back is by doing. What somebody
of the vendor decided ends by his hand alone. Whoever changes anything here has locked the firm, so
that no two of them cross.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.deadlines.models import Clock, ClockChange, ClockKind, DeadlinePolicy, GateScope, Stop
from portal.offers import operations as offers
from portal.partners.models import Partner
from portal.pickup.clocks import HANDED_ON
from portal.pickup.events import PicksSuspended, SuspensionEnded
from portal.pickup.models import Ending, Pickup, Suspension
from portal.pickup.rules import Pause

COUNTED = (ClockKind.RESPONSE, ClockKind.FEEDBACK)
"""The deadlines of partners that count as missed: first contact, and answers."""

LONGEST_PAUSE = timedelta(days=366)


def suspend(pickup: Pickup, policy: DeadlinePolicy, at: datetime) -> Suspension | None:
    """Suspend who was late too often, by the policy of a lead that is late; return what began.

    None where the policy knows no suspension, where it was not that often yet, and where nothing
    was missed since the last one began: the same misses cost once.
    """
    if not policy.suspend_after:
        return None
    firm = session().get(Partner, pickup.organisation_id)
    whole = firm is not None and policy.gate_scope == GateScope.FIRM
    user_id = None if whole else pickup.user_id
    misses, latest = count_misses(
        pickup.organisation_id, user_id, at - timedelta(days=policy.suspend_within_days), at
    )
    if latest is None or misses < policy.suspend_after:
        return None
    last = session().scalar(
        select(func.max(Suspension.at)).where(
            Suspension.organisation_id == pickup.organisation_id,
            Suspension.user_id.is_(None) if whole else Suspension.user_id == user_id,
        )
    )
    if last is not None and latest <= last:
        return None
    return _begin(
        Suspension(
            organisation_id=pickup.organisation_id,
            user_id=user_id,
            at=at,
            until=at + timedelta(days=policy.suspend_days),
            misses=misses,
            within_days=policy.suspend_within_days,
            pickup_id=pickup.id,
        ),
        firm,
    )


def count_misses(
    organisation_id: int, user_id: int | None, since: datetime, at: datetime
) -> tuple[int, datetime | None]:
    """Return how many deadlines a person (or her firm) missed since a moment, and the last one.

    Those that are still running count as soon as they are past; those that stand still do not. What
    was handed on when it was late already stays with who held it when it was due.
    """
    handed_on_from = (
        select(ClockChange.user_id)
        .where(
            ClockChange.clock_id == Clock.id,
            ClockChange.reason == HANDED_ON,
            ClockChange.at >= Clock.due_at,
        )
        .order_by(ClockChange.at, ClockChange.id)
        .limit(1)
        .scalar_subquery()
    )
    held_by = func.coalesce(handed_on_from, Clock.user_id)
    late = and_(Clock.stopped_at.is_(None), Clock.paused_at.is_(None), Clock.due_at <= at)
    row = (
        session()
        .execute(
            select(func.count(), func.max(Clock.due_at)).where(
                Clock.organisation_id == organisation_id,
                Clock.kind.in_(COUNTED),
                true() if user_id is None else held_by == user_id,
                Clock.due_at > since,
                or_(Clock.outcome == Stop.MISSED, late),
            )
        )
        .one()
    )
    return row[0], row[1]


def suspend_by_hand(
    partner: Partner, until: datetime, note: str, actor: Actor, at: datetime
) -> Suspension:
    """Suspend a firm until a moment because somebody of the vendor says so; the firm reads why.

    It takes the place of one that holds already. Raises `Invalid` by field.
    """
    errors = {}
    if not at < until <= at + LONGEST_PAUSE:
        errors["last_day"] = _("Please choose a day ahead, within a year.")
    if not note:
        errors["note"] = _("Please say why: the firm reads it.")
    if errors:
        raise Invalid(errors)
    offers.lock_partner(partner.organisation_id)
    for one in in_force(partner.organisation_id, at):
        if one.user_id is None:
            _end(one, Ending.BY_HAND, actor.id, at)
    return _begin(
        Suspension(
            organisation_id=partner.organisation_id,
            at=at,
            until=until,
            by_user_id=actor.id,
            note=note,
        ),
        partner,
    )


def _begin(suspension: Suspension, firm: Partner | None) -> Suspension:
    session().add(suspension)
    session().flush()
    if firm is not None:
        repeat(firm, suspension.at)
    record(
        PicksSuspended(
            at=suspension.at,
            suspension_id=suspension.id,
            organisation_id=suspension.organisation_id,
            user_id=suspension.user_id,
            by_user_id=suspension.by_user_id,
            until=suspension.until.isoformat(),
        )
    )
    return suspension


def in_force(organisation_id: int, at: datetime) -> Sequence[Suspension]:
    """Return the suspensions of a firm and of its people that hold now."""
    return (
        session()
        .scalars(
            select(Suspension)
            .where(
                Suspension.organisation_id == organisation_id,
                Suspension.ended_at.is_(None),
                Suspension.until > at,
            )
            .order_by(Suspension.id)
        )
        .all()
    )


def pauses_of(organisation_id: int, at: datetime) -> Mapping[int | None, Pause]:
    """Return what holds now by the person it holds for; under None what does for the firm."""
    return {one.user_id: pause_of(one) for one in in_force(organisation_id, at)}


def pause_of(one: Suspension) -> Pause:
    """Return a suspension as the gate knows it."""
    return Pause(one.until, one.user_id is None, one.misses, one.within_days, one.note)


def list_latest(organisation_id: int, limit: int = 20) -> Sequence[Row[Suspension, str]]:
    """Return the suspensions of a firm and of its people with their names, the newest first."""
    return (
        session()
        .execute(
            select(Suspension, User.name)
            .outerjoin(User, User.id == Suspension.user_id)
            .where(Suspension.organisation_id == organisation_id)
            .order_by(Suspension.at.desc(), Suspension.id.desc())
            .limit(limit)
        )
        .all()
    )


def end_answered(pickup: Pickup, at: datetime) -> None:
    """End what holds for the firm and the holder of a lead where nothing is owed any more.

    What somebody of the vendor decided stays.
    """
    for one in in_force(pickup.organisation_id, at):
        whose = true() if one.user_id is None else Pickup.user_id == one.user_id
        if one.by_user_id is None and not _owes(pickup.organisation_id, whose, at):
            _end(one, Ending.ANSWERED, None, at)


def _owes(organisation_id: int, whose: ColumnElement[bool], at: datetime) -> bool:
    found = (
        select(Pickup.id)
        .where(Pickup.organisation_id == organisation_id, whose, Pickup.owes(at))
        .limit(1)
    )
    return session().scalar(found) is not None


def hold_again(pickup: Pickup, answered_at: datetime, at: datetime) -> None:
    """Let a suspension hold again that ended with an answer which is taken back."""
    found = (
        session()
        .scalars(
            select(Suspension).where(
                Suspension.organisation_id == pickup.organisation_id,
                Suspension.ended_at == answered_at,
                Suspension.ending == Ending.ANSWERED,
                Suspension.until > at,
            )
        )
        .all()
    )
    for one in found:
        one.ended_at = one.ending = None
    firm = session().get(Partner, pickup.organisation_id)
    if found and firm is not None:
        repeat(firm, at)


def end(partner: Partner, suspension_id: int, actor: Actor, at: datetime) -> None:
    """End a suspension of a firm or of one of its people by hand.

    One that is over stays as it is. Raises `NotFound`.
    """
    offers.lock_partner(partner.organisation_id)
    found = session().get(Suspension, suspension_id, populate_existing=True)
    if found is None or found.organisation_id != partner.organisation_id:
        raise NotFound()
    if found.ended_at is None and found.until > at:
        _end(found, Ending.BY_HAND, actor.id, at)


def _end(suspension: Suspension, ending: Ending, by: int | None, at: datetime) -> None:
    suspension.ended_at, suspension.ending, suspension.ended_by_id = at, ending, by
    session().flush()
    firm = session().get(Partner, suspension.organisation_id)
    if firm is not None:
        repeat(firm, at)
    record(
        SuspensionEnded(
            at=at,
            suspension_id=suspension.id,
            organisation_id=suspension.organisation_id,
            user_id=suspension.user_id,
            by_user_id=by,
            ending=ending,
        )
    )


def repeat(firm: Partner, at: datetime) -> None:
    """Repeat with a firm's profile what holds for it and its people: the claim reads it there."""
    holding = in_force(firm.organisation_id, at)
    firm.suspended_until = max((one.until for one in holding if one.user_id is None), default=None)
    firm.pauses = [
        {
            "until": one.until.isoformat(),
            "user_id": one.user_id,
            "misses": one.misses,
            "within_days": one.within_days,
            "note": one.note,
        }
        for one in holding
    ]
    session().flush()
