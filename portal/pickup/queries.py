"""Reads of pickups and of what the gate decides on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.queries import get_policy
from portal.leads.models import Lead
from portal.partners.models import Absence, Partner
from portal.pickup.models import Pickup
from portal.pickup.rules import Gate, OpenPickup, Standing, gate_of

OPEN_COLUMNS = (
    Pickup.id,
    Pickup.lead_id,
    Lead.number,
    Lead.title,
    Pickup.user_id,
    Pickup.picked_at,
    Pickup.feedback_due_at,
    Pickup.rhythm_days,
    Pickup.last_feedback_at,
    Pickup.last_status,
    Pickup.uncontacted,
)


def open_pickups(organisation_id: int) -> list[OpenPickup]:
    """Return every lead in hand of a firm."""
    rows = session().execute(
        select(*OPEN_COLUMNS)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.organisation_id == organisation_id, Pickup.ended_at.is_(None))
        .order_by(Pickup.feedback_due_at, Pickup.id)
    )
    return [OpenPickup(*row) for row in rows]


def get_standing(organisation_id: int, user_id: int, at: datetime) -> Standing:
    """Return what bounds a rep's picks. Raises NotFound where the firm has no partner profile."""
    today = func.date(func.timezone(Organisation.timezone, at))
    away = exists().where(
        Absence.organisation_id == organisation_id,
        Absence.starts_on <= today,
        Absence.ends_on >= today,
    )
    row = (
        session()
        .execute(
            select(
                Partner.capacity,
                Partner.rep_capacity,
                Partner.suspended_until,
                away.where(Absence.user_id.is_(None)).label("firm_absent"),
                away.where(Absence.user_id == user_id).label("person_absent"),
            )
            .join(Organisation, Organisation.id == Partner.organisation_id)
            .where(Partner.organisation_id == organisation_id)
        )
        .one_or_none()
    )
    if row is None:
        raise NotFound()
    return Standing(*row)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a rep stands: gate, bounds, leads in hand of the whole firm."""

    gate: Gate
    standing: Standing
    firm_in_hand: int


def position_of(actor: Actor, at: datetime) -> Position:
    """Return where a rep stands now."""
    pickups = open_pickups(actor.organisation_id)
    return Position(
        gate=gate_of(actor.id, pickups, get_policy(), at),
        standing=get_standing(actor.organisation_id, actor.id, at),
        firm_in_hand=len(pickups),
    )


def get_visible(pickup_id: int, actor: Actor) -> Pickup:
    """Return a pickup of the person, or of the firm for its manager. Raises NotFound."""
    mine = [Pickup.user_id == actor.id]
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        mine.append(Pickup.organisation_id == actor.organisation_id)
    pickup = session().scalar(
        select(Pickup).where(
            Pickup.id == pickup_id,
            Pickup.organisation_id == actor.organisation_id,
            or_(*mine),
        )
    )
    if pickup is None:
        raise NotFound()
    return pickup


def find_last(lead_id: int, actor: Actor) -> Pickup | None:
    """Return the last pickup of a lead that this person (or her firm, for its manager) had."""
    mine = [Pickup.user_id == actor.id]
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        mine.append(Pickup.organisation_id == actor.organisation_id)
    return session().scalar(
        select(Pickup)
        .where(
            Pickup.lead_id == lead_id,
            Pickup.organisation_id == actor.organisation_id,
            or_(*mine),
        )
        .order_by(Pickup.id.desc())
        .limit(1)
    )


def list_mine(actor: Actor) -> Sequence[tuple[Pickup, Lead]]:
    """Return the open pickups of the person with their leads, the next due first."""
    rows = session().execute(
        select(Pickup, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.user_id == actor.id, Pickup.ended_at.is_(None))
        .order_by(Pickup.feedback_due_at, Pickup.id)
    )
    return [(row.Pickup, row.Lead) for row in rows]


def list_closed(actor: Actor, limit: int = 30) -> Sequence[tuple[Pickup, Lead]]:
    """Return the person's pickups that have ended, the newest first."""
    rows = session().execute(
        select(Pickup, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.user_id == actor.id, Pickup.ended_at.is_not(None))
        .order_by(Pickup.ended_at.desc(), Pickup.id.desc())
        .limit(limit)
    )
    return [(row.Pickup, row.Lead) for row in rows]


def find_open(pickup_id: int) -> OpenPickup | None:
    """Return an open pickup as the gate sees it; None once it has ended."""
    row = (
        session()
        .execute(
            select(*OPEN_COLUMNS)
            .join(Lead, Lead.id == Pickup.lead_id)
            .where(Pickup.id == pickup_id, Pickup.ended_at.is_(None))
        )
        .one_or_none()
    )
    return OpenPickup(*row) if row else None
