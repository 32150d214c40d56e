"""The page on which somebody writes to whom a lead is about: typed, looked at, sent."""

from __future__ import annotations

from flask import Blueprint, flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid
from portal.correspondence import operations
from portal.correspondence.addresses import address_of
from portal.correspondence.forms import LetterForm
from portal.correspondence.rules import LONGEST_SUBJECT, LONGEST_TEXT, TAGS, CannotWrite
from portal.correspondence.writing import Filled, beginning, fill
from portal.leads.contacts import load_contact
from portal.leads.models import Lead
from portal.leads.notes import other_side
from portal.web.access import signed_in
from portal.web.htmx import go

blueprint = Blueprint("letters", __name__, url_prefix="/leads/<int:lead_id>/letter")


@blueprint.get("")
@signed_in
def page(lead_id: int) -> ResponseReturnValue:
    lead = operations.get_lead(lead_id, current_actor())
    return show(lead, LetterForm(formdata=None, text=beginning(lead)))


@blueprint.post("/preview")
@signed_in
def preview(lead_id: int) -> ResponseReturnValue:
    lead, form, actor = operations.get_lead(lead_id, current_actor()), LetterForm(), current_actor()
    if not form.validate():
        return show(lead, form), 422
    contact = load_contact(lead, actor, clock.now())
    try:
        filled = fill(lead, contact, form.subject.data or "", form.text.data or "", actor)
    except Invalid as error:
        form.take(error)
        return show(lead, form), 422
    return show(lead, form, filled)


@blueprint.post("")
@signed_in
def send(lead_id: int) -> ResponseReturnValue:
    lead, form, actor = operations.get_lead(lead_id, current_actor()), LetterForm(), current_actor()
    if not form.validate():
        return show(lead, form), 422
    try:
        operations.send(
            lead.id,
            form.subject.data or "",
            form.text.data or "",
            bool(form.shared.data),
            form.mark(),
            actor,
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return show(lead, form), 422
    except CannotWrite:
        return show(lead, form), 422
    flash(_("Sent. The answer comes to you by mail, and stands in the timeline."), "success")
    return go(f"/leads/{lead.id}#timeline")


def show(lead: Lead, form: LetterForm, filled: Filled | None = None) -> str:
    """Render the page, with the form as it was filled in and how the mail would read."""
    actor, at = current_actor(), clock.now()
    contact = load_contact(lead, actor, at)
    form.mark()
    return render_template(
        "correspondence/letter.html",
        lead=lead,
        form=form,
        filled=filled,
        contact=contact,
        refusal=operations.refusal_of(lead, contact, actor, at),
        tags=TAGS,
        address=address_of(lead, actor),
        other_side=other_side(lead, actor),
        longest=(LONGEST_SUBJECT, LONGEST_TEXT),
    )
