"""Make a draft the active version: nobody is stranded, and all of it holds at one moment.

The rows of types, statuses and questions keep their keys and ids from version to version, so that a
lead, an answer or a partner's last report means the same before and after. Only what leaves the
definition has leads to move, and where to is chosen by whoever activates.

Whoever works on a lead reads a status first and writes it into the lead afterwards. Between the two
no version may change: activation takes the table of statuses for itself, which waits for all who
have read it and has all others wait for some milliseconds. It never waits long: after
`PATIENCE_MS` it lets go and tries again, which is sooner than PostgreSQL looks for a deadlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from flask_babel import gettext as _
from sqlalchemy import BigInteger, column, delete, func, select, text, update, values
from sqlalchemy.exc import OperationalError

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Conflict, Refused
from portal.core.events import record
from portal.leads.definition import (
    Content,
    Type,
    option_to_data,
    plan_to_data,
    settings_to_data,
    to_data,
)
from portal.leads.definition_around import find_units, read_around
from portal.leads.definition_rules import Finding, Standing, Stranded, check, find_stranded
from portal.leads.events import DefinitionActivated
from portal.leads.models import (
    Lead,
    LeadDefinition,
    LeadRequirement,
    LeadStatus,
    LeadTransition,
    LeadType,
    QualificationQuestion,
)
from portal.leads.versions import content_of, find_active, lock_draft, read_active

PATIENCE_MS = 700
TRIES = 6
EXAMPLES = 5

Place = tuple[str, str]


class NotComplete(Refused):
    """The draft can't be activated as it is. Facts: `findings`."""

    code = "not_complete"


class LeadsStranded(Refused):
    """Leads would have no place, and it was not said where they go. Facts: `places`."""

    code = "leads_stranded"


class TooBusy(Refused):
    """Others hold what activation needs, for longer than it waits."""

    code = "too_busy"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What activating a draft would mean now."""

    findings: Sequence[Finding]
    stranded: Sequence[Stranded]
    examples: Mapping[str, Sequence[tuple[int, str, str]]]


def look_ahead(draft: LeadDefinition) -> Outlook:
    """Return what keeps a draft from being activated and whom it would strand, with some leads."""
    content = content_of(draft)
    stranded = find_stranded(content, list_standings())
    return Outlook(check(content, read_around()), stranded, _examples(stranded))


def list_standings() -> list[Standing]:
    """Return how many leads are of which type and in which status, of every version."""
    counted = (
        select(Lead.type_id, Lead.status_id, func.count().label("count"))
        .group_by(Lead.type_id, Lead.status_id)
        .subquery()
    )
    rows = session().execute(
        select(LeadType, LeadStatus, counted.c.count)
        .join(counted, counted.c.type_id == LeadType.id)
        .join(LeadStatus, LeadStatus.id == counted.c.status_id)
        .order_by(LeadType.position, LeadType.id, LeadStatus.position, LeadStatus.id)
    )
    return [
        Standing(
            type_id=lead_type.id,
            status_id=status.id,
            type_key=lead_type.key,
            kind=lead_type.kind,
            type_names=lead_type.names,
            status_key=status.key,
            state=status.life_state,
            answer=status.feedback_status,
            status_names=status.names,
            count=count,
        )
        for lead_type, status, count in rows
    ]


def _examples(stranded: Iterable[Stranded]) -> dict[str, list[tuple[int, str, str]]]:
    """Return some leads of each place, the newest first."""
    found = {}
    for one in stranded:
        rows = session().execute(
            select(Lead.id, Lead.number, Lead.title)
            .where(Lead.type_id == one.standing.type_id, Lead.status_id == one.standing.status_id)
            .order_by(Lead.id.desc())
            .limit(EXAMPLES)
        )
        found[one.standing.place] = [(row.id, row.number, row.title) for row in rows]
    return found


def activate(
    definition_id: int,
    version: int,
    mapping: Mapping[str, Place],
    actor: Actor | None,
    at: datetime,
) -> LeadDefinition:
    """Make the draft the active version.

    `version` is that of the draft the person saw; `mapping` says for each `Standing.place` of which
    type and in which status its leads are afterwards. Raises `NotFound`, `NoDraft`, `Conflict`
    where the draft changed meanwhile, `NotComplete`, `LeadsStranded`, `TooBusy`.
    """
    draft = lock_draft(definition_id)
    if draft.version != version:
        raise Conflict(
            _("Somebody else has changed the draft in the meantime. Please look at it again.")
        )
    content = content_of(draft)
    findings = check(content, read_around())
    if findings:
        raise NotComplete(
            _("This version is not complete yet."), findings=[one.said for one in findings]
        )
    for _turn in range(TRIES):
        try:
            with session().begin_nested():
                _wait_no_longer_than(PATIENCE_MS)
                session().execute(text("LOCK TABLE lead_types, lead_statuses"))
                return _switch(draft, content, mapping, actor.id if actor else None, at)
        except OperationalError as error:
            # lock_not_available; anything else is none of ours
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            session().expire_all()
    raise TooBusy(
        _("Much is going on with leads at this moment. Nothing was changed; please try again.")
    )


def _wait_no_longer_than(milliseconds: int) -> None:
    session().execute(select(func.set_config("lock_timeout", f"{milliseconds}ms", True)))


def _switch(
    draft: LeadDefinition,
    content: Content,
    mapping: Mapping[str, Place],
    by: int | None,
    at: datetime,
) -> LeadDefinition:
    active = find_active()
    if active is None:
        raise Refused(_("There is no active version to follow on."))
    stranded = find_stranded(content, list_standings())
    left = [
        one.standing.place for one in stranded if mapping.get(one.standing.place) not in one.choices
    ]
    if left:
        raise LeadsStranded(_("Please say where these leads go."), places=left)
    before = read_active(active.id)
    active.active, active.content, active.retired_at = False, to_data(before), at
    active.settings = {}
    session().flush()
    draft.active, draft.content, draft.settings = True, None, settings_to_data(content)
    draft.activated_at, draft.activated_by = at, by
    session().flush()
    _write(draft.id, content)
    moved = _move(stranded, mapping)
    _wait_no_longer_than(0)
    record(
        DefinitionActivated(
            at=at,
            definition_id=draft.id,
            replaces=active.id,
            user_id=by,
            moved=moved,
        )
    )
    return draft


def _write(definition_id: int, content: Content) -> None:
    """Have the tables say the content. Rows of keys that were there before are used again."""
    own = session()
    statuses = {one.key: one for one in _newest_last(own.scalars(select(LeadStatus)))}
    for place, one in enumerate(content.statuses):
        status = statuses.setdefault(one.key, LeadStatus(key=one.key))
        status.definition_id, status.position = definition_id, place
        status.names, status.life_state = dict(one.names), one.state
        status.feedback_status = one.answer
        status.is_default, status.is_initial = one.usual, one.initial
        own.add(status)
    kept = {one.key for one in content.statuses}
    for status in statuses.values():
        if status.key not in kept:
            status.is_default = status.is_initial = False
    own.flush()
    status_ids = {key: statuses[key].id for key in kept}
    types = {one.key: one for one in _newest_last(own.scalars(select(LeadType)))}
    for place, given in enumerate(content.types):
        lead_type = types.setdefault(given.key, LeadType(key=given.key))
        lead_type.definition_id, lead_type.position = definition_id, place
        lead_type.names, lead_type.kind = dict(given.names), given.kind
        lead_type.teaser_fields = list(given.teaser)
        lead_type.status_ids = (
            None if given.statuses is None else [status_ids[key] for key in given.statuses]
        )
        lead_type.priority, lead_type.importance = given.priority, given.importance
        lead_type.category_keys = _list(given.categories)
        lead_type.product_keys = _list(given.products)
        lead_type.activity_kinds, lead_type.days = _list(given.activities), given.days
        lead_type.direct = given.direct
        lead_type.outcome, lead_type.least = given.outcome, given.least
        lead_type.policy_key, lead_type.attempts = given.policy, given.attempts
        lead_type.owner_speaks = given.owner_speaks
        lead_type.cadence = [plan_to_data(plan) for plan in given.cadence]
        contest = given.contest
        lead_type.contest = contest.mode
        lead_type.ring_size, lead_type.ring_minutes = contest.size, contest.minutes
        lead_type.deciding_seconds = contest.seconds
        own.add(lead_type)
    own.flush()
    type_ids = {one.key: types[one.key].id for one in content.types}
    _write_requirements(content.types, type_ids)

    def of_types(keys: Sequence[str] | None) -> list[int] | None:
        return None if keys is None else [type_ids[key] for key in keys]

    units = find_units(name for way in content.ways for name in way.units or ())
    own.execute(delete(LeadTransition))
    own.add_all(
        LeadTransition(
            from_status_id=status_ids[way.before],
            to_status_id=status_ids[way.after],
            type_ids=of_types(way.types),
            roles=_list(way.roles),
            unit_ids=None
            if way.units is None
            else [units[name] for name in way.units if name in units],
        )
        for way in content.ways
    )
    questions = {one.key: one for one in _newest_last(own.scalars(select(QualificationQuestion)))}
    for place, asked in enumerate(content.questions):
        question = questions.setdefault(asked.key, QualificationQuestion(key=asked.key))
        question.definition_id, question.position = definition_id, place
        question.names, question.area = dict(asked.names), asked.area
        question.required, question.type_ids = asked.required, of_types(asked.types)
        question.sort, question.options = asked.sort, [option_to_data(o) for o in asked.options]
        question.required_later = asked.required_later
        question.shown_by, question.shown_for = asked.shown_by, list(asked.shown_for)
        question.step = asked.step
        own.add(question)
    own.flush()


def _list(named: Sequence[str] | None) -> list[str] | None:
    return None if named is None else list(named)


R = TypeVar("R", LeadStatus, LeadType, QualificationQuestion)


def _newest_last(rows: Iterable[R]) -> list[R]:
    return sorted(rows, key=lambda row: (row.definition_id, row.id))


def _write_requirements(types: Iterable[Type], type_ids: Mapping[str, int]) -> None:
    own = session()
    own.execute(delete(LeadRequirement))
    for given in types:
        for step, fields in given.required.items():
            own.add_all(
                LeadRequirement(type_id=type_ids[given.key], step=step, field=field)
                for field in fields
            )
    own.flush()


def _move(stranded: Sequence[Stranded], mapping: Mapping[str, Place]) -> dict[str, int]:
    """Move leads to their new places, all at once; return how many, by `place new_place`."""
    if not stranded:
        return {}
    own = session()
    types = {row.key: row.id for row in own.scalars(select(LeadType))}
    statuses = {row.key: row.id for row in own.scalars(select(LeadStatus))}
    moves, moved = [], {}
    for one in stranded:
        type_key, status_key = mapping[one.standing.place]
        moves.append(
            (
                one.standing.type_id,
                one.standing.status_id,
                types[type_key],
                statuses[status_key],
            )
        )
        moved[f"{one.standing.place} {type_key}/{status_key}"] = one.standing.count
    # one statement: the place that some leads leave may be where others go
    places = (
        values(
            *(column(name, BigInteger) for name in ("type", "status", "new_type", "new_status")),
            name="places",
        )
        .data(moves)
        .alias("places")
    )
    own.execute(
        update(Lead)
        .where(Lead.type_id == places.c.type, Lead.status_id == places.c.status)
        .values(type_id=places.c.new_type, status_id=places.c.new_status)
        .execution_options(synchronize_session=False)
    )
    own.expire_all()
    return moved
