"""The steps of a policy: what happens before and after a deadline, and when. Pure.

A step is known by its place in the policy's list for good: the version of a policy never changes,
so what was taken is told by place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from flask_babel import gettext as _

from portal.deadlines.models import Action, ClockKind

MOST_STEPS = 40
FURTHEST = 365 * 24 * 60
"""Minutes from a deadline to its furthest step."""

HELD = frozenset({ClockKind.RESPONSE, ClockKind.FEEDBACK, ClockKind.COMPLETION})
"""The clocks of who holds a lead."""
EVERY = frozenset(ClockKind)
FITS: Mapping[Action, frozenset[ClockKind]] = {
    Action.REMIND_HOLDER: EVERY,
    Action.REMIND_MANAGER: EVERY,
    Action.TELL_ACCOUNT_MANAGER: EVERY,
    Action.TELL_CHANNEL_MANAGER: EVERY,
    Action.NOTE: EVERY,
    Action.OFFER_EXTENSION: frozenset({ClockKind.FEEDBACK, ClockKind.COMPLETION}),
    Action.BLOCK: HELD,
    Action.SUSPEND: HELD,
    Action.RECALL: HELD,
    Action.OVERFLOW: HELD | {ClockKind.OFFER},
}
"""What a step may do about which clock."""
FOLLOWS = frozenset({Action.NOTE, Action.BLOCK, Action.SUSPEND, Action.RECALL})
"""What may not be done before the deadline has passed."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done about a clock so many elapsed minutes after it is due, or before where < 0."""

    clock: str
    minutes: int
    action: str


class Stepped(Protocol):
    """What has steps: a policy, or a row with this of its columns."""

    @property
    def steps(self) -> Sequence[Mapping[str, Any]]: ...


def steps_of(policy: Stepped) -> tuple[Step, ...]:
    """Return the steps of a policy, each at its place."""
    return tuple(Step(one["clock"], one["minutes"], one["action"]) for one in policy.steps)


def as_rows(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return steps as a policy keeps them."""
    return [asdict(one) for one in steps]


def planned_at(step: Step, due: datetime, length_minutes: int) -> datetime:
    """Return when a step is to be taken.

    One before the deadline never comes in the first three quarters of the time there is.
    """
    return due + timedelta(minutes=never_before(step.minutes, length_minutes))


def never_before(minutes: int, length_minutes: int | None) -> int:
    """Return the minutes of a step from its deadline as they are taken.

    None for a length that is not known.
    """
    return minutes if length_minutes is None else max(minutes, -(length_minutes // 4))


def in_order(
    steps: Sequence[Step], kind: str, due: datetime, length_minutes: int
) -> list[tuple[int, datetime]]:
    """Return the places of the steps of one kind of clock and their moments, as they come."""
    return sorted(
        (
            (place, planned_at(step, due, length_minutes))
            for place, step in enumerate(steps)
            if step.clock == kind
        ),
        key=lambda one: (one[1], steps[one[0]].minutes, one[0]),
    )


def next_of(
    steps: Sequence[Step],
    kind: str,
    due: datetime,
    length_minutes: int,
    taken: Container[int],
) -> tuple[int, datetime] | None:
    """Return the place and the moment of the step that comes next; None where all were taken."""
    return next(
        (one for one in in_order(steps, kind, due, length_minutes) if one[0] not in taken), None
    )


def sooner(*steps: tuple[int, datetime] | None) -> tuple[int, datetime] | None:
    """Return which of these steps, each a place and a moment, comes first; None: there is none."""
    return min((one for one in steps if one), key=lambda one: (one[1], one[0]), default=None)


def check(steps: Sequence[Step]) -> dict[int, str]:
    """Return what is wrong with steps, a sentence each by place."""
    errors = {}
    often = Counter(steps)
    for place, step in enumerate(steps):
        if place >= MOST_STEPS:
            errors[place] = _("At most %(most)d fit here.", most=MOST_STEPS)
        elif step.clock not in EVERY:
            errors[place] = _("Please choose what is waited for.")
        elif step.action not in FITS:
            errors[place] = _("Please choose what is to be done.")
        elif step.clock not in FITS[Action(step.action)]:
            errors[place] = _("This can’t be done about that.")
        elif abs(step.minutes) > FURTHEST:
            errors[place] = _("A step is at most a year away from its deadline.")
        elif step.minutes < 0 and step.action in FOLLOWS:
            errors[place] = _("This can only be done after the deadline.")
        elif step.minutes > 0 and step.clock == ClockKind.OFFER:
            errors[place] = _("An offer ends with its time; say by the chain what comes then.")
        elif often[step] > 1 and step in steps[:place]:
            errors[place] = _("This step is here twice.")
    return errors
