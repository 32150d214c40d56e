"""Reads of campaigns and of the words that people agree to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import func, or_, select

from portal.campaigns.models import Campaign, CampaignCost
from portal.core.db import session
from portal.core.errors import NotFound


def find_campaign(campaign_id: int | None) -> Campaign | None:
    """Return a campaign."""
    return session().get(Campaign, campaign_id) if campaign_id is not None else None


def find_by_key(key: str) -> Campaign | None:
    """Return the campaign that an address or a file names; upper and lower case are the same."""
    return session().scalar(select(Campaign).where(Campaign.key == key.strip().lower()))


def list_running(also: int | None = None) -> Sequence[Campaign]:
    """Return the campaigns that are not put away, and the one that is chosen, by name."""
    return (
        session()
        .scalars(
            select(Campaign)
            .where(or_(Campaign.archived_at.is_(None), Campaign.id == (also or 0)))
            .order_by(func.lower(Campaign.name), Campaign.id)
        )
        .all()
    )


def get_campaign(campaign_id: int) -> Campaign:
    """Return a campaign. Raises `NotFound`."""
    found = find_campaign(campaign_id)
    if found is None:
        raise NotFound()
    return found


def list_campaigns() -> Sequence[Campaign]:
    """Return all campaigns: those in use first, the latest on top."""
    return (
        session()
        .scalars(
            select(Campaign).order_by(
                Campaign.archived_at.is_not(None),
                Campaign.starts_on.desc().nulls_last(),
                Campaign.id.desc(),
            )
        )
        .all()
    )


def spent() -> dict[int, Decimal]:
    """Return what was spent on each campaign in whole; what is paid for each lead is not in it."""
    rows = session().execute(
        select(CampaignCost.campaign_id, func.sum(CampaignCost.amount)).group_by(
            CampaignCost.campaign_id
        )
    )
    return {row[0]: row[1] for row in rows}


def spent_on(campaign_id: int) -> Decimal:
    """Return what was spent on one campaign in whole."""
    return session().scalar(
        select(func.coalesce(func.sum(CampaignCost.amount), 0)).where(
            CampaignCost.campaign_id == campaign_id
        )
    ) or Decimal(0)


def list_costs(campaign_id: int) -> Sequence[CampaignCost]:
    """Return what was entered for a campaign, the latest day first."""
    return (
        session()
        .scalars(
            select(CampaignCost)
            .where(CampaignCost.campaign_id == campaign_id)
            .order_by(CampaignCost.day.desc(), CampaignCost.id.desc())
        )
        .all()
    )
