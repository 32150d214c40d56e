"""Deadline policies as a file that people can read, keep and bring back. Pure.

The file says all policies in use: one that it does not name is retired by it. What it leaves out of
a policy is as in a new one. It says as well which policy is used where; where it says nothing of
that, all stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _

from portal.core import plain_yaml
from portal.core.errors import Invalid
from portal.core.plain_yaml import FILE
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.rules import (
    CHOICES,
    LISTS,
    LONGEST_NAME,
    MOST_POLICIES,
    MOST_USES,
    NUMBERS,
    SWITCHES,
    Terms,
    terms_of,
)
from portal.deadlines.steps import Step

FORMAT = "firstcome deadline policies 1"
MOST_BYTES = 200_000
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
PARTS = (
    "key",
    "name",
    "standard",
    *NUMBERS,
    *CHOICES,
    *LISTS,
    *SWITCHES,
    "overflow_unit",
    "steps",
)
"""What a policy in a file may say, in this order."""
MOMENT = re.compile(r"(?P<number>\d{1,6}) ?(?P<unit>[mhd]) (?P<side>before|after)")
DUE = "due"
MINUTES = {"m": 1, "h": 60, "d": 1440}


@dataclass(frozen=True, slots=True)
class Described:
    """A policy as a file has it; the overflow unit by its name."""

    key: str
    terms: Terms
    standard: bool
    overflow_unit: str | None = None


@dataclass(frozen=True, slots=True)
class DescribedUse:
    """Where a policy is used, as a file has it: a group by its name, all else by keys."""

    policy: str
    type: str | None = None
    temperature: str | None = None
    group: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says; of uses None where it says nothing of them."""

    policies: Sequence[Described]
    uses: Sequence[DescribedUse] | None


def write(
    policies: Iterable[DeadlinePolicy], units: Mapping[int, str], uses: Sequence[DescribedUse]
) -> str:
    """Return the file of these policies; the same ones always give the same file.

    `units` has the names of units by id.
    """
    return plain_yaml.write(
        {
            "format": FORMAT,
            "policies": [_row(one, units) for one in policies if one.in_use],
            "uses": [{k: v for k, v in asdict(one).items() if v is not None} for one in uses],
        }
    )


def _row(policy: DeadlinePolicy, units: Mapping[int, str]) -> dict[str, Any]:
    terms = terms_of(policy)
    row: dict[str, Any] = {"key": policy.key, "name": terms.name}
    if policy.standard:
        row["standard"] = True
    row |= {name: getattr(terms, name) for name in (*NUMBERS, *CHOICES, *SWITCHES)}
    row |= {name: list(getattr(terms, name)) for name in LISTS}
    if terms.overflow_unit_id is not None:
        row["overflow_unit"] = units[terms.overflow_unit_id]
    row["steps"] = [
        {"clock": one.clock, "when": write_moment(one.minutes), "action": one.action}
        for one in terms.steps
    ]
    return row


def write_moment(minutes: int) -> str:
    """Return when a step comes, as a file has it: "2d before", "due", "90m after"."""
    if not minutes:
        return DUE
    unit = next(one for one in ("d", "h", "m") if minutes % MINUTES[one] == 0)
    return f"{abs(minutes) // MINUTES[unit]}{unit} {'before' if minutes < 0 else 'after'}"


def read_moment(said: object) -> int | None:
    """Return the minutes that a file says so, None where it can't be understood."""
    if said == DUE:
        return 0
    found = MOMENT.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        return None
    minutes = int(found["number"]) * MINUTES[found["unit"]]
    return -minutes if found["side"] == "before" else minutes


def read(file: bytes) -> Contents:
    """Return what a file says.

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
    rows, uses = data.get("policies"), data.get("uses")
    if (
        not isinstance(rows, list)
        or not isinstance(uses, list | None)
        or set(data) - {"format", "policies", "uses"}
    ):
        raise Invalid(
            {
                FILE: _(
                    "Beside the format there is a list of policies and one of uses, and nothing "
                    "more."
                )
            }
        )
    if len(rows) > MOST_POLICIES or len(uses or ()) > MOST_USES:
        most = MOST_POLICIES if len(rows) > MOST_POLICIES else MOST_USES
        raise Invalid({FILE: _("At most %(most)d fit here.", most=most)})
    errors: dict[str, str] = {}
    found: dict[str, Described] = {}
    for number, row in enumerate(rows, 1):
        try:
            one = _policy(row)
        except _NotUnderstoodError as error:
            errors[f"policies[{number}]"] = error.said
        else:
            if one.key in found:
                errors[one.key] = _("This key stands here twice.")
            found[one.key] = one
    used = []
    for number, row in enumerate(uses or (), 1):
        try:
            used.append(_use(row))
        except _NotUnderstoodError as error:
            errors[f"uses[{number}]"] = error.said
    if not errors and sum(one.standard for one in found.values()) != 1:
        errors[FILE] = _("Exactly one of them has “standard: true”.")
    if errors:
        raise Invalid(errors)
    return Contents(list(found.values()), None if uses is None else used)


class _NotUnderstoodError(Exception):
    """A part of a file can't be understood."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def _policy(row: Any) -> Described:
    """Return the policy that a part of a file says."""
    if not isinstance(row, dict):
        raise _NotUnderstoodError(_("This is no policy."))
    if unknown := sorted(str(name) for name in row if name not in PARTS):
        raise _NotUnderstoodError(
            _("A policy has no part called “%(name)s”.", name=unknown[0][:80])
        )
    key, name = row.get("key"), row.get("name")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise _NotUnderstoodError(
            _("A key begins with a letter and has a to z, 0 to 9 and _ only.")
        )
    if not isinstance(name, str) or not name.strip() or "\x00" in name:
        raise _NotUnderstoodError(_("Please give it a name."))
    for switch in ("standard", *SWITCHES):
        if not isinstance(row.get(switch, False), bool):
            raise _NotUnderstoodError(_("“%(name)s” is true or false.", name=switch))
    for number in NUMBERS:
        # true is no number, although Python takes it for one
        if type(row.get(number, 0)) is not int:
            raise _NotUnderstoodError(_("“%(name)s” is a whole number.", name=number))
    for word in (*CHOICES, "overflow_unit"):
        if not isinstance(row.get(word, ""), str):
            raise _NotUnderstoodError(_("“%(name)s” is a word.", name=word))
    for listed in LISTS:
        said = row.get(listed, [])
        if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
            raise _NotUnderstoodError(_("“%(name)s” is a list of words.", name=listed))
    given: dict[str, Any] = {one: row[one] for one in (*NUMBERS, *CHOICES, *SWITCHES) if one in row}
    given |= {one: tuple(row[one]) for one in LISTS if one in row}
    terms = Terms(name=name.strip(), steps=tuple(_steps(row.get("steps", []))), **given)
    return Described(key, terms, bool(row.get("standard")), row.get("overflow_unit"))


def _steps(rows: Any) -> Iterable[Step]:
    if not isinstance(rows, list):
        raise _NotUnderstoodError(_("“%(name)s” is a list.", name="steps"))
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or set(row) != {"clock", "when", "action"}:
            raise _NotUnderstoodError(
                _("Step %(number)d says “clock”, “when” and “action”.", number=number)
            )
        minutes = read_moment(row["when"])
        if minutes is None:
            raise _NotUnderstoodError(
                _(
                    "Step %(number)d: “when” is “due”, or as “2d before”, “4h after”, “30m after”.",
                    number=number,
                )
            )
        yield Step(str(row["clock"])[:LONGEST_NAME], minutes, str(row["action"])[:LONGEST_NAME])


def _use(row: Any) -> DescribedUse:
    """Return where a policy is used, as a part of a file says."""
    names = ("policy", "type", "temperature", "group", "level")
    if (
        not isinstance(row, dict)
        or set(row) - set(names)
        or not row.get("policy")
        or not all(isinstance(one, str) and "\x00" not in one for one in row.values())
    ):
        raise _NotUnderstoodError(
            _(
                "A use says “policy”, and any of “type”, “temperature”, “group” and “level”: "
                "each a word."
            )
        )
    return DescribedUse(**row)
