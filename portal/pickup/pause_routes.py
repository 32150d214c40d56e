"""Pages on which a holder lets a lead rest because the customer asked to wait."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.leads.models import Lead
from portal.pickup import pauses, queries
from portal.pickup.models import Pickup
from portal.pickup.pause_forms import PauseForm
from portal.pickup.routes import show_refusal
from portal.web.access import requires
from portal.web.filters import day
from portal.web.htmx import go

blueprint = Blueprint("pauses", __name__)
HOLDS = (Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)


@blueprint.get("/pickups/<int:pickup_id>/pause")
@requires(*HOLDS)
def page(pickup_id: int) -> ResponseReturnValue:
    pickup = queries.get_visible(pickup_id, current_actor())
    if pickup.ended_at is not None:
        return go(url_for("desk.lead", lead_id=pickup.lead_id))
    return show(pickup, PauseForm(formdata=None))


@blueprint.post("/pickups/<int:pickup_id>/pause")
@requires(*HOLDS)
def pause(pickup_id: int) -> ResponseReturnValue:
    pickup, form = queries.get_visible(pickup_id, current_actor()), PauseForm()
    form.offer()
    if not form.validate():
        return show(pickup, form), 422
    try:
        lead = pauses.pause(
            pickup_id, form.reason.data, form.until.data, current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return show(pickup, form), 422
    except Refused as refusal:
        return show_refusal(refusal)
    until = pauses.rests_until(pickup_id)
    flash(_("%(number)s rests until %(day)s.", number=lead.number, day=day(until)), "success")
    return go(url_for("desk.lead", lead_id=lead.id))


@blueprint.post("/pickups/<int:pickup_id>/going-on")
@requires(*HOLDS)
def go_on(pickup_id: int) -> ResponseReturnValue:
    try:
        lead = pauses.go_on(pickup_id, current_actor(), clock.now())
    except Refused as refusal:
        return show_refusal(refusal)
    flash(_("%(number)s goes on.", number=lead.number), "success")
    return go(url_for("desk.lead", lead_id=lead.id))


def show(pickup: Pickup, form: PauseForm) -> str:
    """Render the form that lets a lead rest, or why it can't."""
    at, policy = clock.now(), queries.get_policy(pickup)
    refusal = pauses.refusal_of(pickup, policy, at)
    form.offer()
    return render_template(
        "pickup/pause.html",
        pickup=pickup,
        number=session().get_one(Lead, pickup.lead_id).number,
        form=form,
        refusal=refusal.message if refusal else None,
        left=policy.most_pauses - pauses.count_pauses(pickup.id),
        last=pauses.last_day(pickup, policy, at),
    )
