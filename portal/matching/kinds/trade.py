"""Criteria of what a partner sells, knows and serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_

from portal.catalog.queries import book
from portal.matching.criteria import Criterion, Kind
from portal.matching.kinds.base import (
    NOT_ASKED,
    UNKNOWN,
    Ask,
    Facts,
    Grade,
    KindOfCriterion,
    overlap,
    raw,
)
from portal.matching.lead_facts import LeadFacts
from portal.matching.names import language_name

# who serves every industry or size fits, but less surely than who names it
GENERALIST = 0.5


class Brand(KindOfCriterion):
    """The partner carries the lead's brand."""

    kind = Kind.BRAND
    tells_itself = True

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return lead.brand_id is not None

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return overlap(ask.source.c.brand_ids, [ask.lead.brand_id])

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {"ids": [lead.brand_id]})

    def name(self) -> str:
        return str(_("Brand"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("carries the lead's brand"))

    def phrase(self, facts: Facts) -> str:
        return str(_("carries %(names)s", names=facts.names)) if facts.names else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "brand": lambda n: ngettext(
                "%(num)d partner doesn't carry the brand",
                "%(num)d partners don't carry the brand",
                n,
            )
        }


class Product(KindOfCriterion):
    """The partner carries one of the lead's products; the share is how many of them."""

    kind = Kind.PRODUCT

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return bool(lead.product_ids)

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return raw(ask.source.c.product_ids)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return overlap(ask.source.c.product_ids, ask.lead.product_ids)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        carried = [i for i in lead.product_ids if i in (fact or ())]
        if not carried:
            return UNKNOWN
        return Grade(True, len(carried) / len(lead.product_ids), {"ids": carried})

    def name(self) -> str:
        return str(_("Products"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("carries the lead's products"))

    def phrase(self, facts: Facts) -> str:
        return str(_("carries %(names)s", names=facts.names)) if facts.names else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "product": lambda n: ngettext(
                "%(num)d partner doesn't carry the products",
                "%(num)d partners don't carry the products",
                n,
            )
        }


class Specialisation(KindOfCriterion):
    """The partner is specialised in one of these."""

    kind = Kind.SPECIALISATION

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return raw(ask.source.c.specialisation_ids)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return overlap(ask.source.c.specialisation_ids, criterion.ids)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        shown = [i for i in criterion.ids if i in (fact or ())]
        return Grade(bool(shown), float(bool(shown)), {"ids": shown})

    def name(self) -> str:
        return str(_("Specialisation"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("specialised in one of: %(names)s", names=labels(criterion.ids)))

    def phrase(self, facts: Facts) -> str:
        return str(_("specialised in %(names)s", names=facts.names)) if facts.names else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "specialisation": lambda n: ngettext(
                "%(num)d partner lacks the specialisation",
                "%(num)d partners lack the specialisation",
                n,
            )
        }


class Certification(KindOfCriterion):
    """The partner holds one of these certifications, and it hasn't expired."""

    kind = Kind.CERTIFICATION

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return ask.source.certifications(criterion.ids)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return ask.source.certified(criterion.ids)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        shown = [i for i in criterion.ids if i in (fact or ())]
        return Grade(bool(shown), float(bool(shown)), {"ids": shown})

    def name(self) -> str:
        return str(_("Certification"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("holds one of: %(names)s", names=labels(criterion.ids)))

    def phrase(self, facts: Facts) -> str:
        return str(_("certified: %(names)s", names=facts.names)) if facts.names else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "certification": lambda n: ngettext(
                "%(num)d partner lacks a certification that is still good",
                "%(num)d partners lack a certification that is still good",
                n,
            )
        }


class Industry(KindOfCriterion):
    """The partner serves the lead's industry; who names none serves all, and gets half."""

    kind = Kind.INDUSTRY

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return lead.industry_id is not None

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return raw(ask.source.c.industry_ids)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return names_or_all(ask.source.c.industry_ids, ask.lead.industry_id)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return served(lead.industry_id, fact)

    def name(self) -> str:
        return str(_("Industry"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("serves the lead's industry"))

    def phrase(self, facts: Facts) -> str:
        return str(_("serves %(industries)s", industries=facts.names)) if facts.names else ""

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "industry": lambda n: ngettext(
                "%(num)d partner doesn't serve the industry",
                "%(num)d partners don't serve the industry",
                n,
            )
        }


class SizeBand(KindOfCriterion):
    """The partner serves customers of the lead's size; who names none serves all, for half."""

    kind = Kind.SIZE_BAND

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return lead.size_band_id is not None

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return raw(ask.source.c.size_band_ids)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return names_or_all(ask.source.c.size_band_ids, ask.lead.size_band_id)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return served(lead.size_band_id, fact)

    def name(self) -> str:
        return str(_("Size of the customer"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("serves firms of this size"))

    def phrase(self, facts: Facts) -> str:
        if not facts.names:
            return ""
        return str(_("serves firms of this size (%(names)s)", names=facts.names))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "size_band": lambda n: ngettext(
                "%(num)d partner doesn't serve firms of this size",
                "%(num)d partners don't serve firms of this size",
                n,
            )
        }


class Language(KindOfCriterion):
    """The partner speaks the lead's language."""

    kind = Kind.LANGUAGE
    tells_itself = True

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return bool(lead.language)

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        return self.meets(criterion, ask)

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        return overlap(ask.source.c.languages, [ask.lead.language])

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {"language": lead.language})

    def name(self) -> str:
        return str(_("Language"))

    def describe(self, criterion: Criterion) -> str:
        return str(_("speaks the lead's language"))

    def phrase(self, facts: Facts) -> str:
        return str(_("speaks %(language)s", language=language_name(facts.language or "")))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "language": lambda n: ngettext(
                "%(num)d partner doesn't speak the language",
                "%(num)d partners don't speak the language",
                n,
            )
        }


def labels(ids: Sequence[int]) -> str:
    """Name entries of the catalogue."""
    return ", ".join(book().labels(ids, str(get_locale())))


def names_or_all(column: ColumnElement[Any], value: int | None) -> ColumnElement[bool]:
    """Return the condition that a partner names it among what he serves, or names nothing."""
    return or_(func.cardinality(column) == 0, overlap(column, [value]))


def served(wanted: int | None, named: Sequence[int] | None) -> Grade:
    """Grade what a partner serves; naming nothing means all."""
    if wanted is None:
        return NOT_ASKED
    if named is None:
        return UNKNOWN
    if not named:
        return Grade(True, GENERALIST, {"all": True})
    fits = wanted in named
    return Grade(fits, float(fits), {"ids": [wanted]})
