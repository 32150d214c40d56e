"""How lists of leads tell what stands in a column: in words on a page, as values in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from portal.catalog import fields
from portal.catalog.bases import WORDS
from portal.catalog.queries import book
from portal.core.db import AnyRow, session
from portal.desk.lead_columns import Column
from portal.desk.lead_filters import KINDS, STATES, TEMPERATURES
from portal.feedback.rules import words_of
from portal.leads.levels import ForAll, for_all
from portal.leads.models import LeadDefinition, LeadStatus, LeadType
from portal.web.filters import local, moments, money, number

LEVELS = ("priority", "importance")
FIXED = (
    ("state", STATES),
    ("kind", KINDS),
    ("temperature", TEMPERATURES),
    ("basis", tuple(WORDS.items())),
)


class Telling:
    """The words of one reader's language for what stands in the columns of a list."""

    def __init__(self) -> None:
        self.locale = str(get_locale())
        self.book = book()
        self.fixed: Mapping[str, Mapping[str, Any]] = {
            kind: {key: str(words) for key, words in choices} for kind, choices in FIXED
        }

    @cached_property
    def when(self) -> Callable[[datetime], str]:
        """Return how moments are said."""
        return moments()

    @cached_property
    def levels(self) -> ForAll:
        """Return what priorities and importances are called."""
        return for_all()

    @property
    def statuses(self) -> Mapping[int, str]:
        """Return what all statuses are called: old leads keep theirs."""
        return self._statuses[0]

    @property
    def status_choices(self) -> Sequence[tuple[str, str]]:
        """Return the statuses in use, by key."""
        return self._statuses[1]

    @property
    def types(self) -> Mapping[int, str]:
        """Return what all types are called: old leads keep theirs."""
        return self._types[0]

    @property
    def type_choices(self) -> Sequence[tuple[str, str]]:
        """Return the types in use, by key."""
        return self._types[1]

    @cached_property
    def _statuses(self) -> tuple[dict[int, str], list[tuple[str, str]]]:
        return self._defined(LeadStatus, LeadStatus.position)

    @cached_property
    def _types(self) -> tuple[dict[int, str], list[tuple[str, str]]]:
        return self._defined(LeadType, LeadType.position)

    def _defined(
        self, kind: type[LeadType | LeadStatus], order: Any
    ) -> tuple[dict[int, str], list[tuple[str, str]]]:
        """Return what all of a kind are called, and those in use by key: old leads keep theirs."""
        rows = session().execute(
            select(kind.id, kind.key, kind.names, LeadDefinition.active)
            .join(LeadDefinition, LeadDefinition.id == kind.definition_id)
            .order_by(order)
        )
        names, choices = {}, []
        for row in rows:
            names[row.id] = row.names.get(self.locale[:2]) or row.names.get("en") or row.key
            if row.active:
                choices.append((row.key, names[row.id]))
        return names, choices

    def words(self, column: Column, value: Any) -> str:
        """Return what a page says of a value; empty for nothing."""
        if value is None or value == "":
            return ""
        if column.kind in ("moment", "due"):
            return self.when(value)
        if column.kind == "money":
            return money(value)
        if column.kind == "number":
            return number(value)
        if column.own is not None:
            return fields.words(column.own, value, self.locale)
        if column.kind in LEVELS:
            return self.levels.words(column.kind, value)
        return str(self.value(column, value))

    def value(self, column: Column, value: Any) -> Any:
        """Return what a file holds of a value: dates and numbers as such, all else in words."""
        if value is None:
            return ""
        if column.own is not None:
            return fields.plain(column.own, value, self.locale)
        kind = column.kind
        if kind in self.fixed:
            return self.fixed[kind].get(value, str(value))
        if kind in ("moment", "due"):
            # a spreadsheet knows no zones: the reader's clock
            return local(value).replace(tzinfo=None, microsecond=0)
        if kind == "status":
            return self.statuses.get(value, "")
        if kind == "type":
            return self.types.get(value, "")
        if kind == "entry":
            return self.book.label(value, self.locale)
        if kind == "entries":
            return ", ".join(self.book.labels(value, self.locale))
        if kind == "answer":
            return words_of(value)
        if kind == "country":
            return str(get_locale().territories.get(value, value))
        if kind == "language":
            return str(get_locale().languages.get(value, value))
        if kind == "flag":
            return _("Yes") if value else ""
        return value


def headings(columns: Sequence[Column]) -> list[str]:
    """Return the first line of a file."""
    return [_("Number"), _("Title"), *(str(column.label) for column in columns)]


def lines(
    columns: Sequence[Column], batches: Iterator[Sequence[AnyRow]], telling: Telling
) -> Iterator[list[list[Any]]]:
    """Yield the other lines, some hundred at a time."""
    for rows in batches:
        yield [
            [
                row.number,
                row.title,
                *(telling.value(column, getattr(row, column.key)) for column in columns),
            ]
            for row in rows
        ]
