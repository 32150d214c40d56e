"""Notes about a lead that stay in the firm whose people wrote them, unless they are shared.

Both sides have them: what the holder's firm shares, the vendor reads; what the vendor shares, the
holder reads, from his own pickup on. What one holder's firm wrote the next one never reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind
from portal.core.db import session
from portal.core.errors import NotFound
from portal.leads.models import Lead
from portal.leads.sight import Sight, sight_of
from portal.leads.visibility import Field
from portal.timeline import notes as timeline
from portal.timeline.activities import Subject
from portal.timeline.models import FirmNote


def about(lead_id: int) -> Subject:
    """Return a lead as what notes are about."""
    return Subject("lead", lead_id)


def may_write(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether this person may add to the notes of her firm about this lead now."""
    sight = sight_of(lead, actor, known)
    return Field.NOTES in sight or Field.NOTES in sight.shared


def check_writes(lead: Lead, actor: Actor) -> Subject:
    """Return what her notes are about. Raises `NotFound` for who has none about this lead now."""
    if not may_write(lead, actor):
        raise NotFound()
    return about(lead.id)


def load_notes(lead: Lead, actor: Actor, known: Sight | None = None) -> Sequence[FirmNote]:
    """Return what a person may read of the notes about a lead, the newest first.

    Her own firm's, and what the other side shares where the table lets her.
    """
    if not may_write(lead, actor, known):
        return load_own_notes(lead.id, actor)
    shared: ColumnElement[bool] = FirmNote.shared_at.is_not(None)
    if actor.is_partner:
        shared = and_(
            shared, Organisation.kind == OrganisationKind.VENDOR, FirmNote.at >= lead.picked_at
        )
    readable = or_(timeline.own(actor.organisation_id), shared)
    return timeline.read(about(lead.id), actor.organisation_id, readable, [lead.id])


def load_own_notes(lead_id: int, actor: Actor) -> Sequence[FirmNote]:
    """Return what the actor's own firm wrote about a lead, which it may have given back since.

    Nothing for who only looks as her.
    """
    if actor.is_looked_as:
        return ()
    firm = actor.organisation_id
    return timeline.read(about(lead_id), firm, timeline.own(firm))


def write_note(lead: Lead, text: str, shared: bool, actor: Actor, at: datetime) -> FirmNote:
    """Add a note for the actor's firm. Raises `Invalid` (`text`) and `NotFound`."""
    return timeline.write(check_writes(lead, actor), text, shared, actor, at)


def other_side(lead: Lead, actor: Actor) -> str | None:
    """Return the name of the firm that could read what the actor's firm shares; None where none."""
    name = select(Organisation.name)
    if actor.is_partner:
        return session().scalar(name.where(Organisation.kind == OrganisationKind.VENDOR))
    if lead.holder_organisation_id in (None, actor.organisation_id):
        return None
    return session().scalar(name.where(Organisation.id == lead.holder_organisation_id))
