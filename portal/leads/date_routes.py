"""The page on which the key dates of a lead are set."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads import dates
from portal.leads.date_forms import DatesForm
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.web.access import signed_in
from portal.web.htmx import go

blueprint = Blueprint("lead_dates", __name__)


def get_to_set(lead_id: int) -> Lead:
    """Return a lead whose dates the reader sets. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    if not dates.may_set(lead, current_actor()):
        raise NotFound()
    return lead


@blueprint.get("/leads/<int:lead_id>/dates")
@signed_in
def dates_page(lead_id: int) -> ResponseReturnValue:
    lead = get_to_set(lead_id)
    return page(lead, DatesForm(formdata=None, obj=lead))


@blueprint.post("/leads/<int:lead_id>/dates")
@signed_in
def set_dates(lead_id: int) -> ResponseReturnValue:
    lead, form = get_to_set(lead_id), DatesForm()
    if not form.validate():
        return page(lead, form), 422
    days = {name: form[name].data for name in dates.FIELDS}
    try:
        dates.set_dates(lead_id, days, current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return page(lead, form), 422
    flash(_("Saved. What it was before is kept."), "success")
    return go(url_for("desk.lead", lead_id=lead_id, _anchor="dates"))


def page(lead: Lead, form: DatesForm) -> str:
    """Render the form, as it was filled in."""
    return render_template("leads/dates.html", lead=lead, form=form)
