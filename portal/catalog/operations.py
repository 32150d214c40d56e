"""Verbs of the catalogue: add an entry, change one. Entries are never deleted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.catalog.bases import CHOICES
from portal.catalog.events import CatalogEntrySaved
from portal.catalog.models import (
    KINDS,
    REASON_PURPOSES,
    Blame,
    Entry,
    PartnerLevel,
    Reason,
    SizeBand,
    ValueBand,
)
from portal.catalog.queries import forget_book, get_entry
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record

STEP = 10


def add_entry(kind: str, values: Mapping[str, Any]) -> Entry:
    """Add an entry; its key is made from its name and never changes. Raises `Invalid`.

    `values`: names {"en", "de"}, position (None: at the end), active, and what the kind has.
    """
    if kind not in KINDS:
        raise NotFound()
    check(kind, values, None)
    key = make_key(values["names"]["en"])
    if kind == "reason":
        key = f"{values['purpose']}.{key}"
    taken = set(session().scalars(select(Entry.key).where(Entry.kind == kind)))
    number, wanted = 2, key
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    last = session().scalar(select(func.max(Entry.position)).where(Entry.kind == kind)) or 0
    entry = KINDS[kind](key=key)
    _take(entry, {**values, "position": values.get("position") or last + STEP})
    session().add(entry)
    session().flush()
    forget_book()
    return entry


def save_entry(entry_id: int, kind: str, values: Mapping[str, Any], at: datetime) -> Entry:
    """Change an entry; a reason keeps its purpose. Raises `Invalid` or `NotFound`."""
    entry = get_entry(entry_id)
    if entry.kind != kind:
        raise NotFound()
    if isinstance(entry, Reason):
        values = {**values, "purpose": entry.purpose}
    check(kind, values, entry)
    before = {name: getattr(entry, name) for name in values}
    _take(entry, values)
    session().flush()
    forget_book()
    fields = sorted(name for name in before if getattr(entry, name) != before[name])
    if fields:
        record(CatalogEntrySaved(at=at, entry_id=entry.id, kind=entry.kind, fields=fields))
    return entry


def _take(entry: Entry, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name == "position" and value is None:
            continue
        setattr(entry, name, value)


def check(kind: str, values: Mapping[str, Any], entry: Entry | None) -> None:
    """Raise `Invalid` naming the fields to look at again."""
    errors: dict[str, str] = {}
    names = values["names"]
    own_id = entry.id if entry else None
    if not names.get("en"):
        errors["name_en"] = _("Please give it a name.")
    elif _name_taken(kind, names["en"], values, own_id):
        errors["name_en"] = _("There is an entry with this name already.")
    if kind in ("size_band", "value_band"):
        errors.update(_check_band(kind, values, own_id))
    if kind == "reason":
        if values.get("purpose") not in REASON_PURPOSES:
            errors["purpose"] = _("Please choose what the reason is for.")
        if values.get("blame") not in set(Blame):
            errors["blame"] = _("Please choose whom it counts against.")
    if kind == "partner_level":
        rank = values.get("rank")
        if rank is None or rank < 1:
            errors["rank"] = _("Please give a number above 0; a higher one is a higher level.")
        elif session().scalar(
            select(PartnerLevel.id).where(PartnerLevel.rank == rank, PartnerLevel.id != own_id)
            if own_id
            else select(PartnerLevel.id).where(PartnerLevel.rank == rank)
        ):
            errors["rank"] = _("Another level has this rank.")
    if kind == "source" and values.get("basis") not in (None, *CHOICES):
        errors["basis"] = _("Please choose one of the list.")
    if kind == "product":
        brand = session().get(Entry, values["brand_id"]) if values.get("brand_id") else None
        if values.get("brand_id") and (brand is None or brand.kind != "brand"):
            errors["brand_id"] = _("Please choose from the list.")
        address = values.get("price_book")
        if address and not _is_address(address):
            errors["price_book"] = _("Please give a whole address that begins with https://.")
    if errors:
        raise Invalid(errors)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False


def _name_taken(kind: str, name: str, values: Mapping[str, Any], own_id: int | None) -> bool:
    same = select(Entry.id).where(
        Entry.kind == kind, func.lower(Entry.names["en"].astext) == name.lower()
    )
    if kind == "reason":
        same = same.where(Entry.key.startswith(f"{values.get('purpose')}."))
    return any(found != own_id for found in session().scalars(same))


def _check_band(kind: str, values: Mapping[str, Any], own_id: int | None) -> dict[str, str]:
    low, high = values.get("low"), values.get("high")
    if low is None or low < 0:
        return {"low": _("Please give the lower end, 0 or more.")}
    if high is not None and high <= low:
        return {"high": _("The upper end has to be above the lower one.")}
    if not values.get("active", True):
        return {}
    model: type[SizeBand | ValueBand] = SizeBand if kind == "size_band" else ValueBand
    for other in session().scalars(select(model).where(model.active)):
        if other.id == own_id:
            continue
        begins, ends = other.low or Decimal(0), other.high
        if (ends is None or low < ends) and (high is None or begins < high):
            return {"low": _("This overlaps with %(name)s.", name=other.label("en"))}
    return {}


def make_key(name: str) -> str:
    """Make a stable key out of a name: "Trade fair & congress" → "trade_fair_congress"."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60] or "entry"


EXTRA: dict[str, tuple[str, ...]] = {
    "product": ("service", "brand_id", "price_book"),
    "industry": ("synonyms",),
    "source": ("expectation", "basis", "synonyms"),
    "size_band": ("low", "high"),
    "value_band": ("low", "high"),
    "reason": ("purpose", "blame"),
    "partner_level": ("rank",),
}
"""What entries of a kind have beside name, position and whether they are in use."""
