"""Take a lead out of the books that should never have been there, with all that hangs on it.

For a lead that nobody but the vendor ever saw: who may, and when, is decided by who asks. What the
record of events says of it stays; that holds ids and codes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update

from portal.accounts.models import Organisation, OrganisationKind
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import Clock
from portal.leads import wall
from portal.leads.models import (
    ArchivedLead,
    HandOver,
    Lead,
    LeadAnswer,
    LeadContact,
    LeadDateChange,
    LeadFinder,
    LeadInterest,
    LeadSignal,
    LeadTeamMember,
    Suppression,
)
from portal.leads.notes import about
from portal.timeline import activities, attachments, notes
from portal.timeline.models import ContactLook

OURS = (OrganisationKind.VENDOR, OrganisationKind.AGENCY)
"""Whose people can have written about a lead that no partner saw."""


def is_merged_into(lead: Lead) -> bool:
    """Tell whether another lead turned out to be this one."""
    return bool(session().scalar(select(select(Lead.id).filter_by(merged_into=lead.id).exists())))


def remove_fresh(lead_ids: Sequence[int]) -> None:
    """Delete locked leads on which nobody has worked, with their contacts.

    PostgreSQL refuses (`IntegrityError`) where something else hangs on one of them.
    """
    own = session()
    own.execute(update(Suppression).where(Suppression.lead_id.in_(lead_ids)).values(lead_id=None))
    with wall.open_for(lead_ids, own) as opened:
        opened.execute(delete(LeadContact).where(LeadContact.lead_id.in_(lead_ids)))
    own.execute(delete(ContactLook).where(ContactLook.lead_id.in_(lead_ids)))
    own.execute(delete(Lead).where(Lead.id.in_(lead_ids)))


def remove(lead: Lead) -> None:
    """Delete a locked lead, its contact, what was noted on it, mailed to its contact and by him.

    Whom to leave alone stays.
    """
    own = session()
    own.execute(update(Suppression).where(Suppression.lead_id == lead.id).values(lead_id=None))
    its = about(lead.id)
    for firm in own.scalars(select(Organisation.id).where(Organisation.kind.in_(OURS))).all():
        notes.forget(its, firm)
    activities.forget(its)
    attachments.forget(its)
    of_contact = or_(OutgoingEmail.user_id.is_(None), OutgoingEmail.kind == "customer_wrote")
    own.execute(delete(OutgoingEmail).where(OutgoingEmail.lead_id == lead.id, of_contact))
    with wall.open_for([lead.id], own) as opened:
        opened.execute(delete(LeadContact).where(LeadContact.lead_id == lead.id))
    for table in (
        *(LeadAnswer, LeadInterest, LeadTeamMember, LeadDateChange, HandOver, ArchivedLead),
        *(LeadFinder, LeadSignal, ContactLook, Clock),
    ):
        own.execute(delete(table).where(table.lead_id == lead.id))
    own.delete(lead)
    own.flush()
