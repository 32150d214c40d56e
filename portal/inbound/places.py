"""The addresses that mail comes in at, by what stands before the plus: whose each is, who reads it.

Whatever brings mail in (SMTP, a mailbox, a signed request) asks `find` first, so that all of them
know the same addresses. A name as it is kept carries no secret: by it the reader is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from portal.core.config import Settings
from portal.core.mail import addresses
from portal.core.mail import replies as tokens
from portal.inbound import bounces, lead_mails, mails, replies, witnessed
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import Mail


@dataclass(frozen=True, slots=True)
class Where:
    """An address of ours without its secret, and the row of it if it is one for answers."""

    name: str
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What is behind one kind of address.

    `look_up` takes what stands after the plus and the domain, and returns None for an address that
    no mail of ours ever had; `read` settles a mail that came there.
    """

    look_up: Callable[[str, str], Where | None]
    read: Callable[[InboundMessage, Mail, datetime], InboundMessage]


def find(address: str) -> Where | None:
    """Return which address of ours this is, in whatever case; None for what is none."""
    settings: Settings = current_app.config["SETTINGS"]
    local, _at, domain = address.strip().strip("<>").lower().rpartition("@")
    name, _plus, token = local.strip('"').partition("+")
    if f"{name}@{domain}" == settings.lead_address.lower():
        return Where(settings.lead_address.lower())
    place = PLACES.get(name) if domain == settings.inbound_domain else None
    return place.look_up(token, domain) if place else None


def read(message: InboundMessage, mail: Mail, at: datetime) -> InboundMessage:
    """Settle a mail by what it came to; at the lead address partners' people answer us, too."""
    place = PLACES.get(message.recipient.partition("@")[0].partition("+")[0])
    if message.recipient == current_app.config["SETTINGS"].lead_address.lower():
        place = None
    if place is None and not mails.is_of_partner(mail.sender):
        return mails.read(message, mail, at)
    return (place.read if place else replies.read)(message, mail, at)


def answered(token: str, domain: str) -> Where | None:
    """Return whose address for answers this is; of an address without token nobody knows."""
    if not token:
        return Where(f"{tokens.LOCAL}@{domain}")
    found = tokens.find(token)
    return Where(f"{tokens.LOCAL}+{found.id}@{domain}", found.id) if found else None


def bounced(token: str, domain: str) -> Where | None:
    """Return which mail of ours came back."""
    name = bounces.place_of(f"{addresses.BOUNCES}+{token}@{domain}")
    return Where(name) if name else None


def witnessing(token: str, domain: str) -> Where | None:
    """Return at which address a customer answers whether anybody called."""
    name = witnessed.find_place(token, domain)
    return Where(name) if name else None


def of_lead(token: str, domain: str) -> Where | None:
    """Return which lead this is the own address of, for whom."""
    name = lead_mails.name_of(token, domain)
    return Where(name) if name else None


PLACES: Mapping[str, Place] = {
    tokens.LOCAL: Place(answered, replies.read),
    addresses.LEADS: Place(of_lead, lead_mails.read),
    # what is no report there is an answer of somebody whose program lost the address
    addresses.BOUNCES: Place(bounced, replies.read),
    tokens.CUSTOMER: Place(witnessing, witnessed.read),
}
