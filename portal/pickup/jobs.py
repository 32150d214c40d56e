"""Jobs of pickups: feedback that is due, contact with customers, and whoever is away or back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, literal, or_, select

from portal.core.db import session
from portal.core.jobs import sweep
from portal.core.reactions import reaction
from portal.deadlines.models import DeadlinePolicy
from portal.offers.events import OfferDeclined, OfferDismissed, OfferWithdrawn, RoundEnded
from portal.partners.events import AbsenceAdded, AbsenceRemoved, WorkingHoursChanged
from portal.pickup import clocks, contact, operations, pauses, photo_finish
from portal.pickup.models import Debt, Pickup
from portal.timeline.events import ActivityEntered, ActivitySettled


def _hours(count: SQLColumnExpression[int]) -> ColumnElement[timedelta]:
    return func.make_interval(0, 0, 0, 0, count)


def changed_debts(at: datetime) -> Sequence[int]:
    """Return the open pickups whose mark no longer says what they owe."""
    span = _hours(func.least(Pickup.rhythm_days * 6, DeadlinePolicy.amber_hours))
    late = literal(at) - _hours(DeadlinePolicy.overdue_hours)
    return (
        session()
        .scalars(
            select(Pickup.id)
            .join(DeadlinePolicy, DeadlinePolicy.id == Pickup.policy_id)
            .where(
                Pickup.ended_at.is_(None),
                or_(
                    and_(Pickup.feedback_due_at <= late, Pickup.debt != Debt.OVERDUE),
                    and_(
                        Pickup.feedback_due_at > late,
                        Pickup.feedback_due_at <= at,
                        Pickup.debt != Debt.DUE,
                    ),
                    and_(
                        Pickup.feedback_due_at > at,
                        Pickup.feedback_due_at - span <= at,
                        Pickup.debt != Debt.SOON,
                    ),
                    and_(Pickup.feedback_due_at - span > at, Pickup.debt != Debt.NONE),
                ),
            )
            .order_by(Pickup.id)
        )
        .all()
    )


@sweep("pickup.mark_debts", changed_debts)
def mark_debts(pickup_id: int, at: datetime) -> None:
    operations.mark_debt(pickup_id, at)


@reaction("pickup.follow_calendar")
def follow_calendar(
    event: AbsenceAdded | AbsenceRemoved | WorkingHoursChanged, at: datetime
) -> None:
    clocks.follow_calendar(event.organisation_id, at)


@reaction("pickup.heed_activity")
def heed_activity(event: ActivityEntered | ActivitySettled, at: datetime) -> None:
    contact.heed(event.activity_id, at)


@sweep(photo_finish.DECIDE, photo_finish.list_due)
def decide(round_id: int, at: datetime) -> None:
    photo_finish.decide(round_id, at)


@reaction("pickup.end_entries")
def end_entries(event: RoundEnded, at: datetime) -> None:
    photo_finish.end_with_round(event.round_id, at)


@reaction("pickup.step_back")
def step_back(event: OfferDismissed | OfferDeclined | OfferWithdrawn, at: datetime) -> None:
    """Have nobody take part any more who said no, or whose firm is not offered it any more."""
    user_id = event.user_id if isinstance(event, OfferDismissed) else None
    photo_finish.step_back(event.offer_id, user_id, event.at, at)


@sweep("pickup.go_on", pauses.due_to_go_on)
def go_on(clock_id: int, at: datetime) -> None:
    pauses.resume(clock_id, at)
