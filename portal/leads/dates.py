"""Key dates of a lead: when the work began, when it was to be over, when that is expected now.

Who holds a lead sets them, and who of the vendor answers for it; every change is kept. How long it
still takes and what is overdue is computed from them, never stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads.events import KeyDatesChanged
from portal.leads.models import Lead, LeadDateChange, LeadState
from portal.leads.sight import Sight, sight_of
from portal.leads.visibility import Field, Tier

FIELDS = ("started_on", "estimated_on", "expected_on")
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
SHOWN = 50
SETS = frozenset({Tier.HOLDER, Tier.FIRM_MANAGER, Tier.DELEGATE, Tier.OWNER, Tier.CHANNEL_MANAGER})
"""Who sets the dates, of those who see how it goes."""


@dataclass(frozen=True, slots=True)
class KeyDates:
    """The dates of a lead as somebody reads them today; `left` are days, fewer than 0 when late.

    `qualified_at` made it an MQL (for the vendor to read), `picked_at` an SAL, `sql_at` an SQL.
    """

    qualified_at: datetime | None
    picked_at: datetime | None
    sql_at: datetime | None
    started_on: date | None
    estimated_on: date | None
    expected_on: date | None
    closed_on: date | None
    left: int | None
    changes: Sequence[AnyRow]
    may_set: bool

    @property
    def overdue(self) -> bool:
        """True for what is not closed although it was to be by now."""
        return self.left is not None and self.left < 0

    @property
    def took(self) -> int | None:
        """Return the days from start to end of what is closed."""
        if self.closed_on is None or self.started_on is None:
            return None
        return (self.closed_on - self.started_on).days


def days_left(expected_on: date | None, closed_on: date | None, today: date) -> int | None:
    """Return the days until a lead is to be closed; None for what is closed or has no date."""
    if closed_on is not None or expected_on is None:
        return None
    return (expected_on - today).days


def may_set(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether somebody sets the dates of a lead: who holds it, or answers for it."""
    sight = sight_of(lead, actor, known)
    held = lead.state in (LeadState.HELD, LeadState.DIRECT) and not actor.is_looked_as
    return held and Field.PROGRESS in sight and not SETS.isdisjoint(sight.tiers)


def read_dates(lead: Lead, actor: Actor, at: datetime, known: Sight | None = None) -> KeyDates:
    """Return the key dates of a lead with all changes, for somebody who sees how it goes.

    Where nobody has said when the work began, it began with the pickup; what is expected is what
    was estimated, until somebody says otherwise.
    """
    zone = ZoneInfo(actor.timezone)
    picked = lead.picked_at.astimezone(zone).date() if lead.picked_at else None
    closed = lead.closed_at.astimezone(zone).date() if lead.closed_at else None
    expected = lead.expected_on or lead.estimated_on
    return KeyDates(
        qualified_at=None if actor.is_partner else lead.qualified_at,
        picked_at=lead.picked_at,
        sql_at=lead.sql_at,
        started_on=lead.started_on or picked,
        estimated_on=lead.estimated_on,
        expected_on=expected,
        closed_on=closed,
        left=days_left(expected, closed, at.astimezone(zone).date()),
        changes=list_changes(lead, actor),
        may_set=may_set(lead, actor, known),
    )


def list_changes(lead: Lead, actor: Actor) -> Sequence[AnyRow]:
    """Return how the dates were changed, the newest first: `field`, `was`, `day`, `at`, `who`.

    A partner reads those since his own pickup.
    """
    query = (
        select(
            LeadDateChange.field,
            LeadDateChange.was,
            LeadDateChange.day,
            LeadDateChange.at,
            User.name.label("who"),
            Organisation.name.label("firm"),
        )
        .outerjoin(User, User.id == LeadDateChange.user_id)
        .outerjoin(Organisation, Organisation.id == User.organisation_id)
        .where(LeadDateChange.lead_id == lead.id)
    )
    if actor.is_partner:
        query = query.where(LeadDateChange.at >= lead.picked_at)
    return (
        session()
        .execute(query.order_by(LeadDateChange.at.desc(), LeadDateChange.id.desc()).limit(SHOWN))
        .all()
    )


def set_dates(
    lead_id: int, days: Mapping[str, date | None], actor: Actor, at: datetime
) -> Sequence[str]:
    """Set the key dates of a held lead and keep what they were; return which were changed.

    Raises `Invalid` by field, and `NotFound` for who doesn't set them.
    """
    lead = session().scalar(
        select(Lead)
        .where(Lead.id == lead_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if lead is None or not may_set(lead, actor):
        raise NotFound()
    errors = check_days(days)
    if errors:
        raise Invalid(errors)
    before = {name: getattr(lead, name) for name in FIELDS}
    changed = [name for name in FIELDS if name in days and days[name] != before[name]]
    for name in changed:
        setattr(lead, name, days[name])
        session().add(
            LeadDateChange(
                lead_id=lead.id,
                field=name,
                was=before[name],
                day=days[name],
                at=at,
                user_id=actor.id,
            )
        )
    session().flush()
    if changed:
        record(
            KeyDatesChanged(
                at=at,
                lead_id=lead.id,
                user_id=actor.id,
                dates_before={name: _iso(before[name]) for name in changed},
                dates={name: _iso(days[name]) for name in changed},
            )
        )
    return changed


def begin_dates(lead: Lead, day: date, user_id: int, at: datetime) -> None:
    """Note when the work on a locked lead began that nobody picks up."""
    lead.started_on = day
    session().add(
        LeadDateChange(
            lead_id=lead.id, field="started_on", was=None, day=day, at=at, user_id=user_id
        )
    )
    session().flush()


def clear_dates(lead: Lead, user_id: int | None, at: datetime) -> None:
    """Take the key dates off a locked lead that goes back: the next holder's begin anew."""
    for name in FIELDS:
        was = getattr(lead, name)
        if was is None:
            continue
        setattr(lead, name, None)
        session().add(
            LeadDateChange(lead_id=lead.id, field=name, was=was, day=None, at=at, user_id=user_id)
        )
    session().flush()


def check_days(days: Mapping[str, date | None]) -> dict[str, str]:
    """Return a sentence per date that can't be right."""
    errors = {
        name: str(_("Please check the year."))
        for name, day in days.items()
        if day is not None and not FIRST <= day < LAST
    }
    started = days.get("started_on")
    for name in ("estimated_on", "expected_on"):
        day = days.get(name)
        if name not in errors and day is not None and started is not None and day < started:
            errors[name] = str(_("That is before the work began."))
    return errors


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
