"""Deadline policies as a file that people can read, keep and bring back. Pure.

The file says all policies in use: one that it does not name is retired by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from portal.core import plain_yaml
from portal.core.errors import Invalid
from portal.core.plain_yaml import FILE
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.rules import MOST_POLICIES, NUMBERS, TERMS, Terms

FORMAT = "firstcome deadline policies 1"
MOST_BYTES = 200_000
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True, slots=True)
class Described:
    """A policy as a file has it."""

    key: str
    terms: Terms
    standard: bool


def write(policies: Iterable[DeadlinePolicy]) -> str:
    """Return the file of these policies; the same ones always give the same file."""
    rows = [
        {
            "key": one.key,
            "name": one.name,
            **({"standard": True} if one.standard else {}),
            **{name: getattr(one, name) for name in NUMBERS},
        }
        for one in policies
        if one.in_use
    ]
    return plain_yaml.write({"format": FORMAT, "policies": rows})


def read(file: bytes) -> list[Described]:
    """Return the policies that a file says.

    Raises `Invalid` with a sentence per place that can't be understood; then nothing of it is used.
    """
    if len(file) > MOST_BYTES:
        raise Invalid({FILE: _("This file is too large to be one of deadline policies.")})
    data = plain_yaml.read(file)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Invalid(
            {
                FILE: _(
                    "These are no deadline policies: “format: %(format)s” is missing.",
                    format=FORMAT,
                )
            }
        )
    rows = data.get("policies")
    if not isinstance(rows, list) or set(data) - {"format", "policies"}:
        raise Invalid({FILE: _("Beside the format there is a list of policies, and nothing more.")})
    if len(rows) > MOST_POLICIES:
        raise Invalid({FILE: _("At most %(most)d fit here.", most=MOST_POLICIES)})
    errors: dict[str, str] = {}
    found: dict[str, Described] = {}
    for number, row in enumerate(rows, 1):
        said = _understood(row)
        if isinstance(said, str):
            errors[f"policies[{number}]"] = said
        elif said.key in found:
            errors[said.key] = _("This key stands here twice.")
        else:
            found[said.key] = said
    if not errors and sum(one.standard for one in found.values()) != 1:
        errors[FILE] = _("Exactly one of them has “standard: true”.")
    if errors:
        raise Invalid(errors)
    return list(found.values())


def _understood(row: Any) -> Described | str:
    """Return the policy that a part of a file says, or what of it can't be understood."""
    if not isinstance(row, dict):
        return str(_("This is no policy."))
    if unknown := sorted(str(name) for name in row if name not in ("key", "standard", *TERMS)):
        return str(_("A policy has no part called “%(name)s”.", name=unknown[0][:80]))
    key, name = row.get("key"), row.get("name")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        return str(_("A key begins with a letter and has a to z, 0 to 9 and _ only."))
    if not isinstance(name, str) or not name.strip() or "\x00" in name:
        return str(_("Please give it a name."))
    if not isinstance(row.get("standard", False), bool):
        return str(_("“standard” is true or false."))
    for number in NUMBERS:
        # true is no number, although Python takes it for one
        if type(row.get(number, 0)) is not int:
            return str(_("“%(name)s” is a whole number.", name=number))
    numbers = {number: row[number] for number in NUMBERS if number in row}
    return Described(key, Terms(name=name.strip(), **numbers), bool(row.get("standard")))
