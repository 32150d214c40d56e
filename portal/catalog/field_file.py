"""The programme's own fields as a file that people can read, keep and bring back. Pure.

The file says all fields there are, in their order: one that it does not name is retired by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from portal.catalog.field_operations import FieldDraft
from portal.catalog.fields import CHOOSING
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.core import plain_yaml
from portal.core.errors import Invalid
from portal.core.plain_yaml import FILE

FORMAT = "firstcome own fields 1"
MOST_BYTES = 1_000_000
KEY = re.compile(r"[a-z0-9_]{1,60}")
TEXTS = ("names", "help")
MARKS = ("required", "teaser", "retired")
PARTS = ("about", "key", "kind", *TEXTS, "choices", *MARKS)


@dataclass(frozen=True, slots=True)
class Described:
    """A field as a file has it, under its own key."""

    subject: str
    key: str
    draft: FieldDraft
    active: bool

    @property
    def place(self) -> str:
        """Return how a file and people call it: `lead/halls`."""
        return f"{self.subject}/{self.key}"


def write(fields: Mapping[str, Iterable[CustomField]]) -> str:
    """Return the file of these fields by subject; the same fields always give the same file."""
    rows = [_data(one) for subject in FieldSubject for one in fields.get(subject, ())]
    return plain_yaml.write({"format": FORMAT, "fields": rows})


def _data(one: CustomField) -> dict[str, Any]:
    data: dict[str, Any] = {
        "about": one.subject,
        "key": one.key,
        "kind": one.kind,
        "names": _by_language(one.names),
    }
    if one.hints:
        data["help"] = _by_language(one.hints)
    if one.kind in CHOOSING:
        data["choices"] = [
            {
                "key": choice["key"],
                "names": _by_language(choice["names"]),
                **({} if choice["active"] else {"retired": True}),
            }
            for choice in one.choices
        ]
    marks = {"required": one.required, "teaser": one.teaser, "retired": not one.active}
    return data | {name: True for name, said in marks.items() if said}


def _by_language(texts: Mapping[str, str]) -> dict[str, str]:
    # the database keeps them in no order
    return {code: texts[code] for code in ("en", "de") if code in texts}


def read(file: bytes) -> list[Described]:
    """Return the fields that a file says.

    Raises `Invalid` with a sentence per place that can't be understood; then nothing of it is used.
    """
    if len(file) > MOST_BYTES:
        raise Invalid({FILE: _("This file is too large to be one of own fields.")})
    data = plain_yaml.read(file)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Invalid(
            {FILE: _("These are no own fields: “format: %(format)s” is missing.", format=FORMAT)}
        )
    rows = data.get("fields") or []
    if not isinstance(rows, list) or set(data) - {"format", "fields"}:
        raise Invalid({FILE: _("Beside the format there is a list of fields, and nothing more.")})
    errors: dict[str, str] = {}
    found: dict[str, Described] = {}
    for number, row in enumerate(rows, 1):
        said = _understood(row)
        if isinstance(said, str):
            errors[_("field %(number)d", number=number)] = said
        elif said.place in found:
            errors[said.place] = _("This field stands there twice.")
        else:
            found[said.place] = said
    if errors:
        raise Invalid(errors)
    return list(found.values())


def _understood(row: Any) -> Described | str:
    """Return the field that a part of a file says, or what of it can't be understood."""
    if not isinstance(row, dict):
        return str(_("This is no field."))
    if unknown := sorted(str(name) for name in row if name not in PARTS):
        return str(_("A field has no part called “%(name)s”.", name=unknown[0][:80]))
    if row.get("about") not in set(FieldSubject) or row.get("kind") not in set(FieldKind):
        kinds = ", ".join(FieldKind)
        return str(
            _("“about” is lead, partner or customer; “kind” one of: %(kinds)s.", kinds=kinds)
        )
    if not _is_key(row.get("key")):
        return str(_("“key” has small letters, digits and _ only."))
    if not all(_are_texts(row.get(name, {})) for name in TEXTS):
        return str(_("“names” and “help” are texts by language: en, de."))
    if not all(isinstance(row.get(name, False), bool) for name in MARKS):
        return str(_("“required”, “teaser” and “retired” are true or false."))
    choices = row.get("choices", [])
    if not isinstance(choices, list) or not all(map(_is_choice, choices)):
        return str(_("A choice has a key and names, and may be retired."))
    if len({choice["key"] for choice in choices}) < len(choices):
        return str(_("Two choices can't have the same key."))
    return Described(
        row["about"],
        row["key"],
        FieldDraft(
            names=row.get("names", {}),
            kind=row["kind"],
            hints=row.get("help", {}),
            choices=[
                (choice["key"], choice["names"], not choice.get("retired")) for choice in choices
            ],
            required=row.get("required", False),
            teaser=row.get("teaser", False),
        ),
        not row.get("retired", False),
    )


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and bool(KEY.fullmatch(key))


def _are_texts(texts: Any) -> bool:
    return isinstance(texts, dict) and all(
        code in ("en", "de") and isinstance(said, str) and "\x00" not in said
        for code, said in texts.items()
    )


def _is_choice(choice: Any) -> bool:
    return (
        isinstance(choice, dict)
        and not set(choice) - {"key", "names", "retired"}
        and _is_key(choice.get("key"))
        and _are_texts(choice.get("names"))
        and isinstance(choice.get("retired", False), bool)
    )
