"""The customers of a list as the lines of a file, with the programme's own fields.

Who they are comes from `who`, which asks who may know and logs each look, as pages do. Not here:
how a file is written (`web.sheets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.catalog import fields
from portal.catalog.models import CustomField, FieldSubject
from portal.catalog.queries import book
from portal.customers import queries, who
from portal.customers.models import AddressKind, Customer
from portal.customers.sight import sees_addresses, sees_business
from portal.customers.who import Who
from portal.web.sheets import AT_ONCE, Lines


def headings(actor: Actor) -> list[str]:
    """Return the first line: what this reader may know of customers."""
    locale = str(get_locale())
    return [
        *(_("Number"), _("Name"), _("Company or person"), _("City"), _("Country")),
        *(_business() if sees_business(actor) else ()),
        *(_reach() if sees_addresses(actor) else ()),
        *(one.label(locale) for one in _own(actor)),
    ]


def _business() -> list[str]:
    return [_("Number in the ERP system"), _("Classification"), _("Credit rating")]


def _reach() -> list[str]:
    return [_("Street"), _("Postcode"), _("Web address"), _("E-mail"), _("Phone")]


def _own(actor: Actor) -> Sequence[CustomField]:
    return book().fields_of(FieldSubject.CUSTOMER) if sees_addresses(actor) else ()


def lines(actor: Actor, filters: queries.Filters, at: datetime) -> Lines:
    """Yield the other lines, in the order of the list."""
    ids = queries.list_ids(actor, filters)
    for start in range(0, len(ids), AT_ONCE):
        some = queries.by_id(dict.fromkeys(ids[start : start + AT_ONCE]))
        known = who.load(list(some), actor, at)
        yield [_line(one, known.get(one.id), actor) for one in some.values()]


def _line(one: Customer, known: Who | None, actor: Actor) -> list[Any]:
    locale, entries = str(get_locale()), book()
    line: list[Any] = [
        one.number,
        known.name if known else "",
        _("Company") if one.kind == "company" else _("Person"),
        one.city or "",
        str(get_locale().territories.get(one.country or "", one.country or "")),
    ]
    if sees_business(actor):
        line += [
            one.erp_number or "",
            entries.label(one.classification_id, locale),
            entries.label(one.credit_rating_id, locale),
        ]
    if sees_addresses(actor):
        line += _reached_at(known)
    return [*line, *fields.cells(_own(actor), one.custom, locale)]


def _reached_at(known: Who | None) -> list[str]:
    if known is None:
        return [""] * 5
    return [
        known.street or "",
        known.postcode or "",
        known.domain or "",
        *(", ".join(a.shown for a in known.addresses if a.kind == kind) for kind in AddressKind),
    ]
