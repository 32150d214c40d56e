"""Why a rule finds nobody for a lead, and what would help: asked of all partners in one statement.

Of each partner it is read at once which criteria take him out, and which of their milder forms
would; partners who fail alike are counted together. From these counts comes all that is said here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import combinations

from sqlalchemy import ColumnElement, Numeric, case, false, func, literal, or_, select

from portal.core.db import session
from portal.matching import kinds
from portal.matching.criteria import Criterion, Kind
from portal.matching.kinds import Ask, kind_of
from portal.matching.lead_facts import LeadFacts
from portal.matching.queries import standing_checks
from portal.matching.relaxing import How, ways
from portal.matching.sources import Source, open_source
from portal.partners.facts import NOW

STEPS = 3
"""So many times a criterion is asked more mildly, each time more so."""
PAIRS = 3


@dataclass(frozen=True, slots=True)
class Remedy:
    """What lets `brings` partners in: the same asked more mildly, or not at all (None)."""

    milder: Criterion | None
    brings: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A criterion that takes out so many partners, `alone` of them no other one would."""

    clause: int
    criterion: Criterion
    out: int
    alone: int
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What each criterion takes out of `candidates`; `out` are out whatever the rule asks.

    A clause is the place among the criteria taken `apart`. `pairs` are clauses that only together
    keep partners out, with how many; they are looked for where no single one does.
    """

    candidates: int
    out: int
    passed: int
    findings: tuple[Finding, ...]
    pairs: tuple[tuple[int, int, int], ...]


def examine(
    criteria: Sequence[Criterion],
    lead: LeadFacts,
    at: datetime,
    *,
    group_id: int | None = None,
    without: Collection[int] = (),
) -> Diagnosis:
    """Say what takes partners out for a lead, alone and together, and what would let them in.

    What must hold together is looked at part by part: each takes out by itself.
    """
    criteria = list(apart(criteria))
    source = open_source(NOW, at)
    ask = Ask(lead, source)
    clauses = [clause for clause, one in enumerate(criteria) if ways(one)]
    milder = {clause: _milder(criteria[clause]) for clause in clauses}
    tests = [or_(false(), *(t for _name, t in standing_checks(source, group_id, without)))]
    tests += [_fails(criteria[clause], ask) for clause in clauses]
    tests += [_fails(one, ask) for clause in clauses for one in milder[clause]]
    counts = _count(tests, source)
    standing = 1
    bit = {clause: 2 << place for place, clause in enumerate(clauses)}
    every = sum(bit.values())
    milder_bits = iter(range(1 + len(clauses), len(tests)))

    def brought(asked: int, passes: int = 0) -> int:
        """Count who fails exactly these clauses, and would pass a milder form."""
        return sum(
            times
            for mask, times in counts.items()
            if mask & (standing | every) == asked and not mask & passes
        )

    findings = []
    for clause in clauses:
        alone = brought(bit[clause])
        remedies = [
            Remedy(one, brought(bit[clause], 1 << next(milder_bits))) for one in milder[clause]
        ]
        out = sum(times for mask, times in counts.items() if mask & bit[clause])
        findings.append(
            Finding(clause, criteria[clause], out, alone, (*_worth(remedies), Remedy(None, alone)))
        )
    pairs: list[tuple[int, int, int]] = []
    if not any(one.alone for one in findings):
        pairs = [(a, b, brought(bit[a] | bit[b])) for a, b in combinations(clauses, 2)]
        pairs = sorted((pair for pair in pairs if pair[2]), key=lambda pair: -pair[2])[:PAIRS]
    return Diagnosis(
        candidates=sum(counts.values()),
        out=sum(times for mask, times in counts.items() if mask & standing),
        passed=brought(0),
        findings=tuple(findings),
        pairs=tuple(pairs),
    )


def apart(criteria: Iterable[Criterion]) -> Iterator[Criterion]:
    """Yield criteria with a required *all of these* taken apart: it means the same."""
    for one in criteria:
        if one.required and one.kind is Kind.ALL:
            yield from apart(one.of)
        else:
            yield one


def _milder(criterion: Criterion) -> list[Criterion]:
    """Return the criterion asked more mildly, step by step."""
    found: list[Criterion] = []
    if How.MILDER in ways(criterion):
        one: Criterion | None = criterion
        while len(found) < STEPS and one and (one := kind_of(one).milder(one)):
            found.append(one)
    return found


def _worth(remedies: Sequence[Remedy]) -> list[Remedy]:
    """Return the steps that bring more than the one before."""
    before, worth = 0, []
    for one in remedies:
        if one.brings > before:
            worth.append(one)
            before = one.brings
    return worth


def _fails(criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
    return or_(false(), *(test for _name, test in kinds.checks(criterion, ask)))


def _count(tests: Sequence[ColumnElement[bool]], source: Source) -> dict[int, int]:
    """Count the partners by which tests hold of them, a bit for each.

    The bits make a number without bounds: a rule has more tests than an integer has bits.
    """
    mask: ColumnElement[Decimal] = literal(Decimal(0), Numeric)
    for place, test in enumerate(tests):
        bit = literal(Decimal(1 << place), Numeric)
        mask += case((test, bit), else_=literal(Decimal(0), Numeric))
    judged = select(mask.label("mask")).where(source.takes_part()).subquery()
    counts: Counter[int] = Counter()
    for found, times in session().execute(
        select(judged.c.mask, func.count()).group_by(judged.c.mask)
    ):
        counts[int(found)] = times
    return counts
