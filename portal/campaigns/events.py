"""What happens to campaigns and to the words that people agree to. Ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignMade(Event):
    campaign_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignChanged(Event):
    """`fields` are the names of what was changed."""

    campaign_id: int
    user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCostEntered(Event):
    """`amount` as text, in the programme's currency."""

    campaign_id: int
    cost_id: int
    user_id: int
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCostRemoved(Event):
    campaign_id: int
    cost_id: int
    user_id: int
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWorded(Event):
    """New words stand under this name, as `contact/2`."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignJoined(Event):
    """A firm takes part in a campaign."""

    campaign_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLeft(Event):
    """A firm takes no part in a campaign any more."""

    campaign_id: int
    organisation_id: int
