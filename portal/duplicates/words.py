"""How findings, facts and states of two that are alike are called. Pure but for the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.fields import tell
from portal.catalog.queries import book
from portal.duplicates import facts
from portal.duplicates.likeness import Grade, Likeness, Trait
from portal.leads import own_fields
from portal.leads.basis import WORDS as BASES
from portal.leads.levels import for_all
from portal.leads.models import QualificationQuestion
from portal.matching.names import country_name
from portal.web.filters import money

FOUND: dict[tuple[Trait, Grade], Any] = {
    (Trait.EMAIL, Grade.SAME): _l("same e-mail"),
    (Trait.EMAIL, Grade.SHARED): _l("same mailbox of the firm"),
    (Trait.EMAIL, Grade.ALIKE): _l("e-mail almost the same"),
    (Trait.EMAIL, Grade.OTHER): _l("another e-mail of the firm"),
    (Trait.PHONE, Grade.SAME): _l("same phone"),
    (Trait.PHONE, Grade.PART): _l("same switchboard"),
    (Trait.PHONE, Grade.OTHER): _l("another phone"),
    (Trait.DOMAIN, Grade.SAME): _l("same domain"),
    (Trait.DOMAIN, Grade.ALIKE): _l("domain almost the same"),
    (Trait.DOMAIN, Grade.OTHER): _l("another domain"),
    (Trait.COMPANY, Grade.SAME): _l("same company"),
    (Trait.COMPANY, Grade.ALIKE): _l("company almost the same"),
    (Trait.COMPANY, Grade.PART): _l("company within the other’s name"),
    (Trait.COMPANY, Grade.OTHER): _l("another company"),
    (Trait.LAST_NAME, Grade.SAME): _l("same last name"),
    (Trait.LAST_NAME, Grade.ALIKE): _l("last name almost the same"),
    (Trait.LAST_NAME, Grade.OTHER): _l("another last name"),
    (Trait.FIRST_NAME, Grade.SAME): _l("same first name"),
    (Trait.FIRST_NAME, Grade.ALIKE): _l("first name almost the same"),
    (Trait.FIRST_NAME, Grade.PART): _l("same initial"),
    (Trait.FIRST_NAME, Grade.OTHER): _l("another first name"),
    (Trait.NAME, Grade.SAME): _l("first and last name swapped"),
    (Trait.PLACE, Grade.SAME): _l("same postcode"),
    (Trait.PLACE, Grade.PART): _l("same city"),
    (Trait.PLACE, Grade.OTHER): _l("another place"),
    (Trait.STREET, Grade.SAME): _l("same street"),
    (Trait.COUNTRY, Grade.OTHER): _l("another country"),
}

FACTS: dict[str, Any] = {
    "company": _l("Company"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "role": _l("Role"),
    "phone": _l("Phone"),
    "email": _l("E-mail"),
    "domain": _l("Web address"),
    "street": _l("Street"),
    "postcode": _l("Postcode"),
    "note": _l("Note"),
    "place": _l("Place"),
    "title": _l("Title"),
    "temperature": _l("Temperature"),
    "partner_text": _l("Text for partners"),
    "expectation": _l("Expectation"),
    "time_frame": _l("Time frame"),
    "brand": _l("Brand"),
    "products": _l("Products"),
    "industry": _l("Industry"),
    "size": _l("Size"),
    "value": _l("Value"),
    "source": _l("Source"),
    "basis": _l("Legal basis"),
    "category": _l("Category"),
    "priority": _l("Priority"),
    "importance": _l("Importance"),
    "language": _l("Language"),
}
"""What is laid side by side, in this order; answers, own fields and notes come behind."""

STATES: dict[str, Any] = {
    "captured": _l("To qualify"),
    "qualifying": _l("To qualify"),
    "qualified": _l("Ready"),
    "offered": _l("On offer"),
    "held": _l("Held"),
    "closed": _l("Closed"),
    "disqualified": _l("Disqualified"),
    "returned": _l("Came back"),
    "recalled": _l("Taken back"),
    "nurture": _l("In nurture"),
    "direct": _l("Sold direct"),
}


def reasons(likeness: Likeness) -> list[tuple[str, int]]:
    """Return each finding in words with what it counts, the weightiest first."""
    found = [(str(FOUND[one.trait, one.grade]), one.points) for one in likeness.reasons]
    return sorted(found, key=lambda one: -one[1])


def name_of(name: str, questions: Mapping[int, QualificationQuestion]) -> str:
    """Return what a fact is called."""
    key, locale = name.partition("-")[2], str(get_locale())
    if name.startswith(facts.ANSWER):
        question = questions.get(int(key))
        return str(question.names.get(locale, question.names["en"]) if question else _("Answer"))
    if name.startswith(facts.INTEREST):
        return str(_("Noted on %(product)s", product=book().label(int(key), locale)))
    if name.startswith(facts.OWN):
        own = [one for one in own_fields.ever() if one.key == key]
        return str(own[0].names.get(locale, own[0].names["en"])) if own else key
    return str(FACTS.get(name, name))


def value_of(name: str, value: Any) -> str:
    """Return what a fact says; "" where it says nothing."""
    locale = str(get_locale())
    if facts.is_empty(value):
        return ""
    if name.startswith(facts.OWN):
        key = name.removeprefix(facts.OWN)
        own = [one for one in own_fields.ever() if one.key == key]
        return ", ".join(one.words for one in tell(own, {key: value}, locale))
    if not isinstance(value, list):
        return str(value)
    first = value[0]
    if name == "place":
        country, subdivision, city, *_rest = value
        return ", ".join(filter(None, [city, subdivision, country and country_name(country)]))
    if name == "products":
        return ", ".join(book().labels(first or [], locale))
    if name in ("brand", "category"):
        return book().label(first, locale)
    if name in ("industry", "source"):
        found = [book().label(first, locale) or value[1] or ""]
        return " · ".join([*found, *([value[3]] if name == "source" and value[3] else [])])
    if name == "size":
        return value_in(locale, first, value[1] and _("%(number)s people", number=value[1]))
    if name == "value":
        return value_in(locale, first, value[1] and money(Decimal(value[1])))
    if name == "basis":
        return str(BASES.get(first, first))
    if name in ("priority", "importance"):
        return for_all().words(name, first)
    if name == "temperature":
        return str({"hot": _("Hot"), "warm": _("Warm"), "cold": _("Cold")}[first])
    return str(first or "")


def value_in(locale: str, band_id: int | None, exact: str | None) -> str:
    """Return a band and what is known more exactly."""
    return " · ".join(filter(None, [book().label(band_id, locale), exact]))


def in_order(names: Collection[str]) -> list[str]:
    """Return names of facts in the order in which they are laid side by side."""
    known = list(FACTS)
    return [one for one in known if one in names] + sorted(set(names) - set(known) - {"suppressed"})
