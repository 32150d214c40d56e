"""What a lead of a campaign cost. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cost_per_lead(spent: Decimal, leads: int, per_lead: Decimal | None) -> Decimal | None:
    """Return what one lead cost: its share of what was spent, and what was paid for it alone.

    None where nothing is known to be paid, or no lead came.
    """
    if leads < 1 or (spent <= 0 and not per_lead):
        return None
    share = max(spent, Decimal(0)) / leads
    return (share + (per_lead or Decimal(0))).quantize(CENT, ROUND_HALF_UP)


def whole_cost(spent: Decimal, leads: int, per_lead: Decimal | None) -> Decimal:
    """Return what a campaign cost so far, with what is paid for each of its leads."""
    return spent + leads * (per_lead or Decimal(0))
