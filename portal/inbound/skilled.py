"""Behind a mail: what a person of a partner is good at, by her own word."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.accounts.queries import get_person
from portal.hearing.away import may_note
from portal.inbound.filling import NO_COOKIE, fresh
from portal.inbound.page import Beside
from portal.partners import rep_profiles
from portal.partners.forms import SkillsForm

APART = "skills-"


def show(actor: Actor, sent: bool) -> SkillsForm:
    """Return the form, as it was `sent` or with what is said."""
    said = rep_profiles.read(actor.id)
    if sent:
        form = SkillsForm(prefix=APART, **NO_COOKIE)
    else:
        form = fresh(SkillsForm, prefix=APART)
        form.show(said)
    form.offer(said)
    return form


def save(form: SkillsForm, actor: Actor, at: datetime) -> None:
    """Keep what was sent. Raises `Invalid` by field."""
    rep_profiles.save(get_person(actor.id, actor.organisation_id), form.skills(), at)


BESIDE = Beside("skills", may_note, show, save, _l("From the next lead on it counts."))
