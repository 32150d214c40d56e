"""What a distributor sees of the firms below it, as far as each of them shares.

Each statement asks for what is shared itself, so that nothing else can come along: of a firm that
shares nothing no pickup is counted, a hidden deal stands in no list and no figure, and neither
contacts, notes, answers nor values are read at all. The firms see the very same of themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask_babel import get_locale
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import MANAGING_ROLES
from portal.core.db import session
from portal.feedback.models import Feedback
from portal.leads.models import Lead, LeadState
from portal.leads.queries import list_statuses
from portal.offers.models import Offer
from portal.offers.queries import FOR_READER, teaser_fields
from portal.partners.models import Partner, Shares
from portal.pickup.models import Pickup
from portal.reports.slices import FIGURES_SHARED

SINCE = timedelta(days=365)
LAST = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """A firm's year: picked up, open now, won, and the share of its answers that came in time."""

    picked: int = 0
    open: int = 0
    won: int = 0
    in_time: float | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """An open lead of a firm that shares its deals."""

    number: str
    title: str
    status: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Reseller:
    """A firm below a distributor, as far as it shares: `figures` and `deals` may be empty."""

    id: int
    name: str
    place: str
    website: str | None
    shares: str
    managers: Sequence[tuple[str, str]]
    figures: Figures | None = None
    deals: Sequence[Deal] = field(default_factory=tuple)


def read_resellers(actor: Actor, at: datetime) -> Sequence[Reseller]:
    """Return the firms below a distributor by name."""
    below = session().execute(reach.firms_of(actor)).scalars()
    return read_shared(set(below) - {actor.organisation_id}, at)


def read_shared(firms: Collection[int], at: datetime) -> Sequence[Reseller]:
    """Return what firms share with their distributor, by name."""
    rows = (
        session()
        .execute(
            select(
                Organisation.id, Organisation.name, Partner.city, Partner.website, Partner.shares
            )
            .join(Partner, Partner.organisation_id == Organisation.id)
            .where(Organisation.id.in_(firms), Organisation.active)
            .order_by(func.lower(Organisation.name), Organisation.id)
        )
        .all()
    )
    managers: dict[int, list[tuple[str, str]]] = {}
    for one in session().execute(
        select(User.organisation_id, User.name, User.email)
        .where(
            User.organisation_id.in_(firms), User.active, User.roles.overlap(list(MANAGING_ROLES))
        )
        .order_by(User.name, User.id)
    ):
        managers.setdefault(one.organisation_id, []).append((one.name, one.email))
    figures, deals = read_figures(firms, at), read_deals(firms)
    return [
        Reseller(
            id=row.id,
            name=row.name,
            place=row.city or "",
            website=row.website,
            shares=row.shares,
            managers=managers.get(row.id, ()),
            figures=None if row.shares == Shares.NOTHING else figures.get(row.id, Figures()),
            deals=deals.get(row.id, ()),
        )
        for row in rows
    ]


def _shared(firms: Collection[int], *shares: Shares) -> ColumnElement[bool]:
    """Return the condition of a pickup that its firm lets its distributor see."""
    return and_(
        Pickup.organisation_id.in_(firms),
        Pickup.organisation_id == Partner.organisation_id,
        Partner.shares.in_(shares),
        Pickup.hidden_from_distributor.is_(False),
    )


def read_figures(firms: Collection[int], at: datetime) -> dict[int, Figures]:
    """Return the figures of those firms that share them."""
    since = at - SINCE
    shared = _shared(firms, *FIGURES_SHARED)
    picked = session().execute(
        select(
            Pickup.organisation_id,
            func.count().filter(Pickup.picked_at >= since).label("picked"),
            func.count().filter(Pickup.ended_at.is_(None)).label("open"),
            func.count().filter(Pickup.outcome == "won", Pickup.ended_at >= since).label("won"),
        )
        .join(Partner, Partner.organisation_id == Pickup.organisation_id)
        .where(shared)
        .group_by(Pickup.organisation_id)
    )
    in_time = func.avg(case((Feedback.late_seconds == 0, 1.0), else_=0.0))
    answered: Select[int, float] = (
        select(Pickup.organisation_id, in_time.label("in_time"))
        .join(Partner, Partner.organisation_id == Pickup.organisation_id)
        .join(Feedback, Feedback.pickup_id == Pickup.id)
        .where(shared, Feedback.taken_back_at.is_(None), Feedback.at >= since)
        .group_by(Pickup.organisation_id)
    )
    punctual = {row.organisation_id: float(row.in_time) for row in session().execute(answered)}
    return {
        row.organisation_id: Figures(
            row.picked, row.open, row.won, punctual.get(row.organisation_id)
        )
        for row in picked
    }


def read_deals(firms: Collection[int]) -> dict[int, list[Deal]]:
    """Return the open leads of those firms that share their deals, the next due first."""
    rows = (
        session()
        .execute(
            select(
                Pickup.organisation_id,
                Pickup.feedback_due_at,
                Lead.number,
                Lead.title,
                Lead.type_id,
                Lead.status_id,
            )
            .join(Partner, Partner.organisation_id == Pickup.organisation_id)
            .join(Lead, Lead.id == Pickup.lead_id)
            .where(_shared(firms, Shares.DEALS), Pickup.ended_at.is_(None))
            .order_by(Pickup.feedback_due_at, Pickup.id)
        )
        .all()
    )
    found: dict[int, list[Deal]] = {}
    if not rows:
        return found
    labels, locale = list_statuses(), str(get_locale())[:2]
    shown = teaser_fields(sorted({row.type_id for row in rows}))
    for row in rows:
        names = labels[row.status_id].names
        found.setdefault(row.organisation_id, []).append(
            Deal(
                number=row.number,
                # a title that partners don't read before pickup is not the distributor's to read
                title=row.title if "title" in shown[row.type_id] else "",
                status=names.get(locale) or names.get("en", ""),
                due_at=row.feedback_due_at,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class OnOffer:
    """A lead that was offered on: to whom, since when, and what became of it, as a code."""

    lead_id: int
    number: str
    firm: str
    since: datetime
    state: str


def list_offered_on(actor: Actor) -> Sequence[OnOffer]:
    """Return what a distributor offered on lately, the last first.

    That a firm picked it up is said where it shares its work; else that it is gone. What was for a
    unit or a person of the distributor alone, others there know nothing of.
    """
    passed_on = aliased(Offer)
    took = (
        select(Pickup.id)
        .where(
            Pickup.lead_id == passed_on.lead_id,
            Pickup.round == passed_on.round,
            Pickup.organisation_id == passed_on.organisation_id,
            Pickup.hidden_from_distributor.is_(False),
            Partner.shares != Shares.NOTHING,
        )
        .exists()
    )
    stands = and_(Lead.state == LeadState.OFFERED, Lead.round == passed_on.round)
    state = case(
        (passed_on.declined_at.is_not(None), "declined"),
        (took, "picked"),
        (and_(stands, passed_on.withdrawn_at.is_(None)), "on_offer"),
        else_="gone",
    )
    had_it = exists().where(
        Offer.lead_id == passed_on.lead_id,
        Offer.round == passed_on.round,
        Offer.organisation_id == actor.organisation_id,
        FOR_READER,
    )
    rows = session().execute(
        select(passed_on.lead_id, Lead.number, Organisation.name, passed_on.visible_from, state)
        .join(Lead, Lead.id == passed_on.lead_id)
        .join(Organisation, Organisation.id == passed_on.organisation_id)
        .join(Partner, Partner.organisation_id == passed_on.organisation_id)
        .where(passed_on.via_organisation_id == actor.organisation_id, had_it)
        .order_by(passed_on.id.desc())
        .limit(LAST),
        {"units": reach.units_of(actor), "person": actor.id},
    )
    return [OnOffer(*row) for row in rows]
