"""The partners of a list as the lines of a file, with the programme's own fields.

Not here: how a file is written (`web.sheets`), and whose partners these are (`queries`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.words import KIND_NAMES
from portal.catalog import fields
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core.db import AnyRow, session
from portal.partners import queries, rules, standings
from portal.partners.models import Colour, Partner, PartnerCertification
from portal.web.sheets import AT_ONCE, Lines


def headings() -> list[str]:
    """Return the first line."""
    locale = str(get_locale())
    return [
        *(_("Name"), _("Kind"), _("Belongs to"), _("Account manager"), _("City")),
        *(_("State or region"), _("Country"), _("Territories"), _("Level"), _("Brands")),
        *(_("Products"), _("Specialisations"), _("Certifications"), _("Industries")),
        *(_("Sizes of customers"), _("Languages"), _("Number of people"), _("May hold")),
        *(_("Web address"), _("Standing")),
        *(one.label(locale) for one in book().fields_of(FieldSubject.PARTNER)),
    ]


def lines(actor: Actor, filters: queries.Filters, at: datetime) -> Lines:
    """Yield the other lines, in the order of the list."""
    ids = queries.list_ids(actor, filters, at)
    for start in range(0, len(ids), AT_ONCE):
        yield list(_some(ids[start : start + AT_ONCE], at))


def _some(ids: Sequence[int], at: datetime) -> Iterator[list[Any]]:
    rows = {row.Partner.organisation_id: row for row in _read(ids)}
    certified, standing = _read_certified(ids, at), standings.find_now(ids)
    for one in ids:
        if one in rows:
            colour = standing[one].colour if one in standing else Colour.GREEN
            yield _line(rows[one], certified.get(one, []), colour)


def _read(ids: Sequence[int]) -> Sequence[AnyRow]:
    above = aliased(Organisation)
    return (
        session()
        .execute(
            select(Partner, Organisation, above.name.label("above"), User.name.label("manager"))
            .join(Organisation, Organisation.id == Partner.organisation_id)
            .outerjoin(above, above.id == Organisation.parent_id)
            .outerjoin(User, User.id == Organisation.account_manager_id)
            .where(Partner.organisation_id.in_(ids))
        )
        .all()
    )


def _read_certified(ids: Sequence[int], at: datetime) -> dict[int, list[int]]:
    """Return the certifications that are still good, by firm."""
    held: dict[int, list[int]] = {}
    for row in session().execute(
        select(PartnerCertification, Organisation.timezone)
        .join(Organisation, Organisation.id == PartnerCertification.organisation_id)
        .where(PartnerCertification.organisation_id.in_(ids))
        .order_by(PartnerCertification.certification_id)
    ):
        one = row.PartnerCertification
        if rules.is_good(one.expires_on, rules.day_at(row.timezone, at)):
            held.setdefault(one.organisation_id, []).append(one.certification_id)
    return held


def _line(row: AnyRow, certified: Sequence[int], colour: str) -> list[Any]:
    partner, firm, known = row.Partner, row.Organisation, book()
    language, locale = str(get_locale()), get_locale()

    def named(ids: Sequence[int]) -> str:
        return ", ".join(known.labels(ids, language))

    return [
        firm.name,
        str(KIND_NAMES.get(firm.kind, firm.kind)),
        row.above or "",
        row.manager or "",
        partner.city or "",
        partner.subdivision or "",
        str(locale.territories.get(partner.country, partner.country)),
        ", ".join(partner.territories),
        known.label(partner.level_id, language),
        named(partner.brand_ids),
        named(partner.product_ids),
        named(partner.specialisation_ids),
        named(certified),
        named(partner.industry_ids),
        named(partner.size_band_ids),
        ", ".join(str(locale.languages.get(code, code)) for code in partner.languages),
        "" if partner.people is None else partner.people,
        partner.capacity,
        partner.website or "",
        standings.colour_words(colour),
        *fields.cells(known.fields_of(FieldSubject.PARTNER), partner.custom, language),
    ]
