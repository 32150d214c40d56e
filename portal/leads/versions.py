"""Versions of the lead definition: what each says, and changes of the draft.

Here: reading a version, beginning a draft, changing its parts, discarding it. Making a draft the
active version is `activation`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from flask_babel import gettext as _
from sqlalchemy import func, select, text

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.catalog.operations import make_key
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound, Refused
from portal.core.events import record
from portal.leads import definition
from portal.leads.contest import Contest
from portal.leads.definition import (
    DIGITS,
    LONGEST_NAME,
    MOST,
    PREFIX,
    Content,
    Level,
    Numbering,
    Option,
    Part,
    Plan,
    Question,
    Sort,
    Status,
    Type,
    Way,
    from_data,
    in_order,
    mark_of,
    place_of,
    prefix_words,
    read_settings,
    to_data,
)
from portal.leads.definition_around import read_units
from portal.leads.definition_rules import add_ways
from portal.leads.events import DraftBegun, DraftChanged, DraftDiscarded
from portal.leads.models import (
    LeadDefinition,
    LeadRequirement,
    LeadStatus,
    LeadTransition,
    LeadType,
    LifeState,
    QualificationQuestion,
    VersionState,
)

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('lead_definitions'))")


class DraftExists(Refused):
    """There is a draft already. Facts: `draft_id`."""

    code = "draft_exists"


class NoDraft(Refused):
    """The version is no draft: what is or was active does not change."""

    code = "no_draft"


def list_versions() -> Sequence[LeadDefinition]:
    """Return all versions: the draft, the active one, and the retired ones, newest first."""
    return (
        session()
        .scalars(
            select(LeadDefinition).order_by(
                LeadDefinition.retired_at.desc().nulls_first(),
                LeadDefinition.active,
                LeadDefinition.id.desc(),
            )
        )
        .all()
    )


def get_version(definition_id: int) -> LeadDefinition:
    """Return a version or raise NotFound."""
    found = session().get(LeadDefinition, definition_id)
    if found is None:
        raise NotFound()
    return found


def find_active() -> LeadDefinition | None:
    """Return the active version."""
    return session().scalar(select(LeadDefinition).where(LeadDefinition.active))


def find_draft() -> LeadDefinition | None:
    """Return the draft, if somebody works on one."""
    return session().scalar(
        select(LeadDefinition).where(
            LeadDefinition.active.is_(False), LeadDefinition.retired_at.is_(None)
        )
    )


def content_of(version: LeadDefinition) -> Content:
    """Return what a version says."""
    if version.active:
        return read_active(version.id)
    return from_data(version.content)


def read_active(definition_id: int) -> Content:
    """Return what the tables say: the active version."""
    own = session()
    types = own.scalars(
        select(LeadType)
        .where(LeadType.definition_id == definition_id)
        .order_by(LeadType.position, LeadType.id)
    ).all()
    statuses = own.scalars(
        select(LeadStatus)
        .where(LeadStatus.definition_id == definition_id)
        .order_by(LeadStatus.position, LeadStatus.id)
    ).all()
    questions = own.scalars(
        select(QualificationQuestion)
        .where(QualificationQuestion.definition_id == definition_id)
        .order_by(QualificationQuestion.position, QualificationQuestion.id)
    )
    asked = own.scalars(
        select(LeadRequirement)
        .where(LeadRequirement.type_id.in_([one.id for one in types]))
        .order_by(LeadRequirement.id)
    ).all()
    ways = own.scalars(
        select(LeadTransition).where(
            LeadTransition.from_status_id.in_([one.id for one in statuses])
        )
    ).all()
    units = read_units(one for way in ways for one in way.unit_ids or ())
    type_keys = {one.id: one.key for one in types}
    status_keys = {one.id: one.key for one in statuses}

    def of_types(ids: Sequence[int] | None) -> tuple[str, ...] | None:
        return None if ids is None else tuple(type_keys[i] for i in ids if i in type_keys)

    return in_order(
        Content(
            types=tuple(
                Type(
                    key=one.key,
                    names=one.names,
                    kind=one.kind,
                    teaser=tuple(f for f in definition.TEASER_FIELDS if f in one.teaser_fields),
                    required={
                        step: definition.in_step(
                            step, [a.field for a in asked if (a.type_id, a.step) == (one.id, step)]
                        )
                        for step in definition.STEP_FIELDS
                    },
                    statuses=None
                    if one.status_ids is None
                    else tuple(status_keys[i] for i in one.status_ids if i in status_keys),
                    priority=one.priority,
                    importance=one.importance,
                    categories=_whole(one.category_keys),
                    products=_whole(one.product_keys),
                    activities=_whole(one.activity_kinds),
                    days=one.days,
                    direct=one.direct,
                    outcome=one.outcome,
                    least=one.least,
                    cadence=tuple(
                        Plan(plan["when"], plan["days"], plan["kind"], plan["names"])
                        for plan in one.cadence
                    ),
                    contest=Contest(
                        one.contest, one.ring_size, one.ring_minutes, one.deciding_seconds
                    ),
                    policy=one.policy_key,
                    attempts=one.attempts,
                    owner_speaks=one.owner_speaks,
                )
                for one in types
            ),
            statuses=tuple(
                Status(
                    key=one.key,
                    names=one.names,
                    state=one.life_state,
                    answer=one.feedback_status,
                    usual=one.is_default,
                    initial=one.is_initial,
                )
                for one in statuses
            ),
            ways=tuple(
                Way(
                    before=status_keys[one.from_status_id],
                    after=status_keys[one.to_status_id],
                    types=of_types(one.type_ids),
                    roles=_whole(one.roles),
                    units=None
                    if one.unit_ids is None
                    else tuple(units[i] for i in one.unit_ids if i in units),
                )
                for one in ways
                if one.to_status_id in status_keys
            ),
            questions=tuple(
                Question(
                    key=one.key,
                    names=one.names,
                    area=one.area,
                    required=one.required,
                    types=of_types(one.type_ids),
                    sort=one.sort,
                    options=tuple(Option(o["key"], o["names"]) for o in one.options),
                    required_later=one.required_later,
                    shown_by=one.shown_by,
                    shown_for=tuple(one.shown_for),
                    step=one.step,
                )
                for one in questions
            ),
            **read_settings(own.get_one(LeadDefinition, definition_id).settings),
        )
    )


def _whole(named: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if named is None else tuple(named)


# -- drafts -------------------------------------------------------------------------------------


def begin_draft(
    actor: Actor | None,
    at: datetime,
    source_id: int | None = None,
    content: Content | None = None,
    name: str = "",
) -> LeadDefinition:
    """Begin a draft that says what the active version says, or `source_id`, or `content`.

    Raises `DraftExists`, `NotFound`, `Invalid` at field `name`.
    """
    session().execute(ONE_AT_A_TIME)
    draft = find_draft()
    if draft is not None:
        raise DraftExists(
            _("There is a draft already: “%(name)s”.", name=draft.name), draft_id=draft.id
        )
    if content is None:
        source = get_version(source_id) if source_id is not None else find_active()
        if source is None:
            raise NotFound()
        content = content_of(source)
    number = (session().scalar(select(func.count()).select_from(LeadDefinition)) or 0) + 1
    draft = LeadDefinition(
        name=_checked_name(name or _("Version %(number)s", number=number)),
        active=False,
        content=to_data(content),
        created_at=at,
        created_by=_id(actor),
    )
    session().add(draft)
    session().flush()
    record(DraftBegun(at=at, definition_id=draft.id, source_id=source_id, user_id=_id(actor)))
    return draft


def _checked_name(name: str) -> str:
    tidied = name.strip()
    if not tidied:
        raise Invalid({"name": _("Please give it a name.")})
    if len(tidied) > LONGEST_NAME:
        raise Invalid({"name": _("Please keep it under %(most)d characters.", most=LONGEST_NAME)})
    return tidied


def lock_draft(definition_id: int) -> LeadDefinition:
    """Lock the draft, so that one person at a time changes it. Raises `NotFound`, `NoDraft`."""
    session().execute(ONE_AT_A_TIME)
    found = session().get(LeadDefinition, definition_id, populate_existing=True)
    if found is None:
        raise NotFound()
    if found.state != VersionState.DRAFT:
        raise NoDraft(
            _("“%(name)s” is no draft any more, so nothing of it can be changed.", name=found.name)
        )
    return found


def _keep(
    draft: LeadDefinition, content: Content, part: str, actor: Actor | None, at: datetime
) -> None:
    data = to_data(in_order(content))
    if data == draft.content:
        return
    draft.content = data
    draft.version += 1
    draft.changed_at, draft.changed_by = at, _id(actor)
    session().flush()
    record(
        DraftChanged(
            at=at, definition_id=draft.id, user_id=_id(actor), version=draft.version, part=part
        )
    )


def rename(definition_id: int, name: str, actor: Actor, at: datetime) -> LeadDefinition:
    """Give the draft another name. Raises `NotFound`, `NoDraft`, `Invalid`."""
    draft = lock_draft(definition_id)
    tidied = _checked_name(name)
    if tidied != draft.name:
        draft.name = tidied
        draft.changed_at, draft.changed_by = at, actor.id
        session().flush()
        record(
            DraftChanged(
                at=at, definition_id=draft.id, user_id=actor.id, version=draft.version, part="name"
            )
        )
    return draft


def discard(definition_id: int, actor: Actor, at: datetime) -> str:
    """Throw the draft away and return its name. Raises `NotFound`, `NoDraft`."""
    draft = lock_draft(definition_id)
    name = draft.name
    session().delete(draft)
    session().flush()
    record(DraftDiscarded(at=at, definition_id=definition_id, user_id=actor.id))
    return name


P = TypeVar("P", Type, Status, Question)


def save_part(
    definition_id: int,
    part: P,
    seen: str,
    actor: Actor,
    at: datetime,
    followers: Sequence[str] | None = None,
) -> P:
    """Change a part of the draft, or add one whose key is empty; return it with its key.

    `seen` is the `definition.mark_of` what the form showed, `followers` are the statuses that may
    follow a status. Whatever others changed elsewhere in the draft stays. Raises `NotFound`,
    `NoDraft`, `Invalid`, and `Conflict` where somebody else changed this very part: its fact `mark`
    is the one to save over it with.
    """
    draft = lock_draft(definition_id)
    content = content_of(draft)
    _check_part(content, part)
    if part.key:
        before = _part_of(content, part)
        same = before == part and (
            followers is None
            or set(followers) == {w.after for w in content.ways if w.before == part.key}
        )
        _check_seen(content, before, seen, same=same)
    else:
        part = replace(part, key=_free_key(content, part))
    content = definition.put(content, part)
    if followers is not None:
        content = definition.set_ways(content, part.key, followers)
    _keep(draft, content, f"{place_of(part)}.{part.key}", actor, at)
    return part


def _check_seen(content: Content, part: Part | Way | str, seen: str, *, same: bool) -> None:
    """Raise `Conflict` where somebody else changed what a form showed, unless to the same."""
    mark = mark_of(content, part)
    if seen != mark and not same:
        raise Conflict(
            _(
                "Somebody else has changed this in the meantime. What you typed is still here; "
                "saving once more replaces the other change."
            ),
            mark=mark,
        )


def _part_of(content: Content, part: P) -> P:
    for one in getattr(content, place_of(part)):
        if one.key == part.key:
            found: P = one
            return found
    raise NotFound()


def _free_key(content: Content, part: Part) -> str:
    wanted = make_key(part.names.get("en", ""))[:50]
    if not wanted[0].isalpha():
        wanted = f"x_{wanted}"
    # a row once made keeps its key for good, so that a lead of long ago still means the same
    known = {
        Type: LeadType.key,
        Status: LeadStatus.key,
        Question: QualificationQuestion.key,
    }
    taken = {one.key for one in getattr(content, place_of(part))}
    taken |= set(session().scalars(select(known[type(part)])))
    key, number = wanted, 2
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    return key


def _check_part(content: Content, part: Part) -> None:
    errors = {}
    name = part.names.get("en", "")
    if not name:
        errors["name_en"] = _("Please give it a name.")
    for language, given in part.names.items():
        if len(given) > LONGEST_NAME:
            errors[f"name_{language}"] = _(
                "Please keep it under %(most)d characters.", most=LONGEST_NAME
            )
    others = [one for one in getattr(content, place_of(part)) if one.key != part.key]
    if any(one.names.get("en", "").casefold() == name.casefold() for one in others):
        errors["name_en"] = _("There is one of this name already.")
    if not part.key and len(others) >= MOST[place_of(part)]:
        errors["name_en"] = _("At most %(most)d fit here.", most=MOST[place_of(part)])
    if isinstance(part, Status):
        fitting = definition.ANSWERS.get(LifeState(part.state), ())
        if fitting and part.answer not in fitting:
            errors["answer"] = _("Please choose what a partner says of such a lead.")
    if isinstance(part, Question):
        errors |= _check_question(content, part)
    if errors:
        raise Invalid(errors)


def _check_question(content: Content, part: Question) -> dict[str, str]:
    errors: dict[str, str] = {}
    if part.sort == Sort.CHOICE and len(part.options) < 2:
        errors["options"] = _("Please give at least two answers to choose from.")
    elif len(part.options) > MOST["options"]:
        errors["options"] = _("At most %(most)d fit here.", most=MOST["options"])
    elif any(len(name) > LONGEST_NAME for option in part.options for name in option.names.values()):
        errors["options"] = _("Please keep it under %(most)d characters.", most=LONGEST_NAME)
    keys = [one.key for one in content.questions]
    place = keys.index(part.key) if part.key in keys else len(keys)
    if part.shown_by is not None and part.shown_by not in keys[:place]:
        errors["shown_by"] = _("Please choose a question that stands before this one.")
    return errors


def remove_part(definition_id: int, part: Part, seen: str, actor: Actor, at: datetime) -> None:
    """Take a part out of the draft; it may be gone already.

    Raises `NotFound`, `NoDraft`, `Conflict` where somebody else changed it meanwhile.
    """
    draft = lock_draft(definition_id)
    content = content_of(draft)
    before = next((o for o in getattr(content, place_of(part)) if o.key == part.key), None)
    if before is None:
        return
    if mark_of(content, before) != seen:
        raise Conflict(
            _("Somebody else has changed this in the meantime. Please look at it again.")
        )
    content = definition.take_out(content, before)
    _keep(draft, content, f"{place_of(part)}.{part.key}", actor, at)


def move_part(definition_id: int, part: Part, steps: int, actor: Actor, at: datetime) -> None:
    """Move a part up (-1) or down (1). Raises `NotFound`, `NoDraft`."""
    draft = lock_draft(definition_id)
    content = content_of(draft)
    found = next((o for o in getattr(content, place_of(part)) if o.key == part.key), None)
    if found is None:
        raise NotFound()
    _keep(draft, definition.move(content, found, steps), place_of(part), actor, at)


def save_way(definition_id: int, way: Way, seen: str, actor: Actor, at: datetime) -> None:
    """Change for which types a way is open, and for whom. Raises as `save_part` does."""
    draft = lock_draft(definition_id)
    content = content_of(draft)
    before = content.way_of(way.before, way.after)
    if before is None:
        raise NotFound()
    errors = {}
    if way.types is not None and not way.types:
        errors["types"] = _("Please choose at least one.")
    if way.roles is not None and not way.roles:
        errors["roles"] = _("Please choose at least one.")
    if way.units is not None and not way.units:
        errors["units"] = _("Please choose at least one.")
    if errors:
        raise Invalid(errors)
    _check_seen(content, before, seen, same=before == way)
    content = definition.put_way(content, way)
    _keep(draft, content, f"ways.{way.before}.{way.after}", actor, at)


def save_levels(
    definition_id: int, scale: str, levels: Sequence[Level], seen: str, actor: Actor, at: datetime
) -> None:
    """Change what the levels of a scale are called and which are in use.

    Raises as `save_part` does.
    """
    draft = lock_draft(definition_id)
    content = content_of(draft)
    changed = definition.set_levels(content, scale, levels)
    errors = {
        f"name_en_{one.level}": _("Please name it in English, too.")
        for one in levels
        if one.names and not one.names.get("en")
    }
    if not any(one.supported for one in levels):
        errors["levels"] = _("At least one has to be in use.")
    if errors:
        raise Invalid(errors)
    same = content.levels_of(scale) == changed.levels_of(scale)
    _check_seen(content, scale, seen, same=same)
    _keep(draft, changed, scale, actor, at)


def save_numbering(
    definition_id: int, numbering: Numbering, seen: str, actor: Actor, at: datetime
) -> None:
    """Change how new leads are numbered. Raises as `save_part` does."""
    draft = lock_draft(definition_id)
    content = content_of(draft)
    if not PREFIX.fullmatch(numbering.prefix) or numbering.digits not in DIGITS:
        raise Invalid({"prefix": prefix_words()})
    _check_seen(content, "numbering", seen, same=content.numbering == numbering)
    _keep(draft, replace(content, numbering=numbering), "numbering", actor, at)


def complete_ways(definition_id: int, actor: Actor, at: datetime) -> int:
    """Add every way to the draft that the portal needs; return how many. Raises `NoDraft`."""
    draft = lock_draft(definition_id)
    content, count = add_ways(content_of(draft))
    _keep(draft, content, "ways", actor, at)
    return count


def bring_in(
    name: str, content: Content, replacing: bool, actor: Actor | None, at: datetime
) -> LeadDefinition:
    """Make a draft that says what a file says; `replacing` has the one that is there say it.

    `actor` is None where no person did it. Raises `DraftExists`, `Invalid`.
    """
    session().execute(ONE_AT_A_TIME)
    draft = find_draft()
    if draft is None or not replacing:
        return begin_draft(actor, at, content=content, name=name)
    if name:
        draft.name = _checked_name(name)
    _keep(draft, content, "all", actor, at)
    return draft


def _id(actor: Actor | None) -> int | None:
    return actor.id if actor is not None else None


def people_of(versions: Sequence[LeadDefinition]) -> dict[int, str]:
    """Return the names of those who made, changed and activated versions, by id."""
    asked = {
        one
        for v in versions
        for one in (v.created_by, v.changed_by, v.activated_by)
        if one is not None
    }
    rows = session().execute(select(User.id, User.name).where(User.id.in_(asked)))
    return {row.id: row.name for row in rows}
