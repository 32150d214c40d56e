"""Verbs of the programme's own fields: add one, change it, put it before another, retire it.

What is kept in a field never changes by that. Not here: how a value is read and told (`fields`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy import text as sql

from portal.catalog.events import CustomFieldAdded, CustomFieldChanged
from portal.catalog.fields import CHOOSING
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.operations import STEP, make_key
from portal.catalog.queries import forget_book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record

LONGEST_NAME = 80
LONGEST_HINT = 300
MOST_FIELDS = 40
"""So many fields in use about one subject are a form that somebody still fills in."""
MOST_CHOICES = 200

Names = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDraft:
    """A field as somebody describes it. Texts by language; choices in their order.

    A choice with a key is one that there is, one without is new. What isn't named of those that
    there are goes out of use.
    """

    names: Names
    kind: str = ""
    hints: Names = field(default_factory=dict)
    choices: Sequence[tuple[str, Names, bool]] = ()
    required: bool = False
    teaser: bool = False


def add(subject: str, draft: FieldDraft, by: int | None, at: datetime) -> CustomField:
    """Add a field at the end; its key is made from its name and never changes. Raises `Invalid`."""
    if subject not in set(FieldSubject):
        raise NotFound()
    wait_in_line()
    others = list_fields(subject)
    errors = check(subject, draft, draft.kind, others)
    if sum(one.active for one in others) >= MOST_FIELDS:
        errors["name_en"] = too_many()
    if errors:
        raise Invalid(errors)
    made = CustomField(
        subject=subject,
        key=free_key(draft.names["en"], {one.key for one in others}),
        kind=draft.kind,
        choices=[],
        position=max((one.position for one in others), default=0) + STEP,
    )
    _write(made, draft)
    session().add(made)
    session().flush()
    forget_book()
    record(CustomFieldAdded(at=at, field_id=made.id, subject=subject, user_id=by))
    return made


def save(
    field_id: int, draft: FieldDraft, version: int, by: int | None, at: datetime
) -> CustomField:
    """Change a field; it keeps its kind and what is kept in it.

    Raises `Invalid`, `NotFound`, and `Conflict` where somebody else changed it meanwhile.
    """
    found = lock(field_id)
    errors = check(found.subject, draft, found.kind, list_fields(found.subject), found)
    if errors:
        raise Invalid(errors)
    before = facts_of(found)
    present = found.version
    with session().no_autoflush:
        _write(found, draft)
        changed = [name for name, value in facts_of(found).items() if value != before[name]]
        if changed and present != version:
            session().expire(found)
            raise Conflict(
                _(
                    "Somebody else changed this field while you worked on it. What you typed is "
                    "still here; please compare before you save again."
                )
            )
    if changed:
        _note(found, changed, by, at)
    return found


def set_active(field_id: int, active: bool, by: int | None, at: datetime) -> CustomField:
    """Take a field out of use, or into it again. Raises `Invalid` where there are very many."""
    found = lock(field_id)
    if found.active == active:
        return found
    if active and sum(one.active for one in list_fields(found.subject)) >= MOST_FIELDS:
        raise Invalid({"active": too_many()})
    found.active = active
    _note(found, ["active"], by, at)
    return found


def move(field_id: int, down: bool, by: int | None, at: datetime) -> CustomField:
    """Change places with the field before or behind; the first and the last stay."""
    found = lock(field_id)
    # one at a time, and all of them numbered anew: two may have stood at the same place
    order = [one for one in list_fields(found.subject) if one.active == found.active]
    place = order.index(found)
    other = place + 1 if down else place - 1
    if not 0 <= other < len(order):
        return found
    order[place], order[other] = order[other], order[place]
    for number, one in enumerate(order, 1):
        if one.position != number * STEP:
            one.position = number * STEP
            if one is not found:
                one.version += 1
    _note(found, ["position"], by, at)
    return found


def _note(found: CustomField, changed: Sequence[str], by: int | None, at: datetime) -> None:
    found.version += 1
    session().flush()
    forget_book()
    record(
        CustomFieldChanged(
            at=at,
            field_id=found.id,
            subject=found.subject,
            user_id=by,
            fields=sorted(changed),
        )
    )


FACTS = ("names", "hints", "choices", "required", "teaser", "position", "active")


def facts_of(found: CustomField) -> dict[str, Any]:
    """Return what can change of a field."""
    return {name: getattr(found, name) for name in FACTS}


def _write(found: CustomField, draft: FieldDraft) -> None:
    found.names, found.hints = texts_of(draft.names), texts_of(draft.hints)
    found.required, found.teaser = draft.required, draft.teaser
    if found.kind in CHOOSING:
        found.choices = choices_after(found.choices, draft.choices)


def texts_of(texts: Names) -> dict[str, str]:
    """Return texts by language, tidied; empty ones are out."""
    return {code: " ".join(said.split()) for code, said in texts.items() if said.strip()}


def choices_after(
    before: Sequence[Mapping[str, Any]], wanted: Sequence[tuple[str, Names, bool]]
) -> list[dict[str, Any]]:
    """Return the choices as somebody wants them; those she doesn't name go out of use."""
    keys = {choice["key"] for choice in before}
    after: list[dict[str, Any]] = []
    for key, names, active in wanted:
        taken = keys | {one["key"] for one in after}
        made = key or free_key(names["en"], taken)
        after.append({"key": made, "names": texts_of(names), "active": active})
    named = {one["key"] for one in after}
    gone = [{**choice, "active": False} for choice in before if choice["key"] not in named]
    return [*after, *gone]


def free_key(name: str, taken: set[str]) -> str:
    """Make a key out of a name that none of these has."""
    key = wanted = make_key(name)
    number = 2
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    return key


def check(
    subject: str,
    draft: FieldDraft,
    kind: str,
    others: Sequence[CustomField],
    own: CustomField | None = None,
) -> dict[str, str]:
    """Return what is wrong with a field, by place."""
    errors = {}
    name = " ".join(draft.names.get("en", "").split())
    same = {
        known.casefold()
        for one in others
        if one is not own and one.active
        for known in one.names.values()
    }
    if not name:
        errors["name_en"] = _("Please give it a name.")
    for code, place in (("en", "name_en"), ("de", "name_de")):
        said = " ".join(draft.names.get(code, "").split())
        if len(said) > LONGEST_NAME:
            errors[place] = _(
                "Please choose a name of at most %(limit)s characters.", limit=LONGEST_NAME
            )
        elif said and said.casefold() in same:
            errors[place] = _("There is a field of this name already.")
        if len(draft.hints.get(code, "")) > LONGEST_HINT:
            errors[place.replace("name", "hint")] = _(
                "At most %(limit)s characters fit here.", limit=LONGEST_HINT
            )
    if kind not in set(FieldKind):
        errors["kind"] = _("Please choose what stands in it.")
    if draft.teaser and subject != FieldSubject.LEAD:
        errors["teaser"] = _("Partners read nothing of this before pickup.")
    if kind in CHOOSING:
        errors |= check_choices(draft.choices, own)
    return errors


def check_choices(
    wanted: Sequence[tuple[str, Names, bool]], own: CustomField | None
) -> dict[str, str]:
    """Return what is wrong with choices, by place: `choices`, or that of one that there is."""
    errors: dict[str, str] = {}
    known = {choice["key"] for choice in (own.choices if own else ())}
    if not any(active for _key, _names, active in wanted):
        errors["choices"] = _("Please give at least one choice.")
    if len(wanted) > MOST_CHOICES:
        errors["choices"] = _("At most %(limit)s choices fit here.", limit=MOST_CHOICES)
    seen: dict[str, str] = {}
    for key, names, active in wanted:
        place = f"choice-{key}-en" if key else "choices"
        if key and key not in known:
            errors["choices"] = _("Please choose from the list.")
        if not names.get("en", "").strip():
            errors[place] = _("Please give it a name.")
        for said in names.values():
            folded = " ".join(said.split()).casefold()
            if len(said) > LONGEST_NAME:
                errors[place] = _(
                    "Please choose a name of at most %(limit)s characters.", limit=LONGEST_NAME
                )
            if folded and active and seen.setdefault(folded, f"{key}{names}") != f"{key}{names}":
                errors[place] = _("Two choices can't have the same name.")
    return errors


def too_many() -> str:
    """Say that nobody fills in so many fields."""
    return str(
        _("%(limit)s fields are in use already. Please retire one first.", limit=MOST_FIELDS)
    )


def list_fields(subject: str) -> list[CustomField]:
    """Return the fields about a subject in the session, in their order."""
    rows = session().scalars(
        select(CustomField)
        .where(CustomField.subject == subject)
        .order_by(CustomField.position, CustomField.id)
    )
    return list(rows)


def lock(field_id: int) -> CustomField:
    """Return a field fresh, with nobody else at the fields. Raises `NotFound`."""
    wait_in_line()
    found = session().get(CustomField, field_id, populate_existing=True)
    if found is None:
        raise NotFound()
    return found


def wait_in_line() -> None:
    """Let those who change fields wait for each other, until the transaction ends."""
    session().execute(sql("SELECT pg_advisory_xact_lock(hashtext('custom fields'))"))
