"""Behind a mail: when a firm works, and its days off, by who manages it."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.inbound.filling import NO_COOKIE, fresh
from portal.inbound.page import Beside
from portal.partners import hours, queries
from portal.partners.hour_forms import HoursForm

APART = "hours-"


def may_set(actor: Actor) -> bool:
    """Say whether the hours of the person's own firm are hers to set, as on the portal."""
    return actor.is_partner and actor.may(Permission.PICKUPS_SEE_FIRM)


def show(actor: Actor, sent: bool) -> HoursForm:
    """Return the form, as it was `sent` or with what holds."""
    found = hours.read(queries.get_own(actor.organisation_id, actor).organisation)
    if sent:
        form = HoursForm(prefix=APART, **NO_COOKIE)
    else:
        form = fresh(HoursForm, prefix=APART)
        form.show(found)
    form.offer(found)
    return form


def save(form: HoursForm, actor: Actor, at: datetime) -> None:
    """Keep what was sent. Raises `Invalid` by field."""
    firm = queries.get_own(actor.organisation_id, actor).organisation
    hours.save(firm, form.chosen(), actor.id, at)


BESIDE = Beside(
    "hours", may_set, show, save, _l("The working hours are saved. Deadlines that run follow them.")
)
