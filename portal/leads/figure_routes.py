"""The pages of an opportunity's figures and of the notes on its products."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads import figures, interests
from portal.leads.figure_forms import FiguresForm, figures_form
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.web.access import signed_in
from portal.web.forms import strip
from portal.web.htmx import go

blueprint = Blueprint("lead_figures", __name__)


def get_to_set(lead_id: int) -> Lead:
    """Return a lead whose figures the reader sets. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    if not figures.may_set(lead, current_actor()):
        raise NotFound()
    return lead


@blueprint.get("/leads/<int:lead_id>/figures")
@signed_in
def figures_page(lead_id: int) -> ResponseReturnValue:
    lead = get_to_set(lead_id)
    form = figures_form(lead, current_actor(), fresh=True)
    return page(lead, form)


@blueprint.post("/leads/<int:lead_id>/figures")
@signed_in
def set_figures(lead_id: int) -> ResponseReturnValue:
    lead = get_to_set(lead_id)
    form = figures_form(lead, current_actor())
    if not form.validate():
        return page(lead, form), 422
    try:
        figures.set_figures(lead_id, form.read(), current_actor(), clock.now(), form.read_own())
    except Invalid as error:
        form.take(error)
        return page(lead, form), 422
    flash(_("Saved."), "success")
    return go(url_for("desk.lead", lead_id=lead_id, _anchor="figures"))


def page(lead: Lead, form: FiguresForm) -> str:
    """Render the form, as it was filled in."""
    return render_template("leads/figures.html", lead=lead, form=form)


@blueprint.get("/leads/<int:lead_id>/products")
@signed_in
def products_page(lead_id: int) -> ResponseReturnValue:
    lead = get_to_note(lead_id)
    return products(lead, {f"note-{one}": note for one, note in read_notes(lead).items()}, {})


def read_notes(lead: Lead) -> dict[int, str]:
    """Return what is noted on each product."""
    return {one.product_id: one.note for one in interests.list_interests(lead)}


def get_to_note(lead_id: int) -> Lead:
    """Return a lead on whose products the reader notes something. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    if not interests.may_note(lead, current_actor()):
        raise NotFound()
    return lead


@blueprint.post("/leads/<int:lead_id>/products")
@signed_in
def note_products(lead_id: int) -> ResponseReturnValue:
    lead = get_to_note(lead_id)
    typed = {
        one: str(strip(request.form[f"note-{one}"]))
        for one in lead.product_ids
        if f"note-{one}" in request.form
    }
    try:
        interests.note_interests(lead_id, typed, current_actor(), clock.now())
    except Invalid as error:
        return products(lead, request.form.to_dict(), error.errors), 422
    flash(_("Saved."), "success")
    return go(url_for("desk.lead", lead_id=lead_id, _anchor="products"))


def products(lead: Lead, values: dict[str, str], errors: dict[str, str]) -> str:
    """Render the products with their notes, as they were typed."""
    return render_template(
        "leads/products.html",
        lead=lead,
        interests=interests.list_interests(lead),
        values=values,
        errors=errors,
    )
