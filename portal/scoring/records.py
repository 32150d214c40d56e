"""What became of the leads of each source, and what hot, warm and cold were worth there.

Counted once in a while and kept: who marks a lead reads it while he works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, exists, func, insert, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from portal.catalog.models import Blame, Reason
from portal.core.db import session
from portal.leads.models import Lead, LeadState, LeadStatus, LifeState, Temperature
from portal.scoring.models import LeadComplaint, LeadScore, SourceRecord, TemperatureChoice
from portal.scoring.rules import FEW, goes_like, shrink

YEAR = timedelta(days=365)
COUNTS = ("came", "qualified", "aside", "unreal", "picked", "complained", "closed", "won")


def count(at: datetime) -> None:
    """Count anew what became of a year's leads, and keep it in place of what was counted before."""
    session().execute(delete(SourceRecord))
    session().execute(
        insert(SourceRecord).from_select(
            ["source_id", "temperature", *COUNTS, "at"], _counted(at), include_defaults=False
        )
    )


def _counted(at: datetime) -> Select[*tuple[object, ...]]:
    reason = aliased(Reason)
    came = Lead.captured_at >= at - YEAR
    put_aside = and_(came, Lead.state == LeadState.DISQUALIFIED)
    ended = and_(
        Lead.state == LeadState.CLOSED,
        Lead.closed_at >= at - YEAR,
        LeadStatus.life_state.in_([LifeState.WON, LifeState.LOST]),
    )
    complaint = exists().where(LeadComplaint.lead_id == Lead.id)
    counted = {
        "came": came,
        "qualified": and_(came, Lead.qualified_at.is_not(None)),
        "aside": put_aside,
        "unreal": and_(put_aside, reason.blame == Blame.VENDOR),
        "picked": and_(came, Lead.picked_at.is_not(None)),
        "complained": and_(came, complaint),
        "closed": ended,
        "won": and_(ended, LeadStatus.life_state == LifeState.WON),
    }
    return (
        select(
            Lead.source_id,
            Lead.temperature,
            *(func.count().filter(counted[name]) for name in COUNTS),
            literal(at),
        )
        .join(LeadStatus, LeadStatus.id == Lead.status_id)
        .outerjoin(reason, reason.id == Lead.disqualified_reason_id)
        .where(Lead.merged_into.is_(None))
        .group_by(Lead.source_id, Lead.temperature)
    )


@dataclass(slots=True)
class Promise:
    """What leads marked hot, warm or cold came to: of `closed` so many were `won`.

    `of_all` is the rate of all sources; `rate` leans towards it the fewer leads there are.
    `like` is the temperature that they went like; None where too few ended to say.
    """

    temperature: Temperature
    closed: int = 0
    won: int = 0
    of_all: float | None = None
    rate: float | None = None
    like: Temperature | None = None


@dataclass(slots=True)
class Line:
    """The leads of one source. `source_id` None: no source is named."""

    source_id: int | None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    promises: dict[Temperature, Promise] = field(default_factory=dict)

    def share(self, part: str, whole: str) -> float | None:
        """Return how many of some were something; None where there are none."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] else None


@dataclass(frozen=True, slots=True)
class Records:
    """All sources, the one with most leads first, and all of them together."""

    lines: Sequence[Line]
    total: Line
    at: datetime | None

    def of(self, source_id: int | None) -> Line | None:
        """Return the line of a source."""
        return next((line for line in self.lines if line.source_id == source_id), None)


def read_records() -> Records:
    """Return what was counted last."""
    rows = session().scalars(select(SourceRecord)).all()
    total, lines = Line(None), dict[int | None, Line]()
    for row in rows:
        line = lines.setdefault(row.source_id, Line(row.source_id))
        for one in (line, total):
            for name in COUNTS:
                one.counts[name] += getattr(row, name)
            if row.temperature is not None:
                warm = Temperature(row.temperature)
                promise = one.promises.setdefault(warm, Promise(warm))
                promise.closed += row.closed
                promise.won += row.won
    rates = {one.temperature: one.won / one.closed for one in total.promises.values() if one.closed}
    for line in (*lines.values(), total):
        for promise in line.promises.values():
            _judge(promise, rates)
    found = sorted(lines.values(), key=lambda line: (-line.counts["came"], line.source_id or 0))
    return Records(found, total, rows[0].at if rows else None)


def _judge(promise: Promise, rates: dict[Temperature, float]) -> None:
    promise.of_all = rates.get(promise.temperature)
    if promise.of_all is None:
        return
    promise.rate = shrink(promise.won, promise.closed, promise.of_all)
    if promise.closed >= FEW:
        promise.like = goes_like(promise.rate, rates)


@dataclass(frozen=True, slots=True)
class Difference:
    """Leads that were proposed as one thing and released as another, and what came of them."""

    proposed: Temperature
    chosen: Temperature
    leads: int
    closed: int
    won: int


def list_differences(at: datetime) -> list[Difference]:
    """Return what people made of proposals in a year: the last choice of each lead."""
    newest = (
        select(
            TemperatureChoice.lead_id,
            TemperatureChoice.proposed,
            TemperatureChoice.chosen,
        )
        .where(TemperatureChoice.at >= at - YEAR)
        .ext(distinct_on(TemperatureChoice.lead_id))
        .order_by(TemperatureChoice.lead_id, TemperatureChoice.at.desc())
        .subquery()
    )
    ended = and_(
        Lead.state == LeadState.CLOSED, LeadStatus.life_state.in_([LifeState.WON, LifeState.LOST])
    )
    rows = session().execute(
        select(
            newest.c.proposed,
            newest.c.chosen,
            func.count().label("leads"),
            func.count().filter(ended).label("closed"),
            func.count().filter(ended, LeadStatus.life_state == LifeState.WON).label("won"),
        )
        .join(Lead, Lead.id == newest.c.lead_id)
        .join(LeadStatus, LeadStatus.id == Lead.status_id)
        .group_by(newest.c.proposed, newest.c.chosen)
    )
    found = {
        (Temperature(row.proposed), Temperature(row.chosen)): Difference(
            Temperature(row.proposed), Temperature(row.chosen), row.leads, row.closed, row.won
        )
        for row in rows
    }
    return [
        found.get((proposed, chosen), Difference(proposed, chosen, 0, 0, 0))
        for proposed in Temperature
        for chosen in Temperature
    ]


def count_proposed() -> dict[Temperature, int]:
    """Return how many leads the rules propose as what, as it is kept."""
    rows = session().execute(
        select(LeadScore.proposed, func.count())
        .join(Lead, Lead.id == LeadScore.lead_id)
        .where(Lead.state.not_in([LeadState.CLOSED, LeadState.DISQUALIFIED]))
        .group_by(LeadScore.proposed)
    )
    found = {str(row[0]): int(row[1]) for row in rows}
    return {one: found.get(one, 0) for one in Temperature}
