"""The page on which the status of a lead is changed by hand, within its state."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission as P
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads import labels
from portal.leads.definition_words import called
from portal.leads.models import Lead, LeadStatus
from portal.leads.queries import get_visible, list_statuses
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("labels", __name__)

MAY = (P.PICKUPS_SEE_OWN, P.PICKUPS_SEE_FIRM, P.BOARD_SEE)


@blueprint.get("/leads/<int:lead_id>/status")
@requires(*MAY)
def page(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    if not labels.may_label(lead, actor):
        raise NotFound()
    return show(lead, labels.list_labels(lead, actor))


def show(lead: Lead, choices: Sequence[LeadStatus], said: str = "") -> str:
    """Render the statuses to choose from."""
    return render_template(
        "leads/label.html",
        lead=lead,
        status=list_statuses()[lead.status_id],
        choices=choices,
        said=said,
    )


@blueprint.post("/leads/<int:lead_id>/status")
@requires(*MAY)
def change(lead_id: int) -> ResponseReturnValue:
    actor, key = current_actor(), request.form.get("status", "")
    try:
        lead = labels.change_label(lead_id, key, actor, clock.now())
    except Invalid as error:
        lead = get_visible(lead_id, actor)
        return show(lead, labels.list_labels(lead, actor), error.message), 422
    flash(
        _(
            "%(number)s: %(status)s.",
            number=lead.number,
            status=called(list_statuses()[lead.status_id].names),
        ),
        "success",
    )
    return go(url_for("desk.lead", lead_id=lead.id))
