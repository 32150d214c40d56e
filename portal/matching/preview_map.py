"""The map of a rule's preview: the lead, how far and where the rule reaches, whom it finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flask import url_for

from portal.leads.models import Lead
from portal.matching.criteria import Criterion, Kind
from portal.partners.models import Partner
from portal.web import maps, outlines
from portal.web.maps import Circle, Dot, Map

MOST = 200
"""So many partners are drawn, the best of them."""


def draw(lead: Lead, criteria: Iterable[Criterion], firms: Mapping[int, Partner]) -> Map | None:
    """Return the map of a lead whose place is known, with those of the firms whose place is, too.

    The circle is the narrowest distance that the rule asks for; without one it marks the lead.
    Shaded are the regions that the rule asks for.
    """
    if lead.latitude is None or lead.longitude is None:
        return None
    criteria = list(criteria)
    dots = [
        Dot(
            one.latitude,
            one.longitude,
            one.organisation.name,
            url=url_for("partners.partner", organisation_id=one.organisation_id),
        )
        for one in firms.values()
        if one.latitude is not None and one.longitude is not None
    ]
    reach = min(distances(criteria), default=0.0)
    regions = outlines.find(region_codes(criteria))
    return maps.draw(dots, Circle(lead.latitude, lead.longitude, reach), regions)


def region_codes(criteria: Iterable[Criterion]) -> Sequence[str]:
    """Return the countries and states that partners are to be in or to serve."""
    found: list[str] = []
    for one in criteria:
        if one.kind in (Kind.PLACE, Kind.TERRITORY) and not one.forbidden:
            found += one.codes
        if one.kind in (Kind.ALL, Kind.ANY) and not one.forbidden:
            found += region_codes(one.of)
    return found


def distances(criteria: Iterable[Criterion]) -> Sequence[float]:
    """Return the distances that criteria ask for, those inside of others included."""
    found: list[float] = []
    for one in criteria:
        if one.kind is Kind.RADIUS and one.km:
            found.append(one.km)
        found += distances(one.of)
    return found
