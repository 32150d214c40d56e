"""The queue of inquiries that wait to be qualified. No contact data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select

from portal.accounts.actor import Actor
from portal.accounts.models import Unit, User
from portal.core.db import AnyRow, session
from portal.leads.models import TO_QUALIFY, Lead, LeadState
from portal.leads.queries import visible_to
from portal.qualification.models import DeskWork
from portal.web.paging import Page, cut

PAGE = 30
PLACES = 12
WARMTH = case({"hot": 0, "warm": 1, "cold": 2}, value=Lead.temperature, else_=1)
"""What nobody has rated yet stands with what is warm."""

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "priority": (Lead.priority.desc(), WARMTH, Lead.captured_at.desc(), Lead.id.desc()),
    "warmth": (WARMTH, Lead.priority.desc(), Lead.captured_at.desc(), Lead.id.desc()),
    "newest": (Lead.captured_at.desc(), Lead.id.desc()),
    "oldest": (Lead.captured_at.asc(), Lead.id.asc()),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader narrows the queue to; `mine` is what she has begun."""

    source_id: int | None = None
    industry_id: int | None = None
    mine: bool = False
    country: str | None = None
    order: str = "priority"


def narrowed(filters: Filters) -> ColumnElement[bool]:
    """Return the condition of source and industry."""
    conditions: list[ColumnElement[bool]] = []
    if filters.source_id is not None:
        conditions.append(Lead.source_id == filters.source_id)
    if filters.industry_id is not None:
        conditions.append(Lead.industry_id == filters.industry_id)
    if filters.country is not None:
        conditions.append(Lead.country == filters.country)
    return and_(Lead.state.in_(TO_QUALIFY), *conditions)


def begun_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition of leads that the person has begun to qualify."""
    return and_(Lead.state == LeadState.QUALIFYING, Lead.qualifier_id == actor.id)


def list_queue(actor: Actor, filters: Filters, number: int, at: datetime) -> Page[AnyRow]:
    """Return a page of the queue."""
    conditions = [narrowed(filters), visible_to(actor)]
    if filters.mine:
        conditions.append(begun_by(actor))
    rows: Sequence[AnyRow] = (
        session()
        .execute(
            select(
                Lead.id,
                Lead.number,
                Lead.title,
                Lead.state,
                Lead.temperature,
                Lead.country,
                Lead.city,
                Lead.source_id,
                Lead.source_original,
                Lead.industry_id,
                Lead.industry_original,
                Lead.captured_at,
                Lead.priority,
                Lead.suppressed,
                Lead.qualifier_id,
                Unit.name.label("unit"),
                DeskWork.attempts,
                DeskWork.call_back_at,
                case((DeskWork.locked_until > at, User.name)).label("locked_by"),
            )
            .outerjoin(DeskWork, DeskWork.lead_id == Lead.id)
            .outerjoin(User, User.id == DeskWork.locked_by)
            .outerjoin(Unit, Unit.id == Lead.unit_id)
            .where(*conditions)
            .order_by(*ORDERS[filters.order])
            .offset((number - 1) * PAGE)
            .limit(PAGE + 1)
        )
        .all()
    )
    return cut(rows, number, PAGE)


def count_places(actor: Actor, filters: Filters) -> Sequence[tuple[str, int]]:
    """Return how many wait by the country of the contact, the most first; unknown ones left out."""
    every = replace(filters, country=None)
    count = func.count()
    rows = session().execute(
        select(Lead.country, count)
        .where(narrowed(every), visible_to(actor), Lead.country.is_not(None))
        .group_by(Lead.country)
        .order_by(count.desc(), Lead.country)
        .limit(PLACES)
    )
    return [(str(row[0]), row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many wait under these filters, and how many of all the reader has begun."""

    waiting: int
    mine: int


def count_queue(actor: Actor, filters: Filters) -> Counts:
    """Count the queue."""
    row = (
        session()
        .execute(
            select(
                func.count().filter(narrowed(filters)).label("waiting"),
                func.count().filter(begun_by(actor)).label("mine"),
            )
            .select_from(Lead)
            .where(Lead.state.in_(TO_QUALIFY), visible_to(actor))
        )
        .one()
    )
    return Counts(row.waiting, row.mine)
