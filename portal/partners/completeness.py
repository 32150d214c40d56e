"""How complete partners' profiles are: what there is to know, what is missing, who can say it.

What is known is asked of the database, by the same conditions for one partner, for the column of a
list, for its filter and for the count of all. Why something matters, `matching.profile_needs` says,
which knows the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.partners.models import (
    ContactFunction,
    Partner,
    PartnerCertification,
    PartnerContact,
)

CALLED = (ContactFunction.SALES, ContactFunction.MARKETING, ContactFunction.TECHNICAL)
"""The functions of which somebody should be known."""


class Part(StrEnum):
    """Something to know of a partner, in the order of its profile."""

    PLACE = "place"
    TERRITORIES = "territories"
    LANGUAGES = "languages"
    LEVEL = "level"
    BRANDS = "brands"
    PRODUCTS = "products"
    SPECIALISATIONS = "specialisations"
    CERTIFICATION = "certification"
    PEOPLE = "people"
    FOR_LEADS = "for_leads"
    FUNCTIONS = "functions"
    ACCOUNT_MANAGER = "account_manager"
    PICKS = "picks"
    OWN_FIELDS = "own_fields"


BY_FIRM = frozenset(
    {Part.PLACE, Part.LANGUAGES, Part.PEOPLE, Part.FOR_LEADS, Part.FUNCTIONS, Part.PICKS}
)
"""What a firm says of itself; the rest its vendor decides."""


def part_words(part: str) -> str:
    """Return what there is to know, in a few words."""
    words = {
        Part.PLACE: _("Where the firm is"),
        Part.TERRITORIES: _("Regions it serves"),
        Part.LANGUAGES: _("Languages"),
        Part.LEVEL: _("Level"),
        Part.BRANDS: _("Brands"),
        Part.PRODUCTS: _("Products"),
        Part.SPECIALISATIONS: _("Specialisations"),
        Part.CERTIFICATION: _("A certification that is good"),
        Part.PEOPLE: _("How many people it has"),
        Part.FOR_LEADS: _("Who is responsible for leads"),
        Part.FUNCTIONS: _("Contacts for sales, marketing and technical matters"),
        Part.ACCOUNT_MANAGER: _("Account manager"),
        Part.PICKS: _("Somebody who can pick up leads"),
        Part.OWN_FIELDS: _("What your programme asks of every partner"),
    }
    return str(words[Part(part)])


def use_words(part: str) -> str:
    """Say what something is good for, whatever the rules ask."""
    words = {
        Part.PLACE: _(
            "Without it no distance can be told: the firm counts as far from every lead."
        ),
        Part.TERRITORIES: _("Without them it counts as serving every region, also far away."),
        Part.LANGUAGES: _("Leads can be matched by the language that the customer speaks."),
        Part.LEVEL: _("Rules can ask for a level, and deadlines can depend on it."),
        Part.BRANDS: _("Leads of a brand are offered to those who carry it."),
        Part.PRODUCTS: _("Leads about a product are offered to those who carry it."),
        Part.SPECIALISATIONS: _("Rules can ask for what a firm knows especially well."),
        Part.CERTIFICATION: _("Rules can ask for a certification that has not run out."),
        Part.PEOPLE: _("Large leads suit large firms, and small ones small firms."),
        Part.FOR_LEADS: _("Whoever has a question about a lead knows whom to call."),
        Part.FUNCTIONS: _("Whoever has a question knows whom to call."),
        Part.ACCOUNT_MANAGER: _("Nobody at the vendor answers for the firm."),
        Part.PICKS: _("Leads are offered, but nobody at the firm can take one."),
        Part.OWN_FIELDS: _("Rules can ask for it, and lists can be narrowed to it."),
    }
    return str(words[Part(part)])


def conditions(at: datetime) -> Mapping[Part, ColumnElement[bool]]:
    """Return, for a query of partners and their firms, when each part is known."""
    today = cast(func.timezone(Organisation.timezone, at), Date)
    contact = exists().where(PartnerContact.organisation_id == Partner.organisation_id)
    certified = exists().where(
        PartnerCertification.organisation_id == Partner.organisation_id,
        or_(PartnerCertification.expires_on.is_(None), PartnerCertification.expires_on >= today),
    )
    picks = exists().where(
        User.organisation_id == Partner.organisation_id,
        User.active,
        User.roles.overlap(list(PICKING_ROLES)),
    )
    known = {
        Part.PLACE: Partner.latitude.is_not(None),
        Part.TERRITORIES: func.cardinality(Partner.territories) > 0,
        Part.LANGUAGES: func.cardinality(Partner.languages) > 0,
        Part.LEVEL: Partner.level_id.is_not(None),
        Part.BRANDS: func.cardinality(Partner.brand_ids) > 0,
        Part.PRODUCTS: func.cardinality(Partner.product_ids) > 0,
        Part.SPECIALISATIONS: func.cardinality(Partner.specialisation_ids) > 0,
        Part.CERTIFICATION: certified,
        Part.PEOPLE: Partner.people.is_not(None),
        Part.FOR_LEADS: contact.where(PartnerContact.for_leads),
        Part.FUNCTIONS: and_(*(contact.where(PartnerContact.function == one) for one in CALLED)),
        Part.ACCOUNT_MANAGER: Organisation.account_manager_id.is_not(None),
        Part.PICKS: picks,
    }
    demanded = [one.key for one in book().fields_of(FieldSubject.PARTNER) if one.required]
    if demanded:
        known[Part.OWN_FIELDS] = Partner.custom.has_all(cast(demanded, ARRAY(Text)))
    return {part: known[part] for part in _asked(known)}


# what only means something where the catalogue has it
OF_CATALOGUE = {
    Part.LEVEL: "partner_level",
    Part.BRANDS: "brand",
    Part.PRODUCTS: "product",
    Part.SPECIALISATIONS: "specialisation",
    Part.CERTIFICATION: "certification",
}


def _asked(known: Collection[Part]) -> Sequence[Part]:
    entries = book()
    return [
        part
        for part in Part
        if part in known and (part not in OF_CATALOGUE or entries.active(OF_CATALOGUE[part]))
    ]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Of a profile's `parts` these are `missing`."""

    parts: int
    missing: Sequence[Part]

    @property
    def known(self) -> int:
        return self.parts - len(self.missing)

    @property
    def percent(self) -> int:
        """Return how much is known; only what lacks nothing is a hundred per cent."""
        return 100 * self.known // self.parts if self.parts else 100


def read_completeness(ids: Collection[int], at: datetime) -> Mapping[int, Completeness]:
    """Return how complete these partners' profiles are."""
    asked = conditions(at)
    rows = session().execute(
        select(Partner.organisation_id, *(known.label(part) for part, known in asked.items()))
        .join(Organisation, Organisation.id == Partner.organisation_id)
        .where(Partner.organisation_id.in_(ids))
    )
    return {
        row.organisation_id: Completeness(
            len(asked), [part for part in asked if not row._mapping[part.value]]
        )
        for row in rows
    }


def lacks(part: Part, at: datetime) -> ColumnElement[bool]:
    """Return, for a query of partners and their firms, the condition that a part is missing."""
    asked = conditions(at)
    return ~asked[part] if part in asked else Partner.organisation_id.is_(None)


@dataclass(frozen=True, slots=True)
class Counted:
    """Of `partners` so many are `complete`; `lacking` says how many lack each part."""

    partners: int
    complete: int
    lacking: Mapping[Part, int]


def count_missing(seen: ColumnElement[bool], at: datetime) -> Counted:
    """Return what partners lack that are in the programme and meet a condition."""
    asked = conditions(at)
    row: Any = (
        session()
        .execute(
            select(
                func.count(),
                func.count().filter(and_(*asked.values())),
                *(func.count().filter(~one) for one in asked.values()),
            )
            .select_from(Partner)
            .join(Organisation, Organisation.id == Partner.organisation_id)
            .where(seen, Organisation.active)
        )
        .one()
    )
    return Counted(row[0], row[1], dict(zip(asked, row[2:], strict=True)))
