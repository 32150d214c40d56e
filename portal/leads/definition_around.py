"""What a version may name that others keep: entries of the catalogue, policies, the vendor's units.

A version names entries and deadline policies by their keys and units by their names, so that its
file can be read anywhere. Once it is active its ways hold units by their ids: a unit may be called
otherwise then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import Organisation, OrganisationKind, Unit
from portal.catalog.fields import place_of
from portal.catalog.models import EVERY, FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.deadlines.queries import list_policies


@dataclass(frozen=True, slots=True)
class Around:
    """What there is: what entries are called, by kind and key, and the names of units.

    `in_use` are the keys that can be chosen anew, by kind. `own` is what the programme's own fields
    about leads are called, by the names under which a step asks for them; those in use are
    `own_in_use`. `policies` are the names of deadline policies by their keys, `policies_in_use` the
    keys of those that can be named; `standard` is the name of the one that holds where none is.
    """

    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    in_use: Mapping[str, Sequence[str]] = field(default_factory=dict)
    units: Sequence[str] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    own_in_use: Sequence[str] = ()
    policies: Mapping[str, str] = field(default_factory=dict)
    policies_in_use: Sequence[str] = ()
    standard: str = ""

    def name(self, kind: str, key: str) -> str:
        """Return what an entry is called; its key where there is none."""
        return self.entries.get(kind, {}).get(key, key)


KINDS = {"categories": "category", "products": "product"}
"""The kind of entries that a type names some of, by its name in `definition.Type`."""


def read_around() -> Around:
    """Return what there is, in the reader's language."""
    entries, locale, policies = book(), str(get_locale()), list_policies()
    every = {name: every_of(kind) for name, kind in KINDS.items()}
    return Around(
        {
            name: every[name]
            | {one.key: one.label(locale) for one in entries.by_kind.get(kind, ())}
            for name, kind in KINDS.items()
        },
        {
            name: [*every[name], *(one.key for one in entries.active(kind))]
            for name, kind in KINDS.items()
        },
        list_units(),
        {place_of(one.key): one.label(locale) for one in entries.fields.get(FieldSubject.LEAD, ())},
        [place_of(one.key) for one in entries.fields_of(FieldSubject.LEAD)],
        {one.key: one.name for one in policies},
        [one.key for one in policies if one.in_use],
        next((one.name for one in policies if one.standard), ""),
    )


def every_of(kind: str) -> dict[str, str]:
    """Return what stands for all entries of a sort, those that are added later as well."""
    if kind != "product":
        return {}
    words = {False: str(_("all products")), True: str(_("all services"))}
    return {name: words[service] for name, service in EVERY.items()}


def list_units() -> list[str]:
    """Return the names of the vendor's units."""
    return list(session().scalars(_UNITS.where(Unit.closed_at.is_(None))))


_UNITS = (
    select(Unit.name)
    .join(Organisation, Organisation.id == Unit.organisation_id)
    .where(Organisation.kind == OrganisationKind.VENDOR)
    .order_by(Unit.name)
)


def find_units(names: Iterable[str]) -> dict[str, int]:
    """Return the ids of units of the vendor by their names, as far as there are such."""
    asked = sorted(set(names))
    if not asked:
        return {}
    rows = session().execute(
        _UNITS.with_only_columns(Unit.name, Unit.id).where(
            Unit.name.in_(asked), Unit.closed_at.is_(None)
        )
    )
    return {row.name: row.id for row in rows}


def read_units(ids: Iterable[int]) -> dict[int, str]:
    """Return what units are called now, by id."""
    asked = sorted(set(ids))
    if not asked:
        return {}
    rows = session().execute(select(Unit.id, Unit.name).where(Unit.id.in_(asked)))
    return {row.id: row.name for row in rows}
