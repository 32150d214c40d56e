"""The page on which a firm's manager names who hears of new leads first."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import list_pickers
from portal.core import clock
from portal.core.errors import Invalid
from portal.offers import first_heard
from portal.offers.forms import FirstHeardForm
from portal.web.access import requires

blueprint = Blueprint("first_heard", __name__, url_prefix="/team/first")


@blueprint.get("")
@requires(Permission.PICKUPS_SEE_FIRM)
def page() -> ResponseReturnValue:
    kept = first_heard.find_order(current_actor().organisation_id)
    form = FirstHeardForm(
        formdata=None, minutes=kept.minutes if kept else first_heard.USUAL_MINUTES
    )
    named = kept.user_ids if kept else []
    return draw(form, {user_id: str(place) for place, user_id in enumerate(named, 1)})


@blueprint.post("")
@requires(Permission.PICKUPS_SEE_FIRM)
def save() -> ResponseReturnValue:
    form, actor = FirstHeardForm(), current_actor()
    people = list_pickers(actor.organisation_id)
    typed = {user.id: request.form.get(f"place-{user.id}", "") for user in people}
    numbers = [str(number) for number in range(1, len(people) + 1)]
    places = {user_id: place for user_id, place in typed.items() if place in numbers}
    if not form.validate():
        return draw(form, typed), 422
    try:
        if len(set(places.values())) != len(places):
            raise Invalid({"places": str(_("Please give each place once."))})
        named = sorted(places, key=lambda user_id: int(places[user_id]))
        first_heard.save(named, form.minutes.data, actor, clock.now())
    except Invalid as error:
        form.take(error)
        return draw(form, typed), 422
    flash(_("Saved. It holds for leads that are offered from now on."))
    return redirect(url_for("first_heard.page"), 303)


def draw(form: FirstHeardForm, places: Mapping[int, str]) -> str:
    """Render the page."""
    people = list_pickers(current_actor().organisation_id)
    return render_template("offers/first_heard.html", form=form, people=people, places=places)
