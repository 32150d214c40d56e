"""What happens to offers."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOffered(Event):
    round_id: int
    number: int
    organisation_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDismissed(Event):
    """A rep said "Not for me"."""

    offer_id: int
    user_id: int
    organisation_id: int
    reason_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(Event):
    """A firm is out: its manager declined, or all its reps have."""

    offer_id: int
    organisation_id: int
    reason_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineTakenBack(Event):
    """A person wants to see a lead again that she had said no to."""

    offer_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnded(Event):
    round_id: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadReturned(Event):
    """Nobody is left to offer the lead to; it stands on the Board. `why` is a code."""

    why: str
