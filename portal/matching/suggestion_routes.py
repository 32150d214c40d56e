"""The page of what outcomes suggest about weights, and the press that takes it as a draft."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict
from portal.matching import queries, suggestions, versions
from portal.matching.learning_words import tell_advice
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("suggestions", __name__)


@blueprint.get("/rules/suggestions")
@requires(Permission.RULES_EDIT)
def page() -> ResponseReturnValue:
    standings = versions.stand_all()
    return render_template(
        "matching/suggestions.html",
        lines=[
            {
                "rule": rule,
                "found": found,
                "advice": tell_advice(rule.criteria, found.advice) if found else [],
                "proposes": found is not None and suggestions.proposes(found),
                "weighs": suggestions.weighs(rule.criteria),
                "standing": standings[rule.id],
            }
            for rule, found in suggestions.list_suggestions()
        ],
    )


@blueprint.post("/rules/<int:rule_id>/suggestion")
@requires(Permission.RULES_EDIT)
def take(rule_id: int) -> ResponseReturnValue:
    """Make a draft of the active version with the weights that were proposed."""
    seen = request.form.get("seen", "")
    try:
        suggestions.take(
            queries.get_rule(rule_id),
            int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
            clock.now(),
            current_actor().id,
        )
    except Conflict as error:
        flash(error.message, "warning")
        return go(url_for("suggestions.page"))
    flash(_("The weights stand in a draft now. Nothing changes before you activate it."), "success")
    return go(url_for("matching.rule", rule_id=rule_id))
