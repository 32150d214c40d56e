"""What the mails about forms are shown of to who writes their words: the newest form."""

from __future__ import annotations

from datetime import datetime

from flask_babel import get_locale
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.mail import trials
from portal.web_forms.mails import title_of
from portal.web_forms.models import WebForm
from portal.wording.samples import Sample, shows


@shows("form_confirm")
def newest_form(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the mail of the newest form."""
    form = session().scalar(select(WebForm).order_by(WebForm.id.desc()).limit(1))
    if form is None:
        return None
    title = title_of(form, trials.language() or str(get_locale()))
    return Sample({"form": title, "path": "/", "until": at}, form.name, actor.timezone)
