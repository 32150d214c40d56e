"""Why a partner's profile matters: which rules ask for what is missing, and what that cost.

A rule that demands something takes out each firm of which it isn't known. So of a firm that lacks
it, the leads that went by such a rule and were never offered to it are counted, not guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from portal.core.db import session
from portal.matching import versions
from portal.matching.criteria import Criterion, Kind, Measure, Mode
from portal.matching.kinds import kind_of
from portal.matching.models import DistributionRule
from portal.partners.completeness import Part

DAYS = 90
ASKS: Mapping[str, Part] = {
    Kind.RADIUS: Part.PLACE,
    Kind.PLACE: Part.PLACE,
    Kind.TERRITORY: Part.TERRITORIES,
    Kind.REGION: Part.TERRITORIES,
    Kind.BRAND: Part.BRANDS,
    Kind.PRODUCT: Part.PRODUCTS,
    Kind.SPECIALISATION: Part.SPECIALISATIONS,
    Kind.CERTIFICATION: Part.CERTIFICATION,
    Kind.LEVEL: Part.LEVEL,
    Kind.LANGUAGE: Part.LANGUAGES,
    Kind.PEOPLE: Part.PEOPLE,
    Kind.VALUE: Part.PEOPLE,
    Kind.OWN: Part.OWN_FIELDS,
}
"""The part of a profile that a kind of criterion looks at."""
DEMANDS: Collection[str] = frozenset(
    {
        Kind.RADIUS,
        Kind.BRAND,
        Kind.PRODUCT,
        Kind.SPECIALISATION,
        Kind.CERTIFICATION,
        Kind.LEVEL,
        Kind.LANGUAGE,
        Kind.PEOPLE,
        Kind.VALUE,
        Kind.OWN,
    }
)
"""Kinds that take a firm out of which the part isn't known."""
OF_LEAD: Collection[str] = (Kind.BRAND, Kind.PRODUCT, Kind.LANGUAGE, Kind.VALUE)
"""Kinds that ask nothing where neither the lead names any nor the rule."""

# rounds and offers are of a room above: their tables are named here and not their models
WENT = text(
    """
    SELECT r.rule_id, r.rule_version, l.brand_id IS NOT NULL AS brand,
      l.product_ids <> '{}' AS product, l.language IS NOT NULL AS language,
      l.value_band_id IS NOT NULL AS value,
      array_agg(DISTINCT r.lead_id) AS lead_ids
    FROM offer_rounds r JOIN leads l ON l.id = r.lead_id
    WHERE r.rule_id IS NOT NULL AND r.opened_at BETWEEN :since AND :at
      AND (CAST(:firm AS bigint) IS NULL OR NOT EXISTS (
        SELECT FROM offers o WHERE o.lead_id = r.lead_id AND o.organisation_id = :firm))
    GROUP BY 1, 2, 3, 4, 5, 6
    """
)


@dataclass(slots=True)
class Need:
    """Who asks for a part of profiles: the leads whose rule demanded it, and rules of today."""

    lead_ids: set[int] = field(default_factory=set)
    demanded_by: list[str] = field(default_factory=list)
    weighed_by: list[str] = field(default_factory=list)

    @property
    def leads(self) -> int:
        return len(self.lead_ids)


Needs = Mapping[Part, Need]


def read_needs(at: datetime, firm: int | None = None, since: datetime | None = None) -> Needs:
    """Return by part who asks for it, and how many leads of the last days demanded it.

    Of a `firm` those leads count that were never offered to it; `since` is when it joined.
    """
    found: dict[Part, Need] = {}
    for rule in session().scalars(
        select(DistributionRule)
        .where(DistributionRule.active)
        .order_by(DistributionRule.position, DistributionRule.id)
    ):
        demanded = parts_asked(rule.criteria, Mode.REQUIRED)
        weighed = parts_asked(rule.criteria, Mode.WEIGHTED)
        for part in demanded:
            found.setdefault(part, Need()).demanded_by.append(rule.name)
        for part in weighed - demanded:
            found.setdefault(part, Need()).weighed_by.append(rule.name)
    begin = max(at - timedelta(days=DAYS), since) if since else at - timedelta(days=DAYS)
    rows = session().execute(WENT, {"at": at, "since": begin, "firm": firm}).all()
    said = versions.criteria_of({(row.rule_id, row.rule_version) for row in rows})
    for row in rows:
        for one in asked_for(said.get((row.rule_id, row.rule_version), ()), Mode.REQUIRED):
            looked_at, kind = part_of(one), one["kind"]
            if looked_at is None or kind not in DEMANDS:
                continue
            if not goes_by_lead(one) or row._mapping[kind]:
                found.setdefault(looked_at, Need()).lead_ids.update(row.lead_ids)
    return found


def parts_asked(criteria: Iterable[Mapping[str, Any]], mode: str) -> set[Part]:
    """Return the parts of profiles that criteria ask for so."""
    return {part for one in asked_for(criteria, mode) if (part := part_of(one))}


def part_of(criterion: Mapping[str, Any]) -> Part | None:
    """Return the part of a profile that a criterion looks at; a firm's sales stand in none."""
    if criterion.get("by") == Measure.VOLUME:
        return None
    return ASKS.get(criterion["kind"])


def goes_by_lead(criterion: Mapping[str, Any]) -> bool:
    """Say whether a criterion asks nothing where the lead names none."""
    one = Criterion.from_data(criterion)
    return one.kind in OF_LEAD and kind_of(one).of_lead(one)


def asked_for(criteria: Iterable[Mapping[str, Any]], mode: str) -> Iterator[Mapping[str, Any]]:
    """Yield what is asked for so; of those of which all must hold each."""
    for one in criteria:
        if one.get("mode") == mode:
            yield from _parts(one)


def _parts(criterion: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if criterion["kind"] == Kind.ALL:
        for one in criterion.get("of", ()):
            yield from _parts(one)
    else:
        yield criterion
