"""What a policy may say, and the due-date arithmetic of the feedback clock. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

NUMBERS: Mapping[str, range] = {
    "feedback_days": range(1, 366),
    "recruit_feedback_days": range(1, 366),
    "amber_hours": range(721),
    "overdue_hours": range(2161),
    "firm_red_days": range(366),
    "offer_hours": range(1, 2161),
    "stand_by_hours": range(721),
    "draft_days": range(1, 366),
}
"""The numbers of a policy in the order in which people read them, and what each may be."""

LONGEST_NAME = 80
MOST_POLICIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a version of a policy says."""

    name: str
    feedback_days: int = 7
    recruit_feedback_days: int = 2
    amber_hours: int = 48
    overdue_hours: int = 24
    firm_red_days: int = 7
    offer_hours: int = 72
    stand_by_hours: int = 4
    draft_days: int = 3


TERMS = tuple(one.name for one in fields(Terms))


def terms_of(policy: Any) -> Terms:
    """Return what a policy says."""
    return Terms(**{name: getattr(policy, name) for name in TERMS})


class Rhythms(Protocol):
    """What says how often an answer is expected: a policy, or a row with these of its columns."""

    @property
    def feedback_days(self) -> int: ...
    @property
    def recruit_feedback_days(self) -> int: ...


def rhythm_of(policy: Rhythms, lead_kind: str) -> int:
    """Return the days between two feedbacks for this kind of lead."""
    recruit = lead_kind == "partner_recruit"
    return policy.recruit_feedback_days if recruit else policy.feedback_days


def next_due(at: datetime, rhythm_days: int) -> datetime:
    """Return when the next feedback is due."""
    return at + timedelta(days=rhythm_days)


def amber_from(due: datetime, rhythm_days: int, amber_hours: int) -> datetime:
    """Return from when on it is due soon: the last quarter of the rhythm, capped in hours."""
    return due - min(timedelta(days=rhythm_days) / 4, timedelta(hours=amber_hours))
