"""A deal of a customer that is there already: a lead by hand, called where that one is reached."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.customers import wall
from portal.customers.models import (
    AddressKind,
    Customer,
    CustomerAddress,
    CustomerKind,
    CustomerName,
)
from portal.customers.operations import lock_visible
from portal.customers.sight import sees_addresses
from portal.customers.winning import link
from portal.leads.basis import Basis, BasisKind
from portal.leads.intake.cleaning import split_name
from portal.leads.models import Lead, LeadKind
from portal.leads.operations import ContactDraft, Draft, capture
from portal.leads.queries import get_definition


def open_lead(
    customer_id: int,
    title: str,
    source_key: str | None,
    email_id: int | None,
    phone_id: int | None,
    actor: Actor,
    at: datetime,
) -> Lead:
    """Take in an inquiry of a customer; who is called stands among its addresses.

    Raises `Invalid`, and `NotFound` for who may not see the addresses.
    """
    if not sees_addresses(actor):
        raise NotFound()
    customer = lock_visible(customer_id, actor)
    with wall.open_for([customer.id], session()) as opened:
        named = opened.get_one(CustomerName, customer.id, populate_existing=True)
        rows = opened.scalars(
            select(CustomerAddress).where(CustomerAddress.customer_id == customer.id)
        )
        known = {(row.kind, row.id): row for row in rows}
    chosen = {
        kind: known.get((kind, asked))
        for kind, asked in ((AddressKind.EMAIL, email_id), (AddressKind.PHONE, phone_id))
        if asked is not None
    }
    errors = {
        kind.value: _("Please choose one of the list.") for kind, row in chosen.items() if not row
    }
    if not title.strip():
        errors["title"] = _("Please say in a few words what it is about.")
    if errors:
        raise Invalid(errors)
    reached = {kind: row for kind, row in chosen.items() if row is not None}
    lead = capture(
        Draft(
            title=title,
            type_key=type_for(customer),
            source_key=source_key,
            country=customer.country,
            city=customer.city,
            basis=Basis(BasisKind.CUSTOMER),
            contact=contact_of(customer, named, reached),
        ),
        at,
        actor,
    )
    link(lead, customer, actor, at)
    return lead


def contact_of(
    customer: Customer, named: CustomerName, reached: dict[AddressKind, CustomerAddress]
) -> ContactDraft:
    """Return whom to call: the person who answers at the chosen addresses."""
    company = named.name if customer.kind == CustomerKind.COMPANY else ""
    persons = [row.person for row in reached.values() if row.person]
    first, last = split_name(persons[0] if company and persons else "" if company else named.name)
    email, phone = reached.get(AddressKind.EMAIL), reached.get(AddressKind.PHONE)
    return ContactDraft(
        company=company,
        first_name=first,
        last_name=last,
        email=email.key if email else "",
        phone=phone.key if phone else "",
        domain=named.domain or "",
        street=named.street or "",
        postcode=named.postcode or "",
    )


def type_for(customer: Customer) -> str:
    """Return the key of the lead type that fits: person or company, else the first of customers."""
    types = [one for one in get_definition().types.values() if one.kind == LeadKind.END_CUSTOMER]
    wanted = "person" if customer.kind == CustomerKind.PERSON else "organisation"
    keys = sorted((one.key for one in types), key=lambda key: (key != wanted, key))
    if not keys:
        raise NotFound()
    return keys[0]
