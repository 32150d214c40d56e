"""Behind a mail: what a firm says of itself, by who manages it."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.inbound.filling import NO_COOKIE
from portal.inbound.firm_hours import may_set
from portal.inbound.page import Beside
from portal.partners import operations, queries
from portal.partners.forms import OwnProfileForm, own_profile_form

APART = "profile-"


def show(actor: Actor, sent: bool) -> OwnProfileForm:
    """Return the form, as it was `sent` or with what holds."""
    firm = queries.get_own(actor.organisation_id, actor)
    return own_profile_form(firm, fresh=not sent, prefix=APART, **NO_COOKIE)


def save(form: OwnProfileForm, actor: Actor, at: datetime) -> None:
    """Keep what was sent. Raises `Invalid` by field."""
    firm = queries.get_own(actor.organisation_id, actor)
    operations.save_profile(firm, at, **form.values(firm))


BESIDE = Beside("profile", may_set, show, save, _l("Your profile is saved."))
