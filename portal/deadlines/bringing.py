"""Verbs of files of policies: compare one with what there is, and have it hold.

Not here: what a file may say (`file`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _

from portal.core.errors import Invalid
from portal.core.kept_files import Change
from portal.deadlines import operations
from portal.deadlines.file import Described
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.queries import list_overflow_units, list_policies
from portal.deadlines.rules import TERMS, terms_of


def compare(described: Sequence[Described], named: Mapping[str, Sequence[str]]) -> list[Change]:
    """Return what a file would change; `named` says what names a policy, by its key.

    Raises `Invalid` by place where any of it can't be.
    """
    described = with_units(described)
    there = {one.key: one for one in list_policies()}
    changes = [change for one in described if (change := _change(one, there.get(one.key)))]
    keys = {one.key for one in described}
    gone = [one for one in there.values() if one.in_use and one.key not in keys]
    errors: dict[str, str] = {
        f"{one.key}: overflow_unit": _("We have no unit “%(name)s”.", name=one.overflow_unit[:80])
        for one in described
        if one.overflow_unit and one.terms.overflow_unit_id is None
    }
    for one in described:
        others = {other.terms.name for other in described if other is not one}
        errors |= {
            f"{one.key}: {place}": said
            for place, said in operations.check(one.terms, others).items()
        }
    for policy in gone:
        if namers := named.get(policy.key):
            errors[policy.key] = _(
                "It is not in the file, and this names it: %(namers)s.", namers=", ".join(namers)
            )
    if errors:
        raise Invalid(errors)
    return [*changes, *(Change("retired", one.key) for one in gone)]


def bring_in(
    described: Sequence[Described],
    named: Mapping[str, Sequence[str]],
    by: int | None,
    at: datetime,
) -> list[Change]:
    """Have all policies be as a file says and return what changed. Raises as `compare` does."""
    operations.wait_in_line()
    described = with_units(described)
    changes = compare(described, named)
    there = {one.key: one for one in list_policies()}
    standard: DeadlinePolicy | None = None
    for one in described:
        policy = there.get(one.key)
        if policy is None:
            policy = operations.write_new(one.key, one.terms, by, at)
        elif terms_of(policy) != one.terms:
            policy = operations.write_next(policy, one.terms, by, at)
        if not policy.in_use:
            operations.switch(policy, True, by, at)
        if one.standard:
            standard = policy
    if standard is not None and not standard.standard:
        operations.choose_standard(standard, by, at)
    for change in changes:
        if change.kind == "retired":
            operations.switch(there[change.place], False, by, at)
    return changes


def with_units(described: Sequence[Described]) -> Sequence[Described]:
    """Return policies of a file with the overflow units that are called as it says."""
    ids = {name: unit_id for unit_id, name in list_overflow_units().items()}
    return [
        replace(one, terms=replace(one.terms, overflow_unit_id=ids.get(one.overflow_unit or "")))
        for one in described
    ]


def _change(one: Described, now: DeadlinePolicy | None) -> Change | None:
    if now is None:
        return Change("added", one.key)
    was = terms_of(now)
    parts = [name for name in TERMS if getattr(was, name) != getattr(one.terms, name)]
    if one.standard != now.standard:
        parts.append("standard")
    if not now.in_use:
        parts.append("retired")
    return Change("changed", one.key, tuple(parts)) if parts else None
