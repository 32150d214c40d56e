"""The deadline policies that a new programme starts with. Data only; people change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from portal.deadlines.models import Action, Approval, ClockKind, Rung
from portal.deadlines.rules import Terms
from portal.deadlines.steps import Step
from portal.timeline.rules import Kind

HOUR, DAY = 60, 24 * 60

STANDARD = "standard"
HOT = "hot"

REMINDERS = (
    Step(ClockKind.FEEDBACK, -2 * DAY, Action.REMIND_HOLDER),
    Step(ClockKind.FEEDBACK, 0, Action.REMIND_HOLDER),
    Step(ClockKind.FEEDBACK, DAY, Action.REMIND_HOLDER),
)

LADDER = (
    Step(ClockKind.RESPONSE, -2 * HOUR, Action.REMIND_HOLDER),
    Step(ClockKind.RESPONSE, 0, Action.REMIND_HOLDER),
    Step(ClockKind.RESPONSE, DAY, Action.REMIND_MANAGER),
    Step(ClockKind.RESPONSE, 2 * DAY, Action.TELL_ACCOUNT_MANAGER),
    Step(ClockKind.FEEDBACK, -2 * DAY, Action.REMIND_HOLDER),
    Step(ClockKind.FEEDBACK, 0, Action.REMIND_HOLDER),
    Step(ClockKind.FEEDBACK, DAY, Action.REMIND_MANAGER),
    Step(ClockKind.FEEDBACK, DAY, Action.NOTE),
    Step(ClockKind.FEEDBACK, 2 * DAY, Action.TELL_ACCOUNT_MANAGER),
    Step(ClockKind.FEEDBACK, 2 * DAY, Action.OFFER_EXTENSION),
    Step(ClockKind.FEEDBACK, 4 * DAY, Action.BLOCK),
    Step(ClockKind.FEEDBACK, 4 * DAY, Action.SUSPEND),
    Step(ClockKind.FEEDBACK, 4 * DAY, Action.TELL_CHANNEL_MANAGER),
    # what is protected by work is looked at again
    Step(ClockKind.FEEDBACK, 7 * DAY, Action.RECALL),
    Step(ClockKind.FEEDBACK, 14 * DAY, Action.RECALL),
    Step(ClockKind.FEEDBACK, 22 * DAY, Action.RECALL),
    Step(ClockKind.COMPLETION, -2 * DAY, Action.REMIND_HOLDER),
    Step(ClockKind.COMPLETION, DAY, Action.TELL_ACCOUNT_MANAGER),
    Step(ClockKind.HELP, 0, Action.REMIND_HOLDER),
    Step(ClockKind.HELP, 4 * HOUR, Action.TELL_CHANNEL_MANAGER),
    Step(ClockKind.PRICING, 0, Action.REMIND_HOLDER),
    Step(ClockKind.PRICING, 4 * HOUR, Action.TELL_CHANNEL_MANAGER),
    Step(ClockKind.OWNER, 0, Action.REMIND_HOLDER),
)
"""From a reminder to recall: nothing sits, and nobody is surprised."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Policies by their keys, one of them the standard, and which holds for which temperature."""

    terms: Mapping[str, Terms]
    uses: Mapping[str, str] = field(default_factory=dict)


PLAIN = Policies({STANDARD: Terms(name="Standard", steps=REMINDERS)})
"""Reminders, and nothing else."""

_WITH_STEPS = Terms(
    name="Standard",
    response_hours=24,
    owner_hours=16,
    working=(ClockKind.RESPONSE, ClockKind.HELP, ClockKind.PRICING, ClockKind.OWNER),
    milestones=(Kind.APPOINTMENT,),
    suspend_after=3,
    extension_approval=Approval.NONE,
    chain=(Rung.AGAIN, Rung.GROUP, Rung.CHANNEL_MANAGER),
    steps=LADDER,
)
FULL = Policies(
    {STANDARD: _WITH_STEPS, HOT: replace(_WITH_STEPS, name="Hot leads", response_hours=8)},
    {"hot": HOT},
)
"""Every clock with its steps; hot leads are answered sooner."""
