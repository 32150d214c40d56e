"""The page of what should never be: leads without recipient, holder, owner, clock or next step."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.escalation import invariants
from portal.escalation.models import Broken
from portal.web.access import requires

blueprint = Blueprint("invariants", __name__)

SHOWN = 200

WORDS: dict[Broken, tuple[Any, Any]] = {
    Broken.HELD_BY_NOBODY: (
        _l("In the hands of somebody who is gone"),
        _l("Hand the lead to a colleague of the firm, or take it back."),
    ),
    Broken.OFFERED_TO_NOBODY: (
        _l("Offered, but nobody is left who could pick it up"),
        _l("Take it off the market and offer it to others."),
    ),
    Broken.WITHOUT_OWNER: (
        _l("Nobody of the vendor answers for it"),
        _l("Name an account manager, or who qualifies it."),
    ),
    Broken.WITHOUT_CLOCK: (
        _l("No clock runs although something is waited for"),
        _l("Nobody will be reminded. Ask your administrator to look at Jobs."),
    ),
    Broken.STRAY_CLOCK: (
        _l("A clock runs for something that is over"),
        _l("It would remind people for nothing. Ask your administrator to look at Jobs."),
    ),
    Broken.STRAY_STEP: (
        _l("A step is due that nobody takes"),
        _l("Ask your administrator whether scheduler and workers run."),
    ),
}
"""What is wrong with a lead, and what to do about it."""


@blueprint.get("/board/out-of-order")
@requires(Permission.BOARD_SEE)
def page() -> ResponseReturnValue:
    """Show what should never be, the worst first, with what to do about each kind."""
    rows = invariants.list_noted(current_actor(), SHOWN)
    kinds = [
        (*WORDS[kind], [row for row in rows if row.kind == kind])
        for kind in Broken
        if any(row.kind == kind for row in rows)
    ]
    return render_template(
        "desk/invariants.html", kinds=kinds, cut=len(rows) == SHOWN, title=_("Out of order")
    )
