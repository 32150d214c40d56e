"""The clocks of a lead in hand as people read them: what is waited for, until when, how late."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from portal.core.db import session
from portal.deadlines.models import Clock, ClockKind, Stop
from portal.web.filters import day, when

WORDS: Mapping[ClockKind, Any] = {
    ClockKind.RESPONSE: _l("First contact"),
    ClockKind.FEEDBACK: _l("Next feedback"),
    ClockKind.COMPLETION: _l("Completion"),
}


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A deadline of a lead in hand: `state` is `ahead`, `late`, `rests` or `missed`."""

    kind: str
    word: str
    said: str
    counts: str
    state: str
    due_at: datetime


def lines_of(pickup_ids: Collection[int], at: datetime) -> Mapping[int, Sequence[ClockLine]]:
    """Return the deadlines of leads in hand by pickup: those that run, then those missed."""
    found: dict[int, list[ClockLine]] = {one: [] for one in pickup_ids}
    clocks = session().scalars(
        select(Clock)
        .where(
            Clock.pickup_id.in_(pickup_ids),
            Clock.request_id.is_(None),
            Clock.kind.in_(list(WORDS)),
            or_(Clock.stopped_at.is_(None), Clock.outcome == Stop.MISSED),
        )
        .order_by(Clock.stopped_at.is_not(None), Clock.due_at, Clock.id)
    )
    for clock in clocks if pickup_ids else ():
        if clock.pickup_id is not None:
            found[clock.pickup_id].append(line_of(clock, at))
    return found


def line_of(clock: Clock, at: datetime) -> ClockLine:
    """Return a clock as people read it."""
    rests = clock.resumes_at is not None and clock.resumes_at > at
    late = clock.due_at <= at
    if clock.stopped_at is not None:
        state = "missed"
        due, late_by = when(clock.due_at), how_late(clock)
        said = _("was due %(when)s, came %(late)s late", when=due, late=late_by)
    elif rests:
        state = "rests"
        said = _(
            "rests until %(day)s, then due %(when)s",
            day=day(clock.resumes_at),
            when=when(clock.due_at),
        )
    elif late:
        state = "late"
        said = _("was due %(when)s", when=when(clock.due_at))
    else:
        state = "ahead"
        said = _("by %(when)s", when=when(clock.due_at))
    return ClockLine(
        kind=clock.kind,
        word=str(WORDS[ClockKind(clock.kind)]),
        said=said,
        counts=_("working time") if clock.working else _("elapsed time"),
        state=state,
        due_at=clock.due_at,
    )


def how_late(clock: Clock) -> str:
    """Return how late something came as people say it: "2 hours", "3 days"."""
    return str(format_timedelta(timedelta(seconds=clock.late_seconds), threshold=1.5))
