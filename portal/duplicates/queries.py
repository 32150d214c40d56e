"""Reads for pages: the work list of pairs, and who is like one lead. None reaches contact data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import NotFound
from portal.customers.models import Customer
from portal.duplicates import rules, search
from portal.duplicates.likeness import Likeness, read_likeness
from portal.duplicates.models import Answer, DuplicatePair, Kind
from portal.leads import wall
from portal.leads.models import Lead, LeadState
from portal.leads.queries import visible_to
from portal.web.paging import Page, cut

PAGE = 20
MOST = 12

One, Other = aliased(Lead, name="one_lead"), aliased(Lead, name="other_lead")
OVER = (LeadState.CLOSED, LeadState.DISQUALIFIED)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two that are alike, as far as the reader may know it: `title` is empty otherwise."""

    kind: Kind
    id: int
    number: str
    title: str = ""
    state: str = ""
    place: str = ""
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """Two that are alike, and how."""

    id: int
    one: Side
    other: Side
    score: int
    likeness: Likeness


def _mine(actor: Actor, lead: type[Lead]) -> ColumnElement[bool]:
    return lead.id.in_(select(Lead.id).where(visible_to(actor)))


def _may_go(lead: type[Lead]) -> ColumnElement[bool]:
    return and_(lead.state.in_(rules.MAY_GO), lead.round == 0)


def _may_stay(lead: type[Lead]) -> ColumnElement[bool]:
    return lead.state.in_(rules.MAY_STAY)


def _asked(actor: Actor, kind: Kind | None) -> ColumnElement[bool]:
    """Return which pairs somebody can settle."""
    leads = and_(
        DuplicatePair.other_lead_id.is_not(None),
        One.merged_into.is_(None),
        Other.merged_into.is_(None),
        One.kind == Other.kind,
        or_(
            and_(_may_go(One), _may_stay(Other), _mine(actor, One)),
            and_(_may_go(Other), _may_stay(One), _mine(actor, Other)),
        ),
    )
    if kind == Kind.LEAD or not actor.may(Permission.CUSTOMERS_EDIT):
        return leads
    customers = or_(
        and_(
            DuplicatePair.lead_id.is_not(None),
            DuplicatePair.customer_id.is_not(None),
            One.merged_into.is_(None),
            One.state.not_in(OVER),
            _mine(actor, One),
        ),
        DuplicatePair.other_customer_id.is_not(None),
    )
    return customers if kind == Kind.CUSTOMER else or_(leads, customers)


def list_pairs(actor: Actor, kind: Kind | None, number: int) -> Page[Pair]:
    """Return pairs that wait for somebody, the likest first; of one kind, where it is named."""
    query = (
        select(DuplicatePair, One, Other)
        .outerjoin(One, One.id == DuplicatePair.lead_id)
        .outerjoin(Other, Other.id == DuplicatePair.other_lead_id)
        .where(DuplicatePair.answer.is_(None), _asked(actor, kind))
        .order_by(DuplicatePair.score.desc(), DuplicatePair.id.desc())
        .limit(PAGE + 1)
        .offset((number - 1) * PAGE)
    )
    rows = session().execute(query).all()
    seen = _seen([lead.id for row in rows for lead in row[1:] if lead], actor)
    ids = {one for row in rows for one in (row[0].customer_id, row[0].other_customer_id) if one}
    found = session().scalars(select(Customer).where(Customer.id.in_(ids)))
    customers = {one.id: one for one in found}
    pairs = []
    for pair, one, other in rows:
        sides = [side_of(lead, lead.id in seen) for lead in (one, other) if lead]
        sides += [
            side_of_customer(customers[one])
            for one in (pair.customer_id, pair.other_customer_id)
            if one in customers
        ]
        pairs.append(Pair(pair.id, sides[0], sides[1], pair.score, read_likeness(pair.reasons)))
    return cut(pairs, number, PAGE)


def count_pairs(actor: Actor, most: int = 999) -> int:
    """Return how many pairs wait for somebody, counted up to `most`."""
    query = (
        select(DuplicatePair.id)
        .outerjoin(One, One.id == DuplicatePair.lead_id)
        .outerjoin(Other, Other.id == DuplicatePair.other_lead_id)
        .where(DuplicatePair.answer.is_(None), _asked(actor, None))
        .limit(most)
    )
    return session().scalar(select(func.count()).select_from(query.subquery())) or 0


def get_pair(pair_id: int, actor: Actor) -> DuplicatePair:
    """Return a pair that somebody may settle, locked. Raises `NotFound`."""
    pair = session().scalar(
        select(DuplicatePair)
        .where(DuplicatePair.id == pair_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if pair is None:
        raise NotFound()
    leads = [one for one in (pair.lead_id, pair.other_lead_id) if one is not None]
    if leads and not _seen(leads, actor):
        raise NotFound()
    if pair.customer_id is not None and not actor.may(Permission.CUSTOMERS_EDIT):
        raise NotFound()
    return pair


def _seen(lead_ids: Sequence[int], actor: Actor) -> set[int]:
    rows = session().scalars(select(Lead.id).where(Lead.id.in_(lead_ids), visible_to(actor)))
    return set(rows)


def side_of(lead: Lead, visible: bool) -> Side:
    """Return what a reader may know of a lead beside another."""
    place = ", ".join(filter(None, [lead.city, lead.country])) if visible else ""
    title = lead.title if visible else ""
    return Side(Kind.LEAD, lead.id, lead.number, title, lead.state, place, visible)


def side_of_customer(customer: Customer) -> Side:
    """Return what is known of a customer beside another."""
    place = ", ".join(filter(None, [customer.city, customer.country]))
    return Side(Kind.CUSTOMER, customer.id, customer.number, place=place)


@dataclass(frozen=True, slots=True)
class Alike:
    """Who is like a lead: `listed` says that somebody should decide, else they share a company.

    `may_merge`: the two can become one, as far as their states say.
    """

    side: Side
    likeness: Likeness
    listed: bool
    may_merge: bool


def alike_of(lead: Lead, actor: Actor) -> list[Alike]:
    """Return who is like a lead, asked anew: the likest first, whom somebody called different not.

    The title of a lead that the reader may not open is left out; customers are for those who look
    after them.
    """
    kinds = tuple(Kind) if actor.may(Permission.CUSTOMERS_EDIT) else (Kind.LEAD,)
    with wall.open_for([lead.id]) as opened:
        who = search.read_leads([lead.id], opened)
    if lead.id not in who:
        return []
    (found,) = search.find_many([who[lead.id]], lead_ids=[lead.id], kinds=kinds)
    found = found[: MOST * 3]
    ids = [one.id for one in found if one.kind == Kind.LEAD]
    different = _different(lead.id, ids)
    leads = {one.id: one for one in session().scalars(select(Lead).where(Lead.id.in_(ids)))}
    seen = _seen(ids, actor)
    numbers = [one.id for one in found if one.kind == Kind.CUSTOMER]
    rows = session().scalars(select(Customer).where(Customer.id.in_(numbers)))
    customers = {one.id: one for one in rows}
    alike = []
    for one in found:
        listed = one.likeness.is_listed
        if one.kind == Kind.CUSTOMER:
            if one.id in customers:
                side = side_of_customer(customers[one.id])
                alike.append(Alike(side, one.likeness, listed, False))
            continue
        other = leads.get(one.id)
        if other is None or one.id in different:
            continue
        side = side_of(other, one.id in seen)
        alike.append(Alike(side, one.likeness, listed, may_merge(lead, other)))
    return alike[:MOST]


def may_merge(one: Lead, other: Lead) -> bool:
    """Tell whether two leads can become one as they stand."""
    kept, gone = rules.order(rules.standing_of(one), rules.standing_of(other))
    return rules.refusal_of(kept, gone) is None


def _different(lead_id: int, others: Sequence[int]) -> set[int]:
    rows = session().execute(
        select(DuplicatePair.lead_id, DuplicatePair.other_lead_id).where(
            DuplicatePair.answer == Answer.DIFFERENT,
            or_(
                and_(DuplicatePair.lead_id == lead_id, DuplicatePair.other_lead_id.in_(others)),
                and_(DuplicatePair.other_lead_id == lead_id, DuplicatePair.lead_id.in_(others)),
            ),
        )
    )
    return {one for row in rows for one in row if one != lead_id and one is not None}
