"""What the holder reports."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven(Event):
    """`late_seconds` is how long after its due date the answer came, 0 in time."""

    feedback_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
    status: str
    late_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackTakenBack(Event):
    """An answer was undone; a won or lost lead is in the holder's hands again."""

    feedback_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadWon(Event):
    pickup_id: int
    organisation_id: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLost(Event):
    pickup_id: int
    organisation_id: int
    reason_id: int | None
