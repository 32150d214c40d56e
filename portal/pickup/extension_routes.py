"""The pages of more time: who holds a lead asks for it, who answers for the firm decides."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.errors import Invalid, NotFound, Refused
from portal.leads.queries import find_teaser
from portal.pickup import extension, queries
from portal.pickup.extension import said_of
from portal.pickup.models import Pickup
from portal.pickup.routes import show_refusal
from portal.web.access import requires
from portal.web.filters import when
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("more_time", __name__)
HOLDING = (Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)


@blueprint.get("/pickups/<int:pickup_id>/more-time")
@requires(*HOLDING)
def page(pickup_id: int) -> ResponseReturnValue:
    pickup = get_own(pickup_id)
    if pickup.ended_at is not None:
        return go(url_for("desk.lead", lead_id=pickup.lead_id))
    return render(pickup, {}, {})


@blueprint.post("/pickups/<int:pickup_id>/more-time")
@requires(*HOLDING)
def ask(pickup_id: int) -> ResponseReturnValue:
    pickup, typed = get_own(pickup_id), request.form.to_dict()
    try:
        wish = extension.ask(
            pickup_id,
            extension.read_days(typed),
            typed.get("reason"),
            current_actor(),
            clock.now(),
            typed.get("text", ""),
        )
    except Invalid as error:
        return render(pickup, typed, error.errors), 422
    except Refused as refusal:
        return show_refusal(refusal)
    flash(said_of(wish), "success")
    return go(url_for("desk.lead", lead_id=pickup.lead_id))


def get_own(pickup_id: int) -> Pickup:
    """Return a pickup that is the person's to decide about. Raises `NotFound`."""
    actor = current_actor()
    pickup = queries.get_visible(pickup_id, actor)
    if not queries.is_in_charge(pickup, actor):
        raise NotFound()
    return pickup


def render(pickup: Pickup, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """Render the form, as a page or into the dossier."""
    locale, room = str(get_locale()), extension.room_of(pickup)
    template = "pickup/_more_time.html" if wants_fragment() else "pickup/more_time.html"
    return render_template(
        template,
        pickup=pickup,
        lead=find_teaser(pickup.lead_id),
        room=room,
        approval=extension.approval_words(room.approval),
        reasons=[(short_key(r), r.label(locale)) for r in book().reasons("extension")],
        values=values,
        errors=errors,
    )


# -- who decides ------------------------------------------------------------------------------


@blueprint.get("/more-time")
@requires(Permission.EXTENSIONS_DECIDE)
def waiting() -> ResponseReturnValue:
    return render_template(
        "pickup/more_time_waiting.html",
        wishes=extension.list_waiting(current_actor()),
        reason=book().label,
        locale_code=str(get_locale()),
    )


@blueprint.post("/more-time/<int:extension_id>")
@requires(Permission.EXTENSIONS_DECIDE)
def decide(extension_id: int) -> ResponseReturnValue:
    granted = request.form.get("granted") == "1"
    wish = extension.decide(extension_id, granted, current_actor(), clock.now())
    if wish.due is not None:
        flash(_("Granted. The answer is due %(when)s now.", when=when(wish.due)), "success")
    else:
        flash(_("Refused. The date stays as it was; who asked is told."))
    return go(url_for("more_time.waiting"))
