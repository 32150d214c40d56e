"""What is asked of the vendor, and what becomes of it. Ids and codes only, never words."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked(Event):
    """A holder asks for help, or for a special price; `again`: once more, about the same."""

    request_id: int
    kind: str
    pickup_id: int
    user_id: int
    organisation_id: int
    assignee_id: int
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAnswered(Event):
    """The vendor answered, decided, or asked back: `turn` says which.

    `late_seconds` is how long after its due moment, 0 in time.
    """

    request_id: int
    kind: str
    turn: str
    user_id: int
    asked_by_id: int
    late_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpClosed(Event):
    """A request is over for its holder, or void since the lead left his hands (no `user_id`)."""

    request_id: int
    kind: str
    state: str
    user_id: int | None
