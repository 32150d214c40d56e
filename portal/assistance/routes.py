"""Pages of requests: ask for help or a special price, see it, answer it, and what waits."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.assistance import duty as duties
from portal.assistance import operations, queries, words
from portal.assistance.forms import GrantForm, HelpForm, PricingForm, WordsForm, typed_lines
from portal.assistance.models import RequestKind
from portal.assistance.rules import Settled
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.leads.models import Lead
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup
from portal.pickup.rules import NotYoursAnyMore
from portal.web.access import requires, signed_in
from portal.web.filters import spoken
from portal.web.forms import Form
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("assistance", __name__)
blueprint.add_app_template_filter(spoken(words.kind_words), "request_kind")
blueprint.add_app_template_filter(spoken(words.state_words), "request_state")
blueprint.add_app_template_filter(spoken(words.turn_words), "request_turn")
blueprint.add_app_template_filter(words.terms_words, "request_terms")
REPORT = (Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)


@blueprint.app_template_global("requests_waiting")
def requests_waiting() -> int:
    """Return how many requests wait for the reader; her first page says so."""
    return queries.count_waiting(current_actor())


# -- asking -------------------------------------------------------------------------------------


def in_hand(pickup_id: int) -> tuple[Pickup, Lead]:
    """Return a pickup that goes on, with its lead. Raises `NotFound`, `NotYoursAnyMore`."""
    pickup = pickups.get_visible(pickup_id, current_actor())
    lead = session().get_one(Lead, pickup.lead_id)
    if pickup.ended_at is not None:
        words_ = _("%(number)s is not in your hands any more.", number=lead.number)
        raise NotYoursAnyMore(words_, outcome=pickup.outcome)
    return pickup, lead


@blueprint.get("/pickups/<int:pickup_id>/help")
@requires(*REPORT)
def help_page(pickup_id: int) -> ResponseReturnValue:
    return ask_page(RequestKind.HELP, pickup_id, HelpForm(formdata=None))


@blueprint.post("/pickups/<int:pickup_id>/help")
@requires(*REPORT)
def ask_for_help(pickup_id: int) -> ResponseReturnValue:
    in_hand(pickup_id)
    form = HelpForm()
    if not form.validate():
        return ask_page(RequestKind.HELP, pickup_id, form), 422
    return asked(RequestKind.HELP, pickup_id, form)


@blueprint.get("/pickups/<int:pickup_id>/pricing")
@requires(*REPORT)
def pricing_page(pickup_id: int) -> ResponseReturnValue:
    form = PricingForm(formdata=None)
    form.offer()
    return ask_page(RequestKind.PRICING, pickup_id, form)


@blueprint.post("/pickups/<int:pickup_id>/pricing")
@requires(*REPORT)
def ask_for_price(pickup_id: int) -> ResponseReturnValue:
    in_hand(pickup_id)
    form = PricingForm()
    form.offer()
    if not form.validate():
        return ask_page(RequestKind.PRICING, pickup_id, form), 422
    return asked(RequestKind.PRICING, pickup_id, form)


def ask_page(kind: RequestKind, pickup_id: int, form: Form) -> str:
    """Render the form, with who is asked and until when she answers."""
    actor, at = current_actor(), clock.now()
    pickup, lead = in_hand(pickup_id)
    helper = queries.find_helper(lead, actor.id, at)
    more: dict[str, Any] = {}
    if kind == RequestKind.PRICING:
        more = {
            "lines": typed_lines(lead),
            "products": book().choices("product", str(get_locale())),
        }
    return render_template(
        f"assistance/{kind}.html",
        lead=lead,
        pickup=pickup,
        form=form,
        helper=helper,
        due_at=queries.due_for(kind, pickups.get_policy(pickup), helper, at) if helper else None,
        **more,
    )


def asked(kind: RequestKind, pickup_id: int, form: HelpForm | PricingForm) -> ResponseReturnValue:
    """Ask what was typed."""
    try:
        wanted = form.wanted() if isinstance(form, PricingForm) else None
        made = operations.ask(
            kind, pickup_id, form.text.data or "", current_actor(), clock.now(), wanted
        )
    except Invalid as error:
        form.take(error)
        return ask_page(kind, pickup_id, form), 422
    except NotYoursAnyMore:
        raise
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return ask_page(kind, pickup_id, form), refusal.status
    flash(_("Asked. You hear as soon as there is an answer."), "success")
    return go(url_for("assistance.one", request_id=made.id))


# -- one request --------------------------------------------------------------------------------


@blueprint.get("/requests/<int:request_id>")
@signed_in
def one(request_id: int) -> ResponseReturnValue:
    return show(request_id)


FORMS: dict[str, type[Form]] = {
    "answer": WordsForm,
    "grant": GrantForm,
    "refusal": WordsForm,
    "question": WordsForm,
    "more": WordsForm,
}


def show(request_id: int, verb: str = "", form: Form | None = None) -> str:
    """Render a request with its forms; that of `verb` as it was filled in."""
    actor, at = current_actor(), clock.now()
    seen = queries.get_seen(request_id, actor)
    forms = {name: kind(formdata=None) for name, kind in FORMS.items()}
    if form is not None:
        forms[verb] = form
    for name, one_of_them in forms.items():
        for field in one_of_them:
            # several forms stand on one page
            field.id = f"{name}-{field.id}"
    return render_template(
        "assistance/request.html",
        request_=seen.request,
        lead=seen.lead,
        seen=seen,
        said=queries.load_words([seen.request.id]),
        running=queries.find_clock(seen.request),
        names=queries.names_of(seen.request),
        may_open_lead=queries.opens_lead(seen, actor),
        forms=forms,
        unfolded=verb,
        at=at,
    )


def act(request_id: int, verb: str) -> ResponseReturnValue:
    """Do what was typed into the form of a verb; bad input keeps it."""
    actor, at = current_actor(), clock.now()
    if not queries.get_seen(request_id, actor).acts:
        raise NotFound()
    form = FORMS[verb]()
    if not form.validate():
        return show(request_id, verb, form), 422
    text = form["text"].data or ""
    try:
        if verb == "grant":
            assert isinstance(form, GrantForm)
            operations.grant(request_id, form.granted(), text, actor, at)
        else:
            VERBS[verb](request_id, text, actor, at)
    except Invalid as error:
        form.take(error)
        return show(request_id, verb, form), 422
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return show(request_id, "" if isinstance(refusal, Settled) else verb, form), refusal.status
    flash(_("Sent."), "success")
    return go(url_for("assistance.one", request_id=request_id))


VERBS = {
    "answer": operations.answer,
    "refusal": operations.refuse,
    "question": operations.ask_back,
    "more": operations.ask_again,
}


@blueprint.post("/requests/<int:request_id>/answer")
@signed_in
def answer(request_id: int) -> ResponseReturnValue:
    return act(request_id, "answer")


@blueprint.post("/requests/<int:request_id>/grant")
@signed_in
def grant(request_id: int) -> ResponseReturnValue:
    return act(request_id, "grant")


@blueprint.post("/requests/<int:request_id>/refusal")
@signed_in
def refuse(request_id: int) -> ResponseReturnValue:
    return act(request_id, "refusal")


@blueprint.post("/requests/<int:request_id>/question")
@signed_in
def ask_back(request_id: int) -> ResponseReturnValue:
    return act(request_id, "question")


@blueprint.post("/requests/<int:request_id>/more")
@signed_in
def ask_again(request_id: int) -> ResponseReturnValue:
    return act(request_id, "more")


@blueprint.post("/requests/<int:request_id>/closing")
@signed_in
def close(request_id: int) -> ResponseReturnValue:
    closed = operations.close(request_id, current_actor(), clock.now())
    flash(_("Done with it."), "success")
    return go(url_for("desk.lead", lead_id=closed.lead_id))


# -- the vendor's own duty ----------------------------------------------------------------------


@blueprint.app_template_global("duty_of")
def duty_of(lead: Lead) -> duties.Duty | None:
    """Return the owner's duty to speak with the customer of a lead."""
    return duties.find_duty(lead, current_actor())


@blueprint.post("/leads/<int:lead_id>/spoken")
@requires(Permission.BOARD_SEE)
def speak(lead_id: int) -> ResponseReturnValue:
    lead = duties.speak(lead_id, current_actor(), clock.now())
    flash(_("Noted: the customer of %(number)s was spoken to.", number=lead.number), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


# -- what waits ---------------------------------------------------------------------------------


@blueprint.get("/requests")
@signed_in
def requests() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    whose, shown = request.args.get("whose", "mine"), request.args.get("show", "waiting")
    whose = whose if whose in queries.WHOSE else "mine"
    shown = shown if shown in queries.SHOWN else "waiting"
    page = queries.list_requests(actor, whose, shown, page_number(request.args.get("page")))
    sees_all = actor.may(Permission.PICKUPS_SEE_FIRM) or actor.may(Permission.BOARD_SEE)
    return render_template(
        "assistance/requests.html", page=page, whose=whose, shown=shown, sees_all=sees_all, at=at
    )
