"""Who is known already, while an inquiry is taken down by hand; no more than the reader may see."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.customers.models import Customer
from portal.customers.sight import visible_to as customers_visible
from portal.duplicates import search
from portal.duplicates.entrance import party_of
from portal.duplicates.likeness import Likeness
from portal.duplicates.models import Kind
from portal.leads.models import Lead, LeadState
from portal.leads.operations import ContactDraft
from portal.leads.queries import visible_to

MOST = 8


@dataclass(frozen=True, slots=True)
class Known:
    """A lead or customer like who is typed: `visible` where the reader may open it.

    Of others only the number is told, and what speaks for it. `held`: somebody works on it.
    """

    kind: str
    id: int
    number: str
    title: str
    state: str
    visible: bool
    held: bool
    likeness: Likeness


def list_known(contact: ContactDraft, country: str | None, actor: Actor) -> list[Known]:
    """Return leads, those in hand too, and customers that are like a contact, likest first."""
    if not any((contact.company, contact.last_name, contact.phone, contact.email)):
        return []
    matches = search.find_alike(party_of(contact, None, country))[: MOST * 2]
    lead_ids = [one.id for one in matches if one.kind == Kind.LEAD]
    leads = {
        row.id: row
        for row in session().execute(
            select(
                Lead.id, Lead.number, Lead.title, Lead.state, visible_to(actor).label("visible")
            ).where(Lead.id.in_(lead_ids))
        )
    }
    customer_ids = [one.id for one in matches if one.kind == Kind.CUSTOMER]
    customers = {
        row.id: row
        for row in session().execute(
            select(Customer.id, Customer.number).where(
                Customer.id.in_(customer_ids), customers_visible(actor)
            )
        )
    }
    found = []
    for one in matches:
        if one.kind == Kind.LEAD and (lead := leads.get(one.id)) is not None:
            title = lead.title if lead.visible else ""
            state = lead.state if lead.visible else ""
            held = lead.state in (LeadState.HELD, LeadState.DIRECT)
            found.append(
                Known("lead", lead.id, lead.number, title, state, lead.visible, held, one.likeness)
            )
        elif one.kind == Kind.CUSTOMER and (customer := customers.get(one.id)) is not None:
            found.append(
                Known("customer", customer.id, customer.number, "", "", True, False, one.likeness)
            )
    return found[:MOST]
