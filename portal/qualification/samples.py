"""What the frame of nurture is shown of to who writes it: its first mail, as if to the reader."""

from __future__ import annotations

from datetime import datetime

from flask import current_app

from portal.accounts.actor import Actor
from portal.core.config import Settings
from portal.core.mail import trials
from portal.qualification import letters, nurture
from portal.wording.samples import Sample, shows


@shows("nurture")
def first_mail(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the first mail of nurture; whoever gets it stands behind the wall."""
    settings: Settings = current_app.config["SETTINGS"]
    language = trials.language() or "en"
    first = next((one for one in nurture.list_mails() if one.active), None)
    if first is None:
        return None
    values = {"first_name": actor.name, "programme": settings.programme_name}
    subject = letters.merge(letters.said(first.subjects, language), values)
    text = letters.merge(letters.said(first.texts, language), values)
    return Sample({"subject": subject, "text": text, "leave_path": "/"}, actor.name, actor.timezone)
