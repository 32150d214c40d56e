"""The page of the dry run: whether the programme is on one, and what it would have offered."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.matching.queries import list_firms, list_rules
from portal.offers import dry_run, redistribution
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("dry_run", __name__, url_prefix="/dry-run")
blueprint.add_app_template_global(dry_run.find_open, "dry_run")

NAMED = 5
"""So many firms of a lead are named, the best first."""


@blueprint.get("")
@requires(Permission.RULES_EDIT)
def page() -> ResponseReturnValue:
    number, by_partner = page_number(request.args.get("page")), request.args.get("by") == "partner"
    noted = [] if by_partner else dry_run.list_noted(number)
    partners = dry_run.list_partners(number) if by_partner else []
    shown = noted[: dry_run.SHOWN]
    ids = {one["organisation_id"] for line, *_of in shown for one in line.offers[:NAMED]}
    present = dry_run.find_open()
    begun_by = session().get(User, present.began_by_id) if present and present.began_by_id else None
    rounds, leads = dry_run.count_noted()
    return render_template(
        "offers/dry_run.html",
        present=present,
        begun_by=begun_by.name if begun_by else "",
        on_offer=dry_run.count_on_offer(),
        came_back=len(redistribution.list_noted()) if present else 0,
        rounds=rounds,
        leads=leads,
        by_partner=by_partner,
        noted=shown,
        partners=partners[: dry_run.SHOWN],
        firms=list_firms(ids),
        rules={rule.id: rule.name for rule in list_rules()},
        named=NAMED,
        page=number,
        more=max(len(noted), len(partners)) > dry_run.SHOWN,
    )


@blueprint.post("")
@requires(Permission.RULES_EDIT)
def switch() -> ResponseReturnValue:
    """Begin a dry run with `on` as 1, else end it."""
    at, user_id = clock.now(), current_actor().id
    if request.form.get("on") == "1":
        dry_run.begin(user_id, at)
        flash(_("The programme is on a dry run: from now on nothing is offered."), "success")
    else:
        dry_run.end(user_id, at)
        flash(_("The dry run is over: from now on leads are offered."), "success")
    return go(url_for("dry_run.page"))


@blueprint.post("/clearing")
@requires(Permission.RULES_EDIT)
def clear() -> ResponseReturnValue:
    dry_run.clear()
    flash(_("What was noted is cleared."))
    return go(url_for("dry_run.page"))


def tell_noted() -> None:
    """Say that what was asked for was noted, and nothing offered."""
    flash(_("The programme is on a dry run: it is noted who would have seen it, nobody does."))
