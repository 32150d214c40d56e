"""Decisions of matching, pure: does a lead fit a rule, and how much of a score a partner gets.

A partner's parts are computed from facts alone, so that a stored explanation can be computed again
to the same score. All weights of a rule together are 1; a part's points are its criterion's weight
of that times the partner's share, to four decimals, and the score is their sum: 0 to 1.

What a lead doesn't name, nobody is asked for: a lead without brand, product, industry, size or
language passes everybody there, with no points for anyone. Where it is matters too much for that:
a required region or radius of a lead without place excludes all and says so (`radius.lead`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from portal.catalog.field_answers import is_met
from portal.catalog.models import CustomField
from portal.leads.models import Lead
from portal.matching.criteria import Condition, Criterion, Field
from portal.matching.kinds import NOT_ASKED, Part, kind_of
from portal.matching.lead_facts import LeadFacts

LOTS = 2**64 - 1
DECIMALS = 4


class PartnerFacts(NamedTuple):
    """What was found out about one partner: one value per criterion of the rule, in its order.

    What a value is, the kind of criterion says; of one that is made of others it is a tuple of
    theirs.
    """

    organisation_id: int
    values: tuple[Any, ...]


Own = Mapping[str, tuple[CustomField, Any]]
"""What stands in the programme's own fields of a lead, by key, with the field."""

NOTHING: Own = {}


def fits_lead(conditions: Iterable[Condition], lead: Lead, own: Own = NOTHING) -> bool:
    """True where the lead has one of the values of every condition."""
    return all(_holds(condition, lead, own) for condition in conditions)


def _holds(condition: Condition, lead: Lead, own: Own) -> bool:
    if condition.field is Field.OWN:
        if condition.key not in own:
            return False
        field, kept = own[condition.key]
        return any(is_met(field, kept, str(value)) for value in condition.values)
    if condition.field is Field.PRODUCT:
        return not set(condition.values).isdisjoint(lead.product_ids)
    found = value_of(lead, condition.field)
    return found is not None and found in condition.values


def value_of(lead: Lead, of: Field) -> str | int | None:
    """Return the lead's value for a condition on a single field."""
    if of is Field.TYPE:
        return str(lead.type_id)
    by_id = ("industry", "size_band", "value_band", "brand", "category", "source")
    name = f"{of}_id" if of in by_id else of
    found: str | int | None = getattr(lead, name)
    return found


def score_of(parts: Iterable[Mapping[str, Any]]) -> float:
    """Return the sum of the parts' points, exact to the decimal they are rounded to."""
    points: list[float] = [part["points"] for part in parts]
    return round(sum(points), DECIMALS)


def most_points(criteria: Sequence[Criterion]) -> list[float]:
    """Return the points that each criterion gives at most: its part of all weights.

    They are shared out by largest remainders, so that together they are 1 to the last decimal.
    """
    total = sum(criterion.weight for criterion in criteria)
    if not total:
        return [0.0] * len(criteria)
    exact = [criterion.weight / total * 10**DECIMALS for criterion in criteria]
    given = [int(one) for one in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (given[n] - exact[n], n))
    for n in by_remainder[: 10**DECIMALS - sum(given)]:
        given[n] += 1
    return [one / 10**DECIMALS for one in given]


class Scorer:
    """Explains one lead to many partners.

    Partners with the same value share the same part, which nobody may change.
    """

    def __init__(self, criteria: Sequence[Criterion], lead: LeadFacts) -> None:
        self.steps = [
            _Parts(criterion, most, lead)
            for criterion, most in zip(criteria, most_points(criteria), strict=True)
        ]

    def explain(self, partner: PartnerFacts) -> list[Part]:
        """Return the parts of a partner's score, in the rule's order.

        Each is {"kind", "mode", "points", …facts}, a weighted one with its "weight"; one that takes
        out has 0 points and only explains. `missed` stands where the partner doesn't meet it; of
        what he must not meet that is good. One made of others has "parts", each with its share.
        """
        return [parts[fact] for parts, fact in zip(self.steps, partner.values, strict=True)]


class _Parts(dict[Any, Part]):
    """The parts for one criterion, by the fact about a partner; made when first asked for."""

    def __init__(self, criterion: Criterion, most: float, lead: LeadFacts) -> None:
        super().__init__()
        self.criterion = criterion
        self.most = most
        self.lead = lead

    def __missing__(self, fact: Any) -> Part:
        made = self[fact] = self.make(fact)
        return made

    def make(self, fact: Any) -> Part:
        """Return the part of a partner of whom this was found out."""
        criterion, kind = self.criterion, kind_of(self.criterion)
        part: Part = {"kind": str(criterion.kind), "mode": str(criterion.mode)}
        # of who passed, what is forbidden wasn't looked up
        asked = kind.is_asked(criterion, self.lead) and not (criterion.forbidden and fact is None)
        grade = kind.grade(criterion, self.lead, fact) if asked else NOT_ASKED
        if criterion.forbidden and not grade.met:
            return {**part, "points": 0.0, "missed": True}
        if criterion.weighted:
            part["weight"] = criterion.weight
        part["points"] = round(self.most * grade.share, DECIMALS)
        part.update(grade.said)
        met = grade.share > 0 if criterion.weighted else grade.met
        return part if met else {**part, "missed": True}


def draw(seed: int, organisation_id: int) -> int:
    """Return a partner's lot among equals: random by the seed, the same for the same one.

    Without a seed (0) lots fall by id. The finaliser is that of SplitMix64 (Steele, Lea, Flood:
    Fast splittable pseudorandom number generators, 2014).
    """
    if not seed:
        return organisation_id
    mixed = (seed + organisation_id * 0x9E3779B97F4A7C15) & LOTS
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & LOTS
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & LOTS
    return mixed ^ (mixed >> 31)
