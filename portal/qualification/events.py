"""What happens while inquiries are qualified. Ids, codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryRouted(Event):
    """An inquiry was given to a unit, or to a person; `route_id` None: by where its contact is."""

    unit_id: int | None
    user_id: int | None
    route_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiriesRouted(Event):
    """Many inquiries were given to units and people at once."""

    count: int
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesChanged(Event):
    """A rule that routes inquiries was added, changed, moved or removed, or a step of it."""

    user_id: int
    route_id: int | None
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTried(Event):
    """Somebody tried to reach the contact of a lead."""

    user_id: int
    outcome: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationHandedOn(Event):
    """A step of the qualification is done; the next unit has the lead."""

    user_id: int
    step_before: str
    step: str
    unit_id: int
    to_user_id: int | None
