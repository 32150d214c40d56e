"""Jobs of offers: rounds that end, and the index that is tidied after them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.core.db import session
from portal.core.jobs import reaction, sweep
from portal.leads.events import ContactSuppressed
from portal.offers import events, operations
from portal.offers.models import OfferRound


def due_rounds(at: datetime) -> Sequence[int]:
    """Return the open rounds whose time is over."""
    return (
        session()
        .scalars(
            select(OfferRound.id)
            .where(OfferRound.ended_at.is_(None), OfferRound.ends_at <= at)
            .order_by(OfferRound.ends_at, OfferRound.id)
        )
        .all()
    )


@sweep("offers.end_rounds", due_rounds)
def end_rounds(round_id: int, at: datetime) -> None:
    operations.end_round(round_id, at)


@reaction("offers.tidy_round", queue="bulk")
def tidy_round(event: events.RoundEnded, _at: datetime) -> None:
    operations.tidy_round(event.round_id)


@reaction("offers.tidy_picked", queue="bulk")
def tidy_picked(event: Any, _at: datetime) -> None:
    """React to a pickup (which is a room above): `event` names lead and round."""
    operations.tidy_lead(event.lead_id, event.round)


@reaction("offers.take_off")
def take_off(event: ContactSuppressed, at: datetime) -> None:
    for lead_id in sorted(event.on_offer):
        operations.take_off(lead_id, at)


@reaction("offers.count_seen", queue="bulk")
def count_seen(event: events.LeadOffered, _at: datetime) -> None:
    operations.count_seen(event.organisation_ids)
