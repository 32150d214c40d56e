"""Matching in words: why a partner, why none, what a rule asks for. Text only, no decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import pycountry
from babel import Locale
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.catalog import field_answers
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.leads.queries import find_type_name
from portal.matching.criteria import CATALOG_FIELDS, Condition, Criterion, Field, Kind, Within
from portal.web.filters import number

NEAREST_KM = 5


@cache
def _subdivisions() -> dict[str, str]:
    return {entry.code: entry.name for entry in pycountry.subdivisions}


Part = Mapping[str, Any]


def why(explanation: Sequence[Part]) -> list[str]:
    """Say in short phrases why a partner suits, the weightiest first; distances to 5 km."""
    ranked = sorted(explanation, key=lambda part: -float(part.get("points", 0)))
    locale = get_locale()
    phrases = (_phrase(locale, part) for part in ranked if not part.get("missed"))
    return [phrase for phrase in phrases if phrase]


def _phrase(locale: Locale, part: Part) -> str:
    names = ", ".join(book().labels(part.get("ids", ()), str(locale)))
    if part["kind"] == Kind.OWN:
        names = own_names(part.get("own", ()), str(locale))
    km = part.get("km")
    return _said(
        locale,
        part["kind"],
        Facts(
            names,
            part.get("country"),
            part.get("subdivision"),
            part.get("within"),
            None if km is None else round(float(km) / NEAREST_KM) * NEAREST_KM,
            part.get("language"),
            part.get("mode"),
        ),
    )


class Facts(NamedTuple):
    """What a phrase is made of."""

    names: str
    country: str | None
    subdivision: str | None
    within: str | None
    km: int | None
    language: str | None
    mode: str | None


@lru_cache(maxsize=16384)
def _said(_locale: Locale, kind: str, facts: Facts) -> str:
    # the same few phrases stand on every card of a page, and on every page; `_locale` is the one
    # that is spoken now, and the key
    return PHRASES[kind](facts)


def about(km: float) -> str:
    """Say a distance without giving the place away."""
    return _distance(get_locale(), round(km / NEAREST_KM) * NEAREST_KM)


@lru_cache(maxsize=1024)
def _distance(_locale: Locale, rounded: int) -> str:
    if rounded < NEAREST_KM:
        return str(_("close by"))
    return str(_("about %(km)s km away", km=number(rounded)))


def _region(facts: Facts) -> str:
    where = place(facts.country, facts.subdivision)
    if not where:
        return ""
    if facts.within == Within.TERRITORY:
        return str(_("serves %(place)s", place=where))
    return str(_("based in %(place)s", place=where))


def _radius(facts: Facts) -> str:
    return about(facts.km or 0)


def _carries(facts: Facts) -> str:
    return str(_("carries %(names)s", names=facts.names)) if facts.names else ""


def _specialised(facts: Facts) -> str:
    return str(_("specialised in %(names)s", names=facts.names)) if facts.names else ""


def _certified(facts: Facts) -> str:
    return str(_("certified: %(names)s", names=facts.names)) if facts.names else ""


def _serves(facts: Facts) -> str:
    return str(_("serves %(industries)s", industries=facts.names)) if facts.names else ""


def _size(facts: Facts) -> str:
    if not facts.names:
        return ""
    return str(_("serves firms of this size (%(names)s)", names=facts.names))


def _level(facts: Facts) -> str:
    return str(_("level %(level)s", level=facts.names)) if facts.names else ""


def _language(facts: Facts) -> str:
    return str(_("speaks %(language)s", language=language_name(facts.language or "")))


def _capacity(facts: Facts) -> str:
    return str(_("has time for more")) if facts.mode == "weighted" else ""


def _own(facts: Facts) -> str:
    return facts.names


def _silent(_facts: Facts) -> str:
    return ""


PHRASES: dict[str, Callable[[Facts], str]] = {
    Kind.REGION: _region,
    Kind.RADIUS: _radius,
    Kind.BRAND: _carries,
    Kind.PRODUCT: _carries,
    Kind.SPECIALISATION: _specialised,
    Kind.CERTIFICATION: _certified,
    Kind.INDUSTRY: _serves,
    Kind.SIZE_BAND: _size,
    Kind.LEVEL: _level,
    Kind.LANGUAGE: _language,
    Kind.CAPACITY: _capacity,
    Kind.PRESENT: _silent,
    Kind.OWN: _own,
}


def tell_excluded(excluded: Mapping[str, int]) -> list[str]:
    """Say how many partners each criterion took out, in the order in which they were asked."""
    said = []
    for key, count in excluded.items():
        if count and key in OUT:
            said.append(OUT[key](count))
    return said


def _out(one: Callable[[int], str]) -> Callable[[int], str]:
    return lambda count: str(one(count))


OUT: dict[str, Callable[[int], str]] = {
    "without": lambda n: ngettext(
        "%(num)d partner said no or gave this lead back",
        "%(num)d partners said no or gave this lead back",
        n,
    ),
    "suspended": lambda n: ngettext(
        "%(num)d partner is suspended", "%(num)d partners are suspended", n
    ),
    "group": lambda n: ngettext(
        "%(num)d partner is not in the group", "%(num)d partners are not in the group", n
    ),
    "region": lambda n: ngettext(
        "%(num)d partner doesn't serve the region", "%(num)d partners don't serve the region", n
    ),
    "region.lead": lambda n: ngettext(
        "%(num)d partner, because the lead's country isn't known",
        "%(num)d partners, because the lead's country isn't known",
        n,
    ),
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
    "brand": lambda n: ngettext(
        "%(num)d partner doesn't carry the brand", "%(num)d partners don't carry the brand", n
    ),
    "product": lambda n: ngettext(
        "%(num)d partner doesn't carry the products",
        "%(num)d partners don't carry the products",
        n,
    ),
    "specialisation": lambda n: ngettext(
        "%(num)d partner lacks the specialisation", "%(num)d partners lack the specialisation", n
    ),
    "certification": lambda n: ngettext(
        "%(num)d partner lacks a certification that is still good",
        "%(num)d partners lack a certification that is still good",
        n,
    ),
    "industry": lambda n: ngettext(
        "%(num)d partner doesn't serve the industry",
        "%(num)d partners don't serve the industry",
        n,
    ),
    "size_band": lambda n: ngettext(
        "%(num)d partner doesn't serve firms of this size",
        "%(num)d partners don't serve firms of this size",
        n,
    ),
    "level": lambda n: ngettext(
        "%(num)d partner is below the level", "%(num)d partners are below the level", n
    ),
    "language": lambda n: ngettext(
        "%(num)d partner doesn't speak the language",
        "%(num)d partners don't speak the language",
        n,
    ),
    "capacity": lambda n: ngettext(
        "%(num)d partner has no time for more", "%(num)d partners have no time for more", n
    ),
    "present": lambda n: ngettext("%(num)d partner is away", "%(num)d partners are away", n),
    "own": lambda n: ngettext(
        "%(num)d partner gives none of the answers asked for",
        "%(num)d partners give none of the answers asked for",
        n,
    ),
    "most": lambda n: ngettext(
        "%(num)d more would suit, beyond the number the rule offers to",
        "%(num)d more would suit, beyond the number the rule offers to",
        n,
    ),
}


def name_emptier(excluded: Mapping[str, int]) -> str:
    """Return the key that took out the last partners of an empty match, "" where none did."""
    counted = [key for key, count in excluded.items() if count]
    return counted[-1] if counted else ""


def kind_name(kind: str) -> str:
    """Return what a criterion is called."""
    return str(KIND_NAMES[kind]())


KIND_NAMES: dict[str, Callable[[], str]] = {
    Kind.REGION: lambda: _("Region"),
    Kind.RADIUS: lambda: _("Distance"),
    Kind.BRAND: lambda: _("Brand"),
    Kind.PRODUCT: lambda: _("Products"),
    Kind.SPECIALISATION: lambda: _("Specialisation"),
    Kind.CERTIFICATION: lambda: _("Certification"),
    Kind.INDUSTRY: lambda: _("Industry"),
    Kind.SIZE_BAND: lambda: _("Size of the customer"),
    Kind.LEVEL: lambda: _("Level"),
    Kind.LANGUAGE: lambda: _("Language"),
    Kind.CAPACITY: lambda: _("Free capacity"),
    Kind.PRESENT: lambda: _("Not away"),
    Kind.OWN: lambda: _("Own fields"),
}


def describe_criterion(criterion: Criterion) -> str:
    """Say what a criterion asks of a partner: "within 80 km", "at least Gold"."""
    locale = str(get_locale())
    names = ", ".join(book().labels(criterion.ids, locale))
    match criterion.kind:
        case Kind.REGION:
            return {
                Within.TERRITORY: str(_("serves the lead's region")),
                Within.COUNTRY: str(_("in the same country")),
                Within.SUBDIVISION: str(_("in the same state or region")),
            }[criterion.within]
        case Kind.RADIUS:
            return str(_("within %(km)s km", km=number(criterion.km)))
        case Kind.BRAND:
            return str(_("carries the lead's brand"))
        case Kind.PRODUCT:
            return str(_("carries the lead's products"))
        case Kind.SPECIALISATION:
            return str(_("specialised in one of: %(names)s", names=names))
        case Kind.CERTIFICATION:
            return str(_("holds one of: %(names)s", names=names))
        case Kind.INDUSTRY:
            return str(_("serves the lead's industry"))
        case Kind.SIZE_BAND:
            return str(_("serves firms of this size"))
        case Kind.LEVEL:
            level = book().label(criterion.level_id, locale)
            return (
                str(_("at least %(level)s", level=level)) if level else str(_("the higher level"))
            )
        case Kind.LANGUAGE:
            return str(_("speaks the lead's language"))
        case Kind.CAPACITY:
            return str(_("has time for more"))
        case Kind.PRESENT:
            return str(_("is not away"))
        case Kind.OWN:
            return str(_("one of: %(names)s", names=own_names(criterion.own, locale)))


def own_choices(locale: str) -> list[tuple[str, str]]:
    """Return the answers in own fields about partners that may be ticked: key and words."""
    return [
        (f"{field.key}={key}", f"{field.label(locale)}: {label}")
        for field in book().fields_of(FieldSubject.PARTNER)
        for key, label in field_answers.choices(field, locale)
    ]


def own_names(answers: Sequence[str], locale: str) -> str:
    """Say answers in own fields: "Showroom: Yes"; those that nobody asks any more are left out."""
    known = {one.key: one for one in book().fields_of(FieldSubject.PARTNER)}
    found = (field_answers.find(known, one) for one in answers)
    told = (
        (field, field_answers.words(field, answer, locale))
        for field, answer in found
        if field is not None
    )
    return ", ".join(f"{field.label(locale)}: {words}" for field, words in told if words)


def field_name(field: str) -> str:
    """Return what a field of a condition is called."""
    return str(FIELD_NAMES[field]())


FIELD_NAMES: dict[str, Callable[[], str]] = {
    Field.COUNTRY: lambda: _("Country"),
    Field.SUBDIVISION: lambda: _("State or region"),
    Field.INDUSTRY: lambda: _("Industry"),
    Field.SIZE_BAND: lambda: _("Size of the customer"),
    Field.VALUE_BAND: lambda: _("Expected value"),
    Field.BRAND: lambda: _("Brand"),
    Field.PRODUCT: lambda: _("Products"),
    Field.TEMPERATURE: lambda: _("Temperature"),
    Field.KIND: lambda: _("Kind"),
    Field.TYPE: lambda: _("Lead type"),
    Field.CATEGORY: lambda: _("Category"),
    Field.SOURCE: lambda: _("Source"),
    Field.OWN: lambda: _("Own fields"),
}


def describe_condition(condition: Condition) -> str:
    """Say what a lead has to be like: "Country: Germany or Austria"."""
    either, locale = str(_(" or ")), str(get_locale())
    if condition.field is Field.OWN:
        own = {one.key: one for one in book().fields.get(FieldSubject.LEAD, ())}
        field = own.get(condition.key)
        called = field.label(locale) if field else condition.key
        names = [field_answers.words(field, str(v), locale) for v in condition.values if field]
    else:
        called = field_name(condition.field)
        names = [value_name(condition.field, value) for value in condition.values]
    return str(
        _(
            "%(field)s: %(values)s",
            field=called,
            values=either.join(name for name in names if name),
        )
    )


def value_name(field: Field, value: str | int) -> str:
    """Return the name of one accepted value."""
    if field in CATALOG_FIELDS:
        return book().label(int(value), str(get_locale()))
    if field is Field.COUNTRY:
        return country_name(str(value))
    if field is Field.SUBDIVISION:
        return subdivision_name(str(value))
    if field is Field.TEMPERATURE:
        return {"hot": str(_("Hot")), "warm": str(_("Warm")), "cold": str(_("Cold"))}.get(
            str(value), str(value)
        )
    if field is Field.TYPE:
        return find_type_name(int(value))
    if field is Field.KIND:
        return {
            "end_customer": str(_("End customer")),
            "partner_recruit": str(_("New partner")),
        }.get(str(value), str(value))
    return str(value)


def place(country: str | None, subdivision: str | None) -> str:
    """Return the most exact name known of a region."""
    if subdivision:
        return subdivision_name(subdivision)
    return country_name(country) if country else ""


def country_name(code: str) -> str:
    """Return a country's name in the reader's language, its code where it has none."""
    return str(get_locale().territories.get(code, code))


def subdivision_name(code: str) -> str:
    """Return a state's or region's name, its code where it has none."""
    found = _subdivisions().get(code)
    return found or code


def language_name(code: str) -> str:
    """Return a language's name in the reader's language."""
    return str(get_locale().languages.get(code.split("-", maxsplit=1)[0], code))
