"""Reads of campaigns and of the words that people agree to."""

from __future__ import annotations

from sqlalchemy import select

from portal.campaigns.models import Campaign
from portal.core.db import session


def find_campaign(campaign_id: int | None) -> Campaign | None:
    """Return a campaign."""
    return session().get(Campaign, campaign_id) if campaign_id is not None else None


def find_by_key(key: str) -> Campaign | None:
    """Return the campaign that an address or a file names; upper and lower case are the same."""
    return session().scalar(select(Campaign).where(Campaign.key == key.strip().lower()))
