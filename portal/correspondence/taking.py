"""What comes to a lead's own address: of the customer, or by cc and forward of who works on it.

Not here: how a mail is kept and taken apart, and who vouches for its sender (inbound). What the
customer writes to who holds the lead no longer stays with the vendor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.queries import find_actor_of, find_user_by_email
from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.core.mail.outbox import masked_of_ours
from portal.core.mail.rendering import speaking
from portal.correspondence.addresses import side_of, vendor_id
from portal.correspondence.events import CustomerWrote, MailFiled
from portal.leads import wall
from portal.leads.addresses import own_host
from portal.leads.models import Lead, LeadContact
from portal.leads.notes import about, may_write
from portal.timeline import activities, attachments
from portal.timeline.files import Stored
from portal.timeline.rules import LONGEST, Entry, Kind


@dataclass(frozen=True, slots=True)
class Came:
    """A mail at a lead's address: as it came, from whom, with the files that could be kept.

    `sure` says that a server vouches for the sender, or a person does; `enclosed` are sender and
    text of a mail that came along as a file.
    """

    message_id: int
    sender: str
    sender_name: str
    subject: str
    text: str
    files: Sequence[Stored] = ()
    sure: bool = True
    enclosed: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom a lead is about, or somebody of the same firm."""


CUSTOMER = Customer()


def who_wrote(lead: Lead, sender: str) -> Actor | Customer | None:
    """Return who wrote to a lead: who works on it, its customer, or nobody who is known there."""
    user = find_user_by_email(sender) if sender.isascii() else None
    actor = find_actor_of(user.id) if user else None
    if actor is not None and (of_holder(lead, actor) or may_write(lead, actor)):
        return actor
    return CUSTOMER if is_of_customer(lead, sender) else None


def of_holder(lead: Lead, actor: Actor) -> bool:
    """Say whether a person is of the firm that holds a lead."""
    return actor.organisation_id == lead.holder_organisation_id


def is_of_customer(lead: Lead, sender: str) -> bool:
    """Say whether an address is the contact's, or of a mail domain that is the customer's own."""
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
    if contact is None or not sender.isascii():
        return False
    address, domain = sender.lower(), own_host(sender.lower().rpartition("@")[2])
    theirs = own_host((contact.email or "").lower().rpartition("@")[2]) or contact.domain
    return address == (contact.email or "").lower() or (bool(domain) and domain == theirs)


def take_in(lead: Lead, pickup_id: int, came: Came, by: Actor | Customer, at: datetime) -> int:
    """Put a mail into the timeline of a lead, with its files; return how many found no room.

    `pickup_id` says whose address it came to; 0 is the vendor's.
    """
    side = side_of(lead, pickup_id)
    if isinstance(by, Actor):
        return file_in(lead, side, came, by, at)
    return hear(lead, side, came, at)


def file_in(lead: Lead, side: int | None, came: Came, by: Actor, at: datetime) -> int:
    """Note a mail that somebody who works on a lead sent along; it is his firm's.

    At the other side's address it is meant for both.
    """
    shared = side is not None and side != by.organisation_id
    activity = activities.enter(
        about(lead.id),
        Entry(Kind.EMAIL, words_of(came, named=True), shared=shared),
        done=True,
        people=(by.id,),
        actor=by,
        at=at,
    )
    left_out = 0
    for stored in came.files:
        try:
            attachments.attach(about(lead.id), stored, shared=shared, actor=by, at=at)
        except Invalid:
            left_out += 1
    record(
        MailFiled(
            at=at,
            lead_id=lead.id,
            activity_id=activity.id,
            organisation_id=by.organisation_id,
            message_id=came.message_id,
            user_id=by.id,
        )
    )
    return left_out


def hear(lead: Lead, side: int | None, came: Came, at: datetime) -> int:
    """Note what the customer wrote: for whose address it came to, else for the vendor.

    What comes to the vendor while somebody holds the lead is read by both; at which address the
    customer is reached the vendor's people don't read of it then.
    """
    vendor = vendor_id()
    firm = vendor if side is None else side
    held = lead.holder_organisation_id not in (None, vendor)
    shared = side == vendor and held
    activity = activities.note(
        about(lead.id),
        Kind.EMAIL,
        words_of(came, named=not held or firm != vendor),
        firm,
        at,
        shared=shared,
    )
    left_out = 0
    for stored in came.files:
        try:
            attachments.attach_unsigned(about(lead.id), stored, firm, at, shared=shared)
        except Invalid:
            left_out += 1
    record(
        CustomerWrote(
            at=at,
            lead_id=lead.id,
            activity_id=activity.id,
            organisation_id=firm,
            message_id=came.message_id,
        )
    )
    return left_out


def words_of(came: Came, *, named: bool) -> str:
    """Return a mail as the timeline has it: from whom, about what, and its words.

    `named`: with whom it is from. What opens something for whoever reads it, in a mail of ours that
    is quoted, is left out.
    """
    settings: Settings = current_app.config["SETTINGS"]
    author, inner = came.enclosed
    sender = f"{came.sender_name} <{came.sender}>" if came.sender_name else came.sender
    with speaking(settings.default_locale, settings.default_timezone):
        doubt = "" if came.sure else str(_("(sender not confirmed)"))
        goes_on = "\n\n" + str(_("[The mail goes on; the rest is left out here.]"))
    said = [
        f"{sender if named else ''} {doubt}",
        came.subject,
        came.text,
        author if named else "",
        inner,
    ]
    words = "\n\n".join(part.strip() for part in said if part.strip())
    words = masked_of_ours(words, settings.public_url)
    return words if len(words) <= LONGEST else words[: LONGEST - len(goes_on)].rstrip() + goes_on
