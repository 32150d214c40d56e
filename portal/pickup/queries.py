"""Reads of pickups and of what the gate decides on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, or_, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import DeadlinePolicy
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


# What follows is asked under the lock of a claim, so it is built once: building costs more than
# asking.
OPEN_OF_FIRM = (
    select(*OPEN_COLUMNS)
    .join(Lead, Lead.id == Pickup.lead_id)
    .where(Pickup.organisation_id == bindparam("organisation_id"), Pickup.ended_at.is_(None))
    .order_by(Pickup.feedback_due_at, Pickup.id)
)

_TODAY = func.date(func.timezone(Organisation.timezone, bindparam("at")))
_AWAY = exists().where(
    Absence.organisation_id == Organisation.id,
    Absence.starts_on <= _TODAY,
    Absence.ends_on >= _TODAY,
)
BOUNDS = (
    select(
        DeadlinePolicy,
        Partner.capacity,
        Partner.rep_capacity,
        Partner.suspended_until,
        _AWAY.where(Absence.user_id.is_(None)).label("firm_absent"),
        _AWAY.where(Absence.user_id == bindparam("user_id")).label("person_absent"),
    )
    .select_from(Partner)
    .join(Organisation, Organisation.id == Partner.organisation_id)
    .join(DeadlinePolicy, DeadlinePolicy.active.is_(True))
    .where(Partner.organisation_id == bindparam("organisation_id"))
)
BOUNDS_LOCKED = BOUNDS.with_for_update(key_share=True, of=Organisation)


def open_pickups(organisation_id: int) -> list[OpenPickup]:
    """Return every lead in hand of a firm."""
    rows = session().execute(OPEN_OF_FIRM, {"organisation_id": organisation_id})
    return [OpenPickup(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a rep stands: gate, bounds, leads in hand of the whole firm, the policy that rules."""

    gate: Gate
    standing: Standing
    pickups: Sequence[OpenPickup]
    policy: DeadlinePolicy

    @property
    def firm_in_hand(self) -> int:
        """Return how many leads the firm holds."""
        return len(self.pickups)


def position_of(actor: Actor, at: datetime, *, lock: bool = False) -> Position:
    """Return where a rep stands now. Raises NotFound where the firm has no partner profile.

    With `lock` the firm's own people are put in one line first: what is in hand is then read after
    whoever came before has committed.
    """
    asked = {"organisation_id": actor.organisation_id, "user_id": actor.id, "at": at}
    row = session().execute(BOUNDS_LOCKED if lock else BOUNDS, asked).one_or_none()
    if row is None:
        raise NotFound()
    pickups = open_pickups(actor.organisation_id)
    policy: DeadlinePolicy = row.DeadlinePolicy
    return Position(
        gate=gate_of(actor.id, pickups, policy, at),
        standing=Standing(
            capacity=row.capacity,
            rep_capacity=row.rep_capacity,
            suspended_until=row.suspended_until,
            firm_absent=row.firm_absent,
            person_absent=row.person_absent,
        ),
        pickups=pickups,
        policy=policy,
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


def find(pickup_id: int) -> Pickup | None:
    """Return a pickup, whoever had it."""
    return session().get(Pickup, pickup_id)


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
