"""Which steps are due, and which of them say something that a later one says better. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.deadlines.models import Action
from portal.deadlines.steps import Step, in_order

REMINDED_AGAIN = timedelta(hours=20)
"""Nobody is reminded by hand of one lead more often."""
SILENCE = timedelta(days=7)
"""So often silence that goes on is noted once more."""


class Outcome(StrEnum):
    """What became of a step: done, said by a later one, not needed any more, or refused."""

    DONE = "done"
    COVERED = "covered"
    PAST = "past"
    REFUSED = "refused"


class Hearer(StrEnum):
    """Who hears of a step."""

    HOLDER = "holder"
    MANAGER = "manager"
    ACCOUNT_MANAGER = "account_manager"
    CHANNEL_MANAGER = "channel_manager"


TELLS: Mapping[str, Hearer] = {
    Action.REMIND_HOLDER: Hearer.HOLDER,
    Action.OFFER_EXTENSION: Hearer.HOLDER,
    Action.REMIND_MANAGER: Hearer.MANAGER,
    Action.TELL_ACCOUNT_MANAGER: Hearer.ACCOUNT_MANAGER,
    Action.TELL_CHANNEL_MANAGER: Hearer.CHANNEL_MANAGER,
}
"""Whom the steps tell that do nothing else but tell, or offer."""
RETURNS = frozenset({Action.RECALL, Action.OVERFLOW})
"""The steps that take a lead back."""
REFUSABLE = RETURNS | {Action.OFFER_EXTENSION}
"""The steps whose verbs may refuse: work protects a lead, more time was given already."""
EFFECTS = REFUSABLE | {Action.BLOCK, Action.SUSPEND}
"""The steps that change what a partner has or may; they need the lead and its holder locked."""


ASKED_AGAIN = timedelta(days=1)
"""So long a step waits that was refused where nobody knows when what keeps the lead ends."""


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step whose moment has come; `covered` where a later one tells the same people."""

    place: int
    action: str
    planned_at: datetime
    covered: bool = False


def due_steps(
    steps: Sequence[Step],
    kind: str,
    due: datetime,
    length_minutes: int,
    taken: Collection[int],
    at: datetime,
) -> list[DueStep]:
    """Return the steps of a clock that are due and were not taken, in order.

    After an outage they come together: all that changes something is done in its order, of what
    is told to the same people only the last, the worst, is told.
    """
    found = [
        DueStep(place, steps[place].action, planned)
        for place, planned in in_order(steps, kind, due, length_minutes)
        if planned <= at and place not in taken
    ]
    told: set[Hearer] = set()
    turned = []
    for one in reversed(found):
        hearer = TELLS.get(one.action)
        if hearer in told and one.action != Action.OFFER_EXTENSION:
            one = DueStep(one.place, one.action, one.planned_at, covered=True)
        elif hearer is not None:
            told.add(hearer)
        turned.append(one)
    return turned[::-1]


def again(until: datetime | None, at: datetime) -> datetime:
    """Return when a step that is refused now is taken once more: when what keeps the lead ends."""
    return at + ASKED_AGAIN if until is None else max(until, at + timedelta(minutes=1))


def coming(
    steps: Sequence[Step], kind: str, due: datetime, length_minutes: int, at: datetime
) -> list[tuple[datetime, str]]:
    """Return what else comes about a clock if nothing is heard: moments and actions, in order."""
    return [
        (planned, steps[place].action)
        for place, planned in in_order(steps, kind, due, length_minutes)
        if planned > at
    ]
