"""Criteria of what a partner sells, knows and serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_

from portal.catalog.queries import book
from portal.matching.criteria import Criterion, Kind
from portal.matching.kinds.base import (
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


class _Named(KindOfCriterion):
    """The partner has one of those that the criterion names, else of those that the lead does."""

    column: ClassVar[str]
    names: ClassVar[str] = "ids"

    def named(self, criterion: Criterion) -> tuple[Any, ...]:
        """Return what the criterion names; empty where it asks for what the lead names."""
        found: tuple[Any, ...] = getattr(criterion, self.names)
        return found

    def of_the_lead(self, lead: LeadFacts) -> tuple[Any, ...]:
        """Return what the lead names."""
        raise NotImplementedError

    def of_lead(self, criterion: Criterion) -> bool:
        return not self.named(criterion)

    def tells_whether(self, criterion: Criterion) -> bool:
        return self.tells_itself and self.of_lead(criterion)

    def is_asked(self, criterion: Criterion, lead: LeadFacts) -> bool:
        return bool(self.named(criterion) or self.of_the_lead(lead))

    def fact(self, criterion: Criterion, ask: Ask) -> ColumnElement[Any]:
        if self.tells_whether(criterion):
            return self.meets(criterion, ask)
        return raw(ask.source.c[self.column])

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        wanted = self.named(criterion) or self.of_the_lead(ask.lead)
        return overlap(ask.source.c[self.column], wanted)

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        if named := self.named(criterion):
            return one_of(named, fact, self.names)
        return self.grade_of_lead(lead, fact)

    def grade_of_lead(self, lead: LeadFacts, fact: Any) -> Grade:
        """Grade a partner by what the lead names."""
        raise NotImplementedError


class Brand(_Named):
    """The partner carries one of the brands: those named, or the lead's."""

    kind = Kind.BRAND
    column = "brand_ids"
    tells_itself = True

    def of_the_lead(self, lead: LeadFacts) -> tuple[Any, ...]:
        return one_or_none(lead.brand_id)

    def grade_of_lead(self, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {"ids": [lead.brand_id]})

    def name(self) -> str:
        return str(_("Brand"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.ids:
            return str(_("carries %(names)s", names=either(criterion.ids)))
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


class Product(_Named):
    """The partner carries one of the products: of those named, or of the lead's.

    Of the lead's the share is how many of them he carries.
    """

    kind = Kind.PRODUCT
    column = "product_ids"

    def of_the_lead(self, lead: LeadFacts) -> tuple[Any, ...]:
        return lead.product_ids

    def grade_of_lead(self, lead: LeadFacts, fact: Any) -> Grade:
        carried = [i for i in lead.product_ids if i in (fact or ())]
        if not carried:
            return UNKNOWN
        return Grade(True, len(carried) / len(lead.product_ids), {"ids": carried})

    def name(self) -> str:
        return str(_("Products"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.ids:
            return str(_("carries %(names)s", names=either(criterion.ids)))
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
        return one_of(criterion.ids, fact)

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
        return one_of(criterion.ids, fact)

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


class _Serves(_Named):
    """The partner serves one of those; who names none serves all, and gets half."""

    def meets(self, criterion: Criterion, ask: Ask) -> ColumnElement[bool]:
        every = func.cardinality(ask.source.c[self.column]) == 0
        return or_(every, super().meets(criterion, ask))

    def grade(self, criterion: Criterion, lead: LeadFacts, fact: Any) -> Grade:
        if fact is None:
            return UNKNOWN
        if not fact:
            return Grade(True, GENERALIST, {"all": True})
        return super().grade(criterion, lead, fact)

    def grade_of_lead(self, lead: LeadFacts, fact: Any) -> Grade:
        (wanted,) = self.of_the_lead(lead)
        return Grade(wanted in fact, float(wanted in fact), {"ids": [wanted]})


class Industry(_Serves):
    """The partner serves one of the industries: those named, or the lead's."""

    kind = Kind.INDUSTRY
    column = "industry_ids"

    def of_the_lead(self, lead: LeadFacts) -> tuple[Any, ...]:
        return one_or_none(lead.industry_id)

    def name(self) -> str:
        return str(_("Industry"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.ids:
            return str(_("serves %(industries)s", industries=either(criterion.ids)))
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


class SizeBand(_Serves):
    """The partner serves customers of one of the sizes: those named, or the lead's."""

    kind = Kind.SIZE_BAND
    column = "size_band_ids"

    def of_the_lead(self, lead: LeadFacts) -> tuple[Any, ...]:
        return one_or_none(lead.size_band_id)

    def name(self) -> str:
        return str(_("Size of the customer"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.ids:
            return str(_("serves firms of the size %(names)s", names=either(criterion.ids)))
        return str(_("serves firms of this size"))

    def phrase(self, facts: Facts) -> str:
        if not facts.names:
            return ""
        return str(_("serves firms of the size %(names)s", names=facts.names))

    def out(self) -> dict[str, Callable[[int], str]]:
        return {
            "size_band": lambda n: ngettext(
                "%(num)d partner doesn't serve firms of this size",
                "%(num)d partners don't serve firms of this size",
                n,
            )
        }


class Language(_Named):
    """The partner speaks one of the languages: those named, or the lead's."""

    kind = Kind.LANGUAGE
    column = names = "languages"
    tells_itself = True

    def of_the_lead(self, lead: LeadFacts) -> tuple[Any, ...]:
        return one_or_none(lead.language or None)

    def grade_of_lead(self, lead: LeadFacts, fact: Any) -> Grade:
        return Grade(bool(fact), float(bool(fact)), {"language": lead.language})

    def name(self) -> str:
        return str(_("Language"))

    def describe(self, criterion: Criterion) -> str:
        if criterion.languages:
            spoken = str(_(" or ")).join(map(language_name, criterion.languages))
            return str(_("speaks %(language)s", language=spoken))
        return str(_("speaks the lead's language"))

    def phrase(self, facts: Facts) -> str:
        spoken = facts.names or language_name(facts.language or "")
        return str(_("speaks %(language)s", language=spoken))

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


def either(ids: Sequence[int]) -> str:
    """Name entries of the catalogue of which one is enough: "Storage or Security"."""
    return str(_(" or ")).join(book().labels(ids, str(get_locale())))


def one_of(named: Sequence[Any], had: Sequence[Any] | None, called: str = "ids") -> Grade:
    """Grade a partner by whether he has one of those that are named."""
    shown = [one for one in named if one in (had or ())]
    return Grade(bool(shown), float(bool(shown)), {called: shown})


def one_or_none(value: Any) -> tuple[Any, ...]:
    """Return what a lead names once at most."""
    return () if value is None else (value,)
