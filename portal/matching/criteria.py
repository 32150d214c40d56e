"""What a distribution rule is made of: conditions on the lead, criteria on partners, as data.

Here is only the shape, as it stands in the JSON of `DistributionRule`; whether a lead fits is
decided in `rules`, the sentences about it are in `words`, the SQL is in `queries`.

Condition: `{"field": "country", "values": ["DE", "AT"]}`. Fields of the catalogue take ids, `type`
the ids of lead types as text: these stay from version to version of the lead definition. `own`
names one of the programme's own fields about leads by `key`, its values are answers as
`catalog.field_answers` writes them.

Criterion: `{"kind": …, "mode": "required" | "weighted", "weight": 1–100, …}`, and by kind:
`region` `within` (territory, country, subdivision) · `radius` `km` · `specialisation` and
`certification` `ids` (one of them is enough) · `level` `level_id` (at least) · `industry`,
`size_band`, `brand`, `product`, `language`, `capacity` and `present` nothing more · `own` `own`:
answers in the programme's own fields about partners, as `showroom=yes` or `staff=5..20` (one of
them is enough).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """Whether a criterion takes partners out or only ranks them."""

    REQUIRED = "required"
    WEIGHTED = "weighted"


class Kind(StrEnum):
    """What a criterion asks of a partner, in the order in which the editor shows them."""

    REGION = "region"
    RADIUS = "radius"
    BRAND = "brand"
    PRODUCT = "product"
    SPECIALISATION = "specialisation"
    CERTIFICATION = "certification"
    INDUSTRY = "industry"
    SIZE_BAND = "size_band"
    LEVEL = "level"
    LANGUAGE = "language"
    CAPACITY = "capacity"
    PRESENT = "present"
    OWN = "own"


class Within(StrEnum):
    """How near a region has to be."""

    TERRITORY = "territory"
    COUNTRY = "country"
    SUBDIVISION = "subdivision"


class Field(StrEnum):
    """What of a lead a condition may look at."""

    COUNTRY = "country"
    SUBDIVISION = "subdivision"
    INDUSTRY = "industry"
    SIZE_BAND = "size_band"
    VALUE_BAND = "value_band"
    BRAND = "brand"
    PRODUCT = "product"
    TEMPERATURE = "temperature"
    KIND = "kind"
    TYPE = "type"
    CATEGORY = "category"
    SOURCE = "source"
    OWN = "own"


FIXED_FIELDS = tuple(of for of in Field if of is not Field.OWN)
CATALOG_FIELDS = (
    Field.INDUSTRY,
    Field.SIZE_BAND,
    Field.VALUE_BAND,
    Field.BRAND,
    Field.PRODUCT,
    Field.CATEGORY,
    Field.SOURCE,
)
DEFAULT_KM = 80.0
HEAVIEST = 100


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a rule. `weight` is 0 where it is required."""

    kind: Kind
    mode: Mode = Mode.REQUIRED
    weight: float = 0.0
    within: Within = Within.TERRITORY
    km: float = DEFAULT_KM
    ids: tuple[int, ...] = ()
    level_id: int | None = None
    own: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """True where partners who miss it get no offer."""
        return self.mode is Mode.REQUIRED

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Criterion:
        """Read a criterion as it is stored. Raises ValueError for a kind nobody knows."""
        mode = Mode(data.get("mode", Mode.REQUIRED))
        level = data.get("level_id")
        return cls(
            kind=Kind(data["kind"]),
            mode=mode,
            weight=float(data.get("weight") or 0) if mode is Mode.WEIGHTED else 0.0,
            within=Within(data.get("within", Within.TERRITORY)),
            km=float(data.get("km") or DEFAULT_KM),
            ids=tuple(int(i) for i in data.get("ids") or ()),
            level_id=int(level) if level else None,
            own=tuple(str(one) for one in data.get("own") or ()),
        )

    def to_data(self) -> dict[str, Any]:
        """Return the criterion as it is stored: only what its kind needs."""
        data: dict[str, Any] = {"kind": str(self.kind), "mode": str(self.mode)}
        if self.mode is Mode.WEIGHTED:
            data["weight"] = self.weight
        if self.kind is Kind.REGION:
            data["within"] = str(self.within)
        elif self.kind is Kind.RADIUS:
            data["km"] = self.km
        elif self.kind in (Kind.SPECIALISATION, Kind.CERTIFICATION):
            data["ids"] = list(self.ids)
        elif self.kind is Kind.LEVEL:
            data["level_id"] = self.level_id
        elif self.kind is Kind.OWN:
            data["own"] = list(self.own)
        return data


@dataclass(frozen=True, slots=True)
class Condition:
    """What a lead has to be like: one of `values` in `field`, of an own one in that of `key`."""

    field: Field
    values: tuple[str | int, ...]
    key: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Condition:
        """Read a condition as it is stored. Raises ValueError for an unknown field."""
        field = Field(data["field"])
        values = data.get("values") or ()
        if field in CATALOG_FIELDS:
            return cls(field, tuple(int(value) for value in values))
        return cls(field, tuple(str(value) for value in values), str(data.get("key", "")))

    def to_data(self) -> dict[str, Any]:
        """Return the condition as it is stored."""
        data: dict[str, Any] = {"field": str(self.field), "values": list(self.values)}
        return {**data, "key": self.key} if self.field is Field.OWN else data
