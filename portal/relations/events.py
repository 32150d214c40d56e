"""What happens to lists of known customers and to claims."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCustomersChanged(Event):
    """A firm's list of its customers was added to, replaced or removed; it has `marks` now."""

    organisation_id: int
    user_id: int
    added: int
    removed: int
    marks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeClaimed(Event):
    """A firm says that it knew a lead's customer before."""

    lead_id: int
    claim_id: int
    organisation_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeDecided(Event):
    """A channel manager decided on a claim of prior knowledge."""

    lead_id: int
    claim_id: int
    organisation_id: int
    user_id: int
    granted: bool
