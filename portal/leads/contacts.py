"""The one way to the contact data of a lead: it asks who may and logs who looked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.actor import Actor
from portal.core import circumstances
from portal.core.db import apart, session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.leads import wall
from portal.leads.events import ContactShown
from portal.leads.models import Lead, LeadContact
from portal.leads.sight import Sight, sight_of
from portal.leads.visibility import Field
from portal.timeline.operations import log_looks


def may_see_contact(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether this person may see the contact data of this lead now, as `visibility` has it."""
    return Field.CONTACT in sight_of(lead, actor, known)


def load_contact(lead: Lead, actor: Actor, at: datetime, *, together: bool = False) -> LeadContact:
    """Return the contact data and log the look. Raises `NotFound` for whoever may not see it.

    Both in one transaction apart: a page has seen it even when it changes nothing or is refused,
    and a page that only reads has none of its own. Contact data that the open transaction has
    written is not there yet. `together` does both in the open transaction: a mail that is rolled
    back has told nobody anything.
    """
    if not may_see_contact(lead, actor):
        raise NotFound()
    if together:
        found = _read([lead], actor, at, session())
    else:
        with apart() as own:
            found = _read([lead], actor, at, own)
    if lead.id not in found:
        raise NotFound()
    return found[lead.id]


def find_contact(
    lead: Lead, actor: Actor, at: datetime, known: Sight | None = None
) -> LeadContact | None:
    """Return the contact data as `load_contact` does; None for whoever may not see it."""
    return load_contacts([lead], actor, at, known).get(lead.id)


def load_contacts(
    leads: Iterable[Lead], actor: Actor, at: datetime, known: Sight | None = None
) -> dict[int, LeadContact]:
    """Return the contact data that the person may see, by lead, and log the looks."""
    seen = [lead for lead in leads if may_see_contact(lead, actor, known)]
    if not seen:
        return {}
    with apart() as own:
        return _read(seen, actor, at, own)


def _read(
    leads: Collection[Lead], actor: Actor, at: datetime, own: Session
) -> dict[int, LeadContact]:
    # what is asked of them here is known already: nothing is read behind the wall but contacts
    lead_ids = [lead.id for lead in leads]
    stood_in = {lead.holder_id for lead in leads if lead.holder_id in actor.stands_in_for}
    with wall.open_for(lead_ids, own):
        rows = own.scalars(select(LeadContact).where(LeadContact.lead_id.in_(lead_ids))).all()
        found = {contact.lead_id: contact for contact in rows}
        log_looks(own, found, actor.id, circumstances.current().channel, at)
    if found:
        shown = sorted(found)
        alone = shown[0] if len(shown) == 1 else None
        record(
            ContactShown(
                at=at,
                lead_id=alone,
                user_id=actor.id,
                lead_ids=shown,
                instead_of=sorted(one for one in stood_in if one is not None),
            ),
            on=own,
        )
    return found
