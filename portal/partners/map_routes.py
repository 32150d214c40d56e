"""The map of partners, and the same as a list of places."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.partners import mapping
from portal.partners.forms import countries
from portal.partners.routes import filters_asked, kept
from portal.web import maps
from portal.web.access import requires
from portal.web.maps import Dot

blueprint = Blueprint("partner_map", __name__)


@blueprint.get("/partners/map")
@requires(Permission.PARTNERS_SEE)
def partner_map() -> ResponseReturnValue:
    """Show the partners of a list where they are."""
    found = mapping.list_places(current_actor(), filters_asked(), clock.now())
    names = dict(countries())
    return render_template(
        "partners/map.html",
        found=found,
        country_names=names,
        map=maps.draw(dot_of(one, names) for one in found.places),
        back=url_for("partners.partners", **kept()),
        narrowed=bool(kept()),
    )


def dot_of(place: mapping.Place, countries_by_code: dict[str, str]) -> Dot:
    """Return how a place is drawn: one partner leads to its page, several to the list of them."""
    country = countries_by_code.get(place.country, place.country)
    where = ", ".join(part for part in (place.city, country) if part)
    if place.firms == 1:
        ((organisation_id, name),) = place.some
        url = url_for("partners.partner", organisation_id=organisation_id)
        return Dot(place.latitude, place.longitude, f"{name}, {where}", 1, url)
    words = ngettext(
        "%(where)s: %(num)d partner", "%(where)s: %(num)d partners", place.firms, where=where
    )
    url = url_for("partners.partners", **kept() | {"q": place.city or place.country})
    return Dot(place.latitude, place.longitude, words, place.firms, url)
