"""Verbs of files of own fields: compare one with what there is, and have it hold.

Not here: what a file may say (`field_file`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.catalog import field_file
from portal.catalog.events import CustomFieldAdded, CustomFieldChanged
from portal.catalog.field_file import Described
from portal.catalog.field_operations import (
    MOST_FIELDS,
    check,
    choices_after,
    facts_of,
    list_fields,
    texts_of,
    too_many,
    wait_in_line,
)
from portal.catalog.fields import CHOOSING
from portal.catalog.models import CustomField, FieldSubject
from portal.catalog.operations import STEP
from portal.catalog.queries import forget_book, read_book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.core.kept_files import Change, KeptFile


@dataclass(frozen=True, slots=True)
class _Step:
    """A field as it is, None where it is new, and as it will be."""

    now: CustomField | None
    then: CustomField
    change: Change

    @property
    def told(self) -> bool:
        """False where a field only stands at another number in the same order."""
        return self.change.kind != "changed" or bool(self.change.parts)


def compare(described: Sequence[Described]) -> list[Change]:
    """Return what a file would change. Raises `Invalid` by place; nothing is written."""
    return [step.change for step in _steps(described) if step.told]


def bring_in(described: Sequence[Described], by: int | None, at: datetime) -> list[Change]:
    """Have all fields be as a file says and return what changed.

    Raises `Invalid` by place where any of it can't be: then nothing changes.
    """
    wait_in_line()
    steps = _steps(described)
    for step in steps:
        if step.now is None:
            session().add(step.then)
            session().flush()
            record(
                CustomFieldAdded(
                    at=at, field_id=step.then.id, subject=step.then.subject, user_id=by
                )
            )
            continue
        for name, value in facts_of(step.then).items():
            setattr(step.now, name, value)
        if not step.told:
            continue
        step.now.version += 1
        session().flush()
        record(
            CustomFieldChanged(
                at=at,
                field_id=step.now.id,
                subject=step.now.subject,
                user_id=by,
                fields=sorted(step.change.parts or ("active",)),
            )
        )
    session().flush()
    forget_book()
    return [step.change for step in steps if step.told]


def _steps(described: Sequence[Described]) -> list[_Step]:
    steps: list[_Step] = []
    errors: dict[str, str] = {}
    for subject in FieldSubject:
        there = {one.key: one for one in list_fields(subject)}
        wanted = [one for one in described if one.subject == subject]
        named = {one.key for one in wanted}
        # who keeps the order of those there are changes no place of theirs
        kept = [key for key in there if key in named]
        same_order = kept == [one.key for one in wanted if one.key in there]
        then = [_then(one, there.get(one.key), at) for at, one in enumerate(wanted, 1)]
        for one, field in zip(wanted, then, strict=True):
            now = there.get(one.key)
            errors |= _wrong(one, field, now, then)
            if now is None:
                steps.append(_Step(None, field, Change("added", one.place)))
                continue
            before, after = facts_of(now), facts_of(field)
            parts = tuple(
                name
                for name in before
                if before[name] != after[name] and not (name == "position" and same_order)
            )
            if parts or before["position"] != after["position"]:
                steps.append(_Step(now, field, Change("changed", one.place, parts)))
        if sum(one.active for one in then) > MOST_FIELDS:
            errors[subject] = too_many()
        steps += _gone(there, named, len(then))
    if errors:
        raise Invalid(errors)
    return steps


def _gone(there: Mapping[str, CustomField], named: set[str], behind: int) -> list[_Step]:
    """Return the steps of fields that are not named: they are retired, and stand last."""
    steps = []
    for now in there.values():
        if now.key in named or not now.active:
            continue
        facts = {**facts_of(now), "active": False, "position": (behind + 1) * STEP}
        then = CustomField(subject=now.subject, key=now.key, kind=now.kind, **facts)
        steps.append(_Step(now, then, Change("retired", f"{now.subject}/{now.key}")))
    return steps


def _then(one: Described, now: CustomField | None, place: int) -> CustomField:
    """Return a field as a file wants it; no choice of those there are gets lost."""
    choices = list(now.choices) if now else []
    return CustomField(
        subject=one.subject,
        key=one.key,
        kind=one.draft.kind,
        names=texts_of(one.draft.names),
        hints=texts_of(one.draft.hints),
        choices=choices_after(choices, one.draft.choices) if one.draft.kind in CHOOSING else [],
        required=one.draft.required,
        teaser=one.draft.teaser,
        position=place * STEP,
        active=one.active,
    )


def _wrong(
    one: Described, field: CustomField, now: CustomField | None, others: Sequence[CustomField]
) -> dict[str, str]:
    if now is not None and now.kind != one.draft.kind:
        said = _("What stands in a field never changes: this one is %(kind)s.", kind=now.kind)
        return {one.place: said}
    found = check(one.subject, one.draft, one.draft.kind, others, field)
    return {f"{one.place}: {part}": said for part, said in found.items()}


KEPT = KeptFile(
    called="fields",
    file_name="own-fields.yaml",
    most_bytes=field_file.MOST_BYTES,
    write=lambda: field_file.write(read_book().fields),
    read=field_file.read,
    compare=compare,
    bring_in=bring_in,
)
