"""What a policy may say, and the due-date arithmetic of the feedback clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from portal.deadlines.models import Approval, ClockKind, GateScope, Rung
from portal.deadlines.steps import Step, as_rows, steps_of
from portal.timeline.rules import Kind

NUMBERS: Mapping[str, range] = {
    "feedback_days": range(1, 366),
    "recruit_feedback_days": range(1, 366),
    "amber_hours": range(721),
    "overdue_hours": range(2161),
    "firm_red_days": range(366),
    "offer_hours": range(1, 2161),
    "stand_by_hours": range(721),
    "draft_days": range(1, 366),
    "response_hours": range(721),
    "completion_days": range(1096),
    "help_hours": range(721),
    "pricing_hours": range(721),
    "owner_hours": range(721),
    "milestone_hours": range(1, 721),
    "allowed_open": range(101),
    "uncontacted_free": range(101),
    "suspend_after": range(101),
    "suspend_within_days": range(1, 366),
    "suspend_days": range(1, 366),
    "most_pauses": range(21),
    "pause_days": range(1, 366),
    "most_extensions": range(21),
    "extension_days": range(1, 366),
    "protected_days": range(366),
    "cooling_hours": range(721),
}
"""The numbers of a policy in the order in which people read them, and what each may be."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "gate_scope": tuple(GateScope),
    "extension_approval": tuple(Approval),
}
"""What is one of several words, and of which."""

LISTS: Mapping[str, tuple[str, ...]] = {
    "working": tuple(ClockKind),
    "milestones": (Kind.CALL, Kind.EMAIL, Kind.APPOINTMENT),
    "chain": tuple(Rung),
}
"""What is a list of words, and of which; of none more than once."""

SWITCHES = ("waiting_since", "customer_told", "customer_asked")

LONGEST_NAME = 80
MOST_POLICIES = 20
MOST_USES = 50


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
    response_hours: int = 0
    completion_days: int = 0
    help_hours: int = 8
    pricing_hours: int = 8
    owner_hours: int = 0
    working: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()
    milestone_hours: int = 24
    gate_scope: str = GateScope.REP
    allowed_open: int = 0
    uncontacted_free: int = 1
    waiting_since: bool = False
    customer_told: bool = False
    customer_asked: bool = False
    suspend_after: int = 0
    suspend_within_days: int = 90
    suspend_days: int = 7
    most_pauses: int = 2
    pause_days: int = 30
    most_extensions: int = 1
    extension_days: int = 7
    extension_approval: str = Approval.NONE
    protected_days: int = 14
    cooling_hours: int = 24
    chain: tuple[str, ...] = (Rung.AGAIN,)
    overflow_unit_id: int | None = None
    steps: tuple[Step, ...] = ()


TERMS = tuple(one.name for one in fields(Terms))


def terms_of(policy: Any) -> Terms:
    """Return what a policy says."""
    said: dict[str, Any] = {name: getattr(policy, name) for name in TERMS if name != "steps"}
    said |= {name: tuple(said[name]) for name in LISTS}
    return Terms(**said, steps=steps_of(policy))


def as_columns(terms: Terms) -> dict[str, Any]:
    """Return what a policy says as its row keeps it."""
    said: dict[str, Any] = {name: getattr(terms, name) for name in TERMS}
    said |= {name: list(said[name]) for name in LISTS}
    return said | {"steps": as_rows(terms.steps)}


class Use(Protocol):
    """Where a policy is used; what is empty fits all."""

    @property
    def type_key(self) -> str | None: ...
    @property
    def temperature(self) -> str | None: ...
    @property
    def group_id(self) -> int | None: ...
    @property
    def level_id(self) -> int | None: ...


U = TypeVar("U", bound=Use)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A lead and the firm that may have it, as uses ask for them."""

    type_key: str
    temperature: str | None = None
    groups: frozenset[int] = frozenset()
    level_id: int | None = None


def first_use(uses: Iterable[U], case: Case) -> U | None:
    """Return the first use that fits, as `queries.ruling` finds it for many."""
    return next((one for one in uses if _fits(one, case)), None)


def _fits(use: Use, case: Case) -> bool:
    return (
        use.type_key in (None, case.type_key)
        and (use.temperature is None or use.temperature == case.temperature)
        and (use.group_id is None or use.group_id in case.groups)
        and (use.level_id is None or use.level_id == case.level_id)
    )


def covers(wide: Use, narrow: Use) -> bool:
    """Say whether one use fits wherever another does: behind it the other is never tried."""
    return (
        wide.type_key in (None, narrow.type_key)
        and wide.temperature in (None, narrow.temperature)
        and wide.group_id in (None, narrow.group_id)
        and wide.level_id in (None, narrow.level_id)
    )


class Rhythms(Protocol):
    """What says how often an answer is expected: a policy, or a row with these of its columns."""

    @property
    def feedback_days(self) -> int: ...
    @property
    def recruit_feedback_days(self) -> int: ...


WORKING_DAY = 8 * 60
"""Minutes of working time that count as a day where a clock in days counts working time only."""


def minutes_of_days(days: int, *, working: bool) -> int:
    """Return how long a clock is that is told in days, in minutes of the time that it counts."""
    return days * (WORKING_DAY if working else 24 * 60)


def rhythm_of(policy: Rhythms, lead_kind: str) -> int:
    """Return the days between two feedbacks for this kind of lead."""
    recruit = lead_kind == "partner_recruit"
    return policy.recruit_feedback_days if recruit else policy.feedback_days


def amber_from(due: datetime, rhythm_days: int, amber_hours: int) -> datetime:
    """Return from when on it is due soon: the last quarter of the rhythm, capped in hours."""
    return due - min(timedelta(days=rhythm_days) / 4, timedelta(hours=amber_hours))
