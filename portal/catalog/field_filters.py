"""What may be asked of the programme's own fields in lists, and the conditions it makes. No I/O.

Whatever is odd in an address is left out. Not here: of whom a reader may ask it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Numeric,
    SQLColumnExpression,
    and_,
    cast,
    func,
    literal,
    literal_column,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.catalog.fields import NUMBERS, PREFIX, choices_of, place_of
from portal.catalog.models import CustomField, FieldKind
from portal.core.amounts import fits

Make = Callable[[SQLColumnExpression[Any], str], ColumnElement[bool] | None]
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask for: `place` is its name in an address, `kind` how a page asks it.

    `made` returns the condition on the column of values, None for what can't be understood.
    """

    place: str
    label: str
    kind: str
    made: Make
    choices: tuple[tuple[str, str], ...] = ()


def questions(field: CustomField, locale: str) -> Iterator[Question]:
    """Yield what may be asked of a field: a choice, a part of a text, or from and to."""
    kind, place, label = FieldKind(field.kind), place_of(field.key), field.label(locale)
    if kind == FieldKind.YES_NO:
        yes_no = (("yes", _("Yes")), ("no", _("No")))
        yield Question(place, label, "choice", _said(field.key), yes_no)
    elif kind in (FieldKind.ONE, FieldKind.SEVERAL):
        # leads of yesterday keep choices that are out of use
        known = tuple(choices_of(field, locale, [choice["key"] for choice in field.choices]))
        several = kind == FieldKind.SEVERAL
        yield Question(place, label, "choice", _chosen(field, several=several), known)
    elif kind in NUMBERS or kind == FieldKind.DAY:
        asked = "day" if kind == FieldKind.DAY else "number"
        for end, words in (("from", _("%(what)s, from")), ("to", _("%(what)s, to"))):
            made = _day(field.key, end) if kind == FieldKind.DAY else _number(field.key, end)
            yield Question(f"{place}-{end}", words % {"what": label}, asked, made)
    else:
        yield Question(place, label, "text", _part(field.key))


def _said(key: str) -> Make:
    def made(column: SQLColumnExpression[Any], value: str) -> ColumnElement[bool] | None:
        known = {"yes": True, "no": False}
        return holds(column, {key: known[value]}) if value in known else None

    return made


def _chosen(field: CustomField, *, several: bool) -> Make:
    keys = {choice["key"] for choice in field.choices}

    def made(column: SQLColumnExpression[Any], value: str) -> ColumnElement[bool] | None:
        if value not in keys:
            return None
        return holds(column, {field.key: [value] if several else value})

    return made


def _part(key: str) -> Make:
    def made(column: SQLColumnExpression[Any], value: str) -> ColumnElement[bool] | None:
        return text_of(column, key).icontains(value, autoescape=True) if value else None

    return made


def _number(key: str, end: str) -> Make:
    def made(column: SQLColumnExpression[Any], value: str) -> ColumnElement[bool] | None:
        try:
            bound = Decimal(value.replace(",", "."))
        except InvalidOperation:
            return None
        if not fits(bound) or abs(bound) >= 10**15:
            return None
        found, limit = cast(text_of(column, key), Numeric), literal(bound, Numeric())
        return found >= limit if end == "from" else found <= limit

    return made


def _day(key: str, end: str) -> Make:
    def made(column: SQLColumnExpression[Any], value: str) -> ColumnElement[bool] | None:
        try:
            bound = date.fromisoformat(value).isoformat()
        except ValueError:
            return None
        # days as they are kept stand in the order of their texts
        found = text_of(column, key).collate("C")
        return found >= bound if end == "from" else found <= bound

    return made


def holds(column: SQLColumnExpression[Any], part: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition that values hold these, which their index answers."""
    found: ColumnElement[bool] = column.op("@>", is_comparison=True)(literal(part, JSONB))
    return found


def text_of(column: SQLColumnExpression[Any], key: str) -> ColumnElement[Any]:
    """Return one of the values as text."""
    found: ColumnElement[Any] = column[key].astext
    return found


SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
STRINGS: ColumnElement[Any] = literal_column("""'["string"]'::jsonb""")
NO_WORDS = re.compile(r"[^\w]+")


def words_in(column: Any) -> ColumnElement[Any]:
    """Return the words of what is kept, as an index may hold them."""
    return func.jsonb_to_tsvector(SIMPLE, column, STRINGS)


def says(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that what is kept has all words that begin like those of a text."""
    begun = " & ".join(f"{word}:*" for word in NO_WORDS.split(text) if word)
    return words_in(column).bool_op("@@")(func.to_tsquery(SIMPLE, begun))


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a page asks for of own fields: the questions, what was answered, the condition."""

    asked: tuple[Question, ...]
    answered: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.answered)

    def condition(self, column: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Return the condition on the column of values; of nothing asked it holds."""
        made = (one.made(column, self.answered[one.place]) for one in self._given())
        return and_(true(), *(found for found in made if found is not None))

    def _given(self) -> Iterable[Question]:
        return (one for one in self.asked if one.place in self.answered)


def kept_narrowing(given: Mapping[str, str], names: Collection[str]) -> dict[str, Any]:
    """Return what an address narrows a list to, as it stands there: by `names` and own fields."""
    return {
        key: value
        for key, value in given.items()
        if value and (key in names or key.startswith(PREFIX))
    }


def read_narrowing(
    fields: Iterable[CustomField], given: Mapping[str, str], locale: str
) -> Narrowing:
    """Read what an address asks of own fields."""
    asked = tuple(one for field in fields for one in questions(field, locale))
    answered = {}
    for one in asked:
        value = given.get(one.place, "").replace("\x00", "").strip()[:LONGEST]
        if value and one.made(literal({}, JSONB), value) is not None:
            answered[one.place] = value
    return Narrowing(asked, answered)


NOTHING = Narrowing((), {})
