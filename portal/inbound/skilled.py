"""Behind a mail: what a person of a partner is good at, by her own word."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.accounts.queries import get_person
from portal.core.errors import Invalid
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


def keep(form: SkillsForm, actor: Actor, at: datetime) -> bool:
    """Keep what was sent; where that can't be right, the form says so."""
    if not form.validate():
        return False
    try:
        rep_profiles.save(get_person(actor.id, actor.organisation_id), form.skills(), at)
    except Invalid as error:
        form.take(error)
        return False
    return True


BESIDE = Beside("skills", may_note, show, keep, _l("From the next lead on it counts."))
