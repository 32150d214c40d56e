"""The mails to customers: who calls and by when, and whether they did.

They say nothing of what partners read about the lead; the address stands behind the wall until a
mail is written. Nobody is written to without a legal basis, whose mails came back, or who asked not
to be approached; nor who is one of our people, or of the holder's firm: nobody is his own witness.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import find_user_by_email
from portal.catalog.queries import book
from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail import standing
from portal.core.mail.outbox import Recipient, post
from portal.core.mail.replies import CUSTOMER, new_token
from portal.leads.addresses import own_host
from portal.leads.basis import BasisKind
from portal.leads.models import Lead, LeadContact
from portal.pickup.models import Pickup
from portal.qualification.letters import find_addressee, harmless
from portal.witness.models import CustomerLetter, LetterKind
from portal.witness.queries import was_told

KINDS = {LetterKind.TOLD.value: "who_calls", LetterKind.ASKED.value: "did_they_call"}
PAGE = "/your-inquiry/"


def find_customer(lead: Lead, pickup: Pickup) -> LeadContact | None:
    """Return the contact of a lead in hand that a mail may go to; None where there is nobody."""
    contact = find_addressee(lead)
    email = contact.email if contact else None
    if contact is None or not email or standing.find_barred([email]):
        return None
    return None if is_one_of_ours(email, pickup) else contact


def is_one_of_ours(email: str, pickup: Pickup) -> bool:
    """Say whether an address is that of somebody here, or of the firm that holds the lead."""
    if find_user_by_email(email) is not None:
        return True
    theirs = session().scalars(
        select(User.email).where(User.organisation_id == pickup.organisation_id, User.active)
    )
    hosts = {own_host(one.rpartition("@")[2]) for one in theirs}
    host = own_host(email.rpartition("@")[2])
    return bool(host) and host in hosts


def language_of(lead: Lead) -> tuple[str, str]:
    """Return in which language and zone the customer of a lead reads."""
    settings: Settings = current_app.config["SETTINGS"]
    locale = (lead.language or settings.default_locale)[:2]
    return locale, lead.time_zone or settings.default_timezone


def name_of(contact: LeadContact, locale: str) -> str:
    """Return how a customer is greeted: by the first name; in German by the whole name."""
    first, last = harmless(contact.first_name or ""), harmless(contact.last_name or "")
    return f"{first} {last}".strip() if locale == "de" and first else first


def key_of(letter_id: int) -> str:
    """Return the key of a mail to a customer in the queue."""
    return f"customer:{letter_id}"


def write(
    letter: CustomerLetter, lead: Lead, contact: LeadContact, call_by: datetime, at: datetime
) -> str:
    """Put a mail to a customer into the queue; return the secret of its link and its address."""
    settings: Settings = current_app.config["SETTINGS"]
    token = new_token()
    locale, zone = language_of(lead)
    asks = letter.kind == LetterKind.ASKED
    post(
        KINDS[letter.kind],
        Recipient(None, str(contact.email), "", locale, zone),
        {
            **context_of(letter.user_id, lead, locale, call_by),
            "name": name_of(contact, locale),
            "instead": not asks and was_told(lead.id, at),
            "path": f"{PAGE}{token}",
        },
        at,
        key_of(letter.id),
        lead_id=lead.id,
        reply_to=f"{CUSTOMER}+{token}@{settings.inbound_domain}" if asks else "",
    )
    return token


def context_of(user_id: int, lead: Lead, locale: str, call_by: datetime) -> dict[str, Any]:
    """Return what a customer is told of who calls about a lead."""
    settings: Settings = current_app.config["SETTINGS"]
    caller = session().get_one(User, user_id)
    firm = harmless(caller.organisation.name) or settings.programme_name
    return {
        "person": harmless(caller.name) or firm,
        "firm": firm,
        "phone": harmless(caller.phone or ""),
        "asked_for": lead.basis in (BasisKind.ASKED, BasisKind.CONSENT),
        "products": book().labels(lead.product_ids, locale),
        "call_by": call_by,
    }
