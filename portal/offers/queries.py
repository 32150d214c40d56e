"""Reads of offers: what a firm may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Unit
from portal.core.db import AnyRow, ask, session
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.queries import Firm
from portal.leads import policies
from portal.leads.models import Lead, LeadKind, LeadState, LeadType
from portal.leads.queries import TEASER_COLUMNS
from portal.offers.cards import Card, read_card
from portal.offers.models import Dismissal, Entry, Offer, OfferRound
from portal.partners.models import Partner, PartnerGroupMember
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


Given = int | datetime | BindParameter[Any]

# An offer to a unit is for its people alone, and for who leads a partner. Most have no unit, and
# most people of partners are in none: then `units` is empty, and nothing was looked up for it.
FOR_UNIT: ColumnElement[bool] = or_(
    Offer.unit_id.is_(None),
    Offer.unit_id == func.any(bindparam("units", type_=ARRAY(BigInteger))),
)
# One to a `person` is for nobody else of his firm, neither its manager.
FOR_READER: ColumnElement[bool] = and_(
    FOR_UNIT, or_(Offer.user_id.is_(None), Offer.user_id == bindparam("person"))
)


def open_to(organisation_id: Given, at: Given) -> ColumnElement[bool]:
    """Return the condition under which an offer stands for a `person` of a firm and its `units`."""
    return and_(
        Offer.organisation_id == organisation_id,
        FOR_READER,
        Offer.open,
        Offer.visible_from <= at,
        Offer.ends_at > at,
        Lead.state == LeadState.OFFERED,
        Lead.round == Offer.round,
    )


WHOSE_OFFER = Firm(
    level_id=select(Partner.level_id)
    .where(Partner.organisation_id == Offer.organisation_id)
    .correlate_except(Partner)
    .scalar_subquery(),
    in_group=lambda group_id: (
        exists()
        .where(
            PartnerGroupMember.group_id == group_id,
            PartnerGroupMember.organisation_id == Offer.organisation_id,
        )
        .correlate_except(PartnerGroupMember)
    ),
)
# what is expected of who picks it up, as `Card.expected` tells it; as text, so that it can be a key
EXPECTED = (
    select(
        cast(
            func.json_build_array(
                DeadlinePolicy.response_hours,
                case(
                    (Lead.kind == LeadKind.PARTNER_RECRUIT, DeadlinePolicy.recruit_feedback_days),
                    else_=DeadlinePolicy.feedback_days,
                ),
                DeadlinePolicy.working,
            ),
            Text,
        )
    )
    .where(policies.ruling_with(WHOSE_OFFER))
    .correlate_except(DeadlinePolicy)
    .scalar_subquery()
)


# whether the reader takes part in a photo-finish; asked only where somebody has picked
ENTERED = case(
    (OfferRound.closes_at.is_(None), literal_column("false")),
    else_=exists().where(
        Entry.round_id == OfferRound.id,
        Entry.user_id == bindparam("person"),
        Entry.ended_at.is_(None),
    ),
)

# for which unit it is; looked up only where it is for one
UNIT = case(
    (Offer.unit_id.is_(None), null()),
    else_=select(Unit.name)
    .where(Unit.id == Offer.unit_id)
    .correlate_except(Unit)
    .scalar_subquery(),
)


def cards() -> Select[*tuple[Any, ...]]:
    """Return the query of what a card is made of: teaser, offer and its round.

    The explanation comes as text: who draws a card reads it, who has it drawn already does not.
    """
    return (
        select(
            *TEASER_COLUMNS,
            LeadType.teaser_fields,
            cast(Offer.explanation, Text).label("explanation"),
            cast(OfferRound.parts, Text).label("parts"),
            Offer.visible_from,
            Offer.ends_at,
            func.coalesce(Offer.suits_user_id == bindparam("person"), false()).label("suits_you"),
            OfferRound.offered,
            OfferRound.declined,
            OfferRound.mode,
            OfferRound.head_start_until,
            OfferRound.next_ring_at,
            OfferRound.next_ring_firms,
            OfferRound.deciding_seconds,
            OfferRound.closes_at,
            ENTERED.label("entered"),
            UNIT.label("unit"),
            EXPECTED.label("expected"),
        )
        .join(Lead, Lead.id == Offer.lead_id)
        .join(LeadType, LeadType.id == Lead.type_id)
        .join(OfferRound, OfferRound.id == Offer.round_id)
    )


# What follows is asked with every look at the list, so each form of it is built once: building
# costs more than asking. Limits are written out, so that a plan made once fits.
_STANDING = and_(
    open_to(bindparam("firm"), bindparam("at")),
    ~exists().where(Dismissal.offer_id == Offer.id, Dismissal.user_id == bindparam("person")),
)
_ORDER: dict[str, tuple[ColumnElement[Any], ...]] = {
    "ends": (Offer.ends_at.asc(), Offer.id.asc()),
    "newest": (Offer.visible_from.desc(), Offer.id.desc()),
    "fit": (Offer.score.desc(), Offer.id.asc()),
}


def _narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions of the reader's filters."""
    conditions: list[ColumnElement[bool]] = []
    if filters.temperature:
        conditions.append(Lead.temperature == bindparam("temperature"))
    if filters.product_id:
        conditions.append(Lead.product_ids.contains(bindparam("products")))
    if filters.today:
        conditions.append(Offer.ends_at <= bindparam("soon"))
    return conditions


def _asked(actor: Actor, at: datetime, filters: Filters) -> dict[str, Any]:
    """Return the values of `_STANDING` and `_narrowed`."""
    return {
        "firm": actor.organisation_id,
        "units": reach.units_of(actor),
        "person": actor.id,
        "at": at,
        "temperature": filters.temperature,
        "products": [filters.product_id],
        "soon": at + timedelta(hours=24),
    }


@cache
def _page(sort: str, temperature: bool, product: bool, today: bool) -> Select[*tuple[Any, ...]]:
    asked = Filters("any" if temperature else None, 1 if product else None, today, sort)
    return (
        cards()
        .where(_STANDING, *_narrowed(asked))
        .order_by(*_ORDER.get(sort, _ORDER["ends"]))
        .limit(literal_column(str(PAGE_SIZE + 1)))
        .offset(bindparam("skipped"))
    )


def available(actor: Actor, at: datetime, number: int, filters: Filters) -> Page[AnyRow]:
    """Return a page of what the person's firm may pick up, by end of offer unless asked else.

    The rows are those of `cards`: see `offers.cards`.
    """
    statement = _page(
        filters.sort, bool(filters.temperature), bool(filters.product_id), filters.today
    )
    asked = _asked(actor, at, filters) | {"skipped": (number - 1) * PAGE_SIZE}
    return cut(ask(statement, asked).all(), number, PAGE_SIZE)


def teaser_fields(type_ids: Collection[int]) -> dict[int, Collection[str]]:
    """Return the teaser fields of lead types."""
    return {
        row.id: frozenset(row.teaser_fields)
        for row in session().execute(
            select(LeadType.id, LeadType.teaser_fields).where(LeadType.id.in_(type_ids))
        )
    }


def teaser_titles(lead_ids: Collection[int]) -> dict[int, str]:
    """Return the titles of leads, by their ids, as far as their types show them before pickup."""
    rows = session().execute(
        select(Lead.id, Lead.title)
        .join(LeadType, LeadType.id == Lead.type_id)
        .where(Lead.id.in_(lead_ids), LeadType.teaser_fields.contains(["title"]))
    )
    return {lead_id: title for lead_id, title in rows if title}


def find_card(lead_id: int, actor: Actor, at: datetime) -> Card | None:
    """Return the card of a lead that stands on offer for the person's firm.

    A rep who dismissed it may still open it by its address.
    """
    row = (
        session()
        .execute(
            cards().where(Offer.lead_id == lead_id, open_to(actor.organisation_id, at)),
            {"units": reach.units_of(actor), "person": actor.id},
        )
        .one_or_none()
    )
    return read_card(row, at) if row else None


def was_offered(lead_id: int, actor: Actor, at: datetime) -> bool:
    """Say whether a person, by her firm or unit, ever saw an offer of this lead."""
    return bool(
        session().scalar(
            select(
                exists().where(
                    Offer.lead_id == lead_id,
                    Offer.organisation_id == actor.organisation_id,
                    FOR_READER,
                    Offer.visible_from <= at,
                )
            ),
            {"units": reach.units_of(actor), "person": actor.id},
        )
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many offers stand, by temperature; `more` where counting stopped."""

    by_temperature: dict[str, int]
    total: int
    more: bool
    products: Sequence[int]


_SOME = (
    select(Lead.temperature, Lead.product_ids)
    .select_from(Offer)
    .join(Lead, Lead.id == Offer.lead_id)
    .where(_STANDING)
    .order_by(Offer.ends_at, Offer.id)
    .limit(literal_column(str(COUNTED)))
    .subquery()
)
_COUNTS = select(_SOME.c.temperature, func.count(), func.jsonb_agg(_SOME.c.product_ids)).group_by(
    _SOME.c.temperature
)


def count_available(actor: Actor, at: datetime) -> Counts:
    """Count what is available, up to `COUNTED`, for the filter chips."""
    asked = {
        "firm": actor.organisation_id,
        "units": reach.units_of(actor),
        "person": actor.id,
        "at": at,
    }
    rows = ask(_COUNTS, asked).all()
    frequent = Counter(chain.from_iterable(ids for row in rows for ids in row[2] if ids))
    total = sum(row[1] for row in rows)
    return Counts(
        by_temperature={row[0] or "": row[1] for row in rows},
        total=total,
        more=total >= COUNTED,
        products=[product_id for product_id, _times in frequent.most_common(4)],
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
    """Return the offers of a round by ring and score."""
    return (
        session()
        .scalars(
            select(Offer)
            .where(Offer.round_id == round_id)
            .order_by(Offer.ring, Offer.score.desc(), Offer.organisation_id)
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
    asked = _asked(actor, at, filters)
    standing = set(
        session().scalars(
            select(Offer.lead_id)
            .join(Lead, Lead.id == Offer.lead_id)
            .where(Offer.lead_id.in_(shown), _STANDING),
            asked,
        )
    )
    came = set(
        session().scalars(
            select(Offer.lead_id)
            .join(Lead, Lead.id == Offer.lead_id)
            .where(
                _STANDING,
                *_narrowed(filters),
                or_(Offer.visible_from > since, Offer.lead_id.in_(maybe)),
            )
            .limit(COUNTED),
            asked,
        )
    )
    return standing, came
