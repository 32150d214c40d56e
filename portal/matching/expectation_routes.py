"""Pages of what is expected of partners: the deadline policies that concern a firm, in words."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.deadlines.rules import terms_of
from portal.deadlines.telling import expectations
from portal.matching.policy_uses import list_holding
from portal.partners.queries import get_partner
from portal.web.access import requires, signed_in

blueprint = Blueprint("expectations", __name__)


@blueprint.get("/expectations")
@signed_in
def page() -> ResponseReturnValue:
    """Show people what is expected of their own firm; the vendor's, what holds for any."""
    return show(current_actor().organisation_id, None)


@blueprint.get("/partners/<int:organisation_id>/expectations")
@requires(Permission.PARTNERS_SEE)
def of_partner(organisation_id: int) -> ResponseReturnValue:
    """Show the vendor's people what a partner reads."""
    found = get_partner(organisation_id, current_actor())
    return show(organisation_id, found.organisation.name)


def show(organisation_id: int, firm: str | None) -> str:
    """Render the policies that concern a firm; `firm` is its name where others read it.

    What all of them say is said once.
    """
    told = [
        (one.leads, expectations(terms_of(one.policy))) for one in list_holding(organisation_id)
    ]
    shared = [one for one in told[0][1] if all(one in chapters for _leads, chapters in told[1:])]
    if len(told) > 1:
        told = [(leads, [one for one in said if one not in shared]) for leads, said in told]
        told.append(((_("All leads"),), shared))
    return render_template(
        "deadlines/expectations.html",
        firm=firm,
        organisation_id=organisation_id,
        holdings=[(leads, chapters) for leads, chapters in told if chapters],
    )
