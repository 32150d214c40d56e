"""The card that partners will see, out of what is being typed; nothing is saved."""

from __future__ import annotations

from types import SimpleNamespace

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.fields import open_part, take
from portal.core import clock
from portal.core.db import session
from portal.leads import operations, own_fields
from portal.leads.models import Lead, LeadType
from portal.leads.queries import get_visible
from portal.leads.rules import MOST
from portal.offers.cards import Card, card_of
from portal.qualification.forms import QualifyForm, qualify_form
from portal.qualification.routes import leak_view, refusal_of, show_again
from portal.web.access import requires
from portal.web.htmx import wants_fragment

blueprint = Blueprint("preview", __name__)


@blueprint.post("/qualify/<int:lead_id>/preview")
@requires(Permission.LEADS_QUALIFY)
def preview(lead_id: int) -> ResponseReturnValue:
    """Show the card: beside the form for htmx, else the whole page with what was typed."""
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    refusal = refusal_of(lead)
    if refusal:
        return refusal
    form = qualify_form(operations.questions_of(lead), lead)
    card = card_from(form, lead)
    if wants_fragment():
        return render_template(
            "qualification/_preview.html", card=card, form=form, lead=lead, **leak_view(form)
        )
    return show_again(lead, form, actor, card), 200


def card_from(form: QualifyForm, lead: Lead) -> Card:
    """Return the card of what is typed, for the first firm that would see it."""
    typed = operations.tidy_qualification(form.as_typed())
    own = own_fields.in_use()
    row = SimpleNamespace(
        id=lead.id,
        number=lead.number,
        temperature=typed.temperature if typed.temperature in ("hot", "warm", "cold") else None,
        title=typed.title[: MOST["title"]] or _("Inquiry without a title"),
        partner_text=typed.partner_text[: MOST["partner_text"]],
        expectation=typed.expectation[: MOST["expectation"]],
        country=typed.country,
        subdivision=typed.subdivision,
        city=typed.city or None,
        brand_id=typed.brand_id,
        product_ids=list(typed.product_ids),
        industry_id=typed.industry_id,
        size_band_id=typed.size_band_id,
        value_band_id=typed.value_band_id,
        time_frame=typed.time_frame[: MOST["time_frame"]],
        source_id=typed.source_id,
        open_custom=open_part(own, take(own, typed.custom, {})[0]),
    )
    shown = session().get_one(LeadType, lead.type_id).teaser_fields
    return card_of(row, shown, clock.now(), seen_by=1)
