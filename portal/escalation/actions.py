"""What the steps do that change what a partner has or may. Who calls them holds the locks.

Each returns whether it was done: False where there is no reason for it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from portal.core.db import AnyRow, session
from portal.deadlines.models import Action, DeadlinePolicy, Rung
from portal.offers import operations as offers
from portal.pickup import extension, operations, recall, suspension
from portal.pickup.models import Pickup

Act = Callable[[AnyRow, Pickup | None, datetime], bool]


def block(_clock: AnyRow, pickup: Pickup | None, at: datetime) -> bool:
    """Have a lead in hand answered before its holder picks up another."""
    if pickup is None or pickup.blocked_at is not None:
        return False
    operations.block(pickup, at)
    return True


def suspend(clock: AnyRow, pickup: Pickup | None, at: datetime) -> bool:
    """Have who was late too often pause."""
    if pickup is None:
        return False
    policy = session().get_one(DeadlinePolicy, clock.policy_id)
    return suspension.suspend(pickup, policy, at) is not None


def take_back_lead(_clock: AnyRow, pickup: Pickup | None, at: datetime) -> bool:
    """Take a lead back on which nobody works."""
    if pickup is None:
        return False
    recall.recall(pickup.id, None, recall.SILENT, None, at)
    return True


def offer_extension(_clock: AnyRow, pickup: Pickup | None, _at: datetime) -> bool:
    """Say whether there is more time to be had; who holds the lead is told with the other steps."""
    return pickup is not None and extension.room_of(pickup).open


def to_overflow(clock: AnyRow, pickup: Pickup | None, at: datetime) -> bool:
    """Let the overflow unit have a lead: one that nobody picks up, or on which nobody works."""
    if pickup is None:
        return clock.round_id is not None and offers.end_for_overflow(clock.round_id, at)
    recall.recall(pickup.id, None, recall.SILENT, None, at, to=Rung.OVERFLOW)
    return True


ACTIONS: Mapping[str, Act] = {
    Action.BLOCK: block,
    Action.SUSPEND: suspend,
    Action.OFFER_EXTENSION: offer_extension,
    Action.RECALL: take_back_lead,
    Action.OVERFLOW: to_overflow,
}
