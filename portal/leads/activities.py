"""Calls, e-mails, appointments and tasks about a lead: planned, done, or not needed any more.

They belong to the firm whose people planned them, as notes do: its people who work on the lead see
and settle them, the other side reads what is shared with it (`visibility`, the field of notes).
The words stand behind the wall. What the holder's firm has open keeps the lead from being closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.permissions import MANAGING_ROLES
from portal.accounts.queries import find_actor_of
from portal.accounts.reach import Reached
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads import wall
from portal.leads.models import Lead, LeadState, LeadTeamMember
from portal.leads.notes import may_write
from portal.leads.queries import find_visible, visible_to
from portal.leads.sight import Sight
from portal.timeline import operations as timeline
from portal.timeline.events import (
    ActivityChanged,
    ActivityEntered,
    ActivitySettled,
    ActivityShared,
)
from portal.timeline.models import Activity, ActivityWords
from portal.timeline.queries import OPEN
from portal.timeline.rules import (
    LONGEST,
    Entry,
    Kind,
    NothingAhead,
    SettledAlready,
    check_entry,
    remind_at,
)
from portal.web.paging import Page, cut

LEAD = "lead"
SHOWN, PAGE = 200, 40
SETTLED = "settled"
FILTERS: tuple[str, ...] = ("open", SETTLED, *Kind)
"""What a list may be narrowed to: what lies ahead, what is settled, or one kind."""

Author, Assignee = aliased(User, name="author"), aliased(User, name="assignee")


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


def load_activities(
    lead: Lead,
    actor: Actor,
    known: Sight | None = None,
    firms: Collection[int] | None = None,
    show: str = "",
) -> Sequence[Listed]:
    """Return what a person may read of the activities about a lead.

    What lies ahead comes first, the next due on top; then what is settled, the newest first. Her
    own firm's, and what the other side shares where the table lets her: of `firms` only, where they
    are named. `show` is one of `FILTERS`.
    """
    if not may_write(lead, actor, known):
        return load_own(lead.id, actor)
    own = ActivityWords.organisation_id == actor.organisation_id
    shared: ColumnElement[bool] = ActivityWords.shared_at.is_not(None)
    if firms is not None:
        shared = and_(shared, ActivityWords.organisation_id.in_(firms))
    if actor.is_partner:
        shared = and_(
            shared, Organisation.kind == OrganisationKind.VENDOR, Activity.at >= lead.picked_at
        )
    return _read(lead.id, actor, or_(own, shared), [lead.id], show)


def load_own(lead_id: int, actor: Actor) -> Sequence[Listed]:
    """Return what the actor's firm did about a lead, which it may have given back since.

    Nothing for who only looks as her.
    """
    if actor.is_looked_as:
        return ()
    return _read(lead_id, actor, ActivityWords.organisation_id == actor.organisation_id, ())


def _read(
    lead_id: int,
    actor: Actor,
    readable: ColumnElement[bool],
    shared_of: Collection[int],
    show: str = "",
) -> Sequence[Listed]:
    query = _listed().where(
        Activity.subject == LEAD, Activity.subject_id == lead_id, readable, *_shown(show)
    )
    settled = func.coalesce(Activity.done_at, Activity.cancelled_at)
    with wall.open_notes(actor.organisation_id, shared_of) as opened:
        rows = opened.execute(
            query.order_by(
                settled.is_(None).desc(),
                settled.desc(),
                Activity.planned_for,
                Activity.id,
            ).limit(SHOWN)
        ).all()
    return [Listed(*row) for row in rows]


def _listed() -> Select[*tuple[Any, ...]]:
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


def _shown(show: str) -> list[ColumnElement[bool]]:
    if show == "open":
        return [OPEN]
    if show == SETTLED:
        return [~OPEN]
    return [Activity.kind == show] if show in set(Kind) else []


def get_activity(lead: Lead, activity_id: int, actor: Actor) -> Listed:
    """Return an activity of the actor's own firm about a lead. Raises `NotFound`."""
    if not may_write(lead, actor):
        raise NotFound()
    own = and_(ActivityWords.organisation_id == actor.organisation_id, Activity.id == activity_id)
    found = _read(lead.id, actor, own, ())
    if not found:
        raise NotFound()
    return found[0]


def mine(actor: Actor, reached: Reached | None = None) -> ColumnElement[bool]:
    """Return the condition of what somebody still has to do about a `Lead` that she sees."""
    return and_(
        Activity.subject == LEAD,
        Activity.assignee_id == actor.id,
        Activity.organisation_id == actor.organisation_id,
        OPEN,
        visible_to(actor, reached),
    )


BY_DUE = (Activity.planned_for, Activity.id)


def list_next(actor: Actor, reached: Reached | None = None, limit: int = 5) -> Sequence[AnyRow]:
    """Return what somebody has to do next, without its words: `id`, `kind`, `planned_for`, lead."""
    return (
        session()
        .execute(
            select(
                Activity.id,
                Activity.kind,
                Activity.planned_for,
                Lead.id.label("lead_id"),
                Lead.number,
                Lead.title,
            )
            .join(Lead, Lead.id == Activity.subject_id)
            .where(mine(actor, reached))
            .order_by(*BY_DUE)
            .limit(limit)
        )
        .all()
    )


def list_mine(actor: Actor, number: int) -> Page[tuple[Listed, dict[str, Any]]]:
    """Return a page of what somebody still has to do, the next due first, each with its lead.

    Of the lead `id`, `number` and `title`. Nothing for who only looks as her.
    """
    if actor.is_looked_as:
        return Page([], number, more=False)
    query = (
        _listed()
        .join(Lead, Lead.id == Activity.subject_id)
        .add_columns(Lead.id, Lead.number, Lead.title)
        .where(mine(actor))
        .order_by(*BY_DUE)
        .limit(PAGE + 1)
        .offset((number - 1) * PAGE)
    )
    with wall.open_notes(actor.organisation_id) as opened:
        rows = opened.execute(query).all()
    told: list[tuple[Listed, dict[str, Any]]] = [
        (Listed(*row[:-3]), {"id": row[-3], "number": row[-2], "title": row[-1]}) for row in rows
    ]
    return cut(told, number, PAGE)


def list_assignees(lead: Lead, actor: Actor) -> Sequence[AnyRow]:
    """Return `id` and `name` of those of the actor's firm who may have an activity on a lead.

    Who holds it or manages its firm; of the vendor who answers for it, is in its team, or looks
    after all leads.
    """
    if actor.is_partner:
        works = or_(
            User.id.in_([actor.id, lead.holder_id or 0]), User.roles.overlap(list(MANAGING_ROLES))
        )
    else:
        team = select(LeadTeamMember.user_id).where(LeadTeamMember.lead_id == lead.id)
        works = or_(
            User.id.in_([actor.id, lead.owner_id or 0, lead.holder_id or 0]),
            User.id.in_(team),
            User.roles.contains(["channel_manager"]),
        )
    return (
        session()
        .execute(
            select(User.id, User.name)
            .where(User.organisation_id == actor.organisation_id, User.active, works)
            .order_by(User.name, User.id)
        )
        .all()
    )


# -- verbs ------------------------------------------------------------------------------------


def enter(lead: Lead, entry: Entry, *, done: bool, actor: Actor, at: datetime) -> Activity:
    """Plan an activity for the actor's firm, or note one that is done.

    Raises `Invalid` by field, `NotFound`, and `NothingAhead` for a plan on a lead that the firm has
    closed.
    """
    if not may_write(lead, actor):
        raise NotFound()
    errors = check_entry(entry, done=done, at=at)
    assignee = actor.id if entry.assignee_id is None else entry.assignee_id
    if assignee not in {row.id for row in list_assignees(lead, actor)}:
        errors["assignee"] = str(_("Please choose somebody who works on this lead."))
    if errors:
        raise Invalid(errors)
    if not done:
        check_ahead(lead, actor)
    due = None if done else entry.due
    activity = Activity(
        subject=LEAD,
        subject_id=lead.id,
        kind=entry.kind,
        at=at,
        author_id=actor.id,
        organisation_id=actor.organisation_id,
        planned_for=due,
        remind_at=remind_at(entry.kind, due) if due else None,
        done_at=(entry.due or at) if done else None,
        settled_by_id=assignee if done else None,
        assignee_id=assignee,
    )
    session().add(activity)
    session().flush()
    with wall.open_notes(actor.organisation_id) as opened:
        opened.add(
            ActivityWords(
                activity_id=activity.id,
                organisation_id=actor.organisation_id,
                subject=LEAD,
                subject_id=lead.id,
                text=entry.text,
                shared_at=at if entry.shared else None,
            )
        )
    record(
        ActivityEntered(
            at=at,
            lead_id=lead.id,
            activity_id=activity.id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            kind=entry.kind,
            done=done,
            assignee_id=assignee,
            due=due.isoformat() if due else None,
        )
    )
    return activity


def check_ahead(lead: Lead, actor: Actor) -> None:
    """Refuse a plan on a lead that the actor's own firm has closed, also in this moment."""
    # whoever closes it holds a stronger lock, and asks for what is planned under it
    state, firm = (
        session()
        .execute(
            select(Lead.state, Lead.holder_organisation_id)
            .where(Lead.id == lead.id)
            .with_for_update(read=True)
        )
        .one()
    )
    if state == LeadState.CLOSED and firm == actor.organisation_id:
        raise NothingAhead(
            _(
                "%(number)s is closed: note what was done, but plan nothing more.",
                number=lead.number,
            )
        )


@contextmanager
def _own_activity(
    lead: Lead, activity_id: int, actor: Actor
) -> Iterator[tuple[Session, Activity, ActivityWords]]:
    """Open the wall to an activity of the actor's firm and lock it. Raises `NotFound`."""
    if not may_write(lead, actor):
        raise NotFound()
    with wall.open_notes(actor.organisation_id) as opened:
        activity = opened.get(
            Activity, activity_id, with_for_update={"key_share": True}, populate_existing=True
        )
        words = opened.get(ActivityWords, activity_id, populate_existing=True)
        if activity is None or words is None:
            raise NotFound()
        if (activity.subject, activity.subject_id) != (LEAD, lead.id):
            raise NotFound()
        yield opened, activity, words


def _check_open(activity: Activity) -> None:
    if not activity.is_open:
        raise SettledAlready(_("This is settled already. It stays as it is."))


def change(lead: Lead, activity_id: int, entry: Entry, actor: Actor, at: datetime) -> None:
    """Change what lies ahead: what, when, who.

    Raises `Invalid` by field, `NotFound`, `SettledAlready`.
    """
    with _own_activity(lead, activity_id, actor) as (opened, activity, words):
        _check_open(activity)
        unmoved = entry.due is not None and entry.due == activity.planned_for
        errors = check_entry(entry, done=False, at=at)
        if unmoved:
            errors.pop("due_on", None)  # it may have come up meanwhile
        assignee = activity.assignee_id if entry.assignee_id is None else entry.assignee_id
        may_have = {row.id for row in list_assignees(lead, actor)} | {activity.assignee_id}
        if assignee not in may_have:
            errors["assignee"] = str(_("Please choose somebody who works on this lead."))
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
    timeline.assign(activity, assignee, actor.id, at)
    fields = [name for name, is_so in changed.items() if is_so]
    if fields:
        record(
            ActivityChanged(
                at=at,
                lead_id=lead.id,
                activity_id=activity_id,
                user_id=actor.id,
                organisation_id=actor.organisation_id,
                fields=fields,
                due_before=before.isoformat() if before and not unmoved else None,
                due=entry.due.isoformat() if not unmoved else None,
            )
        )


def settle(
    lead: Lead, activity_id: int, *, done: bool, outcome: str, actor: Actor, at: datetime
) -> None:
    """Note that an activity is done, with what came of it, or that nobody needs it any more.

    Twice is once. Raises `Invalid` (`outcome`), `NotFound`, `SettledAlready`.
    """
    if len(outcome) > LONGEST:
        words = _("Please keep it under %(most)d characters.", most=LONGEST)
        raise Invalid({"outcome": str(words)})
    with _own_activity(lead, activity_id, actor) as (opened, activity, words_of_it):
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
            lead_id=lead.id,
            activity_id=activity_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            outcome="done" if done else "cancelled",
        )
    )


def share(lead: Lead, activity_id: int, shared: bool, actor: Actor, at: datetime) -> None:
    """Let the other side read an activity of the actor's firm, or no longer. Raises `NotFound`."""
    with _own_activity(lead, activity_id, actor) as (opened, _activity, words):
        if (words.shared_at is not None) == shared:
            return
        words.shared_at = at if shared else None
        opened.flush()
    record(
        ActivityShared(
            at=at,
            lead_id=lead.id,
            activity_id=activity_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )


def release(user: User, by_user_id: int, at: datetime) -> int:
    """Hand on what somebody who leaves still has planned; return how much it was.

    It goes to who holds the lead or, at the vendor, answers for it; else to who lets her go, if
    that is a colleague; else it waits for somebody to take it on.
    """
    planned = session().scalars(
        select(Activity)
        .where(Activity.assignee_id == user.id, OPEN)
        .order_by(Activity.id)
        .with_for_update(key_share=True)
    )
    found = planned.all()
    for activity in found:
        timeline.assign(activity, _next_after(user, activity, by_user_id), by_user_id, at)
    return len(found)


def _next_after(user: User, activity: Activity, by_user_id: int) -> int | None:
    lead = session().get(Lead, activity.subject_id) if activity.subject == LEAD else None
    candidates = [lead.holder_id, lead.owner_id] if lead else []
    for user_id in (*candidates, by_user_id):
        other = session().get(User, user_id) if user_id is not None else None
        of_firm = other is not None and other.organisation_id == activity.organisation_id
        if other is not None and of_firm and other.active and other.id != user.id:
            return other.id
    return None


def find_due(activity_id: int, user: User) -> tuple[Activity, Lead] | None:
    """Return an open activity that somebody has, with its lead; None where it is past for her."""
    activity = session().get(Activity, activity_id)
    if activity is None or not activity.is_open or activity.assignee_id != user.id:
        return None
    actor = find_actor_of(user.id)
    lead = find_visible(activity.subject_id, actor) if actor else None
    if actor is None or lead is None or not may_write(lead, actor):
        return None
    return activity, lead
