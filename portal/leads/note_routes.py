"""Notes about a lead: write, share, remove."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads import notes
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.web.access import signed_in
from portal.web.htmx import go

blueprint = Blueprint("notes", __name__)


@blueprint.get("/leads/<int:lead_id>/note")
@signed_in
def new_note(lead_id: int) -> ResponseReturnValue:
    lead = get_visible(lead_id, current_actor())
    if not notes.may_write(lead, current_actor()):
        raise NotFound()
    return note_page(lead)


@blueprint.post("/leads/<int:lead_id>/notes")
@signed_in
def write_note(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    text, shared = request.form.get("text", ""), request.form.get("shared") == "1"
    try:
        notes.write_note(lead, text, shared, actor, clock.now())
    except Invalid as error:
        return note_page(lead, text, shared, error.errors), 422
    flash(_("Noted."), "success")
    return back_to(lead)


@blueprint.get("/leads/<int:lead_id>/notes/<int:note_id>")
@signed_in
def note(lead_id: int, note_id: int) -> ResponseReturnValue:
    return change_page(get_visible(lead_id, current_actor()), note_id)


@blueprint.post("/leads/<int:lead_id>/notes/<int:note_id>")
@signed_in
def change_note(lead_id: int, note_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    text = request.form.get("text", "")
    notes.load_note(lead, note_id, actor)
    try:
        notes.change_note(lead, note_id, text, actor, clock.now())
    except Invalid as error:
        return change_page(lead, note_id, text, error.errors), 422
    flash(_("Changed. What it said before is kept."), "success")
    return back_to(lead)


def change_page(
    lead: Lead, note_id: int, text: str | None = None, errors: dict[str, str] | None = None
) -> str:
    """Render a note with what it said before, and for its author the form as it was filled in."""
    found, versions = notes.load_note(lead, note_id, current_actor())
    return render_template(
        "leads/note_change.html",
        lead=lead,
        note=found,
        versions=versions,
        text=found.text if text is None else text,
        errors=errors or {},
    )


@blueprint.post("/leads/<int:lead_id>/notes/<int:note_id>/sharing")
@signed_in
def share_note(lead_id: int, note_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    shared = request.form.get("shared") == "1"
    notes.share_note(lead, note_id, shared, actor, clock.now())
    flash(_("The note is shared.") if shared else _("The note is not shared any more."), "success")
    return back_to(lead)


@blueprint.post("/leads/<int:lead_id>/notes/<int:note_id>/removal")
@signed_in
def remove_note(lead_id: int, note_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    notes.remove_note(lead, note_id, actor, clock.now())
    flash(_("The note is removed."), "success")
    return back_to(lead)


def back_to(lead: Lead) -> ResponseReturnValue:
    """Send the browser to the notes of a lead."""
    return go(url_for("desk.lead", lead_id=lead.id, _anchor="timeline"))


def note_page(
    lead: Lead, text: str = "", shared: bool = False, errors: dict[str, str] | None = None
) -> str:
    """Render the form of a note, as it was filled in."""
    return render_template(
        "leads/note.html",
        lead=lead,
        text=text,
        shared=shared,
        errors=errors or {},
        other_side=notes.other_side(lead, current_actor()),
    )
