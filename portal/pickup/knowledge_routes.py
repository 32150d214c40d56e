"""Pages of prior knowledge: a firm says so, a channel manager decides."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from portal.accounts.actor import current_actor, find_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.pickup import knowledge
from portal.pickup.knowledge import Claim
from portal.pickup.knowledge_words import HOW, how_words
from portal.web.access import requires
from portal.web.filters import spoken
from portal.web.forms import DayField, Form
from portal.web.htmx import go
from portal.web.limits import limiter, visitor_key

blueprint = Blueprint("knowledge", __name__)

blueprint.add_app_template_filter(spoken(how_words), "knowledge_how")


class ClaimForm(Form):
    how = SelectField(_l("How do you know the customer?"), [Optional()], choices=[])
    since = DayField(_l("Since when?"), [Optional()])
    named = StringField(
        _l("Whom do you mean?"),
        [Optional(), Length(max=200)],
        description=_l(
            "A web domain, e-mail address or phone number. We compare it and don’t keep it."
        ),
    )


def claim_form(*, fresh: bool = False) -> ClaimForm:
    """Return the form of a claim."""
    form = ClaimForm(formdata=None) if fresh else ClaimForm()
    form.how.choices = [("", _("please choose")), *((str(k), str(v)) for k, v in HOW.items())]
    return form


def whose() -> str:
    """Return whose claims are counted."""
    actor = find_actor()
    return f"knowledge:{actor.organisation_id if actor else visitor_key()}"


@blueprint.get("/leads/<int:lead_id>/knowledge")
@requires(Permission.OFFERS_SEE)
def page(lead_id: int) -> ResponseReturnValue:
    return claim_page(lead_id, claim_form(fresh=True))


@blueprint.post("/leads/<int:lead_id>/knowledge")
@requires(Permission.OFFERS_SEE)
@limiter.limit("20/day", key_func=whose)
def claim(lead_id: int) -> ResponseReturnValue:
    form = claim_form()
    if not form.validate():
        return claim_page(lead_id, form), 422
    said = Claim(form.how.data or "", form.since.data, form.named.data or "")
    try:
        knowledge.claim(lead_id, said, current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return claim_page(lead_id, form), 422
    flash(_("We have noted it. You hear what is decided."), "success")
    return go(url_for("knowledge.page", lead_id=lead_id))


def claim_page(lead_id: int, form: ClaimForm) -> str:
    """Render what a firm said of a lead, or the form to say it."""
    actor = current_actor()
    lead, held = knowledge.find_lead(lead_id, actor, clock.now())
    return render_template(
        "pickup/knowledge.html",
        number=lead.number,
        lead_id=lead.id,
        held=held,
        form=form,
        claim=knowledge.find_claim(lead.id, actor.organisation_id),
    )


@blueprint.get("/knowledge-claims")
@requires(Permission.OFFERS_MAKE)
def claims() -> ResponseReturnValue:
    return render_template("pickup/knowledge_claims.html", claims=knowledge.list_claims())


@blueprint.post("/knowledge-claims/<int:claim_id>/decision")
@requires(Permission.OFFERS_MAKE)
def decide(claim_id: int) -> ResponseReturnValue:
    granted = request.form.get("granted") == "yes"
    try:
        knowledge.decide(claim_id, granted, current_actor(), clock.now())
    except Conflict as error:
        flash(error.message)
    else:
        flash(_("Decided. Those concerned are told."), "success")
    return go(url_for("knowledge.claims"))
