"""The page of who sees what, for administrators."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.leads import visibility
from portal.leads.choosing import choose
from portal.leads.sight import read_choices
from portal.leads.visibility import SEEN, Cell, Field, Phase, Tier, cell_of
from portal.leads.visibility_words import FIELDS, PHASES, TIERS
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("visibility", __name__)


def name_of(field: Field, tier: Tier, phase: Phase) -> str:
    """Return what a cell is called in the form."""
    return f"{field}.{tier}.{phase}"


@blueprint.get("/visibility")
@requires(Permission.VISIBILITY_EDIT)
def page() -> ResponseReturnValue:
    choices = read_choices()
    return render_template(
        "leads/visibility.html",
        fields=[
            {
                "key": field,
                "name": FIELDS[field][0],
                "meaning": FIELDS[field][1],
                "rows": [
                    (
                        TIERS[tier],
                        [
                            (
                                name_of(field, tier, phase),
                                PHASES[phase],
                                cell_of(field, tier, phase, choices),
                            )
                            for phase in Phase
                        ],
                    )
                    for tier in Tier
                    if tier in visibility.GRID[field]
                ],
            }
            for field in Field
        ],
        phases=list(PHASES.values()),
        Cell=Cell,
        seen=SEEN,
        changed=sum(
            cell_of(*place, choices) != visibility.TABLE[place] for place in visibility.EDITABLE
        ),
    )


@blueprint.post("/visibility")
@requires(Permission.VISIBILITY_EDIT)
def save() -> ResponseReturnValue:
    ticked = request.form.getlist("seen")
    shown = {place for place in visibility.EDITABLE if name_of(*place) in ticked}
    changed = choose(shown, current_actor(), clock.now())
    if changed:
        flash(
            ngettext(
                "One change is saved. It holds at once.",
                "%(num)d changes are saved. They hold at once.",
                changed,
            ),
            "success",
        )
    else:
        flash(_("Nothing was changed."))
    return go(url_for("visibility.page"))


@blueprint.post("/visibility/standard")
@requires(Permission.VISIBILITY_EDIT)
def restore() -> ResponseReturnValue:
    standard = {place for place in visibility.EDITABLE if visibility.TABLE[place] in SEEN}
    choose(standard, current_actor(), clock.now())
    flash(_("Everything is as it was delivered."), "success")
    return go(url_for("visibility.page"))
