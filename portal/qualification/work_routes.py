"""The work beside the script: whose it is now, attempts, the next step, the account manager."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import Optional

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid
from portal.leads import rules as lead_rules
from portal.leads.activities import load_own
from portal.leads.models import TO_QUALIFY, Lead, LeadType
from portal.leads.queries import get_visible
from portal.qualification import desk
from portal.qualification.desk import Try
from portal.qualification.rules import OUTCOMES, Locked, outcome_words, step_words
from portal.timeline.forms import MORNING, ClockField
from portal.web.access import requires
from portal.web.forms import DayField, Form
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("desk_work", __name__)

SHOWN = 5


class AttemptForm(Form):
    """What came of an attempt to reach somebody."""

    outcome = RadioField(_l("What came of it"), validate_choice=False)
    call_back_on = DayField(_l("Call back on"), [Optional()])
    call_back_time = ClockField(_l("At"), [Optional()], default=MORNING)
    said = TextAreaField(_l("Note, for us only"), render_kw={"rows": 2})

    def offer_choices(self) -> AttemptForm:
        """Fill the list."""
        self.outcome.choices = [(str(key), str(words)) for key, words in OUTCOMES.items()]
        return self


class HandOnForm(Form):
    """Who has a lead next, and when she is briefed."""

    user_id = SelectField(_l("For"), validate_choice=False)
    briefing_on = DayField(_l("Briefing on"), [Optional()])
    briefing_time = ClockField(_l("At"), [Optional()], default=MORNING)


class ManagerForm(Form):
    user_id = SelectField(_l("Account manager"), validate_choice=False)


def moment_of(day: Any, time: Any, actor: Actor) -> datetime | None:
    """Return the moment of a day and a time of day in somebody's zone."""
    if day is None:
        return None
    here = datetime.combine(day, time or MORNING, ZoneInfo(actor.timezone))
    return here.astimezone(UTC)


def number(raw: str | None) -> int | None:
    """Read an id that was sent; anything odd is none."""
    return int(raw) if raw and raw.isdecimal() and len(raw) < 16 else None


# what a page of the room below shows of this is one fragment; its values come from here
@blueprint.app_template_global("desk_work_of")
def work_view(lead: Lead, form: AttemptForm | None = None) -> dict[str, Any]:
    """Return everything that the fragment of the work on a lead shows."""
    actor, at = current_actor(), clock.now()
    work, held = desk.find_work(lead.id), desk.find_lock(lead.id, at)
    now, following = desk.step_of(lead), desk.find_next_step(lead)
    mine = held is not None and held.locked_by == actor.id
    return {
        "lead": lead,
        "work": work,
        "mine": mine,
        "locker": desk.name_of(held.locked_by) if held and not mine else None,
        "until": held.locked_until if held else None,
        "waits": lead.state in TO_QUALIFY,
        "step": step_words(now.key) if now else "",
        "next_step": step_words(following.key) if following else "",
        "names_manager": now is not None and following is None and now.key == "bant",
        "prescribed": session().get_one(LeadType, lead.type_id).attempts,
        "last": outcome_words(work.last_outcome) if work else "",
        "planned": [one for one in load_own(lead.id, actor) if one.is_open][:SHOWN],
        "attempt": form or AttemptForm(formdata=None).offer_choices(),
        "at": at,
    }


def answer(lead: Lead, form: AttemptForm | None = None, status: int = 200) -> ResponseReturnValue:
    """Return the fragment, or go back to the page without a script."""
    if wants_fragment():
        return render_template("qualification/_work.html", work_form=form, lead=lead), status
    if form is not None:
        return render_template("qualification/attempt.html", lead=lead, work_form=form), status
    return go(url_for("qualification.qualify_lead", lead_id=lead.id))


@blueprint.post("/qualify/<int:lead_id>/lock")
@requires(Permission.LEADS_QUALIFY)
def lock(lead_id: int) -> ResponseReturnValue:
    """Keep a lead to oneself while its page is open; who else has it is said instead."""
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    try:
        desk.lock(lead_id, actor, clock.now())
    except (Locked, lead_rules.NotEditable):
        return answer(lead)
    return answer(lead)


@blueprint.post("/qualify/<int:lead_id>/release")
@requires(Permission.LEADS_QUALIFY)
def release(lead_id: int) -> ResponseReturnValue:
    """Let others work on a lead, as whoever leaves its page does."""
    actor = current_actor()
    get_visible(lead_id, actor)
    desk.release(lead_id, actor)
    return go(url_for("qualification.qualify"))


@blueprint.post("/qualify/<int:lead_id>/attempts")
@requires(Permission.LEADS_QUALIFY)
def attempt(lead_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    lead = get_visible(lead_id, actor)
    form = AttemptForm().offer_choices()
    good = form.validate()
    try:
        if not good:
            raise Invalid({})
        back = moment_of(form.call_back_on.data, form.call_back_time.data, actor)
        desk.note_attempt(
            lead_id, Try(form.outcome.data or "", form.said.data or "", back), actor, at
        )
    except Invalid as error:
        form.take(error)
        return answer(lead, form, 422)
    except Locked as refusal:
        form.form_errors.append(refusal.message)
        return answer(lead, form, 409)
    if not wants_fragment():
        flash(_("Noted."))
    return answer(lead)


@blueprint.get("/qualify/<int:lead_id>/hand-on")
@requires(Permission.LEADS_QUALIFY)
def hand_on_page(lead_id: int) -> ResponseReturnValue:
    form = HandOnForm(formdata=None)
    return show_hand_on(get_visible(lead_id, current_actor()), form)


def show_hand_on(lead: Lead, form: HandOnForm, status: int = 200) -> ResponseReturnValue:
    """Render whom the next step goes to, with what was typed."""
    following = desk.find_next_step(lead)
    if following is None or lead.state not in TO_QUALIFY:
        return go(url_for("qualification.qualify_lead", lead_id=lead.id))
    people = desk.list_people_of(following.unit_id)
    form.user_id.choices = [
        ("", _("whoever of the unit takes it")),
        *((str(one.id), one.name) for one in people),
    ]
    page = render_template(
        "qualification/hand_on.html",
        lead=lead,
        form=form,
        step=step_words(following.key),
        unit=desk.unit_name(following.unit_id),
        briefing=following.briefing,
    )
    return page, status


@blueprint.post("/qualify/<int:lead_id>/hand-on")
@requires(Permission.LEADS_QUALIFY)
def hand_on(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead, form = get_visible(lead_id, actor), HandOnForm()
    if not form.validate():
        return show_hand_on(lead, form, 422)
    try:
        desk.hand_on(
            lead_id,
            actor,
            clock.now(),
            user_id=number(form.user_id.data),
            briefing_at=moment_of(form.briefing_on.data, form.briefing_time.data, actor),
        )
    except Invalid as error:
        form.take(error)
        return show_hand_on(lead, form, 422)
    flash(_("%(number)s is handed on.", number=lead.number), "success")
    return go(url_for("qualification.qualify"))


@blueprint.get("/qualify/<int:lead_id>/account-manager")
@requires(Permission.LEADS_QUALIFY)
def manager_page(lead_id: int) -> ResponseReturnValue:
    lead = get_visible(lead_id, current_actor())
    form = ManagerForm(formdata=None, data={"user_id": str(lead.owner_id or "")})
    return show_manager(lead, form), 200


def show_manager(lead: Lead, form: ManagerForm) -> str:
    """Render who may answer for a lead."""
    form.user_id.choices = [
        ("", "–"),
        *((str(one.id), one.name) for one in desk.list_managers()),
    ]
    return render_template("qualification/manager.html", lead=lead, form=form)


@blueprint.post("/qualify/<int:lead_id>/account-manager")
@requires(Permission.LEADS_QUALIFY)
def name_manager(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead, form = get_visible(lead_id, actor), ManagerForm()
    try:
        desk.name_manager(lead_id, number(form.user_id.data) or 0, actor, clock.now())
    except Invalid as error:
        form.take(error)
        return show_manager(lead, form), 422
    flash(_("%(number)s has its account manager.", number=lead.number), "success")
    return go(url_for("qualification.qualify_lead", lead_id=lead_id))
