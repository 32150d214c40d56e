"""Qualify: the queue, one lead, take down an inquiry, disqualify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.catalog import fields as custom_fields
from portal.catalog.places import subdivisions
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.leads import contacts, operations, own_fields, requirements, rules, script, wall
from portal.leads.leaks import Leak
from portal.leads.models import Lead, LeadContact, LeadState
from portal.leads.operations import ContactDraft
from portal.leads.queries import get_visible
from portal.qualification import desk, queue, routing
from portal.qualification.forms import (
    QualifyForm,
    at_field,
    countries,
    number,
    qualify_form,
    values_of,
)
from portal.qualification.rules import NotYourStep, asked_in, step_words
from portal.web.access import requires
from portal.web.boundary import keep_work
from portal.web.htmx import go, wants_fragment
from portal.web.paging import page_number

blueprint = Blueprint("qualification", __name__)


@blueprint.get("/qualify")
@requires(Permission.LEADS_QUALIFY)
def qualify() -> ResponseReturnValue:
    """Show the queue of inquiries."""
    actor, filters = current_actor(), read_filters(request.args)
    page = queue.list_queue(actor, filters, page_number(request.args.get("page")), clock.now())
    locale, entries = str(get_locale()), book()
    return render_template(
        "qualification/queue.html",
        page=page,
        first=(page.number - 1) * queue.PAGE + 1,
        counts=queue.count_queue(actor, filters),
        places=queue.count_places(actor, filters),
        filters=filters,
        sources=entries.choices("source", locale),
        industries=entries.choices("industry", locale),
        entry=lambda entry_id: entries.label(entry_id, locale),
        country_names=dict(countries()),
        address=address,
        orders=orders(filters),
    )


def read_filters(given: Mapping[str, str]) -> queue.Filters:
    """Read the filters; what is odd is left out."""
    order = given.get("order", "priority")
    return queue.Filters(
        source_id=number(given.get("source")),
        industry_id=number(given.get("industry")),
        mine=given.get("mine") == "1",
        country=country if (country := given.get("country")) in dict(countries()) else None,
        order=order if order in queue.ORDERS else "priority",
    )


def address(filters: queue.Filters, page: int | None = 1, **changes: Any) -> str | None:
    """Return the address of the queue with these filters; None where there is no such page."""
    if page is None:
        return None
    values: dict[str, Any] = {
        "source": filters.source_id,
        "industry": filters.industry_id,
        "mine": "1" if filters.mine else None,
        "country": filters.country,
        "order": filters.order if filters.order != "priority" else None,
        "page": page if page > 1 else None,
        **changes,
    }
    return url_for("qualification.qualify", **values)


def orders(filters: queue.Filters) -> list[dict[str, Any]]:
    """Return the ways to order the queue."""
    words = {
        "priority": _("Most important first"),
        "warmth": _("Warmest first"),
        "newest": _("Newest first"),
        "oldest": _("Oldest first"),
    }
    return [
        {
            "label": word,
            "url": address(filters, order=None if key == "priority" else key),
            "active": filters.order == key,
        }
        for key, word in words.items()
    ]


@blueprint.post("/qualify/next")
@requires(Permission.LEADS_QUALIFY)
def next_lead() -> ResponseReturnValue:
    """Take the next inquiry of the queue, within the filters that the page had."""
    filters = read_filters(request.form)
    return go_to_next(current_actor(), filters, number(request.form.get("after")))


def go_to_next(actor: Actor, filters: queue.Filters, after: int | None) -> ResponseReturnValue:
    """Go to the next inquiry, or to the queue where none is left."""
    lead = desk.take_next(actor, clock.now(), filters, after)
    if lead is None:
        flash(_("No new inquiry waits."))
        return go(address(filters) or "")
    return go(url_for("qualification.qualify_lead", lead_id=lead.id))


@blueprint.get("/qualify/<int:lead_id>")
@requires(Permission.LEADS_QUALIFY)
def qualify_lead(lead_id: int) -> ResponseReturnValue:
    """Show everything that is known of an inquiry, to be completed."""
    actor, at = current_actor(), clock.now()
    lead = get_visible(lead_id, actor)
    refusal = refusal_of(lead)
    if refusal:
        return refusal
    contact = contacts.find_contact(lead, actor, at)
    questions = operations.questions_of(lead)
    answers, own = operations.answers_of(lead_id), own_fields.load(lead, actor)
    values = values_of(lead, contact or ContactDraft(), questions, answers, own)
    return show(lead, qualify_form(questions, lead, values), actor, contact), 200


def refusal_of(lead: Lead) -> ResponseReturnValue | None:
    """Return the friendly page of a lead that can't be qualified in its state."""
    try:
        rules.check_editable(lead.state, lead.number)
    except rules.NotEditable as refusal:
        return (
            render_template("qualification/refused.html", lead=lead, message=refusal.message),
            409,
        )
    return None


def show(
    lead: Lead,
    form: QualifyForm,
    actor: Actor,
    contact: LeadContact | None,
    preview: Any = None,
) -> str:
    """Render the page of one lead with what is typed in `form`; `preview` is a card."""
    waits = lead.state != LeadState.QUALIFIED
    missing = requirements.missing_for(lead, "offer", contact) if waits else {}
    return render_template(
        "qualification/lead.html",
        lead=lead,
        form=form,
        **script_view(lead, form),
        missing={at_field(name): said for name, said in missing.items()},
        card=preview,
        place_known=lead.latitude is not None,
        **leak_view(form),
    )


def script_view(lead: Lead, form: QualifyForm) -> dict[str, Any]:
    """Return the questions that the typed answers have asked, and which of them ask for more."""
    questions, kept = operations.questions_of(lead), operations.answers_of(lead.id)
    steps, now = [one.key for one in routing.list_steps(lead.kind)], desk.step_of(lead)
    places = {
        one.id: asked_in(
            steps,
            now.key if now else None,
            one.step,
            answered=bool(kept.get(one.id)),
            required=one.required,
        )
        for one in questions
    }
    typed = {
        one.key: str(form[f"answer-{one.key}"].data or "") if places[one.id][0] else kept[one.id]
        for one in questions
        if any(places[one.id])
    }
    asked = script.asked(questions, typed)
    return {
        "questions": [(one, form[f"answer-{one.key}"]) for one in asked if places[one.id][0]],
        "to_read": [
            (script.name_of(one), script.told(one, kept[one.id]), step_words(one.step))
            for one in questions
            if places[one.id][1]
        ],
        "asks_more": {one.shown_by for one in questions if one.shown_by},
    }


@blueprint.post("/qualify/<int:lead_id>/script")
@requires(Permission.LEADS_QUALIFY)
def ask_further(lead_id: int) -> ResponseReturnValue:
    """Return the questions that an answer has asked; nothing is saved."""
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    refusal = refusal_of(lead)
    if refusal:
        return refusal
    form = qualify_form(operations.questions_of(lead), lead)
    if wants_fragment():
        view = script_view(lead, form)
        return render_template("qualification/_script.html", lead=lead, **view)
    return show_again(lead, form, actor), 200


def show_again(lead: Lead, form: QualifyForm, actor: Actor, preview: Any = None) -> str:
    """Render the page with what was typed; the contact may have been saved a moment ago."""
    with wall.open_for([lead.id], session()):
        contact = session().get(LeadContact, lead.id)
    return show(lead, form, actor, contact, preview)


def leak_view(form: QualifyForm) -> dict[str, Any]:
    """Return what the typed texts give away, and the mark under which that can be confirmed."""
    typed, own = form.as_typed(), own_fields.in_use()
    # what can't be read is told when it is saved
    values = custom_fields.take(own, typed.custom, {})[0]
    leaks: dict[str, list[Leak]] = rules.leaks_in(
        {name: getattr(typed, name) for name in rules.OPEN_TEXTS}
        | custom_fields.open_words(own, values),
        operations.facts_of(typed.contact, typed.country, typed.city),
    )
    mark = rules.fingerprint(leaks) if leaks else ""
    open_own = [custom_fields.place_of(one.key) for one in own if one.teaser]
    return {
        "leaks": leaks,
        "leak_mark": mark,
        "leak_confirmed": bool(leaks) and request.form.get("confirmed") == mark,
        "open_texts": (*rules.OPEN_TEXTS, *open_own),
        "open_own": open_own,
    }


@blueprint.post("/qualify/<int:lead_id>")
@requires(Permission.LEADS_QUALIFY)
def save_lead(lead_id: int) -> ResponseReturnValue:
    """Save what was typed; with action `ready` declare it complete, with `next` go on.

    With `take`, as `email:desk@zoo.example`, nothing is saved yet: it stands in its field.
    """
    actor, at = current_actor(), clock.now()
    lead = get_visible(lead_id, actor)
    refusal = refusal_of(lead)
    if refusal:
        return refusal
    form, action = qualify_form(operations.questions_of(lead), lead), request.form.get("action")
    if form.take_known(request.form.get("take", "")):
        return show_again(lead, form, actor), 200
    try:
        version = number(form.version.data) or 0
        lead = desk.save(lead_id, form.read(), actor, at, version)
    except Invalid as error:
        form.take(error)
        return show_again(lead, form, actor), 422
    except Conflict as conflict:
        lead = get_visible(lead_id, actor)
        form.version.data = str(lead.version)
        form.form_errors.append(conflict.message)
        return show_again(lead, form, actor), 409
    if action != "ready":
        flash(_("Saved. %(number)s can be completed any time.", number=lead.number))
        if action == "next":
            return go_to_next(actor, queue.Filters(), lead_id)
        return go(url_for("qualification.qualify_lead", lead_id=lead_id))
    try:
        desk.qualify(lead_id, actor, at, confirmed=request.form.get("confirmed", ""))
    except (Invalid, rules.DoNotCall, NotYourStep) as error:
        # what was typed is complete enough to keep as a draft
        keep_work()
        form.version.data = str(lead.version)
        if isinstance(error, Invalid):
            form.take_missing(error)
        else:
            form.form_errors.append(error.message)
        return show_again(lead, form, actor), error.status
    flash(_("%(number)s is ready to be offered.", number=lead.number), "success")
    return go(url_for("qualification.qualify_lead", lead_id=lead_id))


@blueprint.get("/qualify/<int:lead_id>/states")
@requires(Permission.LEADS_QUALIFY)
def states(lead_id: int) -> ResponseReturnValue:
    """Return the states of a country, for the list beside it."""
    get_visible(lead_id, current_actor())
    country = request.args.get("country", "")
    known = subdivisions(country) if country in dict(countries()) else {}
    return render_template("qualification/_states.html", states=known)


@blueprint.get("/qualify/<int:lead_id>/disqualification")
@requires(Permission.LEADS_QUALIFY)
def disqualification(lead_id: int) -> ResponseReturnValue:
    return show_disqualification(get_visible(lead_id, current_actor()), {}, {})


def show_disqualification(
    lead: Lead, values: Mapping[str, str], errors: Mapping[str, str]
) -> ResponseReturnValue:
    """Render the question why a lead is put aside."""
    refusal = refusal_of(lead)
    if refusal:
        return refusal
    locale = str(get_locale())
    page = render_template(
        "qualification/disqualify.html",
        lead=lead,
        reasons=[(short_key(one), one.label(locale)) for one in book().reasons("disqualify")],
        values=values,
        errors=errors,
    )
    return page, 422 if errors else 200


@blueprint.post("/qualify/<int:lead_id>/disqualification")
@requires(Permission.LEADS_QUALIFY)
def disqualify(lead_id: int) -> ResponseReturnValue:
    actor, typed = current_actor(), request.form
    lead = get_visible(lead_id, actor)
    try:
        desk.put_aside(lead_id, typed.get("reason", ""), typed.get("note", ""), actor, clock.now())
    except Invalid as error:
        return show_disqualification(lead, typed.to_dict(), error.errors)
    except rules.NotEditable:
        return refusal_of(lead) or go(url_for("qualification.qualify"))
    flash(_("%(number)s is put aside.", number=lead.number))
    return go(url_for("qualification.qualify"))
