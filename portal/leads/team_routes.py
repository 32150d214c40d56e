"""Buttons on a lead's page: who answers for it, and who is in its team."""

from __future__ import annotations

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.leads import team
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("lead_team", __name__)


def chosen() -> int:
    """Return who was chosen; 0, which is nobody's, where nobody was."""
    raw = request.form.get("user_id", "")
    return int(raw) if raw.isdecimal() and len(raw) < 15 else 0


@blueprint.post("/leads/<int:lead_id>/owner")
@requires(Permission.LEADS_ASSIGN)
def set_owner(lead_id: int) -> ResponseReturnValue:
    team.set_owner(lead_id, chosen(), current_actor(), clock.now())
    flash(_("Noted: who answers for the lead."), "success")
    return back_to(lead_id)


@blueprint.post("/leads/<int:lead_id>/team")
@requires(Permission.BOARD_SEE)
def add_member(lead_id: int) -> ResponseReturnValue:
    team.add_member(lead_id, chosen(), current_actor(), clock.now())
    flash(_("The team is larger by one."), "success")
    return back_to(lead_id)


@blueprint.post("/leads/<int:lead_id>/team/<int:user_id>/removal")
@requires(Permission.BOARD_SEE)
def remove_member(lead_id: int, user_id: int) -> ResponseReturnValue:
    team.remove_member(lead_id, user_id, current_actor(), clock.now())
    flash(_("Out of the team, and sees the lead no more because of it."), "success")
    return back_to(lead_id)


def back_to(lead_id: int) -> ResponseReturnValue:
    """Return to the lead, or to the board where it is out of sight now."""
    if not team.is_visible(lead_id, current_actor()):
        return go(url_for("desk.board"))
    return go(url_for("desk.lead", lead_id=lead_id))
