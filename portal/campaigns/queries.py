"""Reads of campaigns and of the words that people agree to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from portal.campaigns.models import Campaign
from portal.core.db import session


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
