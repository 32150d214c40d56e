"""The mails to contacts in nurture: what they say, who gets none, and how one is left.

The address stands behind the wall until the mail is written; the link that ends the mails names the
lead by a signed mark and nothing personal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail.outbox import Recipient, post
from portal.leads import wall
from portal.leads.models import Lead, LeadContact
from portal.leads.operations import is_suppressed, suppress, suppression_keys

FIELDS = ("first_name", "last_name", "company", "title", "programme")
"""What a text can name, as {first_name} or #first_name; anything else stays as it is written."""

MERGE = re.compile(r"\{([a-z_]+)(?:\|([^{}|]{0,60}))?\}|(?<![\w/&#])#(#|[A-Za-z][A-Za-z_]*)")
UNSUBSCRIBED = "unsubscribed"
LANGUAGES = ("en", "de")


def merge(text: str, values: Mapping[str, str], *, braces: bool = True) -> str:
    """Fill in a text; `{first_name|there}` says what stands where the value is unknown.

    `#first_name` is the same without that, `##` a plain #; what is no field stays as it is. Without
    `braces` only what is named with a # is filled in.
    """

    def fill(found: re.Match[str]) -> str:
        if found[3] == "#":
            return "#"
        name = found[1] or found[3].lower()
        if found[1] and not braces:
            return found[0]
        if name not in FIELDS and name not in values:
            return found[0]
        return values.get(name, "") or found[2] or ""

    return MERGE.sub(fill, text)


def tags_in(text: str) -> list[str]:
    """Return what a text names with a #, in lower case, once each."""
    found = (one[3] for one in MERGE.finditer(text))
    return list(dict.fromkeys(tag.lower() for tag in found if tag and tag != "#"))


def harmless(value: str) -> str:
    """Return a value as it may stand in a mail: one line, short, and no address to press."""
    short = " ".join(value.split())[:80]
    return "" if re.search(r"://|www\.|[<>@]", short) else short


def said(texts: Mapping[str, str], locale: str) -> str:
    """Return a text in a language, else in English, else in the one there is."""
    return texts.get(locale[:2]) or texts.get("en") or next(iter(texts.values()), "")


def find_addressee(lead: Lead) -> LeadContact | None:
    """Return the contact a mail may go to: with an address, and nobody who wants none."""
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
    if contact is None or not contact.email or lead.suppressed or lead.basis is None:
        return None
    keys = suppression_keys(contact, lead.source_system, lead.external_id)
    return None if is_suppressed(keys) else contact


def write(
    lead: Lead,
    contact: LeadContact,
    subjects: Mapping[str, str],
    texts: Mapping[str, str],
    at: datetime,
    key: str,
) -> None:
    """Post a mail to the contact of a lead in its language, with the way to leave the mails."""
    settings: Settings = current_app.config["SETTINGS"]
    locale = (lead.language or settings.default_locale)[:2]
    values = {
        "first_name": harmless(contact.first_name or ""),
        "last_name": harmless(contact.last_name or ""),
        "company": harmless(contact.company or ""),
        "title": harmless(lead.title),
        "programme": settings.programme_name,
    }
    path = f"/no-more-mails/{mark_of(lead.id)}"
    post(
        "nurture",
        Recipient(None, str(contact.email), "", locale, settings.default_timezone),
        {
            "subject": merge(said(subjects, locale), values),
            "text": merge(said(texts, locale), values),
            "leave_path": path,
        },
        at,
        key,
        lead_id=lead.id,
        headers={
            "List-Unsubscribe": f"<{settings.public_url}{path}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="no-more-mails")


def mark_of(lead_id: int) -> str:
    """Return the mark under which the contact of a lead leaves the mails."""
    return str(_signer().dumps(lead_id))


def lead_of(mark: str) -> int | None:
    """Return the lead of a mark; None for one that was not made here."""
    try:
        found = _signer().loads(mark[:200])
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def leave(lead: Lead, at: datetime) -> None:
    """Put the contact of a lead on the list of those nobody approaches; twice is once."""
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
    if contact is None or lead.suppressed:
        return
    suppress(
        suppression_keys(contact, lead.source_system, lead.external_id), UNSUBSCRIBED, at, lead.id
    )
    if lead.state != "offered":
        lead.suppressed = True
        lead.version += 1
        session().flush()
