"""Calls, e-mails, appointments and tasks: read with their words, planned, changed, settled, shared.

On any subject: a lead, a partner, a customer. Whose they are and who may do what about them is for
the room of the subject to say; here an activity is that of the firm whose people planned it, and
nobody else changes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, delete, func, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.timeline import operations, wall
from portal.timeline.events import (
    ActivityChanged,
    ActivityEntered,
    ActivitySettled,
    ActivityShared,
)
from portal.timeline.models import Activity, ActivityWords
from portal.timeline.queries import OPEN
from portal.timeline.rules import LONGEST, Entry, Kind, SettledAlready, check_entry, remind_at

SHOWN = 200
SETTLED = "settled"
BY_DUE = (Activity.planned_for, Activity.id)

Author, Assignee = aliased(User, name="author"), aliased(User, name="assignee")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an activity is about: a `lead`, a `partner` or a `customer`, by its id."""

    kind: str
    id: int

    @property
    def lead_id(self) -> int | None:
        """Return the lead, if it is one."""
        return self.id if self.kind == "lead" else None


@dataclass(frozen=True, slots=True)
class Listed:
    """An activity with its words, as somebody may read it."""

    id: int
    kind: str
    text: str
    outcome: str | None
    at: datetime
    planned_for: datetime | None
    done_at: datetime | None
    cancelled_at: datetime | None
    code: str | None
    organisation_id: int
    firm: str
    author: str | None
    assignee_id: int | None
    assignee: str | None
    shared: bool

    @property
    def is_open(self) -> bool:
        """True for what lies ahead."""
        return self.done_at is None and self.cancelled_at is None

    def is_late(self, at: datetime) -> bool:
        """True for what was to be done by now."""
        return self.is_open and self.planned_for is not None and self.planned_for <= at


# -- reads ------------------------------------------------------------------------------------


def listed() -> Select[*tuple[Any, ...]]:
    """Return the query of activities with their words, as `Listed` has them. Behind the wall."""
    return (
        select(
            Activity.id,
            Activity.kind,
            ActivityWords.text,
            ActivityWords.outcome,
            Activity.at,
            Activity.planned_for,
            Activity.done_at,
            Activity.cancelled_at,
            Activity.code,
            Activity.organisation_id,
            Organisation.name,
            Author.name,
            Activity.assignee_id,
            Assignee.name,
            ActivityWords.shared_at.is_not(None),
        )
        .join(ActivityWords, ActivityWords.activity_id == Activity.id)
        .join(Organisation, Organisation.id == Activity.organisation_id)
        .outerjoin(Author, Author.id == Activity.author_id)
        .outerjoin(Assignee, Assignee.id == Activity.assignee_id)
    )


def read(
    subject: Subject,
    organisation_id: int,
    readable: ColumnElement[bool],
    shared_of: Collection[int] = (),
    show: str = "",
) -> Sequence[Listed]:
    """Return the activities on a subject that are `readable`, with the wall open to a firm.

    What lies ahead comes first, the next due on top; then what is settled, the newest first.
    `shared_of` are leads of which what others share may be read; `show` is `open`, `settled`, a
    kind, or empty.
    """
    settled = func.coalesce(Activity.done_at, Activity.cancelled_at)
    query = (
        listed()
        .where(
            Activity.subject == subject.kind,
            Activity.subject_id == subject.id,
            readable,
            *_shown(show),
        )
        .order_by(settled.is_(None).desc(), settled.desc(), *BY_DUE)
        .limit(SHOWN)
    )
    with wall.open_notes(organisation_id, shared_of) as opened:
        rows = opened.execute(query).all()
    return [Listed(*row) for row in rows]


def own(organisation_id: int) -> ColumnElement[bool]:
    """Return the condition of what is a firm's own."""
    return ActivityWords.organisation_id == organisation_id


def _shown(show: str) -> list[ColumnElement[bool]]:
    if show == "open":
        return [OPEN]
    if show == SETTLED:
        return [~OPEN]
    return [Activity.kind == show] if show in set(Kind) else []


def get(subject: Subject, activity_id: int, organisation_id: int) -> Listed:
    """Return an activity of a firm on a subject. Raises `NotFound`."""
    found = read(subject, organisation_id, own(organisation_id) & (Activity.id == activity_id))
    if not found:
        raise NotFound()
    return found[0]


# -- verbs ------------------------------------------------------------------------------------


def enter(
    subject: Subject,
    entry: Entry,
    *,
    done: bool,
    people: Collection[int],
    actor: Actor,
    at: datetime,
    kinds: Collection[str] = tuple(Kind),
) -> Activity:
    """Plan an activity for the actor's firm, or note one that is done.

    `people` are those who may have it, `kinds` what it may be. Raises `Invalid` by field.
    """
    errors = check_entry(entry, done=done, at=at, kinds=kinds)
    assignee = actor.id if entry.assignee_id is None else entry.assignee_id
    errors |= check_assignee(assignee, people)
    if errors:
        raise Invalid(errors)
    return _write(subject, entry, assignee, actor.organisation_id, at, done=done, by=actor.id)


def plan(subject: Subject, entry: Entry, organisation_id: int, at: datetime) -> Activity:
    """Plan something for a firm that nobody typed: the portal does it by itself.

    The entry is due at a moment ahead; where it names nobody, it waits for somebody to take it on.
    """
    return _write(subject, entry, entry.assignee_id, organisation_id, at)


def note(
    subject: Subject, kind: str, text: str, organisation_id: int, at: datetime, *, shared: bool
) -> Activity:
    """Note for a firm what happened and nobody of it did, as an inquiry that came in."""
    entry = Entry(kind, text[:LONGEST], shared=shared)
    return _write(subject, entry, None, organisation_id, at, done=True)


def _write(
    subject: Subject,
    entry: Entry,
    assignee: int | None,
    organisation_id: int,
    at: datetime,
    *,
    done: bool = False,
    by: int | None = None,
) -> Activity:
    due = None if done else entry.due
    activity = Activity(
        subject=subject.kind,
        subject_id=subject.id,
        kind=entry.kind,
        at=at,
        author_id=by,
        organisation_id=organisation_id,
        planned_for=due,
        remind_at=remind_at(entry.kind, due) if due else None,
        done_at=(entry.due or at) if done else None,
        settled_by_id=assignee if done else None,
        assignee_id=assignee,
    )
    session().add(activity)
    session().flush()
    with wall.open_notes(organisation_id) as opened:
        opened.add(
            ActivityWords(
                activity_id=activity.id,
                organisation_id=organisation_id,
                subject=subject.kind,
                subject_id=subject.id,
                text=entry.text,
                shared_at=at if entry.shared else None,
            )
        )
    record(
        ActivityEntered(
            at=at,
            lead_id=subject.lead_id,
            activity_id=activity.id,
            user_id=by,
            organisation_id=organisation_id,
            kind=entry.kind,
            done=done,
            assignee_id=assignee,
            due=due.isoformat() if due else None,
        )
    )
    return activity


def is_touched(subject: Subject) -> bool:
    """Say whether a person has planned, noted or settled anything about a subject."""
    by_hand = or_(Activity.author_id.is_not(None), Activity.settled_by_id.is_not(None))
    there = select(Activity.id).where(
        Activity.subject == subject.kind, Activity.subject_id == subject.id, by_hand
    )
    return session().scalar(there.limit(1)) is not None


def forget(subject: Subject) -> None:
    """Remove all that was planned and done about a subject that is removed."""
    its = (Activity.subject == subject.kind, Activity.subject_id == subject.id)
    firms = session().scalars(select(Activity.organisation_id).where(*its).distinct()).all()
    for firm_id in firms:
        with wall.open_notes(firm_id or 0, own=session()) as opened:
            opened.execute(
                delete(ActivityWords).where(
                    ActivityWords.subject == subject.kind, ActivityWords.subject_id == subject.id
                )
            )
    session().execute(delete(Activity).where(*its))


def take_over(
    kept: Subject, gone: Subject, organisation_id: int, only: Collection[int] | None = None
) -> list[int]:
    """Let what a firm planned and did about one subject be about another from now on.

    Returns the ids; of these `only`, where they are named.
    """
    with wall.open_notes(organisation_id, own=session()) as opened:
        found = list(
            opened.scalars(
                update(Activity)
                .where(
                    Activity.subject == gone.kind,
                    Activity.subject_id == gone.id,
                    Activity.organisation_id == organisation_id,
                    Activity.id.in_(only) if only is not None else true(),
                )
                .values(subject=kept.kind, subject_id=kept.id)
                .returning(Activity.id)
                .execution_options(synchronize_session=False)
            )
        )
        opened.execute(
            update(ActivityWords)
            .where(ActivityWords.activity_id.in_(found))
            .values(subject=kept.kind, subject_id=kept.id)
            .execution_options(synchronize_session=False)
        )
    return sorted(found)


def list_people(actor: Actor, which: ColumnElement[bool]) -> Sequence[AnyRow]:
    """Return `id` and `name` of those of the actor's firm who may have an activity, by name."""
    return (
        session()
        .execute(
            select(User.id, User.name)
            .where(User.organisation_id == actor.organisation_id, User.active, which)
            .order_by(User.name, User.id)
        )
        .all()
    )


def check_assignee(assignee_id: int | None, people: Collection[int | None]) -> dict[str, str]:
    """Return a sentence where somebody can't have an activity."""
    if assignee_id in people:
        return {}
    return {"assignee": str(_("Please choose somebody who works on it."))}


@contextmanager
def _own(
    subject: Subject, activity_id: int, actor: Actor
) -> Iterator[tuple[Session, Activity, ActivityWords]]:
    """Open the wall to an activity of the actor's firm and lock it. Raises `NotFound`."""
    with wall.open_notes(actor.organisation_id) as opened:
        activity = opened.get(
            Activity, activity_id, with_for_update={"key_share": True}, populate_existing=True
        )
        words = opened.get(ActivityWords, activity_id, populate_existing=True)
        if activity is None or words is None:
            raise NotFound()
        if (activity.subject, activity.subject_id) != (subject.kind, subject.id):
            raise NotFound()
        yield opened, activity, words


def _check_open(activity: Activity) -> None:
    if not activity.is_open:
        raise SettledAlready(_("This is settled already. It stays as it is."))


def change(
    subject: Subject,
    activity_id: int,
    entry: Entry,
    people: Collection[int],
    actor: Actor,
    at: datetime,
    kinds: Collection[str] = tuple(Kind),
) -> None:
    """Change what lies ahead: what (one of `kinds`, or what it was), when, who.

    Raises `Invalid` by field, `NotFound`, `SettledAlready`.
    """
    with _own(subject, activity_id, actor) as (opened, activity, words):
        _check_open(activity)
        unmoved = entry.due is not None and entry.due == activity.planned_for
        errors = check_entry(entry, done=False, at=at, kinds={*kinds, activity.kind})
        if unmoved:
            errors.pop("due_on", None)  # it may have come up meanwhile
        assignee = activity.assignee_id if entry.assignee_id is None else entry.assignee_id
        errors |= check_assignee(assignee, {*people, activity.assignee_id})
        if errors or entry.due is None:
            raise Invalid(errors)
        before = activity.planned_for
        changed = {
            "kind": activity.kind != entry.kind,
            "text": words.text != entry.text,
            "due": not unmoved,
        }
        activity.kind, activity.planned_for = entry.kind, entry.due
        words.text = entry.text
        if changed["due"] or changed["kind"]:
            activity.remind_at = remind_at(entry.kind, entry.due)
        if changed["due"]:
            activity.reminded_at = None
        opened.flush()
    operations.assign(activity, assignee, actor.id, at)
    fields = [name for name, is_so in changed.items() if is_so]
    if fields:
        record(
            ActivityChanged(
                at=at,
                lead_id=subject.lead_id,
                activity_id=activity_id,
                user_id=actor.id,
                organisation_id=actor.organisation_id,
                fields=fields,
                due_before=before.isoformat() if before and not unmoved else None,
                due=entry.due.isoformat() if not unmoved else None,
            )
        )


def settle(
    subject: Subject,
    activity_id: int,
    *,
    done: bool,
    outcome: str,
    actor: Actor,
    at: datetime,
) -> None:
    """Note that an activity is done, with what came of it, or that nobody needs it any more.

    Twice is once. Raises `Invalid` (`outcome`), `NotFound`, `SettledAlready`.
    """
    if len(outcome) > LONGEST:
        words = _("Please keep it under %(most)d characters.", most=LONGEST)
        raise Invalid({"outcome": str(words)})
    with _own(subject, activity_id, actor) as (opened, activity, words_of_it):
        if (activity.done_at if done else activity.cancelled_at) is not None:
            return
        _check_open(activity)
        if done:
            activity.done_at = at
        else:
            activity.cancelled_at = at
        activity.settled_by_id = actor.id
        words_of_it.outcome = outcome or None
        opened.flush()
    record(
        ActivitySettled(
            at=at,
            lead_id=subject.lead_id,
            activity_id=activity_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            outcome="done" if done else "cancelled",
        )
    )


def share(subject: Subject, activity_id: int, shared: bool, actor: Actor, at: datetime) -> None:
    """Let the other side read an activity of the actor's firm, or no longer. Raises `NotFound`."""
    with _own(subject, activity_id, actor) as (opened, _activity, words):
        if (words.shared_at is not None) == shared:
            return
        words.shared_at = at if shared else None
        opened.flush()
    record(
        ActivityShared(
            at=at,
            lead_id=subject.lead_id,
            activity_id=activity_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )
