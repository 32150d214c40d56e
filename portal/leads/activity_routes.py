"""Pages of activities about a lead: plan or note one, look at one, change, settle, share it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads import activities
from portal.leads.activity_forms import ActivityForm
from portal.leads.models import Lead
from portal.leads.notes import may_write, other_side
from portal.leads.queries import get_visible
from portal.timeline.rules import NothingAhead, why_words, words_of
from portal.web.access import signed_in
from portal.web.filters import spoken
from portal.web.forms import strip
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("activities", __name__)
blueprint.add_app_template_filter(spoken(words_of), "activity_words")
blueprint.add_app_template_filter(spoken(why_words), "settled_why")


def get_worked_on(lead_id: int) -> Lead:
    """Return a lead about which the actor's firm may have activities now. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    if not may_write(lead, current_actor()):
        raise NotFound()
    return lead


@blueprint.get("/activities")
@signed_in
def mine() -> ResponseReturnValue:
    at = clock.now()
    page = activities.list_mine(current_actor(), page_number(request.args.get("page")))
    return render_template(
        "leads/activities.html",
        page=page,
        first=(page.number - 1) * activities.PAGE + 1,
        late={one.id for one, _lead in page.items if one.is_late(at)},
        older=url_for("activities.mine", page=page.after) if page.after else None,
        newer=url_for("activities.mine", page=page.before) if page.before else None,
    )


@blueprint.get("/leads/<int:lead_id>/activity")
@signed_in
def new_activity(lead_id: int) -> ResponseReturnValue:
    actor, lead = current_actor(), get_worked_on(lead_id)
    people = activities.list_assignees(lead, actor)
    return composer(lead, ActivityForm.blank(people, actor.id))


@blueprint.post("/leads/<int:lead_id>/activities")
@signed_in
def enter(lead_id: int) -> ResponseReturnValue:
    actor, lead = current_actor(), get_worked_on(lead_id)
    form = ActivityForm().offer(activities.list_assignees(lead, actor))
    if not form.validate():
        return composer(lead, form), 422
    done = request.form.get("done") == "1"
    try:
        activities.enter(lead, form.entry(actor.timezone), done=done, actor=actor, at=clock.now())
    except Invalid as error:
        form.take(error)
        return composer(lead, form), 422
    except NothingAhead as refusal:
        form.form_errors.append(refusal.message)
        return composer(lead, form), refusal.status
    flash(_("Noted as done.") if done else _("Planned."), "success")
    return back_to(lead)


@blueprint.get("/leads/<int:lead_id>/activities/<int:activity_id>")
@signed_in
def activity(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return one(get_worked_on(lead_id), activity_id)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>")
@signed_in
def change(lead_id: int, activity_id: int) -> ResponseReturnValue:
    actor, lead = current_actor(), get_worked_on(lead_id)
    activities.get_activity(lead, activity_id, actor)
    form = ActivityForm().offer(activities.list_assignees(lead, actor))
    if not form.validate():
        return one(lead, activity_id, form), 422
    try:
        activities.change(lead, activity_id, form.entry(actor.timezone), actor, clock.now())
    except Invalid as error:
        form.take(error)
        return one(lead, activity_id, form), 422
    flash(_("Changed."), "success")
    return back_to(lead)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>/completion")
@signed_in
def complete(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return settle(lead_id, activity_id, done=True)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>/cancellation")
@signed_in
def cancel(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return settle(lead_id, activity_id, done=False)


def settle(lead_id: int, activity_id: int, *, done: bool) -> ResponseReturnValue:
    """Note what became of an activity."""
    lead = get_worked_on(lead_id)
    outcome = str(strip(request.form.get("outcome", "")))
    try:
        activities.settle(
            lead,
            activity_id,
            done=done,
            outcome=outcome,
            actor=current_actor(),
            at=clock.now(),
        )
    except Invalid as error:
        return one(lead, activity_id, outcome=outcome, errors=error.errors), 422
    flash(_("Noted as done.") if done else _("Noted: not needed any more."), "success")
    return go(url_for("activities.mine")) if request.form.get("from") == "mine" else back_to(lead)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>/sharing")
@signed_in
def share(lead_id: int, activity_id: int) -> ResponseReturnValue:
    lead = get_worked_on(lead_id)
    shared = request.form.get("shared") == "1"
    activities.share(lead, activity_id, shared, current_actor(), clock.now())
    words = _("The activity is shared.") if shared else _("The activity is not shared any more.")
    flash(words, "success")
    return go(url_for("activities.activity", lead_id=lead.id, activity_id=activity_id))


def back_to(lead: Lead) -> ResponseReturnValue:
    """Send the browser to the activities of a lead."""
    return go(url_for("desk.lead", lead_id=lead.id, _anchor="activities"))


def composer(lead: Lead, form: ActivityForm) -> str:
    """Render the form of a new activity, as it was filled in."""
    return render_template(
        "leads/activity_new.html",
        lead=lead,
        form=form,
        other_side=other_side(lead, current_actor()),
    )


def one(
    lead: Lead,
    activity_id: int,
    form: ActivityForm | None = None,
    outcome: str = "",
    errors: dict[str, str] | None = None,
) -> str:
    """Render one activity with what may be done about it, as it was filled in."""
    actor, at = current_actor(), clock.now()
    found = activities.get_activity(lead, activity_id, actor)
    if form is None:
        form = ActivityForm(formdata=None).offer(activities.list_assignees(lead, actor))
        form.show(found, actor.timezone)
    return render_template(
        "leads/activity.html",
        lead=lead,
        activity=found,
        late=found.is_late(at),
        form=form,
        outcome=outcome,
        errors=errors or {},
        other_side=other_side(lead, actor),
    )
