"""Noting that a partner takes part in a campaign, or does no more."""

from __future__ import annotations

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.campaigns import taking_part
from portal.core import clock
from portal.partners import queries
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("partner_campaigns", __name__)


@blueprint.post("/partners/<int:organisation_id>/campaigns")
@requires(Permission.PARTNERS_EDIT)
def join(organisation_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    chosen = request.form.get("campaign_id", "")
    back = url_for("partners.partner", organisation_id=organisation_id, _anchor="campaigns")
    if not chosen.isdecimal() or len(chosen) > 15:
        flash(_("Please choose a campaign."))
        return go(back)
    taking_part.join(int(chosen), found.organisation_id, current_actor(), clock.now())
    flash(_("Noted. It counts with the firm’s work from the next count on."), "success")
    return go(back)


@blueprint.post("/partners/<int:organisation_id>/campaigns/<int:campaign_id>/removal")
@requires(Permission.PARTNERS_EDIT)
def leave(organisation_id: int, campaign_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    taking_part.leave(campaign_id, found.organisation_id, clock.now())
    return go(url_for("partners.partner", organisation_id=organisation_id, _anchor="campaigns"))
