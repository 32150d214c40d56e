"""Criteria of where a partner is, and where he works."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import asin, cos, degrees, radians, sin
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Float, and_, cast, false, func, null, or_, true

from portal.matching.criteria import MILE_KM, Criterion, Kind, Within
from portal.matching.geometry import EARTH_KM
from portal.matching.kinds.base import UNKNOWN, Ask, Check, Facts, Grade, KindOfCriterion, overlap
from portal.matching.lead_facts import LeadFacts
from portal.matching.names import country_name, place, subdivision_name
from portal.matching.names import distance as distance_words
from portal.web.filters import number

FARTHEST_KM = 20_000.0


class Region(KindOfCriterion):
    """The partner serves where the lead is, or is based there."""

    kind = Kind.REGION
    tells_itself = True
    always_of_lead = True

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        lead, c, within = ask.lead, ask.source.c, criterion.within
        if not lead.country:
            return false()
        if within is Within.TERRITORY:
            codes = [code for code in (lead.country, lead.subdivision) if code]
            return serves(c.territories, codes)
        if within is Within.SUBDIVISION and lead.subdivision:
            return and_(c.country == lead.country, c.subdivision == lead.subdivision)
        return c.country == lead.country

    def checks(self, criterion: Criterion, ask: Ask) -> list[Check]:
        if not ask.lead.country:
            return [("region.lead", true())]
        return super().checks(criterion, ask)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        said: dict[str, Any] = {"within": str(criterion.within), "country": lead.country}
        if criterion.within is not Within.COUNTRY and lead.subdivision:
            said["subdivision"] = lead.subdivision
        return Grade(bool(fact), float(bool(fact)), said)

    def name(self) -> str:
        return str(_("Region"))

    def describe(self, criterion: Criterion) -> str:
        return {
            Within.TERRITORY: str(_("serves the lead's region")),
            Within.COUNTRY: str(_("in the same country")),
            Within.SUBDIVISION: str(_("in the same state or region")),
        }[criterion.within]

    def phrase(self, facts: Facts) -> str:
        where = place(facts.country, facts.subdivision)
        if not where:
            return ""
        if facts.within == Within.TERRITORY:
            return str(_("serves %(place)s", place=where))
        return str(_("based in %(place)s", place=where))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "region": lambda n: ngettext(
                "%(num)d partner doesn't serve the region",
                "%(num)d partners don't serve the region",
                n,
            ),
            "region.lead": lambda n: ngettext(
                "%(num)d partner, because the lead's country isn't known",
                "%(num)d partners, because the lead's country isn't known",
                n,
            ),
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        if criterion.within is Within.SUBDIVISION:
            return replace(criterion, within=Within.COUNTRY)
        return None


class Radius(KindOfCriterion):
    """The partner is so near to the lead. The share falls off to 0 at the rim.

    Where the lead's place or the partner's isn't known, he isn't near.
    """

    kind = Kind.RADIUS
    always_of_lead = True

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        """A lead without place gives nobody points; where it is a must, it reaches nobody."""
        return not criterion.weighted or on_the_map(lead)

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        if not on_the_map(ask.lead):
            return cast(null(), Float(53))
        return distance(ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        """A box first, which is cheap and in the index, then the great circle."""
        if not on_the_map(ask.lead):
            return false()
        return and_(*box_around(ask, criterion.km), distance(ask) <= criterion.km)

    def checks(self, criterion: Criterion, ask: Ask) -> list[Check]:
        if not on_the_map(ask.lead):
            return [("radius.lead", true())]
        c = ask.source.c
        nowhere = or_(c.latitude.is_(None), c.longitude.is_(None))
        return [("radius.partner", nowhere), *super().checks(criterion, ask)]

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        if fact is None or fact > criterion.km:
            return UNKNOWN
        said = {"km": round(fact, 1), **({"miles": True} if criterion.miles else {})}
        return Grade(True, 1.0 - fact / criterion.km, said)

    def name(self) -> str:
        return str(_("Distance"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.miles:
            miles = number(round(criterion.km / MILE_KM, 1))
            return str(_("within %(miles)s miles", miles=miles))
        return str(_("within %(km)s km", km=number(criterion.km)))

    def phrase(self, facts: Facts) -> str:
        return distance_words(get_locale(), facts.far or 0, facts.miles)

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "radius": lambda n: ngettext(
                "%(num)d partner is too far away", "%(num)d partners are too far away", n
            ),
            "radius.lead": lambda n: ngettext(
                "%(num)d partner, because the lead's place isn't on the map",
                "%(num)d partners, because the lead's place isn't on the map",
                n,
            ),
            "radius.partner": lambda n: ngettext(
                "%(num)d partner whose place isn't on the map",
                "%(num)d partners whose place isn't on the map",
                n,
            ),
        }

    def milder(self, criterion: Criterion) -> Criterion | None:
        if criterion.km >= FARTHEST_KM:
            return None
        return replace(criterion, km=min(criterion.km * 2, FARTHEST_KM))


class Place(KindOfCriterion):
    """The partner is based in one of these countries or states."""

    kind = Kind.PLACE
    tells_itself = True

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        c, codes = ask.source.c, criterion.codes
        return or_(c.country.in_(codes), c.subdivision.in_(codes))

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {"codes": list(criterion.codes)})

    def name(self) -> str:
        return str(_("Based in"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("based in %(place)s", place=any_of(criterion.codes)))

    def phrase(self, facts: Facts) -> str:
        return str(_("based in %(place)s", place=facts.names))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "place": lambda n: ngettext(
                "%(num)d partner is based elsewhere", "%(num)d partners are based elsewhere", n
            )
        }


class Territory(KindOfCriterion):
    """The partner serves one of these countries or states; who names none serves all."""

    kind = Kind.TERRITORY
    tells_itself = True

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        countries = (code.partition("-")[0] for code in criterion.codes)
        return serves(ask.source.c.territories, sorted({*criterion.codes, *countries}))

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {"codes": list(criterion.codes)})

    def name(self) -> str:
        return str(_("Territory"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("serves %(place)s", place=any_of(criterion.codes)))

    def phrase(self, facts: Facts) -> str:
        return str(_("serves %(place)s", place=facts.names))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "territory": lambda n: ngettext(
                "%(num)d partner serves other territories",
                "%(num)d partners serve other territories",
                n,
            )
        }


def any_of(codes: Iterable[str]) -> str:
    """Name countries and states: "Germany or Austria"."""
    names = (subdivision_name(code) if "-" in code else country_name(code) for code in codes)
    return str(_(" or ")).join(names)


def serves(territories: ColumnElement[Any], codes: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a partner serves one of these; who names none serves all."""
    return or_(func.cardinality(territories) == 0, overlap(territories, codes))


def on_the_map(lead: LeadFacts) -> bool:
    """Say whether it is known where a lead is."""
    return lead.latitude is not None and lead.longitude is not None


def box_around(ask: Ask, km: float) -> list[ColumnElement[bool]]:
    """Return the conditions that a partner is in a box around the lead, no smaller than `km`."""
    latitude, longitude = ask.lead.latitude or 0.0, ask.lead.longitude or 0.0
    c = ask.source.c
    # a hair wider, so that rounding never makes the box the narrower of the two
    reach = km / EARTH_KM * (1 + 1e-9)
    north = degrees(reach)
    box: list[ColumnElement[bool]] = [c.latitude.between(latitude - north, latitude + north)]
    # near a pole or across the date line the box says nothing about the longitude
    ratio = sin(min(reach, 1.5)) / max(cos(radians(latitude)), 1e-9)
    if ratio < 1:
        east = degrees(asin(ratio))
        if longitude - east > -180 and longitude + east < 180:
            box.append(c.longitude.between(longitude - east, longitude + east))
    return box


def distance(ask: Ask) -> ColumnElement[Any]:
    """Return the great-circle distance from the lead to a partner in km (haversine)."""
    c = ask.source.c
    latitude, longitude = ask.lead.latitude or 0.0, ask.lead.longitude or 0.0
    north = func.sin(func.radians(c.latitude - latitude) / 2)
    east = func.sin(func.radians(c.longitude - longitude) / 2)
    part = func.power(north, 2) + cos(radians(latitude)) * func.cos(
        func.radians(c.latitude)
    ) * func.power(east, 2)
    return 2 * EARTH_KM * func.asin(func.least(1.0, func.sqrt(part)))
