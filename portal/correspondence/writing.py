"""How a letter to a customer reads, and under which headers it goes out.

In the writer's name and from our own domain, so that its authentication holds; its answer comes to
the lead's own address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.catalog.queries import book
from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.mail import addresses, outbox
from portal.core.mail.rendering import Rendered, render, speaking
from portal.correspondence.addresses import address_of
from portal.correspondence.models import Letter
from portal.correspondence.queries import list_letters
from portal.correspondence.rules import check
from portal.leads.models import Lead, LeadContact
from portal.leads.notes import about
from portal.qualification.letters import harmless, mark_of, merge, tags_in
from portal.timeline import activities

KIND = "customer_letter"
NO_ADDRESS = str.maketrans("<>@", "   ")
MOST_QUOTED = 5
"""So many letters an answer is compared with."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A letter as it goes out, to whom; `empty` are the tags for which nothing is known."""

    to: str
    sender: str
    subject: str
    text: str
    empty: tuple[str, ...]
    locale: str


def fill(lead: Lead, contact: LeadContact, subject: str, text: str, actor: Actor) -> Filled:
    """Return a letter with what its tags stand for. Raises `Invalid` (`subject`, `text`)."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    subject = addresses.one_line(subject)
    if errors := check(subject, text):
        raise Invalid(errors)
    settings: Settings = current_app.config["SETTINGS"]
    locale = (lead.language or settings.default_locale)[:2]
    values = values_of(lead, contact, actor, locale)
    named = [*tags_in(subject), *tags_in(text)]
    return Filled(
        str(contact.email or ""),
        sender_name(actor, settings),
        addresses.one_line(merge(subject, values, braces=False)),
        merge(text, values, braces=False),
        tuple(tag for tag in dict.fromkeys(named) if not values[tag]),
        locale,
    )


def values_of(lead: Lead, contact: LeadContact, actor: Actor, locale: str) -> Mapping[str, str]:
    """Return what the tags of a letter stand for."""
    settings: Settings = current_app.config["SETTINGS"]
    writer = session().get_one(User, actor.id)
    return {
        "first_name": harmless(contact.first_name or ""),
        "last_name": harmless(contact.last_name or ""),
        "company": harmless(contact.company or ""),
        "product": harmless(", ".join(book().labels(lead.product_ids, locale))),
        "number": lead.number,
        "my_name": harmless(writer.name),
        "my_phone": harmless(writer.phone or ""),
        "my_company": harmless(actor.organisation_name),
        "programme": settings.programme_name,
    }


def sender_name(actor: Actor, settings: Settings) -> str:
    """Return the name that a letter comes from, in which no address stands but our own."""
    named = f"{actor.name} ({actor.organisation_name}) via {settings.programme_name}"
    return addresses.one_line(named.translate(NO_ADDRESS))


def beginning(lead: Lead) -> str:
    """Return how a letter may begin and end, in the customer's language."""
    settings: Settings = current_app.config["SETTINGS"]
    with speaking((lead.language or settings.default_locale)[:2], settings.default_timezone):
        greeting = _("Hello #first_name #last_name,")
        ending = _("Kind regards")
    return f"{greeting}\n\n\n\n{ending}\n#my_name\n#my_company"


def context_of(lead: Lead, subject: str, text: str, writer: str, firm: str) -> dict[str, str]:
    """Return what the mail of a letter is made of."""
    return {
        "subject": subject,
        "text": text,
        "writer": writer,
        "firm": firm,
        "leave_path": f"/no-more-mails/{mark_of(lead.id)}",
    }


def made_before(lead: Lead) -> Sequence[Rendered]:
    """Return the last letters about a lead as they went out, made again from the timeline.

    The queue forgets their words within hours; an answer quotes them for longer.
    """
    settings: Settings = current_app.config["SETTINGS"]
    locale = (lead.language or settings.default_locale)[:2]
    made = []
    for letter in list_letters(lead.id, MOST_QUOTED):
        try:
            said = activities.get(about(lead.id), letter.activity_id, letter.organisation_id)
        except NotFound:
            continue
        subject, _break, text = said.text.partition("\n\n")
        facts = context_of(lead, subject, text, said.author or "", said.firm)
        made.append(render(KIND, facts, locale, settings.default_timezone))
    return made


def post(letter: Letter, filled: Filled, lead: Lead, actor: Actor, at: datetime) -> None:
    """Put a letter into the queue: a person's mail to a person, not a program's."""
    settings: Settings = current_app.config["SETTINGS"]
    sender = addresses.written(filled.sender, addresses.sender(settings.mail_domain))
    thread = addresses.message_id(
        f"letters:{lead.id}:{letter.organisation_id}", settings.mail_domain, settings.secret_key
    )
    outbox.post(
        KIND,
        outbox.Recipient(None, filled.to, "", filled.locale, settings.default_timezone),
        context_of(lead, filled.subject, filled.text, actor.name, actor.organisation_name),
        at,
        dedupe_key=letter.mail_key,
        lead_id=lead.id,
        headers={
            "From": str(sender),
            "Reply-To": address_of(lead, actor) or "",
            "In-Reply-To": thread,
            "References": thread,
            "Auto-Submitted": "no",
            "X-Auto-Response-Suppress": "",
        },
    )
