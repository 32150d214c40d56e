"""The programme's own fields: how a value is read, kept and told. Pure.

A value is kept as JSON: text as text, a whole number as a number, one with decimals and a day as
text (`12.5`, `2026-11-30`), yes or no as such, choices by their keys. What is empty isn't kept.
Not here: who may see a value (the room whose it is) and the fields themselves (field_operations).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from portal.catalog.models import CustomField, FieldKind
from portal.web.filters import number

Values = Mapping[str, Any]
"""What is kept about one lead, partner or customer, by key of the field."""

Typed = Mapping[str, str | Sequence[str]]
"""What somebody wrote, by key of the field; several choices as a list."""

PREFIX = "own-"
"""What the name of a field begins with in forms and addresses."""

# most characters per kind
MOST = {FieldKind.TEXT: 200, FieldKind.LONG_TEXT: 4000, FieldKind.WEB: 500}
WORDS = (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.WEB, FieldKind.WHOLE, FieldKind.DECIMAL)
"""Kinds in which somebody can write whom to call."""
NUMBERS = (FieldKind.WHOLE, FieldKind.DECIMAL)
CHOOSING = (FieldKind.ONE, FieldKind.SEVERAL)
LARGEST = 10**12
MOST_DECIMALS = 6
YES = frozenset(("yes", "y", "1", "true", "ja", "j", "x", "oui", "si"))
NO = frozenset(("no", "n", "0", "false", "nein"))
HOST = re.compile(r"(?:[^\s/@:.]+\.)+[^\s/@:.\d][^\s/@:.]+(?::\d{1,5})?")


class Unreadable(Exception):
    """What was written is no value of the field; `said` says what would be."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def place_of(key: str) -> str:
    """Return how forms and addresses call a field."""
    return PREFIX + key


# -- what somebody wrote becomes a value ------------------------------------------------------


def read(field: CustomField, written: str | Sequence[str], kept: Any = None) -> Any:
    """Return the value that was written, None for nothing. Raises `Unreadable`.

    A choice is known by its key or its name in any language. One that is out of use is taken only
    where it is `kept`.
    """
    kind = FieldKind(field.kind)
    if kind in CHOOSING:
        return _chosen(field, kind, written, kept)
    text = tidy(written if isinstance(written, str) else " ".join(written), kind)
    if not text:
        return None
    if len(text) > MOST.get(kind, 60):
        raise Unreadable(
            _(
                "This has %(length)s characters; at most %(most)s fit here.",
                length=f"{len(text):,}",
                most=f"{MOST.get(kind, 60):,}",
            )
        )
    return READERS[kind](text)


def tidy(text: str, kind: FieldKind) -> str:
    """Return a text without unseen signs and needless space; lines stay in a long one."""
    text = text[: 4 * MOST[FieldKind.LONG_TEXT]].replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(
        sign
        for sign in unicodedata.normalize("NFC", text)
        if sign in "\n\t" or unicodedata.category(sign)[0] != "C"
    )
    if kind != FieldKind.LONG_TEXT:
        return " ".join(text.split())
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _whole(text: str) -> int:
    digits = re.sub(r"(?<=\d)[.,' ’](?=\d{3}(?!\d))", "", text)
    if not re.fullmatch(r"[-+−]?\d{1,18}", digits):
        raise Unreadable(_("Please give a whole number."))
    found = int(digits.replace("−", "-"))
    if abs(found) >= LARGEST:
        raise Unreadable(_("This number is too large."))
    return found


def _decimal(text: str) -> str:
    digits = re.sub(r"[\s'’]", "", text).replace("−", "-")
    if "," in digits and "." in digits:
        grouping = "," if digits.rfind(".") > digits.rfind(",") else "."
        digits = digits.replace(grouping, "")
    if digits.count(",") == 1:
        digits = digits.replace(",", ".")
    if not re.fullmatch(r"[-+]?\d{1,18}(\.\d{1,18})?", digits):
        raise Unreadable(_("Please give a number."))
    found = Decimal(digits)
    if abs(found) >= LARGEST:
        raise Unreadable(_("This number is too large."))
    rounded = round(found, MOST_DECIMALS)
    return f"{rounded.normalize():f}" if rounded else "0"


def _yes_no(text: str) -> bool:
    said = text.casefold()
    if said in YES:
        return True
    if said in NO:
        return False
    raise Unreadable(_("Please say yes or no."))


def _day(text: str) -> str:
    dotted = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text)
    try:
        if dotted:
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1])).isoformat()
        # a moment counts as its day
        return date.fromisoformat(text[:10] if text[10:11] in (" ", "T") else text).isoformat()
    except ValueError:
        raise Unreadable(_("Please give a date, as 2026-11-30.")) from None


def _web(text: str) -> str:
    found = re.fullmatch(r"(?i)(?:(https?)://)?([^/?#]+)([/?#]\S*)?", text)
    if found is None or not HOST.fullmatch(found[2]):
        raise Unreadable(_("This is no web address. It looks like https://company.com/page."))
    scheme = (found[1] or "https").lower()
    return f"{scheme}://{found[2].lower()}{found[3] or ''}"


READERS: Mapping[FieldKind, Any] = {
    FieldKind.TEXT: str,
    FieldKind.LONG_TEXT: str,
    FieldKind.WHOLE: _whole,
    FieldKind.DECIMAL: _decimal,
    FieldKind.YES_NO: _yes_no,
    FieldKind.DAY: _day,
    FieldKind.WEB: _web,
}


def _chosen(
    field: CustomField, kind: FieldKind, written: str | Sequence[str], kept: Any
) -> str | list[str] | None:
    before = {kept} if isinstance(kept, str) else set(kept or ())
    known: dict[str, str] = {}
    for choice in field.choices:
        if choice["active"] or choice["key"] in before:
            for name in (choice["key"], *choice["names"].values()):
                known.setdefault(name.casefold(), choice["key"])
    if not isinstance(written, str):
        asked = list(written)
    elif kind == FieldKind.ONE or written.strip().casefold() in known:
        asked = [written]
    else:
        asked = re.split(r"[,;|\n]", written)
    names = [" ".join(one.split()) for one in asked]
    chosen = {known.get(name.casefold()) for name in names if name}
    if None in chosen or (kind == FieldKind.ONE and len(chosen) > 1):
        raise Unreadable(_("Please choose from the list."))
    if not chosen:
        return None
    if kind == FieldKind.ONE:
        return chosen.pop()
    # as the list has them, whoever ticked in which order
    return [choice["key"] for choice in field.choices if choice["key"] in chosen]


def take(
    fields: Iterable[CustomField], typed: Typed, kept: Values, *, demanded: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values after somebody wrote, and by place what can't be read.

    What she was not asked stays as it is `kept`, fields out of use too. `demanded`: what is
    required has to be there.
    """
    values, errors = dict(kept), {}
    for field in fields:
        if not field.active or field.key not in typed:
            continue
        try:
            value = read(field, typed[field.key], kept.get(field.key))
        except Unreadable as refusal:
            errors[place_of(field.key)] = refusal.said
            continue
        if value is None:
            values.pop(field.key, None)
            if demanded and field.required:
                errors[place_of(field.key)] = _("Please fill this in.")
        else:
            values[field.key] = value
    return values, errors


def changed(before: Values, after: Values) -> list[str]:
    """Return the places of fields that read differently."""
    keys = before.keys() | after.keys()
    return sorted(place_of(key) for key in keys if before.get(key) != after.get(key))


def open_part(fields: Iterable[CustomField], values: Values) -> dict[str, Any]:
    """Return the values that partners may read before pickup."""
    shown = {field.key for field in fields if field.active and field.teaser}
    return {key: value for key, value in values.items() if key in shown}


def open_words(fields: Iterable[CustomField], values: Values) -> dict[str, str]:
    """Return by place what partners may read before pickup and somebody wrote freely."""
    written = {field.key for field in fields if field.kind in WORDS}
    return {
        place_of(key): str(value)
        for key, value in open_part(fields, values).items()
        if key in written
    }


# -- a value is told --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A value in words. `link` is where a web address leads, `several_lines` of a long text."""

    key: str
    label: str
    words: str
    link: str = ""
    several_lines: bool = False


def tell(fields: Iterable[CustomField], values: Values, locale: str) -> list[Told]:
    """Return what is kept, in words and in the order of the fields; those out of use as well."""
    return [
        Told(
            key=field.key,
            label=field.label(locale),
            words=words(field, values[field.key], locale),
            link=values[field.key] if is_address(field, values[field.key]) else "",
            several_lines=field.kind == FieldKind.LONG_TEXT,
        )
        for field in fields
        if field.key in values
    ]


def is_address(field: CustomField, value: Any) -> bool:
    """Tell whether a value is a web address that may be followed."""
    return field.kind == FieldKind.WEB and str(value).startswith(("https://", "http://"))


def words(field: CustomField, value: Any, locale: str) -> str:
    """Return a value in the reader's words."""
    told = plain(field, value, locale)
    if isinstance(told, int | Decimal):
        return number(told)
    if isinstance(told, date):
        return str(format_date(told, "medium"))
    return str(told)


def plain(field: CustomField, value: Any, locale: str) -> Any:
    """Return a value as a file holds it: numbers and days as such, all else in words."""
    kind = FieldKind(field.kind)
    if value is None:
        return ""
    if kind == FieldKind.YES_NO:
        return _("Yes") if value else _("No")
    if kind == FieldKind.DECIMAL:
        return Decimal(value)
    if kind == FieldKind.DAY:
        return date.fromisoformat(value)
    if kind in CHOOSING:
        keys = [value] if isinstance(value, str) else value
        return ", ".join(choice_names(field, keys, locale))
    return value


def cells(fields: Iterable[CustomField], values: Values, locale: str) -> list[Any]:
    """Return what a file holds of each of these fields, in their order."""
    return [plain(field, values.get(field.key), locale) for field in fields]


def choice_names(field: CustomField, keys: Collection[str], locale: str) -> list[str]:
    """Return what choices are called, those out of use as well."""
    return [
        choice["names"].get(locale[:2]) or choice["names"].get("en") or choice["key"]
        for choice in field.choices
        if choice["key"] in keys
    ]


def choices_of(field: CustomField, locale: str, kept: Any = None) -> list[tuple[str, str]]:
    """Return key and name of what can be chosen: what is in use, and what is chosen already."""
    before = {kept} if isinstance(kept, str) else set(kept or ())
    return [
        (choice["key"], choice_names(field, [choice["key"]], locale)[0])
        for choice in field.choices
        if choice["active"] or choice["key"] in before
    ]
