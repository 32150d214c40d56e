"""What happened to the programme's goals, territories and terms."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsPublished(Event):
    terms_id: int
    kind: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsAccepted(Event):
    terms_id: int
    number: int
    kind: str
    organisation_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalSaved(Event):
    goal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalRemoved(Event):
    goal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoriesSaved(Event):
    codes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralJoined(Event):
    organisation_id: int
    only_refers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralLeft(Event):
    organisation_id: int
