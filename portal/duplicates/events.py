"""What happens to leads that may be the same. Ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsMerged(Event):
    """`gone_id` became part of the lead; `fields` are names of what it took on, never values.

    `user_id` is None where the portal did it: somebody asked again whose lead is in hand.
    """

    gone_id: int
    user_id: int | None
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeUndone(Event):
    """`gone_id` is a lead of its own again."""

    gone_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain(Event):
    """Whom a lead is about that somebody works on has asked once more, by inquiry `gone_id`.

    `user_id` is who works on it.
    """

    gone_id: int
    user_id: int | None
    activity_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDifferent(Event):
    """Somebody looked at two that are alike and said that they are not the same."""

    user_id: int
    other_lead_id: int | None = None
    customer_id: int | None = None
    other_customer_id: int | None = None
