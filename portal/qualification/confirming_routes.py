"""The page on which whoever works on a lead completes the answers and confirms the interest."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid
from portal.leads import script
from portal.leads.models import Lead
from portal.leads.operations import answers_of, questions_of
from portal.leads.sight import Sight
from portal.qualification import confirming
from portal.qualification.forms import ScriptForm, script_form
from portal.web.access import signed_in
from portal.web.boundary import keep_work
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("confirming", __name__)


# what the page of a lead says of this is one fragment; its values come from here
@blueprint.app_template_global("confirmation_of")
def confirmation_of(lead: Lead, sight: Sight) -> dict[str, Any]:
    """Return whether a lead is confirmed, and whether the reader, who sees so much, may do so."""
    may = confirming.may_confirm(lead, current_actor(), sight)
    return {"interest": confirming.interest_of(lead, may=may), "may": may}


@blueprint.get("/leads/<int:lead_id>/confirmation")
@signed_in
def page(lead_id: int) -> ResponseReturnValue:
    lead = confirming.get_to_confirm(lead_id, current_actor())
    kept = answers_of(lead_id)
    data = {f"answer-{one.key}": kept.get(one.id, "") for one in questions_of(lead)}
    return show(lead, script_form(lead, data)), 200


def show(lead: Lead, form: ScriptForm) -> str:
    """Render the questions that the answers have asked."""
    questions = questions_of(lead)
    typed = {one.key: str(form[f"answer-{one.key}"].data or "") for one in questions}
    return render_template(
        "qualification/confirmation.html",
        lead=lead,
        form=form,
        questions=[(one, form[f"answer-{one.key}"]) for one in script.asked(questions, typed)],
    )


@blueprint.post("/leads/<int:lead_id>/confirmation")
@signed_in
def save(lead_id: int) -> ResponseReturnValue:
    """Keep the answers; with action `confirm` confirm the interest, too."""
    actor, at = current_actor(), clock.now()
    lead = confirming.get_to_confirm(lead_id, actor)
    form = script_form(lead)
    try:
        confirming.complete(lead_id, form.typed(), actor, at)
    except Invalid as error:
        form.take(error)
        return show(lead, form), 422
    if request.form.get("action") != "confirm":
        flash(_("Saved."))
        return go(url_for("confirming.page", lead_id=lead_id))
    try:
        confirming.confirm(lead_id, actor, at)
    except Invalid as error:
        # what was typed is kept; the rest can be asked later
        keep_work()
        form.take(error)
        return show(lead, form), 422
    flash(_("%(number)s is confirmed.", number=lead.number), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/interest")
@signed_in
def confirm(lead_id: int) -> ResponseReturnValue:
    """Confirm the interest with one tap; where the script asks first, its page does."""
    actor = current_actor()
    try:
        lead = confirming.confirm(lead_id, actor, clock.now())
    except Invalid:
        flash(_("Before that, please answer what is marked."), "warning")
        return go(url_for("confirming.page", lead_id=lead_id))
    return tapped(lead, _("%(number)s is confirmed.", number=lead.number))


@blueprint.post("/leads/<int:lead_id>/interest/undo")
@signed_in
def take_back(lead_id: int) -> ResponseReturnValue:
    lead = confirming.take_back(lead_id, current_actor(), clock.now())
    return tapped(lead, _("Taken back: the interest is not confirmed."))


def tapped(lead: Lead, words: str) -> ResponseReturnValue:
    """Answer a tap with the fragment anew, or with the page of the lead."""
    if not wants_fragment():
        flash(words, "success")
        return go(url_for("desk.lead", lead_id=lead.id))
    interest = confirming.interest_of(lead, may=True)
    return render_template("qualification/_interest.html", interest=interest)
