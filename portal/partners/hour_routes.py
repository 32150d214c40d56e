"""Pages of working hours: a firm's, for its manager and who looks after partners; the vendor's."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.models import Organisation
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid
from portal.deadlines.business_time import due_after
from portal.partners import hours, queries, rules
from portal.partners.calendars import calendar_of
from portal.partners.hour_forms import HoursForm, PlacedHoursForm
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("working_hours", __name__)
EDITS = (Permission.PARTNERS_EDIT, Permission.PICKUPS_SEE_FIRM)
EXAMPLE = 8 * 60
"""The working minutes of the example that the page reckons."""


@blueprint.get("/partners/<int:organisation_id>/hours")
@requires(*EDITS)
def of_firm(organisation_id: int) -> ResponseReturnValue:
    partner = queries.get_own(organisation_id, current_actor())
    return show(partner.organisation, form_of(partner.organisation, fresh=True))


@blueprint.post("/partners/<int:organisation_id>/hours")
@requires(*EDITS)
def save_of_firm(organisation_id: int) -> ResponseReturnValue:
    partner = queries.get_own(organisation_id, current_actor())
    back = url_for("working_hours.of_firm", organisation_id=organisation_id)
    return keep(partner.organisation, back)


@blueprint.get("/working-hours")
@requires(Permission.RULES_EDIT)
def of_vendor() -> ResponseReturnValue:
    vendor = own_organisation()
    return show(vendor, form_of(vendor, fresh=True))


@blueprint.post("/working-hours")
@requires(Permission.RULES_EDIT)
def save_of_vendor() -> ResponseReturnValue:
    return keep(own_organisation(), url_for("working_hours.of_vendor"))


def own_organisation() -> Organisation:
    """Return the organisation of who is signed in."""
    return session().get_one(Organisation, current_actor().organisation_id)


def form_of(organisation: Organisation, *, fresh: bool = False) -> HoursForm:
    """Return the form of an organisation's hours; one that has no profile says where it is."""
    kind = HoursForm if organisation.is_partner else PlacedHoursForm
    form = kind(formdata=None) if fresh else kind()
    found = hours.read(organisation)
    if fresh:
        form.show(found)
    form.offer(found)
    return form


def keep(organisation: Organisation, back: str) -> ResponseReturnValue:
    """Save an organisation's hours as they were typed."""
    form = form_of(organisation)
    if not form.validate():
        return show(organisation, form), 422
    try:
        hours.save(organisation, form.chosen(), current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return show(organisation, form), 422
    flash(_("The working hours are saved. Deadlines that run follow them."), "success")
    return go(back)


def show(organisation: Organisation, form: HoursForm) -> str:
    """Render an organisation's hours with what follows from those that are saved."""
    at, language = clock.now(), str(get_locale())
    today: date = rules.day_at(organisation.timezone, at)
    calendar = calendar_of(organisation.id)
    return render_template(
        "partners/hours.html",
        organisation=organisation,
        form=form,
        own=hours.find(organisation.id) is not None,
        free=hours.next_free_days(organisation.id, today, language),
        example=due_after(at, EXAMPLE, calendar, True) if calendar.week.minutes else None,
        example_hours=EXAMPLE // 60,
        ours=organisation.id == current_actor().organisation_id,
        sees_profile=organisation.is_partner and current_actor().may(Permission.PARTNERS_SEE),
    )
