"""The archive of what has ended without success: kept for later, back in view on a day.

Lost, cancelled and disqualified leads go in; they stay what they are. Whoever asked not to be
approached is never brought back into view.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Select, delete, select

from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind, User
from portal.accounts.reach import Reached
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.leads.events import LeadArchived, LeadUnarchived
from portal.leads.models import DEAD, ArchivedLead, Lead, LeadState, LeadStatus
from portal.leads.queries import lock_visible, visible_to
from portal.leads.team import may_change_team
from portal.web.paging import Page, cut

PAGE = 40
LONGEST = 2000
LAST = date(2100, 1, 1)


class NotDead(Refused):
    """A lead that goes on, or was won, is not for the archive."""

    code = "not_dead"


def is_dead(lead: Lead) -> bool:
    """True for what has ended without success."""
    if lead.state == LeadState.DISQUALIFIED:
        return True
    if lead.state != LeadState.CLOSED:
        return False
    return session().get_one(LeadStatus, lead.status_id).life_state in DEAD


def may_archive(lead: Lead, actor: Actor) -> bool:
    """Say whether somebody keeps this lead for later: who answers for it or assigns it."""
    vendors = actor.organisation_kind == OrganisationKind.VENDOR and not actor.is_looked_as
    return vendors and may_change_team(lead, actor)


def find_archived(lead_id: int) -> ArchivedLead | None:
    """Return what is noted of a lead in the archive."""
    return session().get(ArchivedLead, lead_id)


def list_archived(actor: Actor, number: int) -> Page[AnyRow]:
    """Return a page of the archive: what is back in view, then what comes next, then the rest."""
    rows = session().execute(
        _archived(actor)
        .order_by(ArchivedLead.returns_on.asc().nulls_last(), ArchivedLead.at.desc(), Lead.id)
        .limit(PAGE + 1)
        .offset((number - 1) * PAGE)
    )
    return cut(rows.all(), number, PAGE)


def list_back(
    actor: Actor, at: datetime, reached: Reached | None = None, limit: int = 10
) -> list[AnyRow]:
    """Return what has come back into view by today, the longest there first."""
    due = ArchivedLead.returns_on <= today_of(actor, at)
    rows = session().execute(
        _archived(actor, reached).where(due).order_by(ArchivedLead.returns_on, Lead.id).limit(limit)
    )
    return list(rows.all())


def _archived(actor: Actor, reached: Reached | None = None) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Lead.id,
            Lead.number,
            Lead.title,
            Lead.state,
            Lead.state_since,
            LeadStatus.names,
            ArchivedLead.at,
            ArchivedLead.returns_on,
            ArchivedLead.note,
            User.name.label("who"),
        )
        .join(Lead, Lead.id == ArchivedLead.lead_id)
        .join(LeadStatus, LeadStatus.id == Lead.status_id)
        .join(User, User.id == ArchivedLead.user_id)
        .where(visible_to(actor, reached))
    )


def today_of(actor: Actor, at: datetime) -> date:
    """Return the date where the person is."""
    return at.astimezone(ZoneInfo(actor.timezone)).date()


def check_dead(lead: Lead, actor: Actor) -> None:
    """Raise `NotFound` for who doesn't decide on it, `NotDead` for what has not ended so."""
    if not may_archive(lead, actor):
        raise NotFound()
    if not is_dead(lead):
        raise NotDead(
            _("%(number)s has not ended without success: it needs no archive.", number=lead.number)
        )


def put_in(
    lead_id: int, returns_on: date | None, note: str, actor: Actor, at: datetime
) -> ArchivedLead:
    """Keep a dead lead for later, or change until when and why.

    Raises `Invalid` by field, `NotFound`, `NotDead`.
    """
    lead = lock_visible(lead_id, actor)
    check_dead(lead, actor)
    errors: dict[str, str] = {}
    if returns_on is not None:
        if lead.suppressed:
            errors["returns_on"] = _("The contact asked not to be approached: it stays away.")
        elif not today_of(actor, at) < returns_on < LAST:
            errors["returns_on"] = _("Please choose a day ahead.")
    if len(note) > LONGEST:
        errors["note"] = _("Please keep it under %(most)d characters.", most=LONGEST)
    if errors:
        raise Invalid(errors)
    kept = session().get(ArchivedLead, lead.id)
    if kept is None:
        kept = ArchivedLead(lead_id=lead.id)
        session().add(kept)
    kept.at, kept.user_id = at, actor.id
    kept.returns_on, kept.note = returns_on, note or None
    session().flush()
    day = returns_on.isoformat() if returns_on else ""
    record(LeadArchived(at=at, lead_id=lead.id, user_id=actor.id, returns_on=day))
    return kept


def take_out(lead_id: int, actor: Actor, at: datetime) -> None:
    """Take a lead out of the archive; it stays lost, cancelled or disqualified.

    Raises `NotFound`.
    """
    lead = lock_visible(lead_id, actor)
    kept = session().get(ArchivedLead, lead.id)
    if kept is None or not may_archive(lead, actor):
        raise NotFound()
    session().delete(kept)
    session().flush()
    record(LeadUnarchived(at=at, lead_id=lead.id, user_id=actor.id))


def forget(lead: Lead) -> None:
    """Let a locked lead that goes on be in the archive no longer."""
    session().execute(delete(ArchivedLead).where(ArchivedLead.lead_id == lead.id))
