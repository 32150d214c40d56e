"""The page of a partner's manager: who holds what, what is owed, who is away."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.desk.teams import read_team
from portal.web.access import requires

blueprint = Blueprint("team", __name__)


@blueprint.get("/team")
@requires(Permission.PICKUPS_SEE_FIRM)
def team() -> ResponseReturnValue:
    return render_template("desk/team.html", team=read_team(current_actor(), clock.now()))
