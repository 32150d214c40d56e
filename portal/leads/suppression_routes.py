"""The page of who must not be approached."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.leads import suppression
from portal.web.access import requires
from portal.web.forms import Form, needed
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("suppressions", __name__)
EDIT = Permission.SUPPRESSIONS_EDIT


class AddForm(Form):
    address = StringField(_l("E-mail or phone"), [needed()], render_kw={"autocomplete": "off"})
    reason = SelectField(
        _l("Reason"),
        choices=[SelectChoice(*each) for each in suppression.REASONS.items()],
        validate_choice=False,
    )


class LiftForm(Form):
    key = HiddenField()
    reason = StringField(_l("Why it is lifted"), render_kw={"autocomplete": "off"})


@blueprint.get("/suppressions")
@requires(EDIT)
def suppressions() -> ResponseReturnValue:
    return show(), 200


def show(form: AddForm | None = None, lifting: LiftForm | None = None) -> str:
    """Render a page of the list; `lifting` is the form of one entry as it was sent."""
    search = request.args.get("q", "")
    number = page_number(request.args.get("page"))
    return render_template(
        "leads/suppressions.html",
        form=form or AddForm(formdata=None),
        lifting=lifting,
        search=search,
        page=suppression.list_suppressed(search, number),
        first=(number - 1) * suppression.PAGE + 1,
        reasons=suppression.WORDS,
        address=lambda page: (
            url_for("suppressions.suppressions", q=search or None, page=page if page > 1 else None)
            if page
            else None
        ),
    )


@blueprint.post("/suppressions")
@requires(EDIT)
def add() -> ResponseReturnValue:
    form = AddForm()
    try:
        on_offer = suppression.add(form.address.data or "", form.reason.data or "", clock.now())
    except Invalid as error:
        form.take(error)
        return show(form), 422
    if on_offer:
        flash(
            ngettext(
                "Kept. One lead of this contact is on offer just now; it is taken off.",
                "Kept. %(num)d leads of this contact are on offer just now; they are taken off.",
                len(on_offer),
            )
        )
    else:
        flash(_("Kept: nobody is asked to approach this contact."), "success")
    return go(url_for("suppressions.suppressions"))


@blueprint.post("/suppressions/lifting")
@requires(EDIT)
def lift() -> ResponseReturnValue:
    form = LiftForm()
    try:
        count = suppression.lift(
            form.key.data or "", form.reason.data or "", current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return show(lifting=form), 422
    flash(
        ngettext("Lifted; it frees one lead.", "Lifted; it frees %(num)d leads.", count)
        if count
        else _("Lifted."),
        "success",
    )
    return go(url_for("suppressions.suppressions"))
