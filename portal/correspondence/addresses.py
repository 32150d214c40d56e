"""A lead's own address, `l+<secret>@` the domain mail comes in at: one for each side of it.

It is signed and stands in no table: the holder's names his pickup and ends with the holding, the
vendor's none.
"""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind
from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail import addresses
from portal.leads.models import Lead
from portal.pickup.models import Pickup


def address_of(lead: Lead, actor: Actor) -> str | None:
    """Return the address of a lead for the side a person is on; None for who has none."""
    settings: Settings = current_app.config["SETTINGS"]
    pickup_id = 0
    if actor.is_partner:
        held = holding(lead)
        if held is None or held.organisation_id != actor.organisation_id:
            return None
        pickup_id = held.id
    return addresses.lead_address(lead.id, pickup_id, settings.inbound_domain, settings.secret_key)


def holding(lead: Lead) -> Pickup | None:
    """Return the pickup by which a lead is, or was at last, in its holder's hands."""
    if lead.holder_organisation_id is None:
        return None
    newest = select(Pickup).where(Pickup.lead_id == lead.id).order_by(Pickup.id.desc()).limit(1)
    found = session().scalar(newest)
    if found is None or found.organisation_id != lead.holder_organisation_id:
        return None
    return found


def side_of(lead: Lead, pickup_id: int) -> int | None:
    """Return the firm a lead's address belongs to; None where the holding is over."""
    if not pickup_id:
        return vendor_id()
    held = holding(lead)
    return held.organisation_id if held is not None and held.id == pickup_id else None


def vendor_id() -> int:
    """Return the vendor's id."""
    query = select(Organisation.id).where(Organisation.kind == OrganisationKind.VENDOR)
    return session().scalars(query.order_by(Organisation.id).limit(1)).one()


def find_lead(lead_id: int) -> Lead | None:
    """Return a lead, or the one that it turned out to be."""
    lead = session().get(Lead, lead_id)
    if lead is not None and lead.merged_into is not None:
        return session().get(Lead, lead.merged_into)
    return lead
