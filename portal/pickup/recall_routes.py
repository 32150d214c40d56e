"""The page on which the vendor takes a lead back from who holds it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_name
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads.models import Lead, LeadState
from portal.leads.queries import get_visible
from portal.pickup import queries, recall
from portal.pickup.models import Pickup
from portal.pickup.rules import NotYoursAnyMore
from portal.web.access import requires
from portal.web.filters import when
from portal.web.htmx import go

blueprint = Blueprint("recall", __name__)


@blueprint.get("/leads/<int:lead_id>/recall")
@requires(Permission.LEADS_RECALL)
def page(lead_id: int) -> ResponseReturnValue:
    lead, pickup = get_held(lead_id)
    return render(lead, pickup, {}, {})


@blueprint.post("/leads/<int:lead_id>/recall")
@requires(Permission.LEADS_RECALL)
def take_back(lead_id: int) -> ResponseReturnValue:
    lead, pickup = get_held(lead_id)
    typed = request.form.to_dict()
    try:
        lead = recall.recall(
            pickup.id,
            current_actor(),
            typed.get("reason", ""),
            typed.get("note"),
            clock.now(),
            force=typed.get("force") == "1",
        )
    except Invalid as error:
        return render(lead, pickup, typed, error.errors), 422
    except recall.WorkProtected as refusal:
        return render(lead, pickup, typed, {}), refusal.status
    flash(said_of(lead), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


def get_held(lead_id: int) -> tuple[Lead, Pickup]:
    """Return a lead with the pickup that somebody may end. Raises `NotFound`, `NotYoursAnyMore`."""
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    pickup = queries.find_held(lead_id)
    if pickup is None:
        raise NotYoursAnyMore(
            _("Nobody holds %(number)s any more.", number=lead.number), outcome=None
        )
    if not recall.may_recall(pickup, actor):
        raise NotFound()
    return lead, pickup


def said_of(lead: Lead) -> str:
    """Return what became of a lead that was taken back."""
    words: dict[str, str] = {
        LeadState.RECALLED: _(
            "%(number)s is taken back. It rests until %(when)s and then goes on by itself.",
            number=lead.number,
            when=when(lead.rests_until),
        ),
        LeadState.OFFERED: _(
            "%(number)s is taken back and on offer to others.", number=lead.number
        ),
        LeadState.NURTURE: _("%(number)s is taken back and in nurture.", number=lead.number),
    }
    otherwise = _("%(number)s is taken back and stands on the Board.", number=lead.number)
    return str(words.get(lead.state, otherwise))


def render(lead: Lead, pickup: Pickup, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """Render what taking it back asks for, and what speaks against it."""
    locale, at = str(get_locale()), clock.now()
    protection = recall.protection_of(pickup, at)
    return render_template(
        "pickup/recall.html",
        lead=lead,
        pickup=pickup,
        holder=find_name(pickup.user_id),
        protection=protection.words(lead.number) if protection else None,
        may_force=recall.may_force(current_actor()),
        rests=queries.get_policy(pickup).cooling_hours,
        reasons=[(short_key(r), r.label(locale)) for r in book().reasons("recall")],
        values=values,
        errors=errors,
    )
