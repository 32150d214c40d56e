"""Answers in the programme's own fields that rules ask for: how they are written, met and told.

Of a choice an answer is its key, of yes or no that word, of a number or a day a span `5..20`, in
which an end may be missing. What is written freely can't be asked for. Not here: what lists ask
for (`field_filters`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Numeric, SQLColumnExpression, and_, cast, false, literal

from portal.catalog.field_filters import holds, text_of
from portal.catalog.fields import CHOOSING, NUMBERS, choice_names, choices_of
from portal.catalog.models import CustomField, FieldKind
from portal.core.amounts import fits
from portal.web.filters import number

DOTS = ".."
CLOSED = (FieldKind.YES_NO, *CHOOSING)
"""Kinds of which one answer or several are ticked."""

SPANNED = (*NUMBERS, FieldKind.DAY)
"""Kinds of which a span is asked for."""

ASKED = (*CLOSED, *SPANNED)


def write_span(low: Any, high: Any) -> str:
    """Return a span as it is kept, empty without both ends."""
    ends = ["" if end is None else str(end) for end in (low, high)]
    return DOTS.join(ends) if any(ends) else ""


def read_span(answer: str) -> tuple[str, str]:
    """Return both ends of a span as they are kept; a missing one is empty."""
    low, _dots, high = answer.partition(DOTS)
    return low, high


def is_possible(field: CustomField, answer: str) -> bool:
    """Say whether a field can be answered so; a choice out of use can be."""
    if field.kind == FieldKind.YES_NO:
        return answer in ("yes", "no")
    if field.kind in CHOOSING:
        return any(choice["key"] == answer for choice in field.choices)
    return field.kind in SPANNED and DOTS in answer and _ends(field, answer) is not None


def in_use(field: CustomField, answer: str) -> bool:
    """Say whether a field is asked, and still to be answered so."""
    retired = (one["key"] for one in field.choices if not one["active"])
    return field.active and (field.kind not in CHOOSING or answer not in retired)


def _ends(field: CustomField, answer: str) -> tuple[Any, Any] | None:
    """Return both ends as values; None for a span that is none, or ends before it begins."""
    made: Any = date.fromisoformat if field.kind == FieldKind.DAY else _figure
    try:
        low, high = (made(end) if end else None for end in read_span(answer))
    except (ValueError, InvalidOperation):
        return None
    if low is None and high is None:
        return None
    return None if low is not None and high is not None and high < low else (low, high)


def _figure(end: str) -> Decimal:
    found = Decimal(end)
    if not fits(found):
        raise InvalidOperation
    return found


def is_met(field: CustomField, kept: Any, answer: str) -> bool:
    """Say whether what is kept in a field is the answer; where nothing is, it isn't."""
    if kept is None or not is_possible(field, answer):
        return False
    if field.kind == FieldKind.YES_NO:
        return bool(kept) == (answer == "yes")
    if field.kind in CHOOSING:
        return answer in ([kept] if isinstance(kept, str) else kept)
    value = date.fromisoformat(kept) if field.kind == FieldKind.DAY else Decimal(str(kept))
    low, high = _ends(field, answer) or (None, None)
    return (low is None or value >= low) and (high is None or value <= high)


def condition(
    field: CustomField, column: SQLColumnExpression[Any], answer: str
) -> ColumnElement[bool]:
    """Return the condition on the column of values under which `is_met` holds."""
    if not is_possible(field, answer):
        return false()
    if field.kind == FieldKind.YES_NO:
        return holds(column, {field.key: answer == "yes"})
    if field.kind in CHOOSING:
        several = field.kind == FieldKind.SEVERAL
        return holds(column, {field.key: [answer] if several else answer})
    # days as they are kept stand in the order of their texts
    kept = text_of(column, field.key)
    found: ColumnElement[Any] = (
        kept.collate("C") if field.kind == FieldKind.DAY else cast(kept, Numeric)
    )
    low, high = _ends(field, answer) or (None, None)
    asked = (
        None if low is None else found >= _bound(low),
        None if high is None else found <= _bound(high),
    )
    # where nothing is kept it is not unknown but no
    return and_(kept.is_not(None), *(one for one in asked if one is not None))


def _bound(end: date | Decimal) -> Any:
    return end.isoformat() if isinstance(end, date) else literal(end, Numeric())


def choices(field: CustomField, locale: str) -> list[tuple[str, str]]:
    """Return the answers of a field that can be ticked, with their words."""
    if field.kind == FieldKind.YES_NO:
        return [("yes", str(_("Yes"))), ("no", str(_("No")))]
    return choices_of(field, locale) if field.kind in CHOOSING else []


def words(field: CustomField, answer: str, locale: str) -> str:
    """Return an answer in words, empty for one that is none."""
    if not is_possible(field, answer):
        return ""
    if field.kind in CHOOSING:
        return ", ".join(choice_names(field, [answer], locale))
    if field.kind == FieldKind.YES_NO:
        return dict(choices(field, locale))[answer]
    low, high = _ends(field, answer) or (None, None)
    if field.kind == FieldKind.DAY:
        return _days(low, high)
    if high is None:
        return str(_("at least %(least)s", least=number(low)))
    if low is None:
        return str(_("at most %(most)s", most=number(high)))
    return str(_("%(least)s to %(most)s", least=number(low), most=number(high)))


def _days(low: date | None, high: date | None) -> str:
    first = format_date(low, "medium") if low else ""
    last = format_date(high, "medium") if high else ""
    if not last:
        return str(_("from %(day)s on", day=first))
    if not first:
        return str(_("until %(day)s", day=last))
    return str(_("%(least)s to %(most)s", least=first, most=last))


def find(fields: Mapping[str, CustomField], said: str) -> tuple[CustomField | None, str]:
    """Return the field and the answer that `key=answer` names; None for a field that is not."""
    key, _equals, answer = said.partition("=")
    return fields.get(key), answer
