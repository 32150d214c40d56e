"""Due-date arithmetic of the feedback clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol


class Policy(Protocol):
    """What rules the feedback clock: a `DeadlinePolicy`, or a row with these of its columns."""

    @property
    def feedback_days(self) -> int: ...
    @property
    def recruit_feedback_days(self) -> int: ...
    @property
    def amber_hours(self) -> int: ...
    @property
    def firm_red_days(self) -> int: ...
    @property
    def overdue_hours(self) -> int: ...


def rhythm_of(policy: Policy, lead_kind: str) -> int:
    """Return the days between two feedbacks for this kind of lead."""
    recruit = lead_kind == "partner_recruit"
    return policy.recruit_feedback_days if recruit else policy.feedback_days


def next_due(at: datetime, rhythm_days: int) -> datetime:
    """Return when the next feedback is due."""
    return at + timedelta(days=rhythm_days)


def amber_from(due: datetime, rhythm_days: int, policy: Policy) -> datetime:
    """Return from when on it is due soon: the last quarter of the rhythm, capped in hours."""
    return due - min(timedelta(days=rhythm_days) / 4, timedelta(hours=policy.amber_hours))
