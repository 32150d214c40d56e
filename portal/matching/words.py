"""Matching in words: why a partner, why none, what a rule asks for. Text only, no decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from babel import Locale
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.catalog import field_answers
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.leads.queries import find_type_name
from portal.matching.criteria import CATALOG_FIELDS, Condition, Criterion, Field, Kind, Mode
from portal.matching.fairness_words import HAD_THEIR_SHARE, place_drawn
from portal.matching.kinds import FORBIDDEN, KINDS, Facts, kind_of
from portal.matching.kinds.places import any_of
from portal.matching.names import country_name, language_name, nearest, own_names, subdivision_name
from portal.matching.sharing import DRAWN
from portal.web.filters import percent

Part = Mapping[str, Any]


def why(explanation: Sequence[Part]) -> list[str]:
    """Say in short phrases why a partner suits, best first; distances to 5 km or miles."""
    ranked = sorted(explanation, key=lambda part: -float(part.get("points", 0)))
    locale = get_locale()
    phrases = (_phrase(locale, leaf) for part in ranked for leaf in met_parts(part))
    return [phrase for phrase in phrases if phrase]


def tell_fit(score: float, explanation: Sequence[Part]) -> str:
    """Say how well a partner suits: "85% fit"; empty where the rule ranks by nothing."""
    if not any(part.get("mode") == Mode.WEIGHTED for part in explanation):
        return ""
    return str(_("%(share)s fit", share=percent(score)))


def tells_of_customers(part: Part) -> bool:
    """Say whether how a partner does there says that he knows the customer."""
    return part["kind"] == Kind.RELATION or any(map(tells_of_customers, part.get("parts", ())))


def met_parts(part: Part) -> Iterator[Part]:
    """Yield what a partner meets of a part: itself, or what it is made of."""
    if part.get("missed"):
        return
    if part["kind"] in (Kind.ALL, Kind.ANY):
        for one in part["parts"]:
            yield from met_parts(one)
    else:
        yield part


def _phrase(locale: Locale, part: Part) -> str:
    km, miles = part.get("km"), bool(part.get("miles"))
    facts = Facts(
        _names(locale, part),
        part.get("country"),
        part.get("subdivision"),
        part.get("within"),
        None if km is None else nearest(float(km), miles=miles),
        miles,
        part.get("language"),
        part.get("mode"),
        part.get("figure"),
    )
    return _said(locale, part["kind"], facts)


def _names(locale: Locale, part: Part) -> str:
    if part["kind"] == Kind.OWN:
        return own_names(part.get("own", ()), str(locale))
    if "languages" in part:
        return ", ".join(map(language_name, part["languages"]))
    if "codes" in part:
        return any_of(part["codes"])
    return ", ".join(book().labels(part.get("ids", ()), str(locale)))


@lru_cache(maxsize=16384)
def _said(_locale: Locale, kind: str, facts: Facts) -> str:
    # the same few phrases stand on every card of a page, and on every page; `_locale` is the one
    # that is spoken now, and the key
    return place_drawn() if kind == DRAWN else KINDS[Kind(kind)].phrase(facts)


def tell_excluded(excluded: Mapping[str, int]) -> list[str]:
    """Say how many partners each criterion took out, in the order in which they were asked."""
    return [said for key, count in excluded.items() if count and (said := _out(key, count))]


def _out(key: str, count: int) -> str:
    if key.startswith(FORBIDDEN):
        return str(
            ngettext(
                "%(num)d partner who meets what must not be: %(criterion)s",
                "%(num)d partners who meet what must not be: %(criterion)s",
                count,
                criterion=kind_name(key.removeprefix(FORBIDDEN)),
            )
        )
    return str(OUT[key](count)) if key in OUT else ""


OUT: dict[str, Callable[[int], str]] = {
    "without": lambda n: ngettext(
        "%(num)d partner said no or gave this lead back",
        "%(num)d partners said no or gave this lead back",
        n,
    ),
    "suspended": lambda n: ngettext(
        "%(num)d partner is suspended", "%(num)d partners are suspended", n
    ),
    "terms": lambda n: ngettext(
        "%(num)d partner has not agreed to the terms",
        "%(num)d partners have not agreed to the terms",
        n,
    ),
    "refers": lambda n: ngettext(
        "%(num)d partner only refers leads", "%(num)d partners only refer leads", n
    ),
    "group": lambda n: ngettext(
        "%(num)d partner is not in the group", "%(num)d partners are not in the group", n
    ),
    **{name: said for kind in KINDS.values() for name, said in kind.out().items()},
    **HAD_THEIR_SHARE,
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
    return KINDS[Kind(kind)].name()


def describe_criterion(criterion: Criterion) -> str:
    """Say what a criterion asks of a partner: "within 80 km", "at least Gold"."""
    return kind_of(criterion).describe(criterion)


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
