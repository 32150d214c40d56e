"""The page of a firm's suspensions: what holds, why, what ends it; pausing a firm by hand."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.partners.models import Partner
from portal.partners.queries import get_partner
from portal.pickup import suspension
from portal.pickup.suspension_forms import SuspensionForm
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("suspensions", __name__)


@blueprint.get("/partners/<int:organisation_id>/suspensions")
@requires(Permission.PARTNERS_SEE)
def page(organisation_id: int) -> ResponseReturnValue:
    return show(get_partner(organisation_id, current_actor()), SuspensionForm(formdata=None))


def show(partner: Partner, form: SuspensionForm) -> str:
    """Render what holds and what held, with the form as it was filled in."""
    at = clock.now()
    rows = suspension.list_latest(partner.organisation_id)
    holding = [(one, name) for one, name in rows if one.ended_at is None and one.until > at]
    return render_template(
        "pickup/suspensions.html",
        partner=partner,
        holding=holding,
        past=[(one, name) for one, name in rows if (one, name) not in holding],
        form=form,
        may_edit=current_actor().may(Permission.PARTNERS_EDIT),
    )


@blueprint.post("/partners/<int:organisation_id>/suspensions")
@requires(Permission.PARTNERS_EDIT)
def begin(organisation_id: int) -> ResponseReturnValue:
    partner, form = get_partner(organisation_id, current_actor()), SuspensionForm()
    if not form.validate():
        return show(partner, form), 422
    at = clock.now()
    try:
        until = end_of(form, partner) or at
        suspension.suspend_by_hand(partner, until, form.note.data or "", current_actor(), at)
    except Invalid as error:
        form.take(error)
        return show(partner, form), 422
    flash(_("%(name)s picks up nothing for a while.", name=partner.organisation.name), "success")
    return go(url_for("suspensions.page", organisation_id=organisation_id))


def end_of(form: SuspensionForm, partner: Partner) -> datetime | None:
    """Return when the last day of a pause is over where the firm is; None where none is named."""
    day = form.last_day.data
    if day is None:
        return None
    zone = ZoneInfo(partner.organisation.timezone)
    return datetime.combine(day + timedelta(days=1), time(), zone)


@blueprint.post("/partners/<int:organisation_id>/suspensions/<int:suspension_id>/end")
@requires(Permission.PARTNERS_EDIT)
def end(organisation_id: int, suspension_id: int) -> ResponseReturnValue:
    partner = get_partner(organisation_id, current_actor())
    suspension.end(partner, suspension_id, current_actor(), clock.now())
    flash(_("The pause is over."), "success")
    return go(url_for("suspensions.page", organisation_id=organisation_id))
