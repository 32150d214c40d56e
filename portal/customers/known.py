"""Whose the inquiry is that somebody qualifies, and where they are reached as far as is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.customers import queries, who, winning
from portal.customers.models import AddressKind, Customer
from portal.customers.sight import list_leads, sees_addresses
from portal.leads.contacts import load_contacts
from portal.leads.models import Lead, LeadKind

LEADS_READ = 20
"""So many leads of a customer are asked for who answers there, the newest first."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An e-mail address or a phone number, `key` as it is kept, and who answers there."""

    kind: str
    key: str
    shown: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Whose a lead is; where nobody said it, how many customers it might be."""

    customer: Customer | None
    name: str
    addresses: tuple[Address, ...]
    alike: int = 0


def known_of(lead: Lead, actor: Actor, at: datetime) -> Known | None:
    """Return what is known of an inquiry's customer; None where there is nothing to say.

    Who sees customers reads all addresses; else they are those of the customer's other leads of
    which the reader sees the contact anyway. Each look is logged.
    """
    if lead.kind == LeadKind.PARTNER_RECRUIT:
        return None
    customer = queries.find_of_lead(lead.id)
    if customer is None:
        alike = count_alike(lead) if actor.may(Permission.CUSTOMERS_EDIT) else 0
        return Known(None, "", (), alike) if alike else None
    if sees_addresses(actor):
        told = who.find(customer.id, actor, at)
        rows = told.addresses if told else ()
        found = {Address(one.kind, one.key, one.shown, one.person or "") for one in rows}
        name = told.name if told else ""
    else:
        found, name = set(of_leads(customer, lead, actor, at)), ""
    once = {(one.kind, one.key): one for one in sorted(found)}
    return Known(customer, name, tuple(once.values()))


def of_leads(customer: Customer, lead: Lead, actor: Actor, at: datetime) -> Iterator[Address]:
    """Yield where people of a customer's other leads are reached, as far as the reader sees it."""
    others = [one for one in list_leads(customer.id, actor) if one.id != lead.id][:LEADS_READ]
    for contact in load_contacts(others, actor, at).values():
        person = " ".join(filter(None, [contact.first_name, contact.last_name]))
        if contact.email:
            yield Address(AddressKind.EMAIL, contact.email, contact.email, person)
        if contact.phone_e164:
            shown = contact.phone or contact.phone_e164
            yield Address(AddressKind.PHONE, contact.phone_e164, shown, person)


def count_alike(lead: Lead) -> int:
    """Return how many customers share something with an inquiry's contact."""
    contact = winning.read_contact(lead)
    return len(contact.alike()) if contact else 0
