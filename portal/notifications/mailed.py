"""What is answered to mail that came in: whoever forwarded it hears the number, who asks thanks.

Nobody is thanked twice, and nobody can have us write to many: the pace has its bounds.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail import addresses, outbox
from portal.core.mail.models import OutgoingEmail
from portal.inbound.authentication import Vouched
from portal.inbound.events import InquiryMailed, MailNotUnderstood
from portal.inbound.keeping import load_raw
from portal.leads.models import Lead
from portal.notifications import letters
from portal.notifications.letters import Letter
from portal.web_forms.rules import harmless

HOUR = timedelta(hours=1)
THANKS, ANSWER = "inquiry_thanks", "mail_taken"
MOST_AN_HOUR, MOST_TO_A_DOMAIN, MOST_TO_A_PERSON = 200, 20, 60
GERMAN = re.compile(r"(?i)\b(und|ich|wir|sie|der|die|das|ist|mit|für|bitte|grüße|grüßen)\b")
ENGLISH = re.compile(r"(?i)\b(and|i|we|you|the|is|with|for|please|regards|our|your)\b")


def tell_of_mailed(event: InquiryMailed, at: datetime) -> None:
    """Tell whoever forwarded an inquiry its number; thank who asked himself.

    Who did not send the mail that bears his address is not written to.
    """
    lead = session().get(Lead, event.lead_id) if event.lead_id else None
    if lead is None:
        return
    if event.user_id is None:
        if event.vouched != Vouched.FAIL:
            thank(event, lead, at)
        return
    user = session().get(User, event.user_id)
    if user is None or not user.active or is_too_often(user.id, at):
        return
    letters.post(taken(lead, user), user, at, f"mail-taken:{event.message_id}")


def taken(lead: Lead, user: User) -> Letter:
    """Your mail is in, and this is its number."""
    with letters.to(user):
        return Letter(
            ANSWER,
            {
                "subject": str(_("%(number)s is in", number=lead.number)),
                "what": str(_("your mail is in as %(number)s.", number=lead.number)),
                "details": [],
                "path": f"/leads/{lead.id}",
                "press": str(_("Open the lead")),
            },
            lead.id,
            headers={"Auto-Submitted": "auto-replied"},
        )


def tell_of_not_understood(event: MailNotUnderstood, at: datetime) -> None:
    """Tell one of the vendor's people that his mail could not be understood, and why."""
    user = session().get(User, event.user_id) if event.user_id else None
    if user is None or not user.active or is_too_often(user.id, at):
        return
    with letters.to(user):
        words = _(
            "we could not find out who asks in the mail that you sent to the lead address. "
            "It waits for somebody to look at it."
        )
        hint = _(
            "Forward the customer’s mail with its header lines (from, date, subject), or as a file."
        )
        letter = Letter(
            ANSWER,
            {
                "subject": str(_("Your mail to the lead address waits")),
                "what": str(words),
                "details": [str(hint)],
                "path": "/qualify/new",
                "press": str(_("Take it down by hand")),
            },
            headers={"Auto-Submitted": "auto-replied"},
        )
    letters.post(letter, user, at, f"mail-not-taken:{event.message_id}")


def is_too_often(user_id: int, at: datetime) -> bool:
    """Say whether somebody was answered so often that a loop or a forger is likely."""
    query = select(func.count()).where(
        OutgoingEmail.kind == ANSWER,
        OutgoingEmail.user_id == user_id,
        OutgoingEmail.created_at > at - HOUR,
    )
    return (session().scalar(query) or 0) >= MOST_TO_A_PERSON


def thank(event: InquiryMailed, lead: Lead, at: datetime) -> None:
    """Thank who wrote to the lead address, once and never again."""
    raw = load_raw(event.message_id)
    if raw is None or not raw.sender or lead.suppressed:
        return
    settings: Settings = current_app.config["SETTINGS"]
    recent = select(func.count()).where(
        OutgoingEmail.kind == THANKS, OutgoingEmail.created_at > at - HOUR
    )
    domain, name = (
        addresses.domain_of(raw.sender),
        harmless(addresses.one_line(raw.sender_name or "")),
    )
    to_domain = recent.where(OutgoingEmail.domain == domain)
    if (session().scalar(recent) or 0) >= MOST_AN_HOUR:
        return
    if (session().scalar(to_domain) or 0) >= MOST_TO_A_DOMAIN:
        return
    mark = hmac.new(settings.secret_key.encode(), raw.sender.encode(), hashlib.sha256).hexdigest()
    outbox.post(
        THANKS,
        outbox.Recipient(
            None,
            raw.sender,
            name,
            language_of(raw.raw, settings.default_locale),
            settings.default_timezone,
        ),
        {"name": name},
        at,
        dedupe_key=f"inquiry-thanks:{mark}",
        headers={"Auto-Submitted": "auto-replied"},
    )


def language_of(raw: bytes, otherwise: str) -> str:
    """Guess whether a mail is in German or in English, by its small words."""
    text = raw[:20_000].decode("utf-8", "replace")
    german, english = len(GERMAN.findall(text)), len(ENGLISH.findall(text))
    if german == english:
        return otherwise
    return "de" if german > english else "en"
