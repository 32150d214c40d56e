"""Decline an offer, stand by for a lead; put leads on offer and take them off again."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.accounts.tree import list_units
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.db import session
from portal.core.errors import DomainError, Invalid
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.matching.words import tell_excluded
from portal.offers import by_hand, operations, places, queries
from portal.offers.cards import Card, left_card
from portal.offers.dry_run_routes import tell_noted
from portal.offers.forms import UnitForm
from portal.offers.rules import NobodyMatches, NothingToWaitFor
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("offers", __name__)

MOST_AT_ONCE = 500


@blueprint.get("/leads/<int:lead_id>/decline")
@requires(Permission.OFFERS_SEE)
def decline_page(lead_id: int) -> ResponseReturnValue:
    operations.standing_offer(lead_id, current_actor(), clock.now())
    return render_decline(lead_id, None), 200


def render_decline(lead_id: int, error: str | None) -> str:
    """Render the reasons, in the card or as a page."""
    locale = str(get_locale())
    template = "offers/_decline.html" if wants_fragment() else "offers/decline.html"
    actor = current_actor()
    return render_template(
        template,
        decline={
            "lead_id": lead_id,
            "reasons": [(short_key(r), r.label(locale)) for r in book().reasons("decline")],
            "error": error,
            "back_url": url_for("desk.lead", lead_id=lead_id),
            "for_firm": actor.may(Permission.OFFERS_DECLINE_FIRM),
        },
    )


@blueprint.post("/leads/<int:lead_id>/decline")
@requires(Permission.OFFERS_SEE)
def decline(lead_id: int) -> ResponseReturnValue:
    try:
        firm_is_out = operations.decline(
            lead_id, request.form.get("reason"), current_actor(), clock.now()
        )
    except Invalid as error:
        return render_decline(lead_id, error.errors["reason"]), 422
    if wants_fragment():
        return render_template("offers/_declined.html", lead_id=lead_id, firm_is_out=firm_is_out)
    flash(
        _("Thank you. Your firm does not see this lead any more.")
        if firm_is_out
        else _("Thank you. You don't see this lead any more; your colleagues still do.")
    )
    return go(url_for("pickup.available"))


@blueprint.get("/leads/<int:lead_id>/stand-by")
@requires(Permission.PICKUPS_CLAIM)
def stand_by_page(lead_id: int) -> ResponseReturnValue:
    """Opening takes no place: the page of the lead has the button."""
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/stand-by")
@requires(Permission.PICKUPS_CLAIM)
def stand_by(lead_id: int) -> ResponseReturnValue:
    """Wait for a lead, or with `leave=1` wait no more."""
    actor, at = current_actor(), clock.now()
    leaves = request.values.get("leave") == "1"
    try:
        (operations.leave if leaves else operations.stand_by)(lead_id, actor, at)
    except NothingToWaitFor:
        # it may have come back between the page and the press, or while this press stood in line
        card = queries.find_card(lead_id, actor, clock.now())
        if card is None:
            raise
        return answer_place(lead_id, card)
    if not wants_fragment():
        flash(
            _("You don't wait for it any more.")
            if leaves
            else _("You stand by. Should it come back, you hear of it first.")
        )
    place = places.find_place(lead_id, actor, at) or places.Place()
    standing = queries.find_card(lead_id, actor, at) if leaves else None
    facts = operations.gone(lead_id, actor.organisation_id).facts
    left = left_card(facts, waits=place.waits, may_wait=place.may_wait)
    return answer_place(lead_id, standing or left)


def answer_place(lead_id: int, card: Card) -> ResponseReturnValue:
    """Answer with the card as it stands now, or go to the lead's page."""
    if wants_fragment():
        return render_template("offers/_card.html", card=card)
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.get("/leads/<int:lead_id>/offer")
@requires(Permission.OFFERS_MAKE)
def offer_page(lead_id: int) -> ResponseReturnValue:
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/offer")
@requires(Permission.OFFERS_MAKE)
def offer(lead_id: int) -> ResponseReturnValue:
    opened = operations.offer(lead_id, clock.now())
    if opened.noted_only:
        tell_noted()
        return go(url_for("desk.lead", lead_id=lead_id))
    flash(
        ngettext(
            "The lead is on offer to %(num)d firm.",
            "The lead is on offer to %(num)d firms.",
            opened.offered,
        )
    )
    if opened.rings > 1:
        flash(_("Others see it later; its page says when."))
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.get("/leads/<int:lead_id>/unit-offer")
@requires(Permission.OFFERS_MAKE)
def unit_offer_page(lead_id: int) -> ResponseReturnValue:
    form = UnitForm(formdata=None, days="3")
    return ask_for_unit(get_visible(lead_id, current_actor()), form)


@blueprint.post("/leads/<int:lead_id>/unit-offer")
@requires(Permission.OFFERS_MAKE)
def offer_to_unit(lead_id: int) -> ResponseReturnValue:
    lead = get_visible(lead_id, current_actor())
    form = UnitForm()
    form.offer(unit_choices())
    if not form.validate():
        return ask_for_unit(lead, form), 422
    try:
        opened = operations.offer_to_unit(lead_id, form.chosen, form.hours, clock.now())
    except Invalid as error:
        form.take(error)
        return ask_for_unit(lead, form), 422
    if opened.noted_only:
        tell_noted()
    else:
        flash(_("The lead is on offer to the people of this unit."))
    return go(url_for("desk.lead", lead_id=lead_id))


def ask_for_unit(lead: Lead, form: UnitForm) -> str:
    """Render the form that offers a lead to a unit."""
    form.offer(unit_choices())
    return render_template("offers/unit.html", lead=lead, form=form)


def unit_choices() -> list[tuple[str, str]]:
    """Return the units of the vendor to choose from."""
    return [(str(unit.id), unit.name) for unit in list_units(current_actor().organisation_id)]


@blueprint.post("/leads/<int:lead_id>/withdrawal")
@requires(Permission.OFFERS_ALLOCATE)
def withdraw(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    get_visible(lead_id, actor)
    lead = by_hand.withdraw(lead_id, actor, clock.now())
    flash(_("%(number)s is off the market and stands ready.", number=lead.number))
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/offers")
@requires(Permission.OFFERS_MAKE)
def offer_many() -> ResponseReturnValue:
    """Offer the chosen leads, or all that are ready; each stands or falls by itself."""
    at = clock.now()
    if request.form.get("all") == "1":
        ids = list(queries.list_ready(MOST_AT_ONCE))
    else:
        ids = [int(raw) for raw in request.form.getlist("lead") if raw.isdecimal()][:MOST_AT_ONCE]
    offered, noted, refused = 0, 0, []
    for lead_id in sorted(set(ids)):
        try:
            with session().begin_nested():
                opened = operations.offer(lead_id, at)
            offered += not opened.noted_only
            noted += opened.noted_only
        except DomainError as error:
            refused.append((lead_id, explain(error)))
    if offered:
        flash(ngettext("%(num)d lead is on offer now.", "%(num)d leads are on offer now.", offered))
    if noted:
        tell_noted()
    for _lead_id, sentence in refused[:5]:
        flash(sentence, "warning")
    if len(refused) > 5:
        flash(
            ngettext(
                "%(num)d more lead could not be offered.",
                "%(num)d more leads could not be offered.",
                len(refused) - 5,
            ),
            "warning",
        )
    if not ids:
        flash(_("No lead was chosen."), "warning")
    return go(url_for("desk.board"))


def explain(error: DomainError) -> str:
    """Return why a lead could not be offered, with what emptied the match."""
    if isinstance(error, NobodyMatches):
        return " ".join([error.message, *tell_excluded(error.facts["excluded"])[:2]])
    return error.message
