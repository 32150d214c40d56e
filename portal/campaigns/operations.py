"""Verbs of campaigns: plan one, change it, put it away, enter what was spent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.campaigns.events import (
    CampaignChanged,
    CampaignCostEntered,
    CampaignCostRemoved,
    CampaignMade,
)
from portal.campaigns.models import Campaign, CampaignCost, Channel
from portal.campaigns.queries import find_by_key
from portal.catalog.operations import make_key
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record

MOST = Decimal(10) ** 11
LONGEST_NAME = 120
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDraft:
    """A campaign as somebody plans it; without a `key` it is made from the name."""

    name: str
    key: str = ""
    channel: str = Channel.OTHER
    source_id: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    budget: Decimal | None = None
    per_lead: Decimal | None = None
    note: str = ""


def make_campaign(draft: CampaignDraft, actor: Actor, at: datetime) -> Campaign:
    """Plan a campaign. Raises `Invalid`."""
    # two of one name at once follow each other
    session().execute(select(func.pg_advisory_xact_lock(func.hashtext("campaigns"))))
    errors = check(draft)
    key = draft.key.strip().lower()
    if key and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", key):
        errors["key"] = _("Please use small letters, digits and hyphens, as in “spring-2027”.")
    elif key and find_by_key(key) is not None:
        errors["key"] = _("Another campaign has this key.")
    if errors:
        raise Invalid(errors)
    campaign = Campaign(
        **{**values_of(draft), "key": key or free_key(draft.name)},
        created_at=at,
        created_by=actor.id,
    )
    session().add(campaign)
    session().flush()
    record(CampaignMade(at=at, campaign_id=campaign.id, user_id=actor.id))
    return campaign


def free_key(name: str) -> str:
    """Return a key that no campaign has, made of a name."""
    wanted = make_key(name).replace("_", "-")[:50]
    key, number = wanted, 2
    while find_by_key(key) is not None:
        key, number = f"{wanted}-{number}", number + 1
    return key


def values_of(draft: CampaignDraft) -> dict[str, object]:
    """Return the columns of a campaign but for its key."""
    values: dict[str, object] = {
        one.name: getattr(draft, one.name) for one in fields(draft) if one.name != "key"
    }
    return values | {"name": draft.name.strip(), "note": draft.note.strip() or None}


def check(draft: CampaignDraft) -> dict[str, str]:
    """Say what of a campaign can't be so."""
    errors = {}
    if not 0 < len(draft.name.strip()) <= LONGEST_NAME:
        errors["name"] = _("Please give it a name.")
    if draft.channel not in list(Channel):
        errors["channel"] = _("Please choose one of the list.")
    source = book().by_id.get(draft.source_id) if draft.source_id else None
    if draft.source_id and (source is None or source.kind != "source"):
        errors["source_id"] = _("Please choose one of the list.")
    if draft.starts_on and draft.ends_on and draft.ends_on < draft.starts_on:
        errors["ends_on"] = _("It ends before it begins.")
    for name in ("budget", "per_lead"):
        amount = getattr(draft, name)
        if amount is not None and not 0 <= amount < MOST:
            errors[name] = _("Please give an amount, 0 or more.")
    if len(draft.note) > LONGEST_NOTE:
        errors["note"] = _("Please keep it under %(most)d characters.", most=LONGEST_NOTE)
    return errors


def save_campaign(
    campaign_id: int, draft: CampaignDraft, actor: Actor, at: datetime, version: int
) -> Campaign:
    """Change a campaign. Raises `Invalid`, `Conflict`, `NotFound`."""
    campaign = lock(campaign_id)
    errors = check(draft)
    if errors:
        raise Invalid(errors)
    return _change(campaign, values_of(draft), actor, at, version)


def put_away(campaign_id: int, away: bool, actor: Actor, at: datetime) -> Campaign:
    """Take a campaign out of the lists to choose from, or back into them. Raises `NotFound`."""
    campaign = lock(campaign_id)
    if (campaign.archived_at is not None) == away:
        return campaign
    values = {"archived_at": at if away else None}
    return _change(campaign, values, actor, at, campaign.version)


def _change(
    campaign: Campaign, values: Mapping[str, object], actor: Actor, at: datetime, version: int
) -> Campaign:
    changed = sorted(name for name, value in values.items() if getattr(campaign, name) != value)
    if not changed:
        return campaign
    if version != campaign.version:
        raise Conflict(
            _(
                "Somebody else changed this campaign while you worked on it. What you typed is "
                "still here; please compare before you save again."
            )
        )
    for name in changed:
        setattr(campaign, name, values[name])
    campaign.version += 1
    session().flush()
    record(CampaignChanged(at=at, campaign_id=campaign.id, user_id=actor.id, fields=changed))
    return campaign


def lock(campaign_id: int) -> Campaign:
    """Lock a campaign and return it fresh. Raises `NotFound`."""
    campaign = session().get(
        Campaign, campaign_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if campaign is None:
        raise NotFound()
    return campaign


def enter_cost(
    campaign_id: int,
    day: date | None,
    amount: Decimal | None,
    what: str,
    actor: Actor,
    at: datetime,
) -> CampaignCost:
    """Enter what was spent on a day; below nought is money that came back. Raises `Invalid`."""
    campaign = lock(campaign_id)
    errors = {}
    if day is None:
        errors["day"] = _("Please give a date, as 2026-11-30.")
    if amount is None or amount == 0 or not -MOST < amount < MOST:
        errors["amount"] = _("Please give an amount.")
    if len(what) > LONGEST_NAME:
        errors["what"] = _("Please keep it under %(most)d characters.", most=LONGEST_NAME)
    if errors or day is None or amount is None:
        raise Invalid(errors)
    cost = CampaignCost(
        campaign_id=campaign.id,
        day=day,
        amount=amount,
        what=what.strip(),
        created_at=at,
        created_by=actor.id,
    )
    session().add(cost)
    session().flush()
    record(
        CampaignCostEntered(
            at=at,
            campaign_id=campaign.id,
            cost_id=cost.id,
            user_id=actor.id,
            amount=f"{amount:.2f}",
        )
    )
    return cost


def remove_cost(campaign_id: int, cost_id: int, actor: Actor, at: datetime) -> None:
    """Take a cost out that was entered by mistake; twice is fine."""
    lock(campaign_id)
    cost = session().get(CampaignCost, cost_id)
    if cost is None or cost.campaign_id != campaign_id:
        return
    session().delete(cost)
    session().flush()
    record(
        CampaignCostRemoved(
            at=at,
            campaign_id=campaign_id,
            cost_id=cost_id,
            user_id=actor.id,
            amount=f"{cost.amount:.2f}",
        )
    )
