"""Why a firm was offered a lead, why another wasn’t: computed again from what a match was based on.

That is the rule's version, what was known of the lead and of partners then, who was left out, and
by which terms it was shared out. Nothing of it changes any more, so a year later the same parts
come out, and the same score.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from portal.core.db import session
from portal.matching import kinds, queries
from portal.matching.criteria import Criterion, Kind
from portal.matching.lead_facts import LeadFacts, with_parts
from portal.matching.models import DistributionRule, RuleVersion
from portal.matching.relaxing import ease
from portal.matching.rules import Scorer, most_points, score_of
from portal.partners import facts

Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a match was based on, as an `OfferRound` keeps it.

    `relaxed` are the steps by which the rule let go, `without` the firms that were out already.
    """

    lead_id: int
    at: datetime
    rule_id: int | None
    rule_version: int | None
    lead_facts: Mapping[str, Any] | None
    facts_upto: int | None
    facts_unseen: Sequence[Range[int]] = ()
    relaxed: Sequence[Mapping[str, Any]] = ()
    fairness: Mapping[str, Any] | None = None
    without: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """What was asked, and how the firm did: `met` is None where there was nothing to ask.

    It gave `points` of `most`.
    """

    criterion: Criterion
    met: bool | None
    points: float
    most: float
    part: Part


@dataclass(frozen=True, slots=True)
class Explained:
    """How a firm did in a match: line by line, with the score that comes out.

    `out` names what took it out before or after its criteria (as `Match.excluded` does, "nobody":
    it was no partner then), None: nothing did.
    """

    rule_name: str
    version: int
    lines: Sequence[Line]
    score: float
    out: str | None

    @property
    def missed(self) -> list[Line]:
        """Return what took the firm out of what the rule asks."""
        return [line for line in self.lines if not line.criterion.weighted and takes_out(line)]

    @property
    def suits(self) -> bool:
        """True where nothing took the firm out."""
        return self.out is None and not self.missed


def takes_out(line: Line) -> bool:
    """Say whether a line that isn't weighted takes a firm out."""
    return line.met is True if line.criterion.forbidden else line.met is False


def explain(basis: Basis, organisation_id: int) -> Explained | None:
    """Explain how a firm did; None where a match is older than what is kept of it."""
    content = _content(basis)
    if content is None or basis.lead_facts is None or basis.facts_upto is None:
        return None
    criteria = ease([Criterion.from_data(one) for one in content["criteria"]], basis.relaxed)
    lead = LeadFacts.from_data(basis.lead_id, basis.lead_facts)
    of_firm = facts.as_of(basis.facts_upto, basis.facts_unseen, [organisation_id])
    judged = queries.judge_partners(
        (),
        lead,
        basis.at,
        group_id=content.get("group_id"),
        without=basis.without,
        source=of_firm,
    )
    about = queries.facts_about(organisation_id, criteria, lead, basis.at, source=of_firm)
    name, version = str(content["name"]), basis.rule_version or 0
    if about is None or not judged.candidates:
        return Explained(name, version, (), 0.0, "nobody")
    parts = Scorer(criteria, lead).explain(about)
    lines = [
        Line(criterion, _met(criterion, lead, value), part["points"], most, part)
        for criterion, most, value, part in zip(
            criteria, most_points(criteria), about.values, parts, strict=True
        )
    ]
    out = next((code for code, count in judged.excluded.items() if count), None)
    return Explained(
        name, version, lines, score_of(parts), out or _left_out(basis.fairness, organisation_id)
    )


def parts_of(basis: Basis, organisation_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the parts of the scores of those firms that meet what was asked, as `explain` does.

    Only the criteria count here: to whom the rule offers (its group), who could be offered nothing
    then, and whether a share of the leads was left, doesn't. Nobody where a match is older than
    what is kept of it, or there was none.
    """
    content = _content(basis)
    if content is None or basis.lead_facts is None or basis.facts_upto is None:
        return {}
    criteria = ease([Criterion.from_data(one) for one in content["criteria"]], basis.relaxed)
    lead = LeadFacts.from_data(basis.lead_id, basis.lead_facts)
    judged = queries.judge_partners(
        criteria,
        lead,
        basis.at,
        standing=False,
        source=facts.as_of(basis.facts_upto, basis.facts_unseen, organisation_ids),
    )
    scorer = Scorer(criteria, lead)
    return {one.organisation_id: scorer.explain(one) for one in judged.passed}


def _met(criterion: Criterion, lead: LeadFacts, fact: Any) -> bool | None:
    kind = kinds.kind_of(criterion)
    if not kind.is_asked(criterion, lead):
        return None
    grade = kind.grade(criterion, lead, fact)
    return grade.share > 0 if criterion.weighted else bool(grade.met)


def _content(basis: Basis) -> dict[str, Any] | None:
    if basis.rule_id is None or basis.rule_version is None:
        return None
    return session().scalar(
        select(RuleVersion.content).where(
            RuleVersion.rule_id == basis.rule_id, RuleVersion.number == basis.rule_version
        )
    )


def _left_out(fairness: Mapping[str, Any] | None, organisation_id: int) -> str | None:
    for code, firms in ((fairness or {}).get("left_out") or {}).items():
        if organisation_id in firms:
            return str(code)
    return None


def basis_of_now(
    rule: DistributionRule, lead: Any, at: datetime, without: Collection[int]
) -> Basis:
    """Return what a match would be based on that is made now."""
    criteria = [Criterion.from_data(data) for data in rule.criteria]
    return Basis(
        lead_id=lead.id,
        at=at,
        rule_id=rule.id,
        rule_version=rule.version,
        lead_facts=LeadFacts.of(lead, criteria, at).to_data(),
        facts_upto=facts.last_kept(),
        without=without,
    )


def tells_of_customers(criterion: Criterion) -> bool:
    """Say whether how a firm does says that it knows the customer."""
    return any(one.kind is Kind.RELATION for one in with_parts(criterion))
