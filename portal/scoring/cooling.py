"""Leads cool with time: a waiting lead of which nothing is heard is marked a step colder.

Only what people marked cools, and only while nobody has it in hand. Heard of is a lead when it
comes in, when it is made ready, when who it is about does something, and when it cooled last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from portal.core.db import AnyRow, session
from portal.core.events import record, record_all
from portal.leads.models import Lead, LeadSignal, Temperature
from portal.scoring.events import LeadCooled, LeadsCooled
from portal.scoring.models import LeadCooling, ScoreRules
from portal.scoring.queries import find_newest, read_rules
from portal.scoring.rules import COOLS, cool

BATCH = 200
"""So many leads are locked at a time: a pickup of one of them waits for as long."""
NAMED = 50
"""So many leads are named where somebody is told of many."""


def last(
    column: InstrumentedAttribute[datetime], of_lead: ColumnElement[bool]
) -> ScalarSelect[datetime]:
    """Return the newest moment of rows about a lead."""
    return select(func.max(column)).where(of_lead).scalar_subquery()


ALIVE = func.greatest(
    Lead.captured_at,
    Lead.qualified_at,
    last(LeadSignal.at, LeadSignal.lead_id == Lead.id),
    last(LeadCooling.at, LeadCooling.lead_id == Lead.id),
    # before there were rules nobody was told that a lead cools
    select(func.min(ScoreRules.created_at)).scalar_subquery(),
)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_microseconds(number: int) -> datetime:
    """Return the moment so many microseconds after the epoch, exact to the last of them."""
    return EPOCH + timedelta(microseconds=number)


def cooled_for(user_id: int, at: datetime) -> Sequence[AnyRow]:
    """Return somebody's leads that were marked colder at a moment and still are: number, was, now.

    Of those that wait no more nothing is said.
    """
    return (
        session()
        .execute(
            select(LeadCooling.lead_id, Lead.number, LeadCooling.was, LeadCooling.now)
            .join(Lead, Lead.id == LeadCooling.lead_id)
            .where(
                LeadCooling.at == at,
                Lead.temperature == LeadCooling.now,
                Lead.state.in_(COOLS),
                func.coalesce(Lead.owner_id, Lead.qualifier_id) == user_id,
            )
            .order_by(Lead.id)
        )
        .all()
    )


def cool_many(at: datetime, after: int = 0) -> int | None:
    """Cool a batch of waiting leads behind `after`; who answers for them is told of hers.

    Returns the last of them, None where none is left.
    """
    row = find_newest()
    if row is None:
        return None
    limits = read_rules(row).limits
    days = {Temperature.HOT: limits.hot_days, Temperature.WARM: limits.warm_days}
    silent = [
        and_(Lead.temperature == marked, at - timedelta(days=most) >= ALIVE)
        for marked, most in days.items()
        if most
    ]
    if not silent:
        return None
    # what somebody works on just now is looked at the next time
    columns = (Lead.id, Lead.temperature, Lead.owner_id, Lead.qualifier_id)
    leads = (
        session()
        .execute(
            select(*columns, ALIVE.label("alive_at"))
            .where(
                Lead.id > after,
                Lead.state.in_(COOLS),
                Lead.suppressed.is_(False),
                or_(*silent),
            )
            .order_by(Lead.id)
            .limit(BATCH)
            .with_for_update(key_share=True, skip_locked=True, of=Lead)
        )
        .all()
    )
    told: dict[int, list[int]] = defaultdict(list)
    colder: dict[str, list[int]] = defaultdict(list)
    steps = []
    for lead in leads:
        was, now = lead.temperature, cool(lead.temperature, lead.alive_at, limits, at)
        if was == now:
            continue
        colder[now].append(lead.id)
        steps.append(
            {"lead_id": lead.id, "at": at, "alive_at": lead.alive_at, "was": was, "now": now}
        )
        if concerned := lead.owner_id or lead.qualifier_id:
            told[concerned].append(lead.id)
    for now, ids in colder.items():
        session().execute(update(Lead).where(Lead.id.in_(ids)).values(temperature=now))
    if steps:
        session().execute(insert(LeadCooling), steps)
    record_all(
        [LeadCooled(at=at, lead_id=s["lead_id"], before=s["was"], after=s["now"]) for s in steps]
    )
    for user_id, ids in sorted(told.items()):
        record(LeadsCooled(at=at, user_id=user_id, lead_ids=ids[:NAMED], count=len(ids)))
    return leads[-1].id if leads else None
