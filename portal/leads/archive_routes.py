"""The archive, and the form that puts a lead into it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.fields import TextAreaField
from wtforms.validators import Optional

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission as P
from portal.core import clock
from portal.core.errors import Invalid
from portal.leads import archive
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.web.access import requires
from portal.web.forms import DayField, Form
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("archive", __name__)


class ArchiveForm(Form):
    returns_on = DayField(
        _l("Back in view on"),
        [Optional()],
        description=_l("It stands on your page “This morning” from that day on. Empty: never."),
    )
    note = TextAreaField(_l("What for"), [Optional()])


@blueprint.get("/archive")
@requires(P.BOARD_SEE)
def archived() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    page = archive.list_archived(actor, page_number(request.args.get("page")))
    return render_template(
        "leads/archive.html",
        page=page,
        today=archive.today_of(actor, at),
        first=(page.number - 1) * archive.PAGE + 1,
        older=url_for("archive.archived", page=page.after) if page.after else None,
        newer=url_for("archive.archived", page=page.before) if page.before else None,
    )


@blueprint.get("/leads/<int:lead_id>/archive")
@requires(P.BOARD_SEE)
def put_in_page(lead_id: int) -> ResponseReturnValue:
    lead = get_visible(lead_id, current_actor())
    archive.check_dead(lead, current_actor())
    return page_of(lead, ArchiveForm(formdata=None, obj=archive.find_archived(lead_id)))


@blueprint.post("/leads/<int:lead_id>/archive")
@requires(P.BOARD_SEE)
def put_in(lead_id: int) -> ResponseReturnValue:
    lead, form = get_visible(lead_id, current_actor()), ArchiveForm()
    archive.check_dead(lead, current_actor())
    if not form.validate():
        return page_of(lead, form), 422
    try:
        archive.put_in(
            lead_id, form.returns_on.data, form.note.data or "", current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return page_of(lead, form), 422
    flash(_("%(number)s is in the archive.", number=lead.number), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/archive/removal")
@requires(P.BOARD_SEE)
def take_out(lead_id: int) -> ResponseReturnValue:
    archive.take_out(lead_id, current_actor(), clock.now())
    flash(_("It is out of the archive."))
    return go(url_for("desk.lead", lead_id=lead_id))


def page_of(lead: Lead, form: ArchiveForm) -> str:
    """Render the form, as it was filled in."""
    return render_template(
        "leads/archive_lead.html", lead=lead, form=form, kept=archive.find_archived(lead.id)
    )
