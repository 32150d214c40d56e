"""By what a list is put in order that goes by one of the programme's own fields. No I/O.

Numbers go from the highest, days from the first on, choices as the field has them, words by their
letters; whoever says nothing stands last.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Numeric, SQLColumnExpression, Text, case, cast, func, literal

from portal.catalog.field_filters import text_of
from portal.catalog.fields import LARGEST, NUMBERS
from portal.catalog.models import CustomField, FieldKind

ORDERED = tuple(kind for kind in FieldKind if kind != FieldKind.LONG_TEXT)
"""Kinds by which a list can be put in order."""

SAID, SILENT = "0", "1"
"""What a place begins with that is made of words, so that nothing stands behind everything."""


def is_down(field: CustomField) -> bool:
    """Tell whether the order goes down."""
    return field.kind in NUMBERS


def missing(field: CustomField) -> Any:
    """Return the place of whoever says nothing in the field."""
    if field.kind in NUMBERS:
        return literal(-10 * LARGEST, Numeric())
    if field.kind in (FieldKind.YES_NO, FieldKind.ONE, FieldKind.SEVERAL):
        return len(field.choices) + 2
    return SILENT


def place(field: CustomField, column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """Return the place of what is kept in a column of values, NULL where nothing is."""
    kept = text_of(column, field.key)
    if field.kind in NUMBERS:
        return cast(kept, Numeric)
    if field.kind == FieldKind.YES_NO:
        return case((kept == "true", 0), (kept == "false", 1))
    if field.kind in (FieldKind.ONE, FieldKind.SEVERAL):
        first = kept if field.kind == FieldKind.ONE else column[field.key][0].astext
        return case(*((first == one["key"], n) for n, one in enumerate(field.choices)))
    return literal(SAID, Text()) + func.lower(kept)
