"""The mails to whoever sent a form: thanks, and the button that confirms an address."""

from __future__ import annotations

import hashlib
from datetime import datetime

from flask import current_app

from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail.outbox import Recipient, known, post
from portal.core.mail.rendering import moment, speaking
from portal.leads.operations import ContactDraft, is_suppressed, suppression_keys
from portal.web_forms import operations, queries, rules
from portal.web_forms.models import EntryState, FormEntry, WebForm

MOST_AN_HOUR = 3


def thank(entry_id: int, at: datetime) -> None:
    """Thank whoever sent a form, once a day and form, and forget his address.

    Who asked not to be written to is not: he reads the thanks on the page.
    """
    entry = session().get(FormEntry, entry_id)
    if entry is None:
        return
    kept = operations.words_of(entry_id).get("typed", {})
    operations.forget_words(entry_id)
    form = queries.get_form(entry.form_id)
    email = str(kept.get("email") or "")
    if not form.thanks or not email or is_away(email):
        return
    settings: Settings = current_app.config["SETTINGS"]
    words = {
        name: rules.said(
            {code: texts.get(name, "") for code, texts in form.words.items()}, entry.locale
        )
        for name in rules.WORDS
    }
    with speaking(entry.locale, settings.default_timezone):
        values = {
            **{
                name: rules.harmless(str(kept.get(name) or ""))
                for name in ("first_name", "last_name", "company")
            },
            "form": words["title"],
            "programme": settings.programme_name,
            "event_date": moment(form.event_at) if form.event_at else "",
            "event_place": form.event_place or "",
        }
    post(
        "form_thanks",
        recipient(email, entry.locale),
        {
            "subject": rules.merged(words["mail_subject"], values),
            "text": rules.merged(words["mail_text"], values),
        },
        at,
        f"form-thanks:{form.id}:{fingerprint(email)}:{at:%Y-%m-%d}",
    )


def ask_to_confirm(entry_id: int, at: datetime) -> None:
    """Mail the button that confirms an address; one address gets few of them an hour."""
    entry = session().get(FormEntry, entry_id, with_for_update=True)
    if entry is None or entry.state != EntryState.WAITING or entry.secret_hash is not None:
        return
    form, kept = queries.get_form(entry.form_id), operations.words_of(entry_id).get("typed", {})
    email = str(kept.get("email") or "")
    told = f"form-confirm:{form.id}:{fingerprint(email)}:{at:%Y-%m-%dT%H}"
    free = (key for n in range(MOST_AN_HOUR) if not known(key := f"{told}:{n}"))
    slot = next(free, None)
    if not email or slot is None:
        return
    secret = operations.open_confirmation(entry)
    post(
        "form_confirm",
        recipient(email, entry.locale),
        {
            "form": title_of(form, entry.locale),
            "path": f"/form-confirmation/{secret}",
            "until": entry.expires_at,
        },
        at,
        slot,
    )


def is_away(email: str) -> bool:
    """Say whether somebody asked not to be written to."""
    return is_suppressed(suppression_keys(ContactDraft(email=email), "", None))


def title_of(form: WebForm, locale: str) -> str:
    """Return the title of a form in a language."""
    return rules.said({code: texts.get("title", "") for code, texts in form.words.items()}, locale)


def recipient(email: str, locale: str) -> Recipient:
    """Return to whom a mail goes: no name, which anybody may have typed."""
    settings: Settings = current_app.config["SETTINGS"]
    return Recipient(None, email, "", locale, settings.default_timezone)


def fingerprint(email: str) -> str:
    """Return what tells one address from another and gives none away."""
    secret = str(current_app.config["SECRET_KEY"])
    return hashlib.sha256(f"{secret}:{email.lower()}".encode()).hexdigest()[:24]
