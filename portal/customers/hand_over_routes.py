"""Pages of hand-overs: what is with operations, one of them, the form that hands a lead over."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Length, Optional

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.customers import onboarding
from portal.customers.queries import find_of_lead
from portal.leads import hand_over as handing
from portal.leads.hand_over import LONGEST_NOTE, LONGEST_NUMBER
from portal.leads.models import Lead, LeadKind
from portal.leads.team import get_to_change
from portal.web.access import requires
from portal.web.forms import DayField, Form
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("hand_overs", __name__)

SHOWN_BACK = timedelta(days=14)


class AskForm(Form):
    due_on = DayField(_l("Needed back by"), [Optional()])
    erp_number = StringField(
        _l("Number in the ERP system"), [Optional(), Length(max=LONGEST_NUMBER)]
    )
    note = TextAreaField(
        _l("What operations need to know"),
        [Optional(), Length(max=LONGEST_NOTE)],
        description=_l("What is agreed, who decides, which terms. They see the lead, too."),
    )


class ReturnForm(Form):
    erp_number = StringField(
        _l("Number in the ERP system"), [Optional(), Length(max=LONGEST_NUMBER)]
    )
    outcome = TextAreaField(_l("A word to the owner"), [Optional(), Length(max=LONGEST_NOTE)])


@blueprint.get("/hand-overs")
@requires(Permission.HAND_OVERS_SEE)
def hand_overs() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    page = handing.list_waiting(actor, page_number(request.args.get("page")))
    return render_template(
        "leads/hand_overs.html",
        page=page,
        first=(page.number - 1) * handing.PAGE + 1,
        late={
            row.HandOver.id for row in page.items if handing.is_late(row.HandOver.due_on, actor, at)
        },
        back=handing.list_back(actor, at - SHOWN_BACK),
        takes=actor.may(Permission.HAND_OVERS_TAKE),
        me=actor.id,
        older=url_for("hand_overs.hand_overs", page=page.after) if page.after else None,
        newer=url_for("hand_overs.hand_overs", page=page.before) if page.before else None,
    )


@blueprint.get("/hand-overs/<int:hand_over_id>")
@requires(Permission.HAND_OVERS_SEE)
def hand_over(hand_over_id: int) -> ResponseReturnValue:
    return one(hand_over_id, ReturnForm(formdata=None))


@blueprint.post("/hand-overs/<int:hand_over_id>/taking")
@requires(Permission.HAND_OVERS_TAKE)
def take(hand_over_id: int) -> ResponseReturnValue:
    handing.take(hand_over_id, current_actor(), clock.now())
    return go(url_for("hand_overs.hand_over", hand_over_id=hand_over_id))


@blueprint.post("/hand-overs/<int:hand_over_id>/return")
@requires(Permission.HAND_OVERS_TAKE)
def hand_back(hand_over_id: int) -> ResponseReturnValue:
    handing.get_row(hand_over_id, current_actor())
    form = ReturnForm()
    if not form.validate():
        return one(hand_over_id, form), 422
    try:
        onboarding.hand_back(
            hand_over_id, form.erp_number.data, form.outcome.data, current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return one(hand_over_id, form), 422
    flash(_("Thank you. It is back with its owner."), "success")
    return go(url_for("hand_overs.hand_overs"))


@blueprint.get("/leads/<int:lead_id>/hand-over")
@requires(Permission.BOARD_SEE)
def ask(lead_id: int) -> ResponseReturnValue:
    return asking(get_to_change(lead_id, current_actor()), AskForm(formdata=None))


@blueprint.post("/leads/<int:lead_id>/hand-over")
@requires(Permission.BOARD_SEE)
def give(lead_id: int) -> ResponseReturnValue:
    lead = get_to_change(lead_id, current_actor())
    form = AskForm()
    if not form.validate():
        return asking(lead, form), 422
    try:
        onboarding.hand_over(
            lead_id,
            form.due_on.data,
            form.note.data,
            form.erp_number.data if form.erp_number else None,
            current_actor(),
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return asking(lead, form), 422
    flash(_("Operations have it now. You see it here and on this morning’s page once it is back."))
    return go(url_for("desk.lead", lead_id=lead_id))


def one(hand_over_id: int, form: ReturnForm) -> str:
    """Render a hand-over, with the form that gives it back as it was filled in."""
    actor, at = current_actor(), clock.now()
    row = handing.get_row(hand_over_id, actor)
    given = row.HandOver
    customer = find_of_lead(given.lead_id)
    if customer is not None and not form.is_submitted():
        form.erp_number.data = customer.erp_number
    return render_template(
        "leads/hand_over.html",
        row=row,
        given=given,
        customer=customer,
        late=given.done_at is None and handing.is_late(given.due_on, actor, at),
        form=form,
        takes=actor.may(Permission.HAND_OVERS_TAKE) and given.taken_by in (None, actor.id),
    )


def asking(lead: Lead, form: AskForm) -> str:
    """Render the form that hands a lead over; future partners have no number yet."""
    customer = find_of_lead(lead.id)
    if lead.kind == LeadKind.PARTNER_RECRUIT:
        del form.erp_number
    elif customer is not None and not form.is_submitted():
        form.erp_number.data = customer.erp_number
    return render_template(
        "leads/hand_over_ask.html",
        lead=lead,
        form=form,
        customer=customer,
        demanded=onboarding.demands_number(lead),
    )
