"""Feedback on a lead in hand, and answer-and-pick."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.feedback import operations
from portal.feedback.forms import read_answer
from portal.feedback.rules import words_of
from portal.feedback.words import blame_words, entry_words
from portal.leads.definition_words import called
from portal.leads.models import Lead, LeadStatus
from portal.offers import queries as offers
from portal.pickup import queries
from portal.pickup.questions import GateView, Typed, gate_view, question_of
from portal.pickup.refusals import refusal_view
from portal.pickup.routes import answer_claim, answer_refusal
from portal.pickup.rules import asks_first
from portal.timeline.rules import ActivitiesOpen
from portal.web.access import requires
from portal.web.boundary import keep_work
from portal.web.errors import problem, wants_json
from portal.web.filters import iso, spoken
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("feedback", __name__)
blueprint.add_app_template_filter(spoken(words_of), "answer_words")

blueprint.add_app_template_filter(spoken(entry_words), "entry_words")
blueprint.add_app_template_filter(spoken(blame_words), "blame_words")

REPORT = (Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)


@blueprint.get("/pickups/<int:pickup_id>/feedback")
@requires(*REPORT)
def feedback_page(pickup_id: int) -> ResponseReturnValue:
    return show_question(pickup_id, None), 200


def show_question(pickup_id: int, typed: Typed | None) -> str:
    """Render the question about one lead, as a page or in place."""
    actor = current_actor()
    pickup = queries.get_visible(pickup_id, actor)
    found = queries.find_open(pickup.id)
    target = request.headers.get("HX-Target") or f"pickup-{pickup_id}"
    question = (
        question_of(
            found,
            action=url_for("feedback.give", pickup_id=pickup_id),
            target_id=target,
            typed=typed,
        )
        if found
        else None
    )
    template = "feedback/_answer.html" if wants_fragment() else "feedback/answer.html"
    return render_template(template, question=question, lead_id=pickup.lead_id, target_id=target)


@blueprint.post("/pickups/<int:pickup_id>/feedback")
@requires(*REPORT)
def give(pickup_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    try:
        given = operations.give(pickup_id, read_answer(request.form), actor, at)
    except Invalid as error:
        if wants_json():
            return problem(422, error.code, error.message, errors=error.errors)
        return show_question(pickup_id, Typed(pickup_id, request.form.to_dict(), error.errors)), 422
    except ActivitiesOpen as refusal:
        if wants_json():
            return problem_of_planned(refusal)
        return show_question(pickup_id, typed_before(pickup_id, refusal)), refusal.status
    except Refused as refusal:
        if wants_json():
            return problem(refusal.status, refusal.code, refusal.message)
        template = "pickup/_refusal.html" if wants_fragment() else "pickup/refused.html"
        return render_template(template, refusal=refusal_view(refusal, None)), refusal.status
    if wants_json():
        return {"feedback_id": given.id, "pickup_id": pickup_id, "status": given.status}
    if not wants_fragment():
        flash(_("Thank you. Your answer is saved."))
        return go(url_for("desk.mine"))
    position = queries.position_of(actor, at)
    found = queries.find_open(pickup_id)
    target = request.headers.get("HX-Target") or f"pickup-{pickup_id}"
    return render_template(
        "feedback/_given.html",
        given=given,
        open_pickup=found,
        target_id=target,
        gate=gate_view(position, at),
        oob=True,
        **(head_of(given.lead_id) if target == "answer" else {"head": False}),
    )


def head_of(lead_id: int) -> dict[str, Any]:
    """Return what the head of the lead's own page says of it, where the answer was given."""
    lead = session().get_one(Lead, lead_id, populate_existing=True)
    label = called(session().get_one(LeadStatus, lead.status_id).names)
    return {"head": True, "lead": lead, "status_label": label}


@blueprint.post("/leads/<int:lead_id>/feedback-and-pickup")
@requires(Permission.PICKUPS_CLAIM)
def answer_and_pick(lead_id: int) -> ResponseReturnValue:
    """Answer an owed question; once none is left, the waiting lead is picked up."""
    actor, at = current_actor(), clock.now()
    pickup_id = read_pickup_id()
    if pickup_id is None:
        position = queries.position_of(actor, at)
        owed = position.gate.owed
        pickup_id = owed[0].id if owed else 0
    try:
        done = operations.answer_and_claim(pickup_id, read_answer(request.form), lead_id, actor, at)
    except Invalid as error:
        if wants_json():
            return problem(422, error.code, error.message, errors=error.errors)
        return waiting_page(lead_id, Typed(pickup_id, request.form.to_dict(), error.errors), 422)
    except ActivitiesOpen as refusal:
        if wants_json():
            return problem_of_planned(refusal)
        return waiting_page(lead_id, typed_before(pickup_id, refusal), refusal.status)
    if done.claimed:
        return answer_claim(done.claimed)
    # the answer stays although the lead went to somebody else meanwhile
    keep_work()
    if asks_first(done.refusal) and not wants_json():
        return waiting_page(lead_id, None, 409)
    return answer_refusal(lead_id, done.refusal or Refused())


def typed_before(pickup_id: int, refusal: ActivitiesOpen) -> Typed:
    """Return what was typed, with what keeps the lead from being closed."""
    return Typed(pickup_id, request.form.to_dict(), {}, refusal.facts["planned"])


def problem_of_planned(refusal: ActivitiesOpen) -> ResponseReturnValue:
    """Say in JSON what is still planned: kind and moment, no words."""
    planned = refusal.facts["planned"]
    told = [{"id": one.id, "kind": one.kind, "due": iso(one.due)} for one in planned]
    return problem(refusal.status, refusal.code, refusal.message, activities=told)


def read_pickup_id() -> int | None:
    """Return the pickup that is answered; without one it is the oldest that is owed."""
    raw = request.form.get("pickup_id") or request.form.get("pickup") or ""
    return int(raw) if raw.isdecimal() and len(raw) < 18 else None


def waiting_page(lead_id: int, typed: Typed | None, status: int) -> ResponseReturnValue:
    """Show the questions that are left, with the lead that waits for them."""
    actor, at = current_actor(), clock.now()
    card = offers.find_card(lead_id, actor, at)
    gate: GateView = gate_view(
        queries.position_of(actor, at),
        at,
        target_id=f"lead-{lead_id}-wait",
        action=url_for("feedback.answer_and_pick", lead_id=lead_id),
        waiting=card.number if card else None,
        typed=typed,
    )
    if card is None:
        template = "pickup/_gate.html" if wants_fragment() else "pickup/gate.html"
        return render_template(template, gate=gate), status
    template = "pickup/_refused_pick.html" if wants_fragment() else "pickup/refused_pick.html"
    return render_template(template, gate=gate, card=card), status
