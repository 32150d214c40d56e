"""The page of the one search field."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.desk.lead_columns import eyes_of
from portal.desk.lead_filters import clean
from portal.desk.lead_list_routes import LISTS, asking_now
from portal.desk.search import search
from portal.leads.sight import read_choices
from portal.web.access import requires

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
@requires(*LISTS, Permission.PEOPLE_EDIT)
def page() -> ResponseReturnValue:
    actor, text = current_actor(), clean(request.args.get("q", ""))
    sections = search(text, asking_now(actor), eyes_of(actor, read_choices())) if text else []
    return render_template("desk/search.html", text=text, sections=sections)
