"""Leads that may be the same contact again: equal e-mail, phone, domain or company name.

Exact keys only. What comes back names leads and what they share, never contact data.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from portal.accounts.actor import Actor
from portal.leads import wall
from portal.leads.models import Lead, LeadContact
from portal.leads.queries import visible_to

MOST = 10


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`same` holds email, phone, domain, company. `visible`: the reader may open the lead."""

    lead_id: int
    number: str
    title: str
    state: str
    same: tuple[str, ...]
    visible: bool


def find_duplicates(lead_id: int, contact: LeadContact, actor: Actor) -> list[Duplicate]:
    """Return other leads that share a key with this contact, those that share most first.

    The title of a lead that the reader may not open is left out.
    """
    keys: dict[str, ColumnElement[bool]] = {}
    if contact.email:
        keys["email"] = LeadContact.email == contact.email
    if contact.phone_e164:
        keys["phone"] = LeadContact.phone_e164 == contact.phone_e164
    if contact.domain:
        keys["domain"] = LeadContact.domain == contact.domain
    if contact.company:
        keys["company"] = LeadContact.company_key == func.lower(contact.company)
    if not keys:
        return []
    query = (
        select(
            Lead.id,
            Lead.number,
            Lead.title,
            Lead.state,
            visible_to(actor).label("visible"),
            *(func.coalesce(condition, False).label(name) for name, condition in keys.items()),
        )
        .join(LeadContact, LeadContact.lead_id == Lead.id)
        .where(or_(*keys.values()), Lead.id != lead_id)
        .order_by(Lead.id.desc())
        .limit(MOST * 5)
    )
    with wall.open_to_search() as opened:
        rows = opened.execute(query).all()
    found = [
        Duplicate(
            row.id,
            row.number,
            row.title if row.visible else "",
            row.state,
            tuple(name for name in keys if getattr(row, name)),
            row.visible,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: -len(one.same))[:MOST]
