"""What matching looks at of a lead, and what the programme says beside it at that time.

It is kept with the offer round, so that a match can be computed again when the lead, the catalogue
and who knows the customer have changed. No contact data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.catalog.models import FieldSubject, PartnerLevel, ValueBand
from portal.catalog.queries import book
from portal.core.db import session
from portal.leads.models import Lead
from portal.matching.criteria import Criterion, Kind, Measure
from portal.partners.models import PartnerRates
from portal.relations.models import RelationHit

OF_THE_LEAD = (
    "id",
    "kind",
    "country",
    "subdivision",
    "latitude",
    "longitude",
    "language",
    "brand_id",
    "industry_id",
    "size_band_id",
    "value_band_id",
    "temperature",
)
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """A lead as criteria see it.

    `ranks` are those of the partner levels by their ids, `fields` the keys of the programme's own
    fields about partners that are asked. `value` is where the lead's value band stands among all:
    0 the lowest, 1 the highest. `volumes` are the quarters of what partners sold; `known_by` are
    the firms that know the customer: both only where a rule asks for them.
    """

    id: int
    kind: str
    country: str | None
    subdivision: str | None
    latitude: float | None
    longitude: float | None
    language: str | None
    brand_id: int | None
    product_ids: tuple[int, ...]
    industry_id: int | None
    size_band_id: int | None
    value_band_id: int | None
    temperature: str | None
    ranks: Mapping[int, int]
    fields: tuple[str, ...]
    value: float | None = None
    volumes: tuple[int, ...] = ()
    known_by: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        lead: Lead,
        criteria: Iterable[Criterion],
        at: datetime,
        quarters: Callable[[], tuple[int, ...]] | None = None,
    ) -> LeadFacts:
        """Look a lead up as it is now, with what these criteria need besides.

        Who looks up many at once gives `quarters` that remember what `read_quarters` said.
        """
        asked = {(one.kind, one.by) for top in criteria for one in with_parts(top)}
        found = cls(
            **{name: getattr(lead, name) for name in OF_THE_LEAD},
            product_ids=tuple(lead.product_ids),
            ranks=level_ranks(),
            fields=tuple(one.key for one in book().fields_of(FieldSubject.PARTNER)),
            value=_place_of_value(lead.value_band_id),
        )
        if (Kind.VALUE, Measure.VOLUME) in asked or (Kind.VOLUME, None) in asked:
            found = replace(found, volumes=(quarters or read_quarters)())
        if (Kind.RELATION, None) in asked:
            found = replace(found, known_by=known_by(lead.id, at))
        return found

    @classmethod
    def from_data(cls, lead_id: int, data: Mapping[str, Any]) -> LeadFacts:
        """Read it as it is kept with a round."""
        values: dict[str, Any] = {name: data.get(name) for name in OF_THE_LEAD}
        for name in ("product_ids", "fields", "volumes", "known_by"):
            values[name] = tuple(data.get(name) or ())
        values["ranks"] = {int(key): rank for key, rank in data.get("ranks", {}).items()}
        values["value"] = data.get("value")
        return cls(**{**values, "id": lead_id})

    def to_data(self) -> dict[str, Any]:
        """Return it as it is kept with a round."""
        data = asdict(self)
        del data["id"]
        ranks = {str(key): rank for key, rank in self.ranks.items()}
        lists = {name: list(one) for name, one in data.items() if isinstance(one, tuple)}
        return {**data, **lists, "ranks": ranks}


def with_parts(criterion: Criterion) -> Iterator[Criterion]:
    """Yield a criterion, and all that it is made of."""
    yield criterion
    for part in criterion.of:
        yield from with_parts(part)


def level_ranks() -> dict[int, int]:
    """Return the rank of every partner level by its id."""
    return {
        entry.id: entry.rank or 0
        for entry in book().by_kind.get("partner_level", [])
        if isinstance(entry, PartnerLevel)
    }


def _place_of_value(band_id: int | None) -> float | None:
    bands = [
        entry
        for entry in book().by_kind.get("value_band", [])
        if isinstance(entry, ValueBand) and (entry.active or entry.id == band_id)
    ]
    order = [entry.id for entry in sorted(bands, key=lambda band: (band.low or 0, band.id))]
    if band_id not in order or len(order) < 2:
        return None
    return round(order.index(band_id) / (len(order) - 1), 4)


def read_quarters() -> tuple[int, ...]:
    """Return the quarters of what partners sold who sold anything."""
    quarters = func.percentile_disc(list(QUARTERS)).within_group(PartnerRates.volume)
    found = session().scalar(select(quarters).where(PartnerRates.volume > 0))
    return tuple(found or ())


def known_by(lead_id: int, at: datetime) -> tuple[int, ...]:
    """Return the firms that know the customer of a lead."""
    knows = select(RelationHit.organisation_id).where(
        RelationHit.lead_id == lead_id, RelationHit.at <= at
    )
    return tuple(session().scalars(knows.order_by(RelationHit.organisation_id)))
