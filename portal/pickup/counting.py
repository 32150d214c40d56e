"""What becomes of attempts to pick up: counted for `/metrics`, and refusals put on record."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from prometheus_client import Counter

from portal.accounts.actor import Actor
from portal.core.errors import DomainError
from portal.core.events import record_apart
from portal.pickup.events import PickRefused
from portal.pickup.taking import Deciding

T = TypeVar("T")
Claim = Callable[[int, Actor, datetime], T]

PICKS = Counter(
    "firstcome_picks_total",
    "Attempts to pick up a lead: won, again (held already), deciding, or the code of the refusal.",
    ["outcome"],
)


def became(claimed: object) -> str:
    """Return what became of an attempt that was not refused."""
    if isinstance(claimed, Deciding):
        return "deciding"
    return "again" if getattr(claimed, "again", False) else "won"


def count_picks(claim: Claim[T]) -> Claim[T]:
    """Count what becomes of each attempt to pick up a lead.

    Who was refused, and why, is recorded apart: the refusal rolls the attempt back.
    """

    @functools.wraps(claim)
    def counted(lead_id: int, actor: Actor, at: datetime) -> T:
        try:
            claimed = claim(lead_id, actor, at)
        except DomainError as refusal:
            PICKS.labels(refusal.code).inc()
            record_apart(
                PickRefused(
                    at=at,
                    lead_id=lead_id,
                    user_id=actor.id,
                    organisation_id=actor.organisation_id,
                    code=refusal.code,
                )
            )
            raise
        PICKS.labels(became(claimed)).inc()
        return claimed

    return counted
