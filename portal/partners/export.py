"""The partners of a list as the lines of a file, with the programme's own fields.

Not here: how a file is written (`web.sheets`), whose partners these are (`queries`), and what the
columns hold (`columns`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
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
from portal.partners import columns, contact_cells, contacts, queries, standings
from portal.partners.models import Colour, Partner, PartnerCertification
from portal.web.sheets import AT_ONCE, Lines


def headings() -> list[str]:
    """Return the first line."""
    locale = str(get_locale())
    return [
        *(str(column.label) for column in columns.COLUMNS),
        _("Standing"),
        *(one.label(locale) for one in book().fields_of(FieldSubject.PARTNER)),
    ]


def lines(actor: Actor, filters: queries.Filters, at: datetime) -> Lines:
    """Yield the other lines, in the order of the list."""
    ids = queries.list_ids(actor, filters, at)
    for start in range(0, len(ids), AT_ONCE):
        yield list(_some(ids[start : start + AT_ONCE]))


def _some(ids: Sequence[int]) -> Iterator[list[Any]]:
    rows = {row.Partner.organisation_id: row for row in _read(ids)}
    certified, standing = _read_certified(ids), standings.find_now(ids)
    to_call = contacts.list_all(ids)
    for one in ids:
        if one in rows:
            colour = standing[one].colour if one in standing else Colour.GREEN
            cells = contact_cells.write_all(to_call.get(one, []))
            yield _line(rows[one], certified.get(one, []), cells, colour)


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


def _read_certified(ids: Sequence[int]) -> dict[int, list[tuple[int, date | None]]]:
    """Return the certifications and their last days, by firm."""
    held: dict[int, list[tuple[int, date | None]]] = {}
    for one in session().scalars(
        select(PartnerCertification)
        .where(PartnerCertification.organisation_id.in_(ids))
        .order_by(PartnerCertification.certification_id)
    ):
        held.setdefault(one.organisation_id, []).append((one.certification_id, one.expires_on))
    return held


def _line(
    row: AnyRow,
    certified: Sequence[tuple[int, date | None]],
    to_call: Mapping[str, str],
    colour: str,
) -> list[Any]:
    partner, firm = row.Partner, row.Organisation
    beside = {
        "number": firm.id,
        "name": firm.name,
        "kind": str(KIND_NAMES.get(firm.kind, firm.kind)),
        "parent": row.above or "",
        "account_manager": row.manager or "",
        "certifications": columns.write_certifications(certified),
        "zone": firm.timezone,
        **to_call,
    }
    return [
        *(
            beside[key] if key in beside else columns.write(key, getattr(partner, key))
            for key in (column.key for column in columns.COLUMNS)
        ),
        standings.colour_words(colour),
        *fields.cells(book().fields_of(FieldSubject.PARTNER), partner.custom, str(get_locale())),
    ]
