"""Pages of profiles: how complete all of them are, a firm's own, and why it matters."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.matching.profile_needs import DAYS, Needs, read_needs
from portal.partners import completeness, operations, profile, queries
from portal.partners.forms import OwnProfileForm, own_profile_form
from portal.partners.models import Partner
from portal.web.access import requires
from portal.web.filters import spoken
from portal.web.htmx import go

blueprint = Blueprint("profiles", __name__)
blueprint.add_app_template_filter(spoken(completeness.part_words), "part_words")
blueprint.add_app_template_filter(spoken(completeness.use_words), "part_use")
OWN = Permission.PICKUPS_SEE_FIRM


@blueprint.app_template_global("profile_needs")
def profile_needs(partner: Partner) -> Needs:
    """Return who asks for the parts of a firm's profile."""
    return read_needs(clock.now(), partner.organisation_id, partner.organisation.created_at)


@blueprint.app_template_global("profile_needs_days")
def profile_needs_days() -> int:
    """Return for how many days leads are counted."""
    return DAYS


@blueprint.get("/partners/profiles")
@requires(Permission.PARTNERS_SEE)
def profiles() -> ResponseReturnValue:
    """Show what the profiles of all partners lack whom the reader answers for."""
    at = clock.now()
    return render_template(
        "partners/profiles.html",
        counted=queries.count_lacking(current_actor(), at),
        needs=read_needs(at),
        days=DAYS,
    )


@blueprint.get("/team/profile")
@requires(OWN)
def own() -> ResponseReturnValue:
    """Show a firm's manager what the programme knows of the firm, and what is missing."""
    found = own_partner()
    at = clock.now()
    return render_template(
        "partners/own.html",
        **profile.tell(found, at),
        needs=read_needs(at, found.organisation_id, found.organisation.created_at),
        days=DAYS,
        by_firm=completeness.BY_FIRM,
    )


@blueprint.get("/team/profile/change")
@requires(OWN)
def change_own() -> ResponseReturnValue:
    found = own_partner()
    return editor(found, own_profile_form(found, fresh=True))


@blueprint.post("/team/profile/change")
@requires(OWN)
def save_own() -> ResponseReturnValue:
    found = own_partner()
    form = own_profile_form(found)
    if not form.validate():
        return editor(found, form), 422
    try:
        operations.save_profile(found, clock.now(), **form.values(found))
    except Invalid as error:
        form.take(error)
        return editor(found, form), 422
    flash(_("Your profile is saved."), "success")
    return go(url_for("profiles.own"))


def own_partner() -> Partner:
    """Return the profile of the reader's firm, or raise `NotFound`."""
    actor = current_actor()
    return queries.get_own(actor.organisation_id, actor)


def editor(partner: Partner, form: OwnProfileForm) -> str:
    """Render the form of what a firm says of itself."""
    return render_template("partners/own_edit.html", partner=partner, form=form)
