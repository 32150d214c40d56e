"""An inquiry taken down by hand, with who is known already beside it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.capture.forms import CaptureForm
from portal.capture.known import Known, list_known
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Invalid
from portal.duplicates import entrance
from portal.leads.operations import Draft
from portal.leads.queries import get_definition
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("by_hand", __name__)


@blueprint.get("/qualify/new")
@requires(Permission.LEADS_QUALIFY)
def new_lead() -> ResponseReturnValue:
    return show_new(CaptureForm(formdata=None)), 200


def show_new(form: CaptureForm, known: list[Known] | None = None) -> str:
    """Render the form; `known` are who is like what was typed, None: nobody has looked yet."""
    form.offer_choices(get_definition())
    return render_template("capture/new.html", form=form, known=known)


@blueprint.post("/qualify/new/known")
@requires(Permission.LEADS_QUALIFY)
def look() -> ResponseReturnValue:
    """Show who is known by what is typed so far; nothing is kept."""
    form, actor = CaptureForm(), current_actor()
    known = list_known(form.as_contact(), form.country.data or None, actor)
    if wants_fragment():
        return render_template("capture/_known.html", known=known)
    return show_new(form, known)


@blueprint.post("/qualify/new")
@requires(Permission.LEADS_QUALIFY)
def capture() -> ResponseReturnValue:
    form = CaptureForm()
    form.offer_choices(get_definition())
    try:
        taken = entrance.take_in(read_draft(form), clock.now(), current_actor())
    except Invalid as error:
        form.take(error)
        return show_new(form), 422
    lead = taken.lead
    if taken.how == entrance.How.KNOWN:
        known = _(
            "Somebody works on this contact already: %(number)s. The inquiry is part of it now, "
            "and who works on it hears of it.",
            number=lead.number,
        )
        flash(known)
        return go(url_for("qualification.qualify"))
    flash(_("%(number)s is in.", number=lead.number))
    return go(url_for("qualification.qualify_lead", lead_id=lead.id))


def campaign_of(chosen: str | None) -> int | None:
    """Return the campaign that was chosen."""
    return int(chosen) if chosen and chosen.isdecimal() and len(chosen) < 18 else None


def read_draft(form: CaptureForm) -> Draft:
    """Return the inquiry that was typed. Raises `Invalid`."""
    definition, errors = get_definition(), form.errors_of_contact()
    types = {one.key: one for one in definition.types.values()}
    lead_type = types.get(form.type_key.data or "")
    if lead_type is None:
        errors["type_key"] = _("Please choose one.")
    source = form.source_key.data or None
    if source and ("source", source) not in book().by_key:
        errors["source_key"] = _("Please choose one of the list.")
    if errors or lead_type is None:
        raise Invalid(errors)
    return Draft(
        title=form.title.data or "",
        kind=lead_type.kind,
        type_key=lead_type.key,
        source_key=source,
        country=form.country.data or None,
        basis=form.as_basis(),
        campaign_id=campaign_of(form.campaign_id.data),
        contact=form.as_contact(),
    )
