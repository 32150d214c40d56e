"""Mail with customers in the demo: holders write from the dossier, and one customer answers."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage

from portal.accounts.queries import get_actor
from portal.core import circumstances
from portal.core.db import session
from portal.core.errors import DomainError
from portal.correspondence import operations
from portal.correspondence.addresses import address_of
from portal.inbound import lead_mails, parsing, pipeline, places
from portal.inbound.models import InboundMessage
from portal.leads import wall
from portal.leads.models import Lead, LeadContact

CALL = """Hello #first_name #last_name,

thank you for asking about #product. May I call you on Thursday at ten?

Kind regards
#my_name
#my_company"""
QUANTITIES = """Hello #first_name #last_name,

I have put together what we went through. Is the number of places still right?

Kind regards
#my_name"""
LETTERS = (("Your inquiry #number", CALL), ("The quantities that we spoke of", QUANTITIES))
ANSWER = (
    "Thursday at ten suits us. Please send the questions beforehand, I ask my colleague to join."
)


def write(lead_ids: Sequence[int], at: datetime) -> None:
    """Let holders write to their customers; the first one answers."""
    for number, (lead_id, (subject, text)) in enumerate(zip(lead_ids, LETTERS, strict=False)):
        lead = session().get_one(Lead, lead_id, populate_existing=True)
        holder = get_actor(lead.holder_id or 0)
        sent_at = at - timedelta(minutes=90)
        with (
            contextlib.suppress(DomainError),
            circumstances.under(channel="web", actor_id=holder.id),
        ):
            operations.send(lead_id, subject, text, False, f"demo-{lead_id:022d}", holder, sent_at)
            if number == 0:
                answer(lead, address_of(lead, holder) or "", at - timedelta(minutes=20))


def answer(lead: Lead, address: str, at: datetime) -> None:
    """Have the customer's answer come in as any mail does."""
    with wall.open_for([lead.id], session()):
        contact = session().get_one(LeadContact, lead.id)
    place, mail = places.find(address), EmailMessage()
    if place is None or not contact.email:
        return
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    mail["From"], mail["To"] = f'"{name}" <{contact.email}>', address
    mail["Subject"] = f"Re: {lead.number}"
    mail["Message-ID"] = f"<answer-{lead.id}@customer.example>"
    mail.set_content(ANSWER)
    kept = pipeline.store(mail.as_bytes(), contact.email, place.name, "smtp", at)
    if kept is not None:
        message = session().get_one(InboundMessage, kept)
        lead_mails.read(message, parsing.take_apart(mail.as_bytes()), at)
