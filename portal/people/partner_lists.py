"""Partners from a list: which column means what, what becomes of each row, and bringing it in.

A look at what would become of a list is the very same as bringing it in, taken back at the end: so
both say the same. A row is taken as a whole or not at all. What the cells mean stands in
`partners.columns`, how a file is opened in `imports.reading` and `imports.workbook`.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts import operations as accounts
from portal.accounts import tree
from portal.accounts.actor import Actor
from portal.accounts.models import PARTNER_KINDS, Organisation, OrganisationKind, User
from portal.accounts.words import KIND_NAMES
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.imports.reading import BrokenRow, Table, open_table
from portal.imports.workbook import MAGIC, convert
from portal.leads.intake.normalise import spelling_key
from portal.partners import columns, contact_cells, contacts, operations, queries
from portal.partners.columns import COLUMNS, OF_CONTACTS, OF_FIRM, Unreadable
from portal.partners.models import Partner

MOST_ROWS = 1000
MOST_BYTES = 1024 * 1024
OWN = "own:"
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
KIND_WORDS = {
    "distributor": OrganisationKind.DISTRIBUTOR,
    "distributorin": OrganisationKind.DISTRIBUTOR,
    "reseller": OrganisationKind.RESELLER,
    "haendler": OrganisationKind.RESELLER,
    "fachhaendler": OrganisationKind.RESELLER,
}


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(slots=True)
class ListRow:
    """A row of the list: what it says, what becomes of it, and what speaks against, by column."""

    number: int
    values: dict[str, str]
    fate: Fate = Fate.REFUSED
    errors: dict[str, str] = field(default_factory=dict)
    changed: Sequence[str] = ()
    firm_id: int | None = None


# -- reading ----------------------------------------------------------------------------------


def read(content: bytes) -> list[ListRow]:
    """Read a list, CSV or a workbook. Raises `Invalid` at `list`, and `UnreadableFile`."""
    if content.startswith(MAGIC) and len(content) <= MOST_BYTES:
        content = _of_workbook(content)
    if len(content) > MOST_BYTES:
        raise Invalid({"list": _("This list is longer than 1 MB. Please bring it in in parts.")})
    table = open_table(io.BytesIO(content))
    places = _places(table)
    rows: list[ListRow] = []
    for record in table:
        if len(rows) >= MOST_ROWS:
            raise Invalid(
                {"list": _("At most %(limit)d partners at a time, please.", limit=MOST_ROWS)}
            )
        if isinstance(record, BrokenRow):
            rows.append(ListRow(record.number, {}, errors={"row": record.message}))
            continue
        values = {key: _bare(record.values[header]) for key, header in places.items()}
        rows.append(ListRow(record.number, values))
    if not rows:
        raise Invalid({"list": _("There is no partner in this list.")})
    return rows


def _of_workbook(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "list.xlsx", Path(folder) / "list.csv"
        path.write_bytes(content)
        if not convert(path, out).sheet:
            raise Invalid({"list": _("Please keep one sheet in the workbook.")})
        return out.read_bytes()


def _bare(cell: str) -> str:
    """Return a cell without the sign that keeps a list of ours from being a formula."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _places(table: Table) -> dict[str, str]:
    """Return which header of the file stands for which column."""
    known: dict[str, str] = {}
    for one in COLUMNS:
        words = (one.key, str(one.label), *one.known_as.split("|"))
        known |= {spelling_key(word): one.key for word in words if word}
    for own in book().fields_of(FieldSubject.PARTNER):
        key = OWN + own.key
        known |= {
            spelling_key(word): key
            for word in (key, own.label("en"), own.label("de"))
            if spelling_key(word) not in known
        }
    found: dict[str, str] = {}
    for header in table.headers:
        meant = known.get(spelling_key(header))
        if meant:
            found.setdefault(meant, header)
    if "name" not in found and "number" not in found:
        raise Invalid({"list": _("The first row must name the columns: at least Name or Number.")})
    return found


def write(rows: Iterable[ListRow]) -> str:
    """Return rows as a plain table, to be read again when they are confirmed."""
    named = [row for row in rows if row.values]
    heads = list(dict.fromkeys(key for row in named for key in row.values))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([row.values.get(key, "") for key in heads] for row in named)
    return out.getvalue()


# -- what becomes of it -----------------------------------------------------------------------


def look(rows: Sequence[ListRow], actor: Actor, at: datetime) -> None:
    """Say what would become of each row; nothing stays."""
    with session().begin_nested() as all_of_it:
        bring_in(rows, actor, at)
        all_of_it.rollback()
    session().expire_all()


def bring_in(rows: Sequence[ListRow], actor: Actor, at: datetime) -> None:
    """Make and change the partners of a list, each row as a whole or not at all."""
    seen: dict[int, int] = {}
    # who stands below a firm of the list comes behind it; two lists at once take the same order
    for row in sorted(rows, key=lambda one: (bool(one.values.get("parent")), _sorted_by(one))):
        if not row.values:
            continue
        row.errors, row.changed = {}, ()
        try:
            with session().begin_nested():
                row.fate = _take(row, actor, at, seen)
        except Invalid as refusal:
            row.fate, row.errors = Fate.REFUSED, dict(refusal.errors)


def _sorted_by(row: ListRow) -> tuple[str, str]:
    return row.values.get("name", "").casefold(), row.values.get("number", "")


def _take(row: ListRow, actor: Actor, at: datetime, seen: dict[int, int]) -> Fate:
    values = {key: cell for key, cell in row.values.items() if cell}
    partner = _find(values, actor)
    wanted, errors = _wanted(values)
    said = _contacts(partner, values, errors)
    if partner is None:
        partner = _make(values, wanted, errors, at)
        fate = Fate.NEW
    else:
        fate = Fate.SAME
    if partner.organisation_id in seen:
        number = seen[partner.organisation_id]
        raise Invalid({"name": _("Stands in row %(number)d already.", number=number)})
    manager = _manager(values, errors)
    if errors:
        raise Invalid(errors)
    changed = [
        *_change(partner, values, wanted, at),
        *_change_contacts(partner, values, said, at),
    ]
    if "account_manager" in values and tree.set_account_manager(partner.organisation, manager, at):
        changed = [*changed, "account_manager"]
    seen[partner.organisation_id] = row.number
    row.changed, row.firm_id = changed, partner.organisation_id
    return Fate.CHANGED if fate is Fate.SAME and changed else fate


def _find(values: Mapping[str, str], actor: Actor) -> Partner | None:
    """Return the partner that a row means, None where it is a new one. Raises `Invalid`."""
    number, name = values.get("number", ""), values.get("name", "")
    if name.startswith(FORMULA) and not number:
        raise Invalid({"name": _("This looks like a formula, not like a name.")})
    firm: Organisation | None
    if number:
        plain = number.removesuffix(".0")
        firm = (
            session().get(Organisation, int(plain))
            if plain.isdecimal() and len(plain) < 15
            else None
        )
        if firm is None:
            raise Invalid({"number": _("There is no partner with this number.")})
        if name and firm.name.casefold() != name.casefold():
            raise Invalid({"number": _("This is the number of %(firm)s.", firm=firm.name)})
    else:
        firm = session().scalar(
            select(Organisation).where(func.lower(Organisation.name) == name.lower())
        )
    if firm is None:
        return None
    found = session().scalar(queries.visible_to(actor).where(Partner.organisation_id == firm.id))
    if found is None:
        raise Invalid({"name": _("There is a firm of this name that is no partner.")})
    return found


def _wanted(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the cells of a profile mean, and which of them can't be read."""
    wanted: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for key, cell in values.items():
        if key in OF_FIRM or key.startswith(OWN):
            continue
        try:
            wanted[key] = columns.read(key, cell)
        except Unreadable as refusal:
            errors[key] = str(refusal)
    try:
        if "certifications" in values:
            columns.read_certifications(values["certifications"])
    except Unreadable as refusal:
        errors["certifications"] = str(refusal)
    for key in ("capacity", "rep_capacity", "country"):
        if wanted.get(key, 0) is None:
            errors[key] = _("Please fill this in.")
    return wanted, errors


def _contacts(
    partner: Partner | None, values: Mapping[str, str], errors: dict[str, str]
) -> Mapping[str, Sequence[contact_cells.Said]]:
    """Return whom the cells name that don't come back as they left, by column."""
    held = contacts.list_contacts(partner.organisation_id) if partner else []
    now = contact_cells.write_all(held)
    said: dict[str, Sequence[contact_cells.Said]] = {}
    for key, function in contact_cells.COLUMNS.items():
        cell = values.get(key, "")
        if not cell or cell == now[key]:
            continue
        try:
            said[key] = contact_cells.read(cell, [one for one in held if one.function == function])
        except Unreadable as refusal:
            errors[key] = str(refusal)
    return said


def _make(
    values: Mapping[str, str], wanted: Mapping[str, Any], errors: dict[str, str], at: datetime
) -> Partner:
    """Make the firm of a row with its country; the rest follows as for any other."""
    vendor = (
        session()
        .scalars(select(Organisation).where(Organisation.kind == OrganisationKind.VENDOR))
        .one()
    )
    kind = _kind(values.get("kind", ""), errors)
    parent = vendor
    if "parent" in values:
        named = func.lower(Organisation.name) == values["parent"].lower()
        found = session().scalar(select(Organisation).where(named))
        if found is None or not tree.may_stand_below(kind, found.kind):
            errors["parent"] = _("There is no distributor with this name.")
        else:
            parent = found
    if "country" not in wanted and "country" not in errors:
        errors["country"] = _("Please choose a country.")
    if errors:
        raise Invalid(errors)
    firm = accounts.add_organisation(
        kind, values.get("name", ""), at, parent, locale=vendor.locale, timezone=vendor.timezone
    )
    return operations.create_partner(firm, at, country=wanted["country"])


def _kind(said: str, errors: dict[str, str]) -> OrganisationKind:
    if not said:
        return OrganisationKind.RESELLER
    names = {spelling_key(str(KIND_NAMES[kind])): kind for kind in PARTNER_KINDS}
    kind = (names | KIND_WORDS).get(spelling_key(said))
    if kind is None:
        errors["kind"] = _("Please say Reseller or Distributor.")
        return OrganisationKind.RESELLER
    return OrganisationKind(kind)


def _manager(values: Mapping[str, str], errors: dict[str, str]) -> int | None:
    """Return who of the vendor is named; two of one name are told apart by e-mail."""
    said = values.get("account_manager", "")
    if said in ("", columns.CLEARS):
        return None
    staff = (
        session()
        .scalars(
            select(User)
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(
                Organisation.kind == OrganisationKind.VENDOR,
                User.active,
                (func.lower(User.name) == said.lower()) | (User.email == said.lower()),
            )
        )
        .all()
    )
    if len(staff) != 1:
        errors["account_manager"] = (
            _("Several people are called so; please give the e-mail address.")
            if staff
            else _("Nobody of the vendor is called so.")
        )
        return None
    return staff[0].id


def _change(
    partner: Partner, values: Mapping[str, str], wanted: Mapping[str, Any], at: datetime
) -> Sequence[str]:
    """Save what a row says otherwise than the profile does; return the names of it."""
    new = {key: value for key, value in wanted.items() if getattr(partner, key) != value}
    if ("city" in new or "country" in new) and not {"latitude", "longitude"} & new.keys():
        # those of the place before: looked up anew
        new |= {"city": wanted.get("city", partner.city), "latitude": None, "longitude": None}
    elif {"latitude", "longitude"} & new.keys():
        new |= {key: wanted.get(key, getattr(partner, key)) for key in ("latitude", "longitude")}
    if {"city", "subdivision"} & new.keys():
        new.setdefault("country", partner.country)
    before = _seen_of(partner)
    own = {
        key.removeprefix(OWN): _empty(cell) for key, cell in values.items() if key.startswith(OWN)
    }
    held = (
        columns.read_certifications(values["certifications"])
        if "certifications" in values
        else None
    )
    operations.save_profile(
        partner, at, certifications=held, zone=values.get("zone"), custom=own, **new
    )
    after = _seen_of(partner)
    return [key for key in after if before[key] != after[key]]


def _change_contacts(
    partner: Partner,
    values: Mapping[str, str],
    people: Mapping[str, Sequence[contact_cells.Said]],
    at: datetime,
) -> list[str]:
    """Save whom to call where a row says otherwise; return the names of it. Raises `Invalid`."""
    before = now = contact_cells.write_all(contacts.list_contacts(partner.organisation_id))
    for key in OF_CONTACTS:
        said = values.get(key, "")
        try:
            if key in people:
                contacts.set_contacts(partner, contact_cells.COLUMNS[key], people[key], at)
            elif key not in contact_cells.COLUMNS and said and said != now[key]:
                contacts.set_responsible(partner, _empty(said) or None, at)
        except Invalid as refusal:
            raise Invalid({key: refusal.message}) from refusal
        now = contact_cells.write_all(contacts.list_contacts(partner.organisation_id))
    return [key for key in OF_CONTACTS if before[key] != now[key]]


def _empty(cell: str) -> str:
    return "" if cell == columns.CLEARS else cell


def _seen_of(partner: Partner) -> dict[str, Any]:
    """Return what a list can change of a partner, as it is now."""
    held = queries.list_certifications(partner.organisation_id)
    return {
        **{one.key: getattr(partner, one.key) for one in COLUMNS if one.key not in OF_FIRM},
        "zone": partner.organisation.timezone,
        "certifications": [(one.certification_id, one.expires_on) for one in held],
        "own": dict(partner.custom),
    }
