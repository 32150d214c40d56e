"""Decisions of matching, pure: does a lead fit a rule, and how many points does a partner get.

A partner's parts are computed from facts alone, so that a stored explanation can be computed again
to the same score. Points are rounded to one decimal per part, the score is their sum.

What a lead doesn't name, nobody is asked for: a lead without brand, product, industry, size or
language passes everybody there, with no points for anyone. Where it is matters too much for that:
a required region or radius of a lead without place excludes all and says so (`radius.lead`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt
from typing import Any

from portal.leads.models import Lead
from portal.matching.criteria import Condition, Criterion, Field, Kind
from portal.matching.words import tell_excluded, why

__all__ = [
    "PartnerFacts",
    "distance_km",
    "explain",
    "fits_lead",
    "score_of",
    "tell_excluded",
    "why",
]

EARTH_KM = 6371.0088
# who serves every industry or size fits, but less surely than who names it
GENERALIST = 0.5


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    """What was found out about one partner and one lead.

    `fits` holds the verdict per criterion kind; the rest is what the points are graded by.
    """

    organisation_id: int
    fits: Mapping[Kind, bool]
    km: float | None = None
    level_id: int | None = None
    capacity: int = 0
    open_pickups: int = 0
    product_ids: Sequence[int] = ()
    specialisation_ids: Sequence[int] = ()
    certification_ids: Sequence[int] = ()
    industry_ids: Sequence[int] = ()
    size_band_ids: Sequence[int] = ()
    ranks: Mapping[int, int] = field(default_factory=dict)


def fits_lead(conditions: Iterable[Condition], lead: Lead) -> bool:
    """True where the lead has one of the values of every condition."""
    return all(_holds(condition, lead) for condition in conditions)


def _holds(condition: Condition, lead: Lead) -> bool:
    if condition.field is Field.PRODUCT:
        return not set(condition.values).isdisjoint(lead.product_ids)
    found = value_of(lead, condition.field)
    return found is not None and found in condition.values


def value_of(lead: Lead, of: Field) -> str | int | None:
    """Return the lead's value for a condition on a single field."""
    name = f"{of}_id" if of in ("industry", "size_band", "value_band", "brand", "source") else of
    found: str | int | None = getattr(lead, name)
    return found


def explain(
    criteria: Iterable[Criterion], lead: Lead, partner: PartnerFacts
) -> list[dict[str, Any]]:
    """Return the parts of a partner's score, in the rule's order.

    Each part is {"kind", "mode", "points", …facts}; a required one has 0 points and only explains.
    """
    return [_part(criterion, lead, partner) for criterion in criteria]


def score_of(parts: Iterable[Mapping[str, Any]]) -> float:
    """Return the sum of the parts' points, exact to the decimal they are rounded to."""
    return float(sum((Decimal(str(part["points"])) for part in parts), Decimal(0)))


def _part(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> dict[str, Any]:
    share, facts = GRADES[criterion.kind](criterion, lead, partner)
    points = 0.0 if criterion.required else round(criterion.weight * share, 1)
    part: dict[str, Any] = {"kind": str(criterion.kind), "mode": str(criterion.mode)}
    if not criterion.required:
        part["weight"] = criterion.weight
    part["points"] = points
    if share > 0:
        part.update(facts)
    else:
        part["missed"] = True
    return part


Grade = tuple[float, dict[str, Any]]


def _region(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    facts = {"within": str(criterion.within), "country": lead.country}
    if criterion.within != "country" and lead.subdivision:
        facts["subdivision"] = lead.subdivision
    return float(partner.fits.get(Kind.REGION, False)), facts


def _radius(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    if partner.km is None or partner.km > criterion.km:
        return 0.0, {}
    share = 1.0 if criterion.required else 1.0 - partner.km / criterion.km
    return max(share, 0.0), {"km": round(partner.km, 1)}


def _brand(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    if lead.brand_id is None:
        return 0.0, {}
    return float(partner.fits.get(Kind.BRAND, False)), {"ids": [lead.brand_id]}


def _product(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    carried = [i for i in lead.product_ids if i in partner.product_ids]
    if not carried:
        return 0.0, {}
    return len(carried) / len(lead.product_ids), {"ids": carried}


def _specialisation(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    shown = [i for i in criterion.ids if i in partner.specialisation_ids]
    return float(bool(shown)), {"ids": shown}


def _certification(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    held = [i for i in criterion.ids if i in partner.certification_ids]
    return float(bool(held)), {"ids": held}


def _industry(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    return _served(lead.industry_id, partner.industry_ids)


def _size_band(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    return _served(lead.size_band_id, partner.size_band_ids)


def _served(wanted: int | None, served: Sequence[int]) -> Grade:
    if wanted is None:
        return 0.0, {}
    if not served:
        return GENERALIST, {"all": True}
    return float(wanted in served), {"ids": [wanted]}


def _level(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    rank = partner.ranks.get(partner.level_id or 0, 0)
    wanted = partner.ranks.get(criterion.level_id or 0) or max(partner.ranks.values(), default=0)
    if not rank or not wanted:
        return 0.0, {}
    return min(1.0, rank / wanted), {"ids": [partner.level_id]}


def _language(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    if not lead.language:
        return 0.0, {}
    return float(partner.fits.get(Kind.LANGUAGE, False)), {"language": lead.language}


def _capacity(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    free = partner.capacity - partner.open_pickups
    if free <= 0:
        return 0.0, {}
    return free / partner.capacity, {"free": free}


def _present(criterion: Criterion, lead: Lead, partner: PartnerFacts) -> Grade:
    return float(partner.fits.get(Kind.PRESENT, False)), {}


GRADES = {
    Kind.REGION: _region,
    Kind.RADIUS: _radius,
    Kind.BRAND: _brand,
    Kind.PRODUCT: _product,
    Kind.SPECIALISATION: _specialisation,
    Kind.CERTIFICATION: _certification,
    Kind.INDUSTRY: _industry,
    Kind.SIZE_BAND: _size_band,
    Kind.LEVEL: _level,
    Kind.LANGUAGE: _language,
    Kind.CAPACITY: _capacity,
    Kind.PRESENT: _present,
}


def distance_km(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Return the great-circle distance in km (haversine); degrees in."""
    north = radians(other_latitude - latitude) / 2
    east = radians(other_longitude - longitude) / 2
    part = sin(north) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(part)))
