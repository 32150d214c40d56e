"""The columns in which partners leave as a list and come back: what they are called and mean.

What a cell says becomes a value here, and a value a cell, so that a list that left comes back as it
was. Not here: how a file is opened, and what becomes of a row (`people.partner_lists`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pycountry
from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.queries import book

CLEARS = "-"
"""What a cell says that is to be empty; an empty one leaves everything as it is."""
BETWEEN = "; "
SPOKEN = ("en", "de")
ISO_DAY = re.compile(r"^(?P<name>.*?)\s*\((?P<day>\d{4}-\d{2}-\d{2})\)$")


class Unreadable(Exception):
    """What a cell says can't be meant; the message says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how it is called, what stands in it, and by which other words it is known."""

    key: str
    label: Any
    holds: Any
    known_as: str = ""


COLUMNS: Sequence[Column] = (
    Column("name", _l("Name"), _l("finds the firm, or makes one"), "firm|company|firma|partner"),
    Column("number", _l("Number"), _l("the number of a firm in the programme"), "id|nummer|nr"),
    Column("kind", _l("Kind"), _l("Reseller or Distributor, of a new firm"), "art|typ|type"),
    Column(
        "parent",
        _l("Belongs to"),
        _l("the distributor, of a new firm; else the vendor"),
        "distributor|gehoert zu|distributor name",
    ),
    Column(
        "account_manager",
        _l("Account manager"),
        _l("name or e-mail address"),
        "pam|betreut von|partnerbetreuung|account manager",
    ),
    Column("country", _l("Country"), _l("name or code, as DE"), "land"),
    Column("subdivision", _l("State or region"), _l("its code, as DE-NI"), "state|bundesland"),
    Column("city", _l("City"), _l("the coordinates follow from it"), "stadt|ort"),
    Column("latitude", _l("Latitude"), _l("in degrees, as 52.37"), "lat|breite|breitengrad"),
    Column("longitude", _l("Longitude"), _l("in degrees, as 9.73"), "lng|lon|laenge|laengengrad"),
    Column("zone", _l("Time zone"), _l("as Europe/Berlin"), "zeitzone|timezone"),
    Column("territories", _l("Territories"), _l("codes, as DE; US-CA"), "gebiete|regions|regionen"),
    Column("level_id", _l("Level"), _l("as in the catalogue"), "stufe|partner level"),
    Column("brand_ids", _l("Brands"), _l("as in the catalogue"), "marken"),
    Column("product_ids", _l("Products"), _l("as in the catalogue"), "produkte"),
    Column(
        "specialisation_ids",
        _l("Specialisations"),
        _l("as in the catalogue"),
        "spezialisierungen|skills|specializations",
    ),
    Column(
        "certifications",
        _l("Certifications"),
        _l("each with its last day behind it, as (2027-10-31)"),
        "zertifizierungen|certificates",
    ),
    Column("industry_ids", _l("Industries"), _l("as in the catalogue"), "branchen"),
    Column(
        "size_band_ids",
        _l("Sizes of customers"),
        _l("as in the catalogue"),
        "kundengroessen|groessen",
    ),
    Column("languages", _l("Languages"), _l("names or codes, as de; en"), "sprachen"),
    Column("people", _l("Number of people"), _l("a number"), "people|mitarbeiter|employees"),
    Column("capacity", _l("May hold"), _l("leads that the firm may hold at once"), "capacity"),
    Column(
        "rep_capacity",
        _l("May hold, one person"),
        _l("leads that one person may hold at once"),
        "rep capacity",
    ),
    Column("website", _l("Web address"), _l("the address of the web site"), "website|webadresse"),
    *(
        Column(
            f"contacts_{function}",
            label,
            _l("all of them, each as Anna Meyer <anna@firm.com> +49 511 123456"),
            known_as,
        )
        for function, label, known_as in (
            (
                "management",
                _l("Contacts: management"),
                "contacts management|ansprechpartner leitung",
            ),
            ("sales", _l("Contacts: sales"), "contacts sales|ansprechpartner vertrieb"),
            (
                "marketing",
                _l("Contacts: marketing"),
                "contacts marketing|ansprechpartner marketing",
            ),
            ("technical", _l("Contacts: technical"), "contacts technical|ansprechpartner technik"),
        )
    ),
    Column(
        "responsible",
        _l("Responsible for leads"),
        _l("the name of one of the contacts"),
        "verantwortet die leads|responsible for leads",
    ),
)
OF_CONTACTS = tuple(
    one.key for one in COLUMNS if one.key == "responsible" or one.key.startswith("contacts_")
)
OF_FIRM = (
    *("number", "name", "kind", "parent", "account_manager", "certifications", "zone"),
    *OF_CONTACTS,
)
"""What is no column of the profile."""
OF_CATALOGUE = {
    "level_id": "partner_level",
    "brand_ids": "brand",
    "product_ids": "product",
    "specialisation_ids": "specialisation",
    "industry_ids": "industry",
    "size_band_ids": "size_band",
}


def parts(cell: str) -> list[str]:
    """Return what a cell lists, each once: between semicolons or lines, else between commas."""
    divided = re.split(r"[;\n]" if re.search(r"[;\n]", cell) else ",", cell)
    return list(dict.fromkeys(part for part in (one.strip() for one in divided) if part))


def read(key: str, cell: str) -> Any:
    """Return what a cell of a profile means. Raises `Unreadable`."""
    if cell == CLEARS:
        return None if key not in LISTED else []
    reader = READERS.get(key)
    return reader(cell) if reader else cell


def _find(kind: str, name: str) -> int:
    wanted = name.casefold()
    for entry in book().by_kind.get(kind, []):
        if wanted in {entry.key.casefold(), *(entry.label(one).casefold() for one in SPOKEN)}:
            return entry.id
    raise Unreadable(_("“%(name)s” is not in the catalogue.", name=name[:60]))


def _found(kind: str) -> Callable[[str], int]:
    return lambda cell: _find(kind, cell)


def _all_found(kind: str) -> Callable[[str], list[int]]:
    def found(cell: str) -> list[int]:
        try:
            return [_find(kind, cell)]
        except Unreadable:
            return [_find(kind, name) for name in parts(cell)]

    return found


def read_certifications(cell: str) -> Mapping[int, date | None]:
    """Return the last day of each certification that a cell lists. Raises `Unreadable`."""
    held: dict[int, date | None] = {}
    for part in parts("" if cell == CLEARS else cell):
        dated = ISO_DAY.match(part)
        try:
            until = date.fromisoformat(dated["day"]) if dated else None
        except ValueError:
            raise Unreadable(_("“%(name)s” is no day.", name=part[:60])) from None
        held[_find("certification", dated["name"] if dated else part)] = until
    return held


def write_certifications(held: Sequence[tuple[int, date | None]]) -> str:
    """Return a cell that lists certifications with their last days."""
    locale = str(get_locale())
    return BETWEEN.join(
        f"{book().label(one, locale)} ({until})" if until else book().label(one, locale)
        for one, until in held
    )


def _country(cell: str) -> str:
    code = cell.upper()
    if pycountry.countries.get(alpha_2=code):
        return code
    return _called(cell, "territories", 2).upper()


def _language(name: str) -> str:
    if name.lower() in Locale("en").languages and len(name) == 2:
        return name.lower()
    return _called(name, "languages", 2)


def _called(name: str, names: str, length: int) -> str:
    wanted = name.casefold()
    for locale in SPOKEN:
        for code, label in getattr(Locale(locale), names).items():
            if len(code) == length and label.casefold() == wanted:
                return str(code)
    raise Unreadable(_("We don’t know “%(name)s”.", name=name[:60]))


def _languages(cell: str) -> list[str]:
    return list(dict.fromkeys(_language(name) for name in parts(cell)))


def _state(cell: str) -> str:
    return cell.upper()


def _codes(cell: str) -> list[str]:
    return [code.upper() for code in parts(cell)]


def _whole(cell: str) -> int:
    digits = re.sub(r"(?<=\d)[.,' ’](?=\d{3}(?!\d))", "", cell)
    if not re.fullmatch(r"\d{1,9}(\.0)?", digits):
        raise Unreadable(_("Please give a whole number."))
    return int(float(digits))


def _degrees(cell: str) -> float:
    try:
        found = float(cell.replace(",", "."))
    except ValueError:
        found = float("nan")
    if not abs(found) <= 180:
        raise Unreadable(_("Please give a number, as 52.37."))
    return found


LISTED = frozenset(
    {
        *("territories", "brand_ids", "product_ids", "specialisation_ids", "industry_ids"),
        *("size_band_ids", "languages"),
    }
)
READERS: Mapping[str, Callable[[str], Any]] = {
    "country": _country,
    "subdivision": _state,
    "latitude": _degrees,
    "longitude": _degrees,
    "territories": _codes,
    "languages": _languages,
    "people": _whole,
    "capacity": _whole,
    "rep_capacity": _whole,
    **{
        key: _all_found(kind) if key in LISTED else _found(kind)
        for key, kind in OF_CATALOGUE.items()
    },
}


def write(key: str, value: Any) -> Any:
    """Return the cell of a value of a profile."""
    locale = get_locale()
    if value is None:
        return ""
    if key in OF_CATALOGUE:
        ids = value if isinstance(value, list) else [value]
        return BETWEEN.join(book().labels(ids, str(locale)))
    if key == "country":
        return str(locale.territories.get(value, value))
    if key == "languages":
        return BETWEEN.join(str(locale.languages.get(code, code)) for code in value)
    return BETWEEN.join(value) if isinstance(value, list) else value
