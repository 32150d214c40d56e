"""The clock of a round: how long a lead waits for somebody to pick it up.

`OfferRound.ends_at` is the date that all lists ask; the clock has the same one and the steps.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.deadlines import clocks
from portal.deadlines.business_time import MINUTE, due_after
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.offers.models import OfferRound, RoundOutcome
from portal.partners.calendars import vendors_calendar


def lasts(policy: DeadlinePolicy, hours: int, at: datetime) -> timedelta:
    """Return how long a round is open that is to last so many hours.

    Where its policy counts working time, that is the vendor's: many firms see an offer.
    """
    if ClockKind.OFFER not in policy.working:
        return timedelta(hours=hours)
    return due_after(at, hours * 60, vendors_calendar(), True) - at


def start(opened: OfferRound, policy: DeadlinePolicy) -> None:
    """Start the clock of a round that was opened by these terms."""
    clocks.begin(
        Clock(
            kind=ClockKind.OFFER,
            lead_id=opened.lead_id,
            round_id=opened.id,
            policy_id=policy.id,
            started_at=opened.opened_at,
            length_minutes=(opened.ends_at - opened.opened_at) // MINUTE,
            working=ClockKind.OFFER in policy.working,
            due_at=opened.ends_at,
            first_due_at=opened.ends_at,
        )
    )


def follow(current: OfferRound, at: datetime) -> None:
    """Have the clock of a round end when the round does, which was moved."""
    clock = clocks.find_running(ClockKind.OFFER, round_id=current.id)
    if clock is not None and clock.due_at != current.ends_at:
        clocks.move(clock, current.ends_at, "moved", None, at)


def stop(round_id: int, outcome: RoundOutcome, at: datetime) -> None:
    """Stop the clock of a round that ended."""
    clock = clocks.find_running(ClockKind.OFFER, round_id=round_id)
    if clock is not None:
        void = outcome == RoundOutcome.WITHDRAWN
        clocks.stop(clock, at, void=void, missed=outcome == RoundOutcome.EXPIRED)
