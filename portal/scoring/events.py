"""What happens to rules and scores. Ids, codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRulesChanged(Event):
    """There is a new version; `fields` names the rules and limits that read differently."""

    rules_id: int
    version: int
    user_id: int | None
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCooled(Event):
    """Nobody heard of a waiting lead for long; it is marked a step colder."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsCooled(Event):
    """Leads of one person were marked colder in one go: the first of them, and how many in all."""

    user_id: int
    lead_ids: list[int]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadHandedOn(Event):
    """Signals made a buyer of a lead in nurture; it waits to be qualified again."""

    points: int
    user_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadStirs(Event):
    """Who a lead is about has become active; `user_ids` are those who should know."""

    behaviour: int
    user_ids: list[int]
