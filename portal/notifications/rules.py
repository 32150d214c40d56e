"""When a person hears: at once, once a day, never, and not in her quiet hours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.accounts.models import Hears
from portal.notifications.models import Topic

STOOD_STILL = timedelta(minutes=15)
"""A sender that has not looked for so long was down: what heaped up is collected."""
LATE = timedelta(minutes=30)
"""What is told so long after it happened waits for what else is late."""
SETTLES = timedelta(minutes=5)
"""So long more of the same may still come in."""
APART = timedelta(hours=1)
"""Between two mails to a person that tell of what is late."""

FEEDBACK = frozenset({Topic.FEEDBACK_OVERDUE, Topic.FEEDBACK_DUE, Topic.FEEDBACK_SOON})
ASKING = FEEDBACK | {Topic.COMPLETION_WANTED, Topic.CONTACT_WANTED, Topic.REMINDED}
"""What asks a holder how far she is."""
PRESSING = ASKING | {Topic.ANSWER_WANTED, Topic.PARTNER_LATE, Topic.TEAM_LATE, Topic.OFFER_ENDS}
"""What tells of a deadline: of that a person gets at most one mail an hour."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """When a person wants to hear; hours of her zone."""

    hears: str
    digest_hour: int
    quiet_from: int | None
    quiet_until: int | None
    timezone: str


def due_of(wishes: Wishes, at: datetime) -> datetime | None:
    """Return when to tell what is known since `at`; None where she never wants to hear."""
    if wishes.hears == Hears.NEVER:
        return None
    if wishes.hears == Hears.DAILY:
        return next_hour(wishes.digest_hour, wishes.timezone, at)
    return quiet_end(wishes, at) or at


def quiet_end(wishes: Wishes, at: datetime) -> datetime | None:
    """Return when the quiet hours end in which `at` falls; None where it falls in none."""
    begins, ends = wishes.quiet_from, wishes.quiet_until
    if begins is None or ends is None:
        return None
    hour = at.astimezone(ZoneInfo(wishes.timezone)).hour
    quiet = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
    return next_hour(ends, wishes.timezone, at) if quiet else None


def next_hour(hour: int, timezone: str, at: datetime) -> datetime:
    """Return the next moment after `at` at which clocks in a zone show this full hour."""
    here = at.astimezone(ZoneInfo(timezone))
    found = here.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if found <= here:
        found += timedelta(days=1)
    return found.astimezone(UTC)
