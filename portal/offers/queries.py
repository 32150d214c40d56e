"""Reads of offers: what a firm may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.leads.models import Lead, LeadState, LeadType
from portal.leads.queries import TEASER_COLUMNS
from portal.offers.cards import Card, card_of
from portal.offers.models import Dismissal, Offer, OfferRound
from portal.web.paging import Page, cut

PAGE_SIZE = 20
COUNTED = 200
"""Chips count so many offers at most; a firm that sees more has other worries."""

SORTS = ("ends", "newest", "fit")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader wants to see of what is available."""

    temperature: str | None = None
    product_id: int | None = None
    today: bool = False
    sort: str = "ends"


def open_to(organisation_id: int, at: datetime) -> ColumnElement[bool]:
    """Return the condition under which an offer stands for a firm."""
    return and_(
        Offer.organisation_id == organisation_id,
        Offer.open,
        Offer.visible_from <= at,
        Offer.ends_at > at,
        Lead.state == LeadState.OFFERED,
        Lead.round == Offer.round,
    )


def standing_for(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """Return the condition under which an offer stands for this person."""
    return and_(
        open_to(actor.organisation_id, at),
        ~exists().where(Dismissal.offer_id == Offer.id, Dismissal.user_id == actor.id),
    )


def cards() -> Select[*tuple[Any, ...]]:
    """Return the query of what a card is made of: teaser, offer and its round."""
    return (
        select(
            *TEASER_COLUMNS,
            Offer.explanation,
            Offer.visible_from,
            Offer.ends_at,
            OfferRound.offered,
            OfferRound.declined,
        )
        .join(Lead, Lead.id == Offer.lead_id)
        .join(OfferRound, OfferRound.id == Offer.round_id)
    )


def narrowed(filters: Filters, at: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions of the reader's filters."""
    conditions: list[ColumnElement[bool]] = []
    if filters.temperature:
        conditions.append(Lead.temperature == filters.temperature)
    if filters.product_id:
        conditions.append(Lead.product_ids.contains([filters.product_id]))
    if filters.today:
        conditions.append(Offer.ends_at <= at + timedelta(hours=24))
    return conditions


def available(actor: Actor, at: datetime, number: int, filters: Filters) -> Page[Card]:
    """Return a page of what the person's firm may pick up, by end of offer unless asked else."""
    order: dict[str, tuple[ColumnElement[Any], ...]] = {
        "ends": (Offer.ends_at.asc(), Offer.id.asc()),
        "newest": (Offer.visible_from.desc(), Offer.id.desc()),
        "fit": (Offer.score.desc(), Offer.id.asc()),
    }
    rows = (
        session()
        .execute(
            cards()
            .where(standing_for(actor, at), *narrowed(filters, at))
            .order_by(*order.get(filters.sort, order["ends"]))
            .limit(PAGE_SIZE + 1)
            .offset((number - 1) * PAGE_SIZE)
        )
        .all()
    )
    shown = teaser_fields({row.type_id for row in rows})
    return cut([_card(row, shown[row.type_id], at) for row in rows], number, PAGE_SIZE)


def _card(row: Any, shown: Collection[str], at: datetime) -> Card:
    return card_of(
        row,
        shown,
        at,
        seen_by=row.offered - row.declined,
        explanation=row.explanation,
        offered_at=row.visible_from,
        ends_at=row.ends_at,
    )


def teaser_fields(type_ids: Collection[int]) -> dict[int, Collection[str]]:
    """Return the teaser fields of lead types."""
    return {
        row.id: frozenset(row.teaser_fields)
        for row in session().execute(
            select(LeadType.id, LeadType.teaser_fields).where(LeadType.id.in_(type_ids))
        )
    }


def find_card(lead_id: int, actor: Actor, at: datetime) -> Card | None:
    """Return the card of a lead that stands on offer for the person's firm.

    A rep who dismissed it may still open it by its address.
    """
    row = (
        session()
        .execute(cards().where(Offer.lead_id == lead_id, open_to(actor.organisation_id, at)))
        .one_or_none()
    )
    return _card(row, teaser_fields([row.type_id])[row.type_id], at) if row else None


def was_offered(lead_id: int, organisation_id: int) -> bool:
    """Say whether a firm ever had an offer of this lead."""
    return bool(
        session().scalar(
            select(
                exists().where(Offer.lead_id == lead_id, Offer.organisation_id == organisation_id)
            )
        )
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many offers stand, by temperature; `more` where counting stopped."""

    by_temperature: dict[str, int]
    total: int
    more: bool
    products: Sequence[int]


def count_available(actor: Actor, at: datetime) -> Counts:
    """Count what is available, up to `COUNTED`, for the filter chips."""
    some = (
        select(Lead.temperature, Lead.product_ids)
        .select_from(Offer)
        .join(Lead, Lead.id == Offer.lead_id)
        .where(standing_for(actor, at))
        .order_by(Offer.ends_at, Offer.id)
        .limit(COUNTED)
        .subquery()
    )
    rows = (
        session()
        .execute(
            select(some.c.temperature, func.count(), func.jsonb_agg(some.c.product_ids)).group_by(
                some.c.temperature
            )
        )
        .all()
    )
    frequent: dict[int, int] = {}
    for _temperature, _count, lists in rows:
        for ids in lists:
            for product_id in ids or ():
                frequent[product_id] = frequent.get(product_id, 0) + 1
    total = sum(row[1] for row in rows)
    return Counts(
        by_temperature={row[0] or "": row[1] for row in rows},
        total=total,
        more=total >= COUNTED,
        products=sorted(frequent, key=lambda product_id: -frequent[product_id])[:4],
    )


def list_rounds(lead_id: int) -> Sequence[OfferRound]:
    """Return the rounds of a lead, the newest first."""
    return (
        session()
        .scalars(
            select(OfferRound)
            .where(OfferRound.lead_id == lead_id)
            .order_by(OfferRound.number.desc())
        )
        .all()
    )


def list_offers(round_id: int) -> Sequence[Offer]:
    """Return the offers of a round by score."""
    return (
        session()
        .scalars(
            select(Offer)
            .where(Offer.round_id == round_id)
            .order_by(Offer.score.desc(), Offer.organisation_id)
        )
        .all()
    )


def list_ready(limit: int) -> Sequence[int]:
    """Return the leads that can be put on offer, those that wait longest first."""
    return (
        session()
        .scalars(
            select(Lead.id)
            .where(Lead.state == LeadState.QUALIFIED, ~Lead.suppressed)
            .order_by(Lead.state_since, Lead.id)
            .limit(limit)
        )
        .all()
    )


def read_news(
    actor: Actor,
    at: datetime,
    filters: Filters,
    shown: Collection[int],
    maybe: Collection[int],
    since: datetime,
) -> tuple[set[int], set[int]]:
    """Return which of the `shown` leads still stand, and which came `since` or are in `maybe`.

    The latter are at most `COUNTED` and fit the reader's filters.
    """
    standing = set(
        session().scalars(
            select(Offer.lead_id)
            .join(Lead, Lead.id == Offer.lead_id)
            .where(Offer.lead_id.in_(shown), standing_for(actor, at))
        )
    )
    came = set(
        session().scalars(
            select(Offer.lead_id)
            .join(Lead, Lead.id == Offer.lead_id)
            .where(
                standing_for(actor, at),
                *narrowed(filters, at),
                or_(Offer.visible_from > since, Offer.lead_id.in_(maybe)),
            )
            .limit(COUNTED)
        )
    )
    return standing, came
