"""Pages of offering by hand: choose to whom, look what speaks against it, send; and take back.

Choosing and looking are GET: what was chosen stands in the address, by ids, until it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.accounts.words import ROLE_NAMES
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads.models import Lead, LeadState
from portal.leads.queries import get_visible
from portal.offers import by_hand, choosing, deciding, operations, passing_on, queries
from portal.offers.by_hand import Choice
from portal.offers.deciding import Right
from portal.offers.doubts import list_doubts
from portal.offers.dry_run_routes import tell_noted
from portal.offers.forms import AllocationForm, HandForm, LongerForm
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("offering", __name__)

NAMED = 50
"""So many of the firms chosen are named on the page; a group may have thousands."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Whom somebody has chosen so far: firms by themselves, and those of a group."""

    firms: Sequence[int]
    group_id: int | None
    all_firms: Sequence[int]


def read_picked(lead: Lead, right: Right) -> Picked:
    """Read from the address, or from what is sent, whom somebody has chosen."""
    firms = [one for one in read_ids("firm") if right.covers((one,))]
    group_id = next(iter(read_ids("group")), None)
    members = choosing.members_of(group_id, lead, clock.now()) if group_id else []
    within = [one for one in members if right.covers((one,))]
    return Picked(firms, group_id, list(dict.fromkeys([*firms, *within])))


def read_whom(picked: Picked) -> str:
    """Read from the address for whom of the one firm it shall be; nothing where that is gone."""
    whom = request.args.get("whom", "")
    if not whom or len(picked.all_firms) != 1:
        return ""
    parts = dict(choosing.list_parts(picked.all_firms[0], clock.now()))
    return whom if whom in parts else ""


def read_ids(name: str) -> list[int]:
    """Read ids that were sent under a name, each once; what is odd is left out."""
    given = request.values.getlist(name)
    return list(dict.fromkeys(int(one) for one in given if one.isdecimal() and len(one) < 15))


@blueprint.get("/leads/<int:lead_id>/offering")
@requires(Permission.OFFERS_ALLOCATE)
def choose(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    right = deciding.get_right(actor)
    lead = get_visible(lead_id, actor)
    picked = read_picked(lead, right)
    text = request.args.get("q", "").replace("\x00", "").strip()[:100]
    return render_template(
        "offers/choose.html",
        lead=lead,
        text=text,
        picked=picked,
        chosen=choosing.names_of(picked.firms),
        suits=choosing.list_suiting(lead, right, clock.now()),
        found=choosing.search(text, actor, clock.now()) if text else [],
        groups=choosing.list_groups(),
        own_only=right.firms is not None,
    )


@blueprint.get("/leads/<int:lead_id>/offering/terms")
@requires(Permission.OFFERS_ALLOCATE)
def look(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    right = deciding.get_right(actor)
    lead = get_visible(lead_id, actor)
    picked = read_picked(lead, right)
    if not picked.all_firms:
        flash(_("Please choose to whom."), "warning")
        return go(url_for("offering.choose", lead_id=lead_id))
    form = HandForm(formdata=None, whom=read_whom(picked), days="3", way="race", minutes="120")
    return ask_how(lead, picked, form)


def ask_how(lead: Lead, picked: Picked, form: HandForm) -> str:
    """Render who was chosen, what speaks against it, and how it is to be offered."""
    at = clock.now()
    alone = len(picked.all_firms) == 1
    form.offer(choosing.list_parts(picked.all_firms[0], at) if alone else [])
    whom = (form.person, form.unit) if alone else (None, None)
    doubts = list_doubts(lead.id, picked.all_firms, at, *whom)
    doubted = {one.organisation_id for one in doubts}
    free = [one for one in picked.all_firms if one not in doubted]
    return render_template(
        "offers/hand.html",
        lead=lead,
        form=form,
        picked=picked,
        alone=alone,
        free=choosing.names_of(free[:NAMED]),
        more=max(0, len(free) - NAMED),
        doubts=doubts,
        despite=read_ids("despite"),
    )


@blueprint.post("/leads/<int:lead_id>/offering")
@requires(Permission.OFFERS_ALLOCATE)
def send(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    right = deciding.get_right(actor)
    lead = get_visible(lead_id, actor)
    picked, form = read_picked(lead, right), HandForm()
    alone = len(picked.all_firms) == 1
    form.offer(choosing.list_parts(picked.all_firms[0], clock.now()) if alone else [])
    if alone:
        form.leave_way()
    if not form.validate():
        return ask_how(lead, picked, form), 422
    in_turn = not alone and form.way.data == "turn"
    choice = Choice(
        picked.all_firms,
        user_id=form.person,
        unit_id=form.unit,
        in_turn=in_turn,
        minutes=int(form.minutes.data) if in_turn else None,
        hours=24 * int(form.days.data),
        despite=read_ids("despite"),
    )
    try:
        opened, left_out = by_hand.offer(lead_id, choice, actor, clock.now())
    except Invalid as error:
        form.take(error)
        return ask_how(lead, picked, form), 422
    if opened.noted_only:
        tell_noted()
        return go(url_for("desk.lead", lead_id=lead_id))
    flash(tell_to_whom(choice, len(choice.firms) - len(left_out)))
    if opened.rings > 1:
        flash(_("Others see it later; its page says when."))
    for doubt in left_out[:3]:
        flash(_("Left out: %(firm)s %(why)s.", firm=doubt.name, why=doubt.words), "warning")
    return go(url_for("desk.lead", lead_id=lead_id))


def tell_to_whom(choice: Choice, firms: int) -> str:
    """Say to whom a lead is on offer by now."""
    if choice.user_id is not None:
        return str(_("The lead is on offer to the person you chose."))
    if choice.unit_id is not None:
        return str(_("The lead is on offer to the unit you chose."))
    return str(
        ngettext(
            "The lead is on offer to %(num)d firm.", "The lead is on offer to %(num)d firms.", firms
        )
    )


@blueprint.post("/leads/<int:lead_id>/offering/<int:organisation_id>/withdrawal")
@requires(Permission.OFFERS_ALLOCATE)
def withdraw_from(lead_id: int, organisation_id: int) -> ResponseReturnValue:
    """Take an offer back from one firm."""
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    taken = by_hand.withdraw_from(lead_id, organisation_id, actor, clock.now())
    if lead.state == LeadState.OFFERED:
        flash(
            _("The offer was taken back, with what was offered on; others still have theirs.")
            if len(taken) > 1
            else _("The offer was taken back from this firm; others still have theirs.")
        )
    else:
        flash(_("%(number)s is off the market and stands ready.", number=lead.number))
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.get("/leads/<int:lead_id>/offering/longer")
@requires(Permission.OFFERS_ALLOCATE)
def longer_page(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    deciding.get_right(actor)
    return ask_how_long(get_visible(lead_id, actor), LongerForm(formdata=None, days="1"))


def ask_how_long(lead: Lead, form: LongerForm) -> str:
    """Render the form that lets a round last longer."""
    form.offer()
    return render_template(
        "offers/longer.html", lead=lead, form=form, current=choosing.find_open_round(lead)
    )


@blueprint.post("/leads/<int:lead_id>/offering/longer")
@requires(Permission.OFFERS_ALLOCATE)
def extend(lead_id: int) -> ResponseReturnValue:
    """Let a round last longer."""
    actor = current_actor()
    deciding.get_right(actor)
    lead, form = get_visible(lead_id, actor), LongerForm()
    form.offer()
    if not form.validate():
        return ask_how_long(lead, form), 422
    try:
        by_hand.extend(lead_id, 24 * int(form.days.data), actor, clock.now())
    except Invalid as error:
        form.take(error)
        return ask_how_long(lead, form), 422
    flash(_("The offer lasts longer. Who sees it now hears of that."))
    return go(url_for("desk.lead", lead_id=lead_id))


# -- a distributor offers on --------------------------------------------------------------------


@blueprint.get("/leads/<int:lead_id>/offering-on")
@requires(Permission.RESELLERS_SEE)
def offer_on_page(lead_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    operations.standing_offer(lead_id, actor, at)
    return ask_resellers(lead_id, None)


def ask_resellers(lead_id: int, error: str | None) -> str:
    """Render the resellers to whom a lead can be offered on. Raises `NotFound`."""
    actor, at = current_actor(), clock.now()
    card = queries.find_card(lead_id, actor, at)
    if card is None or not passing_on.may_offer_on(actor):
        raise NotFound()
    return render_template(
        "offers/pass_on.html",
        card=card,
        resellers=passing_on.list_resellers(lead_id, actor),
        chosen=read_ids("firm"),
        error=error,
    )


@blueprint.post("/leads/<int:lead_id>/offering-on")
@requires(Permission.RESELLERS_SEE)
def offer_on(lead_id: int) -> ResponseReturnValue:
    """Offer a lead on to resellers of the own firm."""
    firms = read_ids("firm")
    try:
        left_out = passing_on.offer_on(lead_id, firms, current_actor(), clock.now())
    except Invalid as error:
        return ask_resellers(lead_id, error.errors["firm"]), 422
    flash(_("The lead is on offer to the resellers you chose."))
    for doubt in left_out[:3]:
        flash(_("%(firm)s can’t be offered it now.", firm=doubt.name), "warning")
    return go(url_for("offering.offer_on_page", lead_id=lead_id))


# -- who may decide -----------------------------------------------------------------------------


@blueprint.get("/allocation")
@requires(Permission.RULES_EDIT)
def allocation() -> ResponseReturnValue:
    kept = deciding.terms()
    form = AllocationForm(
        formdata=None,
        roles=kept.roles,
        pass_on=kept.pass_on,
        first_minutes=kept.first_minutes,
    )
    return render_allocation(form)


def render_allocation(form: AllocationForm) -> str:
    """Render who may decide."""
    form.offer({role: str(ROLE_NAMES[role]) for role in deciding.LETTABLE})
    return render_template("offers/allocation.html", form=form)


@blueprint.post("/allocation")
@requires(Permission.RULES_EDIT)
def save_allocation() -> ResponseReturnValue:
    """Say who may decide, and who hears first."""
    form = AllocationForm()
    form.offer({role: str(ROLE_NAMES[role]) for role in deciding.LETTABLE})
    if not form.validate():
        return render_allocation(form), 422
    try:
        deciding.save(
            form.roles.data or (), form.pass_on.data, form.first_minutes.data, clock.now()
        )
    except Invalid as error:
        form.take(error)
        return render_allocation(form), 422
    flash(_("Saved."))
    return go(url_for("offering.allocation"))
