"""Firms that take part in campaigns: they carry one to their own customers, or pay for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.campaigns.events import CampaignJoined, CampaignLeft
from portal.campaigns.models import Campaign, CampaignPartner
from portal.campaigns.queries import get_campaign
from portal.core.db import session
from portal.core.events import record


def join(campaign_id: int, organisation_id: int, actor: Actor, at: datetime) -> None:
    """Note that a firm takes part in a campaign; twice is once. Raises `NotFound`."""
    get_campaign(campaign_id)
    joined = session().scalar(
        insert(CampaignPartner)
        .values(campaign_id=campaign_id, organisation_id=organisation_id, at=at, user_id=actor.id)
        .on_conflict_do_nothing()
        .returning(CampaignPartner.campaign_id)
    )
    if joined is not None:
        record(CampaignJoined(at=at, campaign_id=campaign_id, organisation_id=organisation_id))


def leave(campaign_id: int, organisation_id: int, at: datetime) -> None:
    """Note that a firm takes no part in a campaign; it did not is fine."""
    left = session().scalar(
        delete(CampaignPartner)
        .where(
            CampaignPartner.campaign_id == campaign_id,
            CampaignPartner.organisation_id == organisation_id,
        )
        .returning(CampaignPartner.campaign_id)
    )
    if left is not None:
        record(CampaignLeft(at=at, campaign_id=campaign_id, organisation_id=organisation_id))


def list_of_firm(organisation_id: int) -> Sequence[Campaign]:
    """Return the campaigns that a firm takes part in, the latest first."""
    return (
        session()
        .scalars(
            select(Campaign)
            .join(CampaignPartner, CampaignPartner.campaign_id == Campaign.id)
            .where(CampaignPartner.organisation_id == organisation_id)
            .order_by(Campaign.starts_on.desc().nulls_last(), Campaign.id.desc())
        )
        .all()
    )


def list_firms(campaign_id: int) -> Sequence[Organisation]:
    """Return the firms that take part in a campaign, by name."""
    return (
        session()
        .scalars(
            select(Organisation)
            .join(CampaignPartner, CampaignPartner.organisation_id == Organisation.id)
            .where(CampaignPartner.campaign_id == campaign_id)
            .order_by(func.lower(Organisation.name), Organisation.id)
        )
        .all()
    )
