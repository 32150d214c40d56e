"""What sits: leads that wait for somebody longer than was agreed, with whom, since when and why.

One lead may sit for several reasons; it stands once in the list, by the oldest of them. Each
reason begins with what is few (overdue pickups, clocks that have run out, states) and leads come
in by id, so that a list of a hundred thousand is not looked through. Never contact data: who reads
this answers for the leads and sees how they go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    join,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from portal.accounts.models import Organisation, Unit, User
from portal.core.db import AnyRow, session
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.desk.lead_filters import TEMPERATURES, Asking, of_people
from portal.desk.queries import searched
from portal.leads.models import TO_QUALIFY, Lead, LeadState
from portal.leads.policies import said_of
from portal.offers.models import OfferRound, RoundOutcome
from portal.pickup.models import Pickup
from portal.web.paging import Page, cut
from portal.witness.models import CustomerWord, Said

PAGE = 50


class Why(StrEnum):
    """Why a lead sits, the most pressing first."""

    UNANSWERED = "unanswered"
    NOT_CALLED = "not_called"
    NO_CONTACT = "no_contact"
    HELP = "help"
    OWNER = "owner"
    RETURNED = "returned"
    UNPICKED = "unpicked"
    UNOFFERED = "unoffered"
    UNQUALIFIED = "unqualified"
    PAST_END = "past_end"


OF_CLOCKS = {
    Why.NO_CONTACT: (ClockKind.RESPONSE,),
    Why.HELP: (ClockKind.HELP, ClockKind.PRICING),
    Why.OWNER: (ClockKind.OWNER,),
}
"""The clocks whose end makes a lead sit; those of feedback and offers ask pickup and round."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see of all that sits; empty is everything."""

    why: str = ""
    owner: str = ""
    firm: str = ""
    temperature: str = ""
    text: str = ""

    def as_address(self) -> dict[str, Any]:
        """Return it as it stands in an address."""
        said = {
            "why": self.why,
            "owner": self.owner,
            "firm": self.firm,
            "temperature": self.temperature,
            "q": self.text,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many leads sit, and for each reason how many."""

    total: int = 0
    by_why: dict[str, int] = field(default_factory=dict)


def count(wanted: Wanted, asking: Asking) -> Counts:
    """Count what sits by reason, whichever reason is asked for; all else narrows the figures."""
    sits = _sits(tuple(Why), wanted, asking)
    query = select(sits.c.why, func.count(sits.c.lead_id.distinct())).group_by(
        func.rollup(sits.c.why)
    )
    rows = session().execute(query).all()
    found: dict[str | None, int] = {row[0]: row[1] for row in rows}
    return Counts(found.pop(None, 0), {str(why): number for why, number in found.items()})


def list_sitting(wanted: Wanted, asking: Asking, number: int = 1, size: int = PAGE) -> Page[AnyRow]:
    """Return a page of what sits, the longest first: lead, holder, owner, and all its reasons.

    `whys` and `sinces` go together; `people` are those of whom an answer is expected by name.
    """
    whys = [Why(wanted.why)] if wanted.why in set(Why) else list(Why)
    sits = _sits(whys, wanted, asking)
    oldest = func.min(sits.c.since)
    by_age = (sits.c.since, sits.c.why)
    found = (
        select(
            sits.c.lead_id,
            oldest.label("since"),
            func.array_agg(aggregate_order_by(sits.c.why, *by_age)).label("whys"),
            func.array_agg(aggregate_order_by(sits.c.since, *by_age)).label("sinces"),
            func.array_agg(aggregate_order_by(sits.c.person_id, *by_age)).label("people"),
        )
        .group_by(sits.c.lead_id)
        .order_by(oldest, sits.c.lead_id)
        .limit(size + 1)
        .offset((number - 1) * size)
        .subquery("found")
    )
    return cut(session().execute(_told(found)).all(), number, size)


def count_by_owner(asking: Asking) -> Sequence[AnyRow]:
    """Return how much sits with which owner, first with whom most does."""
    sits = _sits(tuple(Why), Wanted(), asking)
    leads = func.count(sits.c.lead_id.distinct())
    rows = (
        select(User.id, User.name, leads.label("sits"))
        .select_from(sits)
        .join(Lead, Lead.id == sits.c.lead_id)
        .join(User, User.id == Lead.owner_id)
        .group_by(User.id, User.name)
        .order_by(leads.desc(), User.name, User.id)
    )
    return session().execute(rows).all()


def _told(found: Any) -> Select[*tuple[Any, ...]]:
    """Return the query of what a page tells of leads that were found."""
    owner, holder = aliased(User, name="owner"), aliased(User, name="holder")
    return (
        select(
            Lead.id,
            Lead.number,
            Lead.title,
            Lead.temperature,
            Lead.state,
            Lead.round,
            found.c.since,
            found.c.whys,
            found.c.sinces,
            found.c.people,
            owner.name.label("owner"),
            holder.name.label("holder"),
            Organisation.name.label("firm"),
            Unit.name.label("unit"),
            Pickup.id.label("pickup_id"),
            OfferRound.offered,
            OfferRound.declined,
        )
        .select_from(found)
        .join(Lead, Lead.id == found.c.lead_id)
        .outerjoin(owner, owner.id == Lead.owner_id)
        .outerjoin(Pickup, (Pickup.lead_id == Lead.id) & Pickup.ended_at.is_(None))
        .outerjoin(holder, holder.id == Pickup.user_id)
        .outerjoin(Organisation, Organisation.id == Pickup.organisation_id)
        .outerjoin(Unit, Unit.id == Lead.unit_id)
        .outerjoin(OfferRound, (OfferRound.lead_id == Lead.id) & (OfferRound.number == Lead.round))
        .order_by(found.c.since, Lead.id)
    )


def _narrowed(wanted: Wanted, asking: Asking) -> list[ColumnElement[bool]]:
    """Return the conditions of leads that the reader sees and asks for; none where it is all."""
    conditions = [] if asking.visible.compare(true()) else [asking.visible]
    conditions += searched(wanted.text)
    if wanted.temperature in dict(TEMPERATURES):
        conditions.append(Lead.temperature == wanted.temperature)
    owned = of_people(Lead.owner_id)((wanted.owner,), asking) if wanted.owner else None
    if owned is not None:
        conditions.append(owned)
    if wanted.firm:
        named = Organisation.name.icontains(wanted.firm, autoescape=True)
        conditions.append(Lead.holder_organisation_id.in_(select(Organisation.id).where(named)))
    return conditions


def _sits(whys: Collection[Why], wanted: Wanted, asking: Asking) -> CTE:
    """Return the leads that sit for these reasons: lead, reason, since when, who is waited for."""
    narrowed = _narrowed(wanted, asking)
    parts = []
    for why, table, lead_id, since, person, conditions in _reasons(asking):
        if why not in whys:
            continue
        part = select(
            lead_id.label("lead_id"),
            literal(why.value, String()).label("why"),
            since.label("since"),
            cast(person, BigInteger).label("person_id"),
        ).select_from(table)
        # leads are looked up beside them only where something is asked of them
        if narrowed and table is not Lead:
            part = part.join(Lead, Lead.id == lead_id)
        parts.append(part.where(*conditions, *narrowed))
    return union_all(*parts).cte("sits")


Reason = tuple[Why, Any, Any, Any, Any, Sequence[ColumnElement[bool]]]


def _reasons(asking: Asking) -> Iterator[Reason]:
    """Yield each reason with where it is read and under which conditions."""
    at = asking.at
    yield (
        Why.UNANSWERED,
        Pickup,
        Pickup.lead_id,
        Pickup.feedback_due_at,
        Pickup.user_id,
        [Pickup.ended_at.is_(None), Pickup.feedback_due_at <= at],
    )
    # until the holder has answered since, or the customer says otherwise
    unheard = or_(
        Pickup.last_feedback_at.is_(None), Pickup.last_feedback_at <= CustomerWord.said_at
    )
    yield (
        Why.NOT_CALLED,
        join(CustomerWord, Pickup, Pickup.id == CustomerWord.pickup_id),
        Pickup.lead_id,
        CustomerWord.said_at,
        Pickup.user_id,
        [_one_of(CustomerWord.said, (Said.NO,)), Pickup.ended_at.is_(None), unheard],
    )
    for why, kinds in OF_CLOCKS.items():
        yield (
            why,
            Clock,
            Clock.lead_id,
            Clock.due_at,
            Clock.user_id,
            [
                _one_of(Clock.kind, kinds),
                Clock.stopped_at.is_(None),
                Clock.paused_at.is_(None),
                Clock.due_at <= at,
            ],
        )
    back = Lead.state.in_((LeadState.RETURNED, LeadState.RECALLED))
    rested = or_(Lead.rests_until.is_(None), Lead.rests_until <= at)
    yield Why.RETURNED, Lead, Lead.id, Lead.state_since, null(), [back, rested]
    in_vain = (
        select(OfferRound.id)
        .where(
            OfferRound.lead_id == Lead.id,
            OfferRound.number == Lead.round - 1,
            OfferRound.outcome.in_((RoundOutcome.EXPIRED, RoundOutcome.DECLINED)),
        )
        .exists()
    )
    offered = Lead.state == LeadState.OFFERED
    since = func.coalesce(Lead.qualified_at, Lead.state_since)
    yield Why.UNPICKED, Lead, Lead.id, since, null(), [offered, Lead.round > 1, in_vain]
    ready = Lead.state == LeadState.QUALIFIED
    yield Why.UNOFFERED, Lead, Lead.id, Lead.state_since, null(), [ready, _untouched(at)]
    raw = Lead.state.in_(TO_QUALIFY)
    yield Why.UNQUALIFIED, Lead, Lead.id, Lead.state_since, Lead.qualifier_id, [raw, _untouched(at)]
    yield (
        Why.PAST_END,
        Lead,
        Lead.id,
        began_to_sit(asking.zone),
        Lead.holder_id,
        [past_end(asking)],
    )


def _one_of(column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition of one of fixed words, written out: an index holds for some of them."""
    found: ColumnElement[bool] = column.in_(
        bindparam(None, list(values), expanding=True, literal_execute=True, type_=String())
    )
    return found


def _untouched(at: datetime) -> ColumnElement[bool]:
    """Return the condition of a lead with which nothing happened for its policy's days.

    Which policy that is is asked of those alone that are between the shortest and the longest.
    """

    def before(days: Any) -> ColumnElement[bool]:
        return Lead.state_since <= literal(at) - func.make_interval(0, 0, 0, days)

    all_days = [
        select(which(DeadlinePolicy.draft_days))
        .where(DeadlinePolicy.replaced_at.is_(None), DeadlinePolicy.retired_at.is_(None))
        .scalar_subquery()
        for which in (func.min, func.max)
    ]
    return and_(
        before(all_days[0]), or_(before(all_days[1]), before(said_of(DeadlinePolicy.draft_days)))
    )


def expected_on() -> ColumnElement[Any]:
    """Return the day on which a lead is to be closed: as said by now, else as estimated."""
    return func.coalesce(Lead.expected_on, Lead.estimated_on)


IN_WORK = and_(_one_of(Lead.state, (LeadState.HELD, LeadState.DIRECT)), expected_on().is_not(None))
"""The condition of leads in work that are to be closed on some day."""


def past_end(asking: Asking) -> ColumnElement[bool]:
    """Return the condition of leads in work that were to be closed before today."""
    return and_(IN_WORK, expected_on() < asking.today)


def began_to_sit(zone: ZoneInfo) -> ColumnElement[datetime]:
    """Return the moment at which the expected day of a lead was over where the reader is."""
    return func.timezone(zone.key, cast(expected_on() + 1, DateTime(timezone=False)))
