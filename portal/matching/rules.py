"""Decisions of matching, pure: does a lead fit a rule, and how many points does a partner get.

A partner's parts are computed from facts alone, so that a stored explanation can be computed again
to the same score. Points are rounded to one decimal per part, the score is their sum.

What a lead doesn't name, nobody is asked for: a lead without brand, product, industry, size or
language passes everybody there, with no points for anyone. Where it is matters too much for that:
a required region or radius of a lead without place excludes all and says so (`radius.lead`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Any, NamedTuple

from portal.catalog.field_answers import is_met
from portal.catalog.models import CustomField
from portal.leads.models import Lead
from portal.matching.criteria import Condition, Criterion, Field, Within
from portal.matching.words import tell_excluded, why

__all__ = [
    "PartnerFacts",
    "Scorer",
    "distance_km",
    "fits_lead",
    "score_of",
    "tell_excluded",
    "why",
]

EARTH_KM = 6371.0088
# who serves every industry or size fits, but less surely than who names it
GENERALIST = 0.5
LOTS = 2**64 - 1


class PartnerFacts(NamedTuple):
    """What was found out about one partner: one value per criterion of the rule, in its order.

    region, brand, language, present: yes or no · radius: km, None where unknown · product,
    specialisation, industry, size_band: ids of the profile · certification: ids asked for that are
    held and still good · level: its id or None · capacity: the share that is free · own: the
    answers asked for that it gives.
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


Part = dict[str, Any]
# share of the weight between 0 and 1, and what to say about it
Grade = tuple[float, Part]


def score_of(parts: Iterable[Mapping[str, Any]]) -> float:
    """Return the sum of the parts' points, exact to the decimal they are rounded to."""
    points: list[float] = [part["points"] for part in parts]
    return round(sum(points), 1)


class Scorer:
    """Explains one lead to many partners.

    Partners with the same value share the same part, which nobody may change.
    """

    def __init__(self, criteria: Iterable[Criterion], lead: Lead, ranks: Mapping[int, int]) -> None:
        self.lead = lead
        self.ranks = ranks
        self.top = max(ranks.values(), default=0)
        self.steps: list[tuple[Criterion, dict[Any, Part]]] = [(c, {}) for c in criteria]

    def explain(self, partner: PartnerFacts) -> list[Part]:
        """Return the parts of a partner's score, in the rule's order.

        Each is {"kind", "mode", "points", …facts}; a required one has 0 points and only explains;
        `missed` stands where there is nothing to say for the partner.
        """
        parts = []
        for (criterion, known), value in zip(self.steps, partner.values, strict=True):
            part = known.get(value)
            if part is None:
                part = known[value] = self.part(criterion, value)
            parts.append(part)
        return parts

    def part(self, criterion: Criterion, value: Any) -> Part:
        """Return the part for one criterion."""
        grade: Callable[[Criterion, Any], Grade] = getattr(self, str(criterion.kind))
        share, facts = grade(criterion, value)
        part: Part = {"kind": str(criterion.kind), "mode": str(criterion.mode)}
        if not criterion.required:
            part["weight"] = criterion.weight
        part["points"] = round(criterion.weight * share, 1)
        return {**part, **facts} if share > 0 else {**part, "missed": True}

    def region(self, criterion: Criterion, serves: bool) -> Grade:
        facts: Part = {"within": str(criterion.within), "country": self.lead.country}
        if criterion.within is not Within.COUNTRY and self.lead.subdivision:
            facts["subdivision"] = self.lead.subdivision
        return float(serves), facts

    def radius(self, criterion: Criterion, km: float | None) -> Grade:
        """The share falls off linearly from 1 on the spot to 0 at the rim."""
        if km is None or km > criterion.km:
            return 0.0, {}
        return (1.0 if criterion.required else 1.0 - km / criterion.km), {"km": round(km, 1)}

    def brand(self, criterion: Criterion, carries: bool) -> Grade:
        return float(carries), {"ids": [self.lead.brand_id]}

    def product(self, criterion: Criterion, ids: Sequence[int]) -> Grade:
        wanted = self.lead.product_ids
        carried = [i for i in wanted if i in ids]
        return (len(carried) / len(wanted), {"ids": carried}) if carried else (0.0, {})

    def specialisation(self, criterion: Criterion, ids: Sequence[int]) -> Grade:
        shown = [i for i in criterion.ids if i in ids]
        return float(bool(shown)), {"ids": shown}

    def certification(self, criterion: Criterion, ids: Sequence[int]) -> Grade:
        return self.specialisation(criterion, ids)

    def industry(self, criterion: Criterion, ids: Sequence[int]) -> Grade:
        return served(self.lead.industry_id, ids)

    def size_band(self, criterion: Criterion, ids: Sequence[int]) -> Grade:
        return served(self.lead.size_band_id, ids)

    def level(self, criterion: Criterion, level_id: int | None) -> Grade:
        """The share is the rank's part of the rank asked for, or of the highest."""
        rank = self.ranks.get(level_id or 0, 0)
        wanted = self.ranks.get(criterion.level_id or 0) or self.top
        if not rank or not wanted:
            return 0.0, {}
        return min(1.0, rank / wanted), {"ids": [level_id]}

    def language(self, criterion: Criterion, speaks: bool) -> Grade:
        return float(speaks), {"language": self.lead.language}

    def capacity(self, criterion: Criterion, free: float) -> Grade:
        return free, {"free": round(free, 2)}

    def present(self, criterion: Criterion, here: bool) -> Grade:
        return float(here), {}

    def own(self, criterion: Criterion, answers: Sequence[str]) -> Grade:
        shown = [one for one in criterion.own if one in answers]
        return float(bool(shown)), {"own": shown}


def served(wanted: int | None, named: Sequence[int]) -> Grade:
    """Grade what a partner serves; naming nothing means all."""
    if wanted is None:
        return 0.0, {}
    if not named:
        return GENERALIST, {"all": True}
    return float(wanted in named), {"ids": [wanted]}


LEAD_FACTS = (
    "kind",
    "country",
    "subdivision",
    "latitude",
    "longitude",
    "language",
    "brand_id",
    "product_ids",
    "industry_id",
    "size_band_id",
    "value_band_id",
    "temperature",
)


def facts_of(lead: Lead) -> dict[str, Any]:
    """Return what of a lead matching looks at, to be kept with its round. No contact data."""
    return {name: getattr(lead, name) for name in LEAD_FACTS}


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


def distance_km(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Return the great-circle distance in km (haversine); degrees in."""
    north = radians(other_latitude - latitude) / 2
    east = radians(other_longitude - longitude) / 2
    part = sin(north) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(part)))
