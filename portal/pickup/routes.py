"""Available, pick up, give back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_name
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.leads import contacts
from portal.leads.queries import find_teaser, get_visible
from portal.offers import queries as offers
from portal.offers.cards import draw_cards
from portal.offers.places import find_place
from portal.offers.rules import AlreadyTaken, BeingDecided
from portal.pickup import operations, photo_finish, queries, reassign
from portal.pickup.models import Pickup
from portal.pickup.questions import gate_view, hot_stop
from portal.pickup.refusals import refusal_view, told
from portal.pickup.rules import NotYoursAnyMore, asks_first
from portal.pickup.taking import Claimed, Deciding
from portal.web.access import requires
from portal.web.errors import problem, wants_json
from portal.web.htmx import go, wants_fragment
from portal.web.paging import page_number

blueprint = Blueprint("pickup", __name__)

PICK = "pickup.pick_up"


@blueprint.get("/available")
@requires(Permission.OFFERS_SEE)
def available() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    filters = read_filters()
    counts = offers.count_available(actor, at)
    page = offers.available(actor, at, page_number(request.args.get("page")), filters)
    position = queries.position_of(actor, at) if actor.may(Permission.PICKUPS_CLAIM) else None
    return render_template(
        "pickup/available.html",
        page=page,
        cards=draw_cards(page.items, at, hot_stop(position)),
        counts=counts,
        filters=filters,
        chips=chips(filters, counts),
        sorts=sorts(filters),
        gate=gate_view(position, at) if position else None,
        newer=address(filters, page.before),
        older=address(filters, page.after),
    )


def read_filters() -> offers.Filters:
    """Read filters and order from the address; what is odd is left out."""
    given = request.args
    temperature, product, sort = given.get("temperature"), given.get("product"), given.get("sort")
    return offers.Filters(
        temperature=temperature if temperature in ("hot", "warm", "cold") else None,
        product_id=int(product) if product and product.isdecimal() and len(product) < 12 else None,
        today=given.get("today") == "1",
        sort=sort if sort in offers.SORTS else "ends",
    )


def address(filters: offers.Filters, page: int | None = 1, **changes: Any) -> str | None:
    """Return the address of the list with these filters; None where there is no such page."""
    if page is None:
        return None
    values: dict[str, Any] = {
        "temperature": filters.temperature,
        "product": filters.product_id,
        "today": "1" if filters.today else None,
        "sort": filters.sort if filters.sort != "ends" else None,
        "page": page if page > 1 else None,
        **changes,
    }
    # numbers, and words that `read_filters` knows: nothing to be quoted
    asked = "&".join([f"{name}={value}" for name, value in values.items() if value is not None])
    return f"{request.path}?{asked}" if asked else request.path


def chips(filters: offers.Filters, counts: offers.Counts) -> list[dict[str, Any]]:
    """Return the filter chips: all, by temperature, ending soon, the most frequent products."""
    words = {"hot": _("Hot"), "warm": _("Warm"), "cold": _("Cold")}
    entries, locale = book(), str(get_locale())
    found: list[dict[str, Any]] = [
        {
            "label": _("All"),
            "url": url_for("pickup.available", sort=request.args.get("sort")),
            "active": not (filters.temperature or filters.product_id or filters.today),
            "count": counts.total,
        }
    ]
    found += [
        {
            "label": word,
            "url": address(filters, temperature=None if filters.temperature == key else key),
            "active": filters.temperature == key,
            "count": counts.by_temperature.get(key, 0),
        }
        for key, word in words.items()
        if counts.by_temperature.get(key) or filters.temperature == key
    ]
    found.append(
        {
            "label": _("Ends within a day"),
            "url": address(filters, today=None if filters.today else "1"),
            "active": filters.today,
            "count": None,
        }
    )
    products = dict.fromkeys(
        [*([filters.product_id] if filters.product_id else []), *counts.products]
    )
    found += [
        {
            "label": entries.label(product_id, locale),
            "url": address(
                filters, product=None if filters.product_id == product_id else product_id
            ),
            "active": filters.product_id == product_id,
            "count": None,
        }
        for product_id in products
        if product_id in entries.by_id
    ]
    return found


def sorts(filters: offers.Filters) -> list[dict[str, Any]]:
    """Return the ways to order the list."""
    words = {"ends": _("Ends first"), "newest": _("Newest first"), "fit": _("Fits best")}
    return [
        {
            "label": word,
            "url": address(filters, sort=None if key == "ends" else key),
            "active": filters.sort == key,
        }
        for key, word in words.items()
    ]


@blueprint.before_app_request
def decide_first() -> None:
    """Have a photo-finish decided that is due, before anybody does something else to its lead.

    A pick finds that out by itself.
    """
    named = request.view_args or {}
    if request.method == "POST" and "lead_id" in named and request.endpoint != PICK:
        photo_finish.decide_due(named["lead_id"], clock.now())


@blueprint.get("/leads/<int:lead_id>/pickup")
@requires(Permission.PICKUPS_CLAIM)
def pickup_page(lead_id: int) -> ResponseReturnValue:
    """Opening never claims: the page shows the lead with its button."""
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/pickup")
@requires(Permission.PICKUPS_CLAIM)
def pick_up(lead_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    try:
        claimed = operations.claim(lead_id, actor, at)
    except BeingDecided:
        # lets go of the firm's line: whoever decides gets into several, one after the other
        session().rollback()
        photo_finish.decide_due(lead_id, at)
        return answer_pick(lead_id, actor, at)
    except Refused as refusal:
        return answer_refusal(lead_id, refusal)
    return answer_claim(claimed)


def answer_pick(lead_id: int, actor: Actor, at: datetime) -> ResponseReturnValue:
    """Answer who comes when a photo-finish has just been decided."""
    try:
        claimed = operations.claim(lead_id, actor, at)
    except Refused as refusal:
        return answer_refusal(lead_id, refusal)
    return answer_claim(claimed)


def answer_claim(claimed: Claimed | Deciding) -> ResponseReturnValue:
    """Answer a pick that was won: the contact at once, or the lead's page.

    Who takes part in a photo-finish is told when it is decided, and nothing else.
    """
    if isinstance(claimed, Deciding):
        return answer_entry(claimed)
    if wants_json():
        return {"lead_id": claimed.lead_id, "pickup_id": claimed.pickup_id, "again": claimed.again}
    if not wants_fragment():
        return go(url_for("desk.lead", lead_id=claimed.lead_id))
    actor, at = current_actor(), clock.now()
    lead = get_visible(claimed.lead_id, actor)
    pickup = queries.get_visible(claimed.pickup_id, actor)
    return render_template(
        "pickup/_yours.html",
        lead=lead,
        pickup=pickup,
        contact=contacts.load_contact(lead, actor, at),
        gate=gate_view(queries.position_of(actor, at), at),
        oob=True,
    )


def answer_entry(entered: Deciding) -> ResponseReturnValue:
    """Answer a pick that is decided later."""
    if wants_json():
        return {
            "code": BeingDecided.code,
            "lead_id": entered.lead_id,
            "decides_at": entered.decides_at.isoformat(),
            "again": entered.again,
        }, 202
    card = offers.find_card(entered.lead_id, current_actor(), clock.now())
    template = "offers/_card.html" if wants_fragment() else "pickup/deciding.html"
    return render_template(template, card=card, decides_at=entered.decides_at), 202


def answer_refusal(lead_id: int, refusal: Refused) -> ResponseReturnValue:
    """Answer a pick that was refused; an owed answer comes with its questions and the lead."""
    actor, at = current_actor(), clock.now()
    if wants_json():
        return problem(refusal.status, refusal.code, refusal.message, **told(refusal))
    fragment = wants_fragment()
    card = offers.find_card(lead_id, actor, at)
    if asks_first(refusal) and card:
        gate = gate_view(
            queries.position_of(actor, at),
            at,
            target_id=f"lead-{lead_id}-wait",
            action=url_for("feedback.answer_and_pick", lead_id=lead_id),
            waiting=card.number,
        )
        template = "pickup/_refused_pick.html" if fragment else "pickup/refused_pick.html"
        return render_template(template, gate=gate, card=card), 409
    place = find_place(lead_id, actor, at) if isinstance(refusal, AlreadyTaken) else None
    view = refusal_view(refusal, f"lead-{lead_id}" if fragment else None, place)
    template = "pickup/_refusal.html" if fragment else "pickup/refused.html"
    return render_template(template, refusal=view), refusal.status


@blueprint.get("/pickups/<int:pickup_id>/give-back")
@requires(Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)
def give_back_page(pickup_id: int) -> ResponseReturnValue:
    actor = current_actor()
    pickup = queries.get_visible(pickup_id, actor)
    if not queries.is_in_charge(pickup, actor):
        raise NotFound()
    return render_give_back(pickup_id, pickup.lead_id, {}, {})


def render_give_back(
    pickup_id: int, lead_id: int, values: dict[str, str], errors: dict[str, str]
) -> str:
    """Render the form, as a page or into the dossier."""
    locale = str(get_locale())
    template = "pickup/_give_back.html" if wants_fragment() else "pickup/give_back.html"
    return render_template(
        template,
        pickup_id=pickup_id,
        lead_id=lead_id,
        reasons=[(short_key(r), r.label(locale)) for r in book().reasons("give_back")],
        values=values,
        errors=errors,
    )


@blueprint.post("/pickups/<int:pickup_id>/give-back")
@requires(Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)
def give_back(pickup_id: int) -> ResponseReturnValue:
    actor, typed = current_actor(), request.form
    pickup = queries.get_visible(pickup_id, actor)
    try:
        operations.give_back(
            pickup_id, typed.get("reason"), typed.get("note", "")[:5000], actor, clock.now()
        )
    except Invalid as error:
        return render_give_back(pickup_id, pickup.lead_id, typed.to_dict(), error.errors), 422
    except Refused as refusal:
        return show_refusal(refusal)
    return go(url_for("desk.mine"))


def show_refusal(refusal: Refused) -> ResponseReturnValue:
    """Answer what can't be done to a lead in hand."""
    if wants_json():
        return problem(refusal.status, refusal.code, refusal.message)
    template = "pickup/_refusal.html" if wants_fragment() else "pickup/refused.html"
    return render_template(template, refusal=refusal_view(refusal, None)), refusal.status


@blueprint.get("/pickups/<int:pickup_id>/holder")
@requires(Permission.PICKUPS_SEE_FIRM)
def holder_page(pickup_id: int) -> ResponseReturnValue:
    pickup = queries.get_in_charge(pickup_id, current_actor())
    if pickup.ended_at is not None:
        return go(url_for("desk.lead", lead_id=pickup.lead_id))
    return render_holder(pickup)


def render_holder(pickup: Pickup, error: str | None = None) -> str:
    """Render the form that hands a lead on, as a page or in place."""
    teaser = find_teaser(pickup.lead_id)
    template = "pickup/_holder.html" if wants_fragment() else "pickup/holder.html"
    return render_template(
        template,
        pickup=pickup,
        lead=teaser,
        takers=queries.list_next_takers(pickup, clock.now()),
        holder=find_name(pickup.user_id),
        chosen=request.form.get("to"),
        back=request.values.get("back") == "team",
        error=error,
    )


@blueprint.post("/pickups/<int:pickup_id>/holder")
@requires(Permission.PICKUPS_SEE_FIRM)
def hand_on(pickup_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    pickup = queries.get_in_charge(pickup_id, actor)
    to, held_by = read_id("to"), read_id("held_by")
    try:
        lead = reassign.reassign(pickup_id, to or 0, actor, at, held_by=held_by)
    except Invalid as error:
        return render_holder(pickup, error.errors["to"]), 422
    except NotYoursAnyMore as refusal:
        return show_refusal(refusal)
    except Refused as refusal:
        if wants_json():
            return problem(refusal.status, refusal.code, refusal.message)
        return render_holder(pickup, refusal.message), refusal.status
    name = find_name(lead.holder_id or 0)
    flash(_("%(number)s is in the hands of %(name)s now.", number=lead.number, name=name))
    if request.form.get("back") == "team":
        return go(url_for("team.team"))
    return go(url_for("desk.lead", lead_id=lead.id))


@blueprint.post("/pickups/<int:pickup_id>/hiding")
@requires(Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)
def hide(pickup_id: int) -> ResponseReturnValue:
    hidden = request.form.get("hidden") == "1"
    pickup = operations.hide(pickup_id, hidden, current_actor(), clock.now())
    flash(
        _("Your distributor sees nothing of this lead.")
        if hidden
        else _("Your distributor sees this lead as far as your firm shares.")
    )
    return go(url_for("desk.lead", lead_id=pickup.lead_id))


def read_id(name: str) -> int | None:
    """Read an id that was sent; anything odd is none."""
    raw = request.form.get(name, "")
    return int(raw) if raw.isdecimal() and len(raw) < 18 else None
