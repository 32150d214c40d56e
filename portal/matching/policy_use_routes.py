"""Pages of which deadline policy is used where: the lines in order, one of them, a try."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.deadlines.models import PolicyUse
from portal.deadlines.queries import list_uses
from portal.deadlines.telling import in_short
from portal.matching import policy_uses as kept
from portal.matching.forms import TryForm, UseForm
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("policy_uses", __name__, url_prefix="/deadlines/which-where")

EDIT = Permission.RULES_EDIT


@blueprint.get("")
@requires(EDIT)
def uses() -> ResponseReturnValue:
    """Show all lines, and for a lead and a firm that were chosen which policy holds."""
    around, lines = kept.read_around(), list_uses()
    form = TryForm(request.args)
    form.offer_choices(around)
    wider = kept.never_tried(lines)
    places = {one.id: place for place, one in enumerate(lines, start=1)}
    case = form.case() if form.validate() else None
    ruling = kept.find_ruling(case) if case else None
    return render_template(
        "deadlines/uses.html",
        lines=[
            (one, kept.in_words(one, around), around.policies.get(one.policy_key)) for one in lines
        ],
        behind={use_id: places[one.id] for use_id, one in wider.items()},
        form=form,
        ruling=ruling,
        place=places[ruling.use.id] if ruling and ruling.use else None,
        said=in_short(
            ruling.policy.response_hours, ruling.policy.feedback_days, ruling.policy.working
        )
        if ruling
        else "",
    )


@blueprint.get("/new")
@requires(EDIT)
def new_use() -> ResponseReturnValue:
    form = UseForm(formdata=None)
    form.offer_choices(kept.read_around())
    return edit(form, None)


@blueprint.post("/new")
@requires(EDIT)
def add_use() -> ResponseReturnValue:
    form = UseForm()
    form.offer_choices(kept.read_around())
    if not form.validate():
        return edit(form, None), 422
    try:
        kept.add_use(form.read(), current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return edit(form, None), 422
    flash(_("It holds from now on. Leads in hand keep what they began with."), "success")
    return go(url_for("policy_uses.uses"))


@blueprint.get("/<int:use_id>")
@requires(EDIT)
def use(use_id: int) -> ResponseReturnValue:
    found = kept.get_use(use_id)
    form = UseForm(formdata=None)
    form.show(found)
    form.offer_choices(kept.read_around(), found)
    return edit(form, found)


def edit(form: UseForm, found: PolicyUse | None) -> str:
    """Render the form of a line, a new one where none is found."""
    return render_template("deadlines/use.html", form=form, found=found)


@blueprint.post("/<int:use_id>")
@requires(EDIT)
def save_use(use_id: int) -> ResponseReturnValue:
    found = kept.get_use(use_id)
    form = UseForm()
    form.offer_choices(kept.read_around(), found)
    if not form.validate():
        return edit(form, found), 422
    try:
        kept.save_use(use_id, form.read(), form.seen, current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return edit(form, found), 422
    except Conflict as error:
        # seen now, the next press of Save is meant
        form.form_errors.append(error.message)
        form.version.data = str(error.facts["version"])
        return edit(form, found), 409
    flash(_("It holds from now on. Leads in hand keep what they began with."), "success")
    return go(url_for("policy_uses.uses"))


@blueprint.post("/<int:use_id>/move")
@requires(EDIT)
def move_use(use_id: int) -> ResponseReturnValue:
    steps = -1 if request.form.get("to") == "up" else 1
    kept.move_use(use_id, steps, current_actor().id, clock.now())
    return go(url_for("policy_uses.uses"))


@blueprint.post("/<int:use_id>/removal")
@requires(EDIT)
def remove_use(use_id: int) -> ResponseReturnValue:
    kept.remove_use(use_id, current_actor().id, clock.now())
    flash(_("The line is gone. Leads in hand keep what they began with."))
    return go(url_for("policy_uses.uses"))
