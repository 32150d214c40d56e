"""What the steps do that change what a partner has or may. Who calls them holds the locks.

Each returns whether it was done: False where there is no reason for it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from portal.core.db import AnyRow, session
from portal.deadlines.models import Action, DeadlinePolicy
from portal.pickup import operations, suspension
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


ACTIONS: Mapping[str, Act] = {
    Action.BLOCK: block,
    Action.SUSPEND: suspend,
}
