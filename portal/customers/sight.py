"""Who sees what of a customer.

Who may see customers (`CUSTOMERS_SEE`: channel managers and operations) sees all of each: customers
are accounts of the vendor. For everybody else a customer is there through a lead of his alone, as
long as he sees that lead: the vendor's people read its number and what belongs to business, and
whoever sees the contact data of such a lead (the firm that holds or won it, whom the table of who
sees what names) reads what the customer is called. Addresses are gathered from several leads and
firms, so they stay with who may see customers. Who only looks as somebody else sees no names.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute

from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.customers.models import Customer, CustomerLead
from portal.leads import queries as leads
from portal.leads.contacts import may_see_contact
from portal.leads.models import Lead


def visible_to(
    actor: Actor, customer_id: ColumnElement[int] | InstrumentedAttribute[int] = Customer.id
) -> ColumnElement[bool]:
    """Return the condition under which the customer of a column exists for this person."""
    if actor.may(Permission.CUSTOMERS_SEE):
        return true()
    theirs = select(CustomerLead.customer_id).join(Lead, Lead.id == CustomerLead.lead_id)
    return customer_id.in_(theirs.where(leads.visible_to(actor)))


def sees_business(actor: Actor) -> bool:
    """Tell whether somebody reads ERP number, classification and credit rating."""
    return actor.organisation_kind == OrganisationKind.VENDOR


def sees_addresses(actor: Actor) -> bool:
    """Tell whether somebody reads addresses and notes of every customer."""
    return actor.may(Permission.CUSTOMERS_SEE) and not actor.is_looked_as


def sees_name(customer_id: int, actor: Actor) -> bool:
    """Tell whether somebody reads what a customer is called."""
    if actor.is_looked_as:
        return False
    if actor.may(Permission.CUSTOMERS_SEE):
        return True
    return any(may_see_contact(lead, actor) for lead in list_leads(customer_id, actor))


def list_leads(customer_id: int, actor: Actor) -> Sequence[Lead]:
    """Return the leads of a customer that exist for this person, the newest first."""
    return (
        session()
        .scalars(
            select(Lead)
            .join(CustomerLead, CustomerLead.lead_id == Lead.id)
            .where(CustomerLead.customer_id == customer_id, leads.visible_to(actor))
            .order_by(Lead.id.desc())
        )
        .all()
    )
