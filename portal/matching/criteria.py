"""What a distribution rule is made of: conditions on the lead, criteria on partners, as data.

Here is only the shape, as it stands in the JSON of `DistributionRule`; whether a lead fits is
decided in `rules`, what each kind of criterion asks, grades and says is in `kinds`.

Condition: `{"field": "country", "values": ["DE", "AT"]}`. Fields of the catalogue take ids, `type`
the ids of lead types as text: these stay from version to version of the lead definition. `own`
names one of the programme's own fields about leads by `key`, its values are answers as
`catalog.field_answers` writes them.

Criterion: `{"kind": …, "mode": "required" | "weighted" | "forbidden", "weight": 1–100, …}`, and
what `NEEDS` has for its kind. `all`, `any` and `not` are made `of` criteria, which have no mode of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """Whether a criterion takes out who misses it, only ranks, or takes out who meets it."""

    REQUIRED = "required"
    WEIGHTED = "weighted"
    FORBIDDEN = "forbidden"


class Kind(StrEnum):
    """What a criterion asks of a partner, in the order in which the editor shows them."""

    REGION = "region"
    RADIUS = "radius"
    PLACE = "place"
    TERRITORY = "territory"
    BRAND = "brand"
    PRODUCT = "product"
    SPECIALISATION = "specialisation"
    CERTIFICATION = "certification"
    INDUSTRY = "industry"
    SIZE_BAND = "size_band"
    PEOPLE = "people"
    VALUE = "value"
    LEVEL = "level"
    LANGUAGE = "language"
    CONVERSION = "conversion"
    PUNCTUALITY = "punctuality"
    RESPONSE = "response"
    VOLUME = "volume"
    REGISTRANT = "registrant"
    CAMPAIGNER = "campaigner"
    NEWCOMER = "newcomer"
    RELATION = "relation"
    CAPACITY = "capacity"
    PRESENT = "present"
    OWN = "own"
    ALL = "all"
    ANY = "any"
    NOT = "not"


class Within(StrEnum):
    """How near a region has to be."""

    TERRITORY = "territory"
    COUNTRY = "country"
    SUBDIVISION = "subdivision"


class Measure(StrEnum):
    """What a criterion goes by that could go by two things: how large a firm is, how fast."""

    PEOPLE = "people"
    VOLUME = "volume"
    CONTACT = "contact"
    PICK = "pick"


COMPOUND = (Kind.ALL, Kind.ANY, Kind.NOT)

NEEDS: Mapping[Kind, tuple[str, ...]] = {
    **dict.fromkeys(Kind, ()),
    Kind.REGION: ("within",),
    Kind.RADIUS: ("km", "miles"),
    Kind.PLACE: ("codes",),
    Kind.TERRITORY: ("codes",),
    Kind.BRAND: ("ids",),
    Kind.PRODUCT: ("ids",),
    Kind.SPECIALISATION: ("ids",),
    Kind.CERTIFICATION: ("ids",),
    Kind.INDUSTRY: ("ids",),
    Kind.SIZE_BAND: ("ids",),
    Kind.PEOPLE: ("least", "most"),
    Kind.VALUE: ("by", "least"),
    Kind.LEVEL: ("level_id",),
    Kind.LANGUAGE: ("languages",),
    Kind.CONVERSION: ("least",),
    Kind.PUNCTUALITY: ("least",),
    Kind.RESPONSE: ("by", "most"),
    Kind.VOLUME: ("least",),
    Kind.REGISTRANT: ("least",),
    Kind.CAMPAIGNER: ("least",),
    Kind.NEWCOMER: ("days",),
    Kind.OWN: ("own",),
    **dict.fromkeys(COMPOUND, ("of",)),
}
"""What a criterion of each kind has besides mode and weight; see `Criterion`."""


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
MILE_KM = 1.609344


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a rule. `weight` is 0 where it doesn't rank.

    `km` is the distance, typed and shown in `miles` where that is set. `codes` are countries and
    states, `ids` entries of the catalogue, `languages` their codes; one of them is enough. Where a
    kind can ask for what the lead names, it does so without any. `level_id` is the lowest level
    that will do. `own` are answers in the programme's own fields about partners, as
    `showroom=yes` or `staff=5..20`; one of them is enough. `least` and `most` bound a figure, in
    the unit that its kind names; `by` says which figure, where a kind knows two. `days` is how
    long ago at most. `of` are the parts of a criterion that is made of others.
    """

    kind: Kind
    mode: Mode = Mode.REQUIRED
    weight: float = 0.0
    within: Within = Within.TERRITORY
    km: float = DEFAULT_KM
    miles: bool = False
    codes: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    level_id: int | None = None
    own: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    by: Measure | None = None
    days: int | None = None
    of: tuple[Criterion, ...] = ()

    @property
    def required(self) -> bool:
        """True where partners who miss it get no offer."""
        return self.mode is Mode.REQUIRED

    @property
    def weighted(self) -> bool:
        """True where it ranks partners, and takes none out."""
        return self.mode is Mode.WEIGHTED

    @property
    def forbidden(self) -> bool:
        """True where partners who meet it get no offer."""
        return self.mode is Mode.FORBIDDEN

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Criterion:
        """Read a criterion as it is stored. Raises ValueError for a kind nobody knows."""
        mode = Mode(data.get("mode", Mode.REQUIRED))
        level, days, by = data.get("level_id"), data.get("days"), data.get("by")
        return cls(
            kind=Kind(data["kind"]),
            mode=mode,
            weight=float(data.get("weight") or 0) if mode is Mode.WEIGHTED else 0.0,
            within=Within(data.get("within", Within.TERRITORY)),
            km=float(data.get("km") or DEFAULT_KM),
            miles=bool(data.get("miles")),
            codes=tuple(str(code) for code in data.get("codes") or ()),
            ids=tuple(int(i) for i in data.get("ids") or ()),
            languages=tuple(str(code) for code in data.get("languages") or ()),
            level_id=int(level) if level else None,
            own=tuple(str(one) for one in data.get("own") or ()),
            least=_bound(data.get("least")),
            most=_bound(data.get("most")),
            by=Measure(by) if by else None,
            days=int(days) if days else None,
            of=tuple(cls.from_data(one) for one in data.get("of") or ()),
        )

    def to_data(self) -> dict[str, Any]:
        """Return the criterion as it is stored: only what its kind needs."""
        data: dict[str, Any] = {"kind": str(self.kind), "mode": str(self.mode)}
        if self.weighted:
            data["weight"] = self.weight
        return {**data, **self._needed()}

    def _needed(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name in NEEDS[self.kind]:
            value = getattr(self, name)
            if name == "of":
                data[name] = [{"kind": str(one.kind), **one._needed()} for one in value]
            elif isinstance(value, tuple):
                # without any, a criterion is stored as before it could name some
                if value:
                    data[name] = list(value)
            elif isinstance(value, StrEnum):
                data[name] = str(value)
            elif value is not None and value is not False:
                data[name] = value
        return data


def _bound(given: Any) -> float | None:
    return None if given is None else float(given)


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
