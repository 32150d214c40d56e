"""The products and services that a lead is about, with what was asked of each.

The notes are read as the answers of the qualification are: by partners from pickup on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import delete, select

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.catalog.models import Product
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads.events import LeadInterestsChanged
from portal.leads.figures import may_set
from portal.leads.models import Lead, LeadInterest
from portal.leads.operations import LONGEST_INTEREST
from portal.leads.queries import lock_visible
from portal.leads.rules import EDITABLE
from portal.leads.sight import Sight

LONGEST = LONGEST_INTEREST


@dataclass(frozen=True, slots=True)
class Interest:
    """A product of a lead: its name, where its prices stand, and what was asked of it."""

    product_id: int
    name: str
    price_book: str | None
    note: str


def list_interests(lead: Lead, *, with_notes: bool = True) -> list[Interest]:
    """Return the products of a lead in the order in which they were chosen."""
    known, locale = book().by_id, str(get_locale())
    notes = read_notes(lead.id) if with_notes and lead.product_ids else {}
    return [
        Interest(one.id, one.label(locale), one.price_book, notes.get(one.id, ""))
        for product_id in lead.product_ids
        if isinstance(one := known.get(product_id), Product)
    ]


def read_notes(lead_id: int) -> dict[int, str]:
    """Return what is noted on the products of a lead."""
    rows = session().execute(
        select(LeadInterest.product_id, LeadInterest.note).where(LeadInterest.lead_id == lead_id)
    )
    return {row.product_id: row.note for row in rows}


def may_note(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether somebody notes what is asked of the products: who qualifies or works on it."""
    qualifies = actor.may(Permission.LEADS_QUALIFY) and lead.state in EDITABLE
    return bool(lead.product_ids) and (
        (qualifies and not actor.is_looked_as) or may_set(lead, actor, known)
    )


def note_interests(lead_id: int, notes: Mapping[int, str], actor: Actor, at: datetime) -> int:
    """Write what is asked of the products of a lead; return how many notes were changed.

    An empty note is none; products that the lead is not about are left out. Raises `Invalid` by
    `note-<id>`, and `NotFound` for who doesn't note it.
    """
    lead = lock_visible(lead_id, actor)
    if not may_note(lead, actor):
        raise NotFound()
    errors = {
        f"note-{one}": str(_("Please keep it under %(most)d characters.", most=LONGEST))
        for one, note in notes.items()
        if len(note) > LONGEST
    }
    if errors:
        raise Invalid(errors)
    before = read_notes(lead.id)
    changed = [
        one for one in lead.product_ids if one in notes and notes[one] != before.get(one, "")
    ]
    for one in changed:
        session().execute(
            delete(LeadInterest).where(
                LeadInterest.lead_id == lead.id, LeadInterest.product_id == one
            )
        )
        if notes[one]:
            session().add(LeadInterest(lead_id=lead.id, product_id=one, note=notes[one]))
    session().flush()
    if changed:
        record(
            LeadInterestsChanged(
                at=at, lead_id=lead.id, user_id=actor.id, product_ids=sorted(changed)
            )
        )
    return len(changed)
