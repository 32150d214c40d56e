"""What came from where, and what it cost: leads by campaign, by search term, by source and month.

Counts and amounts alone; nothing personal is asked. A lead that was merged into another is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select

from portal.campaigns import consent
from portal.campaigns import queries as campaigns
from portal.campaigns.models import Campaign
from portal.campaigns.rules import cost_per_lead, whole_cost
from portal.core.db import AnyRow, session
from portal.leads.basis import WORDS
from portal.leads.models import Lead, LeadStatus, LifeState

MONTHS = 12
TERMS = 20

OF_ITS_OWN = Lead.merged_into.is_(None)
QUALIFIED = Lead.qualified_at.is_not(None)
PICKED = Lead.picked_at.is_not(None)
CONFIRMED = Lead.sql_at.is_not(None)


@dataclass(frozen=True, slots=True)
class Yield:
    """What became of the leads of a campaign or a search term."""

    leads: int = 0
    qualified: int = 0
    picked: int = 0
    confirmed: int = 0
    won: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """A campaign with its leads and its money."""

    campaign: Campaign
    came: Yield
    spent: Decimal
    cost: Decimal
    each: Decimal | None


@dataclass(frozen=True, slots=True)
class SourceMonths:
    """Leads of a source by month, the oldest month first; None is the source that nobody said."""

    source_id: int | None
    counts: list[int] = field(default_factory=list)
    qualified: int = 0

    @property
    def total(self) -> int:
        """How many came in all these months."""
        return sum(self.counts)


def _yield_columns() -> tuple[ColumnElement[int], ...]:
    won = select(LeadStatus.id).where(LeadStatus.life_state == LifeState.WON)
    return (
        func.count().label("leads"),
        func.count().filter(QUALIFIED).label("qualified"),
        func.count().filter(PICKED).label("picked"),
        func.count().filter(CONFIRMED).label("confirmed"),
        func.count().filter(Lead.status_id.in_(won)).label("won"),
    )


def _yield_of(row: AnyRow) -> Yield:
    return Yield(row.leads, row.qualified, row.picked, row.confirmed, row.won)


def list_accounts() -> list[Account]:
    """Return every campaign with what came of it and what it cost."""
    rows = session().execute(
        select(Lead.campaign_id, *_yield_columns())
        .where(Lead.campaign_id.is_not(None), OF_ITS_OWN)
        .group_by(Lead.campaign_id)
    )
    came = {row.campaign_id: _yield_of(row) for row in rows}
    spent = campaigns.spent()
    return [
        account_of(one, came.get(one.id, Yield()), spent.get(one.id, Decimal(0)))
        for one in campaigns.list_campaigns()
    ]


def account_of(campaign: Campaign, came: Yield, spent: Decimal) -> Account:
    """Return a campaign with its money reckoned up."""
    return Account(
        campaign,
        came,
        spent,
        whole_cost(spent, came.leads, campaign.per_lead),
        cost_per_lead(spent, came.leads, campaign.per_lead),
    )


def read_account(campaign: Campaign) -> Account:
    """Return one campaign with what came of it and what it cost."""
    row = (
        session()
        .execute(select(*_yield_columns()).where(Lead.campaign_id == campaign.id, OF_ITS_OWN))
        .one()
    )
    return account_of(campaign, _yield_of(row), campaigns.spent_on(campaign.id))


def list_terms(campaign_id: int) -> Sequence[tuple[str, Yield]]:
    """Return what people of a campaign searched for, the most frequent first."""
    rows = session().execute(
        select(func.lower(Lead.search_term).label("term"), *_yield_columns())
        .where(Lead.campaign_id == campaign_id, Lead.search_term.is_not(None), OF_ITS_OWN)
        .group_by(func.lower(Lead.search_term))
        .order_by(func.count().desc(), func.lower(Lead.search_term))
        .limit(TERMS)
    )
    return [(row.term, _yield_of(row)) for row in rows]


def find_cost(lead: Lead) -> Decimal | None:
    """Return what a lead cost, None where nobody knows."""
    campaign = campaigns.find_campaign(lead.campaign_id)
    if campaign is None:
        return None
    spent = campaigns.spent_on(campaign.id)
    if not spent and not campaign.per_lead:
        return None
    leads = session().scalar(
        select(func.count()).where(Lead.campaign_id == campaign.id, OF_ITS_OWN)
    )
    return cost_per_lead(spent, leads or 0, campaign.per_lead)


@dataclass(frozen=True, slots=True)
class Brought:
    """How a lead came: what it cost, what was searched for, and why its contact may be called."""

    campaign: str | None
    search_term: str | None
    cost: Decimal | None
    basis: Any
    since: datetime | None
    agreed: Mapping[str, str] | None


def read_brought(lead: Lead) -> Brought:
    """Return how a lead came, for whoever reads the answers of its qualification."""
    campaign = campaigns.find_campaign(lead.campaign_id)
    text = consent.find_named(lead.basis_words)
    return Brought(
        campaign.name if campaign else None,
        lead.search_term,
        find_cost(lead),
        WORDS.get(lead.basis) if lead.basis else None,
        lead.basis_at,
        text.words if text else None,
    )


def months_to(at: datetime, zone: ZoneInfo) -> list[date]:
    """Return the first days of the last months, that of `at` the last."""
    here = at.astimezone(zone)
    months = [here.year * 12 + here.month - 1 - back for back in range(MONTHS)]
    return [date(month // 12, month % 12 + 1, 1) for month in reversed(months)]


def by_source_and_month(at: datetime, zone: ZoneInfo) -> list[SourceMonths]:
    """Return how many leads came from each source in each of the last months, the largest first."""
    months = months_to(at, zone)
    since = datetime(months[0].year, months[0].month, 1, tzinfo=zone)
    month = func.date_trunc("month", func.timezone(str(zone), Lead.captured_at))
    rows = session().execute(
        select(
            Lead.source_id,
            month.label("month"),
            func.count(),
            func.sum(case((QUALIFIED, 1), else_=0)),
        )
        .where(Lead.captured_at >= since, OF_ITS_OWN)
        .group_by(Lead.source_id, month)
    )
    found: dict[int | None, tuple[dict[date, int], int]] = {}
    for source_id, moment, count, qualified in rows:
        counts, before = found.get(source_id, ({}, 0))
        found[source_id] = ({**counts, moment.date(): count}, before + int(qualified))
    told = [
        SourceMonths(source_id, _in_line(counts, months), qualified)
        for source_id, (counts, qualified) in found.items()
    ]
    return sorted(told, key=lambda one: (-one.total, one.source_id or 0))


def _in_line(counts: Mapping[date, int], months: Sequence[date]) -> list[int]:
    return [counts.get(month, 0) for month in months]
