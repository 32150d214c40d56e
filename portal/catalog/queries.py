"""Reads of the catalogue. Small and read on every page, so each process keeps a copy."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy import select

from portal.catalog.models import EVERY, CustomField, Entry, Product, Reason
from portal.core.db import session
from portal.core.errors import NotFound

KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Book:
    """Every entry of the catalogue, by id and by (kind, key), and its fields. All are detached."""

    by_id: dict[int, Entry]
    by_key: dict[tuple[str, str], Entry]
    by_kind: dict[str, list[Entry]]
    edition: int
    """Another number whenever anything in it reads differently."""
    fields: dict[str, list[CustomField]] = field(default_factory=dict)
    """The programme's own fields by subject, those out of use included."""
    read_at: float = field(default_factory=time.monotonic)

    def label(self, entry_id: int | None, locale: str) -> str:
        """Return the label of an entry, empty for None or an unknown id."""
        entry = self.by_id.get(entry_id) if entry_id else None
        return entry.label(locale) if entry else ""

    def labels(self, ids: Sequence[int], locale: str) -> list[str]:
        """Return the labels of several entries."""
        return [text for text in (self.label(i, locale) for i in ids) if text]

    def active(self, kind: str) -> list[Entry]:
        """Return the entries of a kind that are in use, in their order."""
        return [entry for entry in self.by_kind.get(kind, []) if entry.active]

    def named(self, kind: str, keys: Collection[str]) -> list[Entry]:
        """Return the entries in use that are named, by their keys or as all of their sort."""
        every = {service for name, service in EVERY.items() if name in keys}
        return [
            entry
            for entry in self.active(kind)
            if entry.key in keys or (isinstance(entry, Product) and bool(entry.service) in every)
        ]

    def reasons(self, purpose: str) -> list[Reason]:
        """Return the reasons in use for one purpose."""
        return [
            entry
            for entry in self.active("reason")
            if isinstance(entry, Reason) and entry.purpose == purpose
        ]

    def find_reason(self, purpose: str, key: str) -> Reason | None:
        """Return a reason in use by its key (`too_far`) or its id."""
        for reason in self.reasons(purpose):
            if key in (short_key(reason), str(reason.id)):
                return reason
        return None

    def id_of(self, kind: str, key: str) -> int:
        """Return the id of an entry that must exist."""
        found = self.by_key.get((kind, key))
        if found is None:
            raise NotFound()
        return found.id

    def choices(
        self, kind: str, locale: str, named: Collection[int | None] = ()
    ) -> list[tuple[str, str]]:
        """Return (id, label) of the entries in use, for a form.

        Those `named` already stay and say so, that saving the form again doesn't drop them.
        """
        return [
            (str(entry.id), entry.label(locale) if entry.active else retired(entry.label(locale)))
            for entry in self.by_kind.get(kind, [])
            if entry.active or entry.id in named
        ]

    def fields_of(self, subject: str) -> list[CustomField]:
        """Return the programme's own fields about a subject that are in use, in their order."""
        return [one for one in self.fields.get(subject, []) if one.active]


def retired(name: str) -> str:
    """Mark the name of what can't be chosen any more, where it was chosen before."""
    return str(_("%(name)s (out of use)", name=name))


def short_key(reason: Reason) -> str:
    """Return the reason's key without its purpose: `decline.too_far` → `too_far`."""
    return reason.key.partition(".")[2] or reason.key


_book: Book | None = None


def book() -> Book:
    """Return the catalogue; at most five seconds old, changed entries of this process at once."""
    global _book
    if _book is None or time.monotonic() - _book.read_at > KEPT_SECONDS:
        _book = read_book()
    return _book


def read_book() -> Book:
    """Read the whole catalogue."""
    entries = session().scalars(select(Entry).order_by(Entry.kind, Entry.position, Entry.id)).all()
    kept = CustomField.__table__
    rows = session().execute(select(kept).order_by(kept.c.position, kept.c.id))
    by_subject: dict[str, list[CustomField]] = {}
    for row in rows.mappings():
        # made anew: what somebody changes in this session stays hers
        by_subject.setdefault(row["subject"], []).append(CustomField(**row))
    for entry in entries:
        session().expunge(entry)
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    return Book(
        by_id={entry.id: entry for entry in entries},
        by_key={(entry.kind, entry.key): entry for entry in entries},
        by_kind=by_kind,
        edition=hash(
            repr(
                [
                    [getattr(row, column.key) for column in row.__mapper__.columns]
                    for row in (*entries, *(one for each in by_subject.values() for one in each))
                ]
            )
        ),
        fields=by_subject,
    )


def forget_book() -> None:
    """Drop this process's copy: the next reader reads afresh."""
    global _book
    _book = None


def get_entry(entry_id: int) -> Entry:
    """Return an entry of the session or raise NotFound."""
    found = session().get(Entry, entry_id)
    if found is None:
        raise NotFound()
    return found


def get_field(field_id: int) -> CustomField:
    """Return one of the programme's own fields, of the session, or raise NotFound."""
    found = session().get(CustomField, field_id)
    if found is None:
        raise NotFound()
    return found
