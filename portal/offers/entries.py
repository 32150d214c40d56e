"""Reads of entries: who takes part in a photo-finish, and how it went for whom.

What enters them and what decides is `pickup.photo_finish`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from portal.core.db import session
from portal.matching.shared_parts import in_full
from portal.offers.models import Entry, EntryOutcome, Offer, OfferRound

LOST = (EntryOutcome.OUTSCORED, EntryOutcome.REFUSED)


def find_lost(round_id: int, user_id: int) -> dict[str, Any] | None:
    """Return how it went for a person who took part and did not get the lead: facts of `Outscored`.

    None where she did not take part when it was decided, or stepped back.
    """
    row = (
        session()
        .execute(
            select(Entry.id, Entry.score, Entry.refusal, Offer.explanation, OfferRound.parts)
            .join(Offer, Offer.id == Entry.offer_id)
            .join(OfferRound, OfferRound.id == Entry.round_id)
            .where(
                Entry.round_id == round_id,
                Entry.user_id == user_id,
                Entry.outcome.in_(LOST),
                Entry.ended_at == OfferRound.decided_at,
            )
            .order_by(Entry.id.desc())
            .limit(1)
        )
        .one_or_none()
    )
    if row is None:
        return None
    return {
        "entry_id": row.id,
        "score": row.score,
        "why": in_full(row.explanation, row.parts),
        "refusal": row.refusal,
        "entered": count_firms(round_id),
    }


def count_firms(round_id: int) -> int:
    """Return how many firms took part in the photo-finish of a round until its end."""
    return (
        session().scalar(
            select(func.count(Entry.organisation_id.distinct())).where(
                Entry.round_id == round_id, Entry.outcome != EntryOutcome.WITHDRAWN
            )
        )
        or 0
    )


def list_entries(round_id: int) -> Sequence[Entry]:
    """Return all entries of a round, in the order in which they came."""
    return (
        session().scalars(select(Entry).where(Entry.round_id == round_id).order_by(Entry.id)).all()
    )
