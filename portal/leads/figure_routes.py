"""The forms of an opportunity's figures and of the notes on its products."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Optional

from portal.accounts.actor import current_actor
from portal.catalog import field_forms
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.leads import figures, interests, own_fields
from portal.leads.allowed import choices_for
from portal.leads.figures import Figures
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.web.access import signed_in
from portal.web.forms import AmountField, Form, TicksField, WholeField, strip
from portal.web.htmx import go

blueprint = Blueprint("lead_figures", __name__)


class FiguresForm(Form):
    target_amount = AmountField(_l("Target amount"), [Optional()])
    probability = WholeField(
        _l("Probability to win"), [Optional()], description=_l("In per cent, from 0 to 100.")
    )
    category_id = SelectField(_l("Category"), [Optional()], choices=[])
    long_term = BooleanField(
        _l("A long-term opportunity"), description=_l("One that takes years rather than months.")
    )
    competitor_ids = TicksField(_l("Who else is asked"), [Optional()], choices=[])
    quote_number = StringField(_l("Number of the quote"), [Optional()])
    quote_needs = TextAreaField(
        _l("What the quote needs"),
        [Optional()],
        description=_l("Brand, quantities, terms, by when."),
    )

    def offer(self, lead: Lead) -> None:
        """Offer what is in use, and what is chosen already."""
        none = [("", "–")]
        allowed = {one for one, _label in choices_for(lead, "category")}
        self.category_id.choices = none + [
            (one, label)
            for one, label in offered("category", [lead.category_id])
            if one in allowed or one == str(lead.category_id)
        ]
        self.competitor_ids.choices = offered("competitor", lead.competitor_ids)
        if not self.competitor_ids.choices:
            del self.competitor_ids

    def show(self, lead: Lead) -> None:
        """Fill the form with what is known of a lead."""
        for name in ("target_amount", "probability", "long_term", "quote_number", "quote_needs"):
            self[name].data = getattr(lead, name)
        self.category_id.data = str(lead.category_id or "")
        if "competitor_ids" in self:
            self.competitor_ids.data = [str(one) for one in lead.competitor_ids]

    def read(self) -> Figures:
        """Return what was typed."""
        amount: Decimal | None = self.target_amount.data
        ticked = self.competitor_ids.data if "competitor_ids" in self else ()
        return Figures(
            target_amount=amount.quantize(Decimal("0.01")) if amount is not None else None,
            probability=self.probability.data,
            category_id=int(self.category_id.data) if self.category_id.data else None,
            long_term=bool(self.long_term.data),
            competitor_ids=tuple(int(one) for one in ticked or ()),
            quote_number=self.quote_number.data or None,
            quote_needs=self.quote_needs.data or None,
        )


def offered(kind: str, chosen: Sequence[int | None]) -> list[tuple[str, str]]:
    """Return the entries of a kind that are in use, and what is chosen already."""
    locale, known = str(get_locale()), book()
    entries = known.choices(kind, locale)
    there = {one for one, _label in entries}
    more = [one for one in chosen if one is not None and str(one) not in there]
    return entries + [(str(one), known.label(one, locale)) for one in more]


def figures_form(lead: Lead, *, fresh: bool = False) -> FiguresForm:
    """Return the form, with the programme's own fields that the reader fills in."""
    own = figures.list_own(lead, current_actor())
    kept = own_fields.read(lead.id) if own else {}
    kind = type("FiguresFormWithOwn", (FiguresForm,), field_forms.asked(own, kept))
    form: FiguresForm = kind(formdata=None, data=field_forms.shown(own, kept)) if fresh else kind()
    form.offer(lead)
    return form


def get_to_set(lead_id: int) -> Lead:
    """Return a lead whose figures the reader sets. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    if not figures.may_set(lead, current_actor()):
        raise NotFound()
    return lead


@blueprint.get("/leads/<int:lead_id>/figures")
@signed_in
def figures_page(lead_id: int) -> ResponseReturnValue:
    lead = get_to_set(lead_id)
    form = figures_form(lead, fresh=True)
    form.show(lead)
    return page(lead, form)


@blueprint.post("/leads/<int:lead_id>/figures")
@signed_in
def set_figures(lead_id: int) -> ResponseReturnValue:
    lead = get_to_set(lead_id)
    form = figures_form(lead)
    if not form.validate():
        return page(lead, form), 422
    try:
        own = field_forms.typed(form, own_fields.in_use())
        figures.set_figures(lead_id, form.read(), current_actor(), clock.now(), own)
    except Invalid as error:
        form.take(error)
        return page(lead, form), 422
    flash(_("Saved."), "success")
    return go(url_for("desk.lead", lead_id=lead_id, _anchor="figures"))


def page(lead: Lead, form: FiguresForm) -> str:
    """Render the form, as it was filled in."""
    return render_template("leads/figures.html", lead=lead, form=form)


@blueprint.get("/leads/<int:lead_id>/products")
@signed_in
def products_page(lead_id: int) -> ResponseReturnValue:
    lead = get_to_note(lead_id)
    return products(lead, {f"note-{one}": note for one, note in read_notes(lead).items()}, {})


def read_notes(lead: Lead) -> dict[int, str]:
    """Return what is noted on each product."""
    return {one.product_id: one.note for one in interests.list_interests(lead)}


def get_to_note(lead_id: int) -> Lead:
    """Return a lead on whose products the reader notes something. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    if not interests.may_note(lead, current_actor()):
        raise NotFound()
    return lead


@blueprint.post("/leads/<int:lead_id>/products")
@signed_in
def note_products(lead_id: int) -> ResponseReturnValue:
    lead = get_to_note(lead_id)
    typed = {
        one: str(strip(request.form[f"note-{one}"]))
        for one in lead.product_ids
        if f"note-{one}" in request.form
    }
    try:
        interests.note_interests(lead_id, typed, current_actor(), clock.now())
    except Invalid as error:
        return products(lead, request.form.to_dict(), error.errors), 422
    flash(_("Saved."), "success")
    return go(url_for("desk.lead", lead_id=lead_id, _anchor="products"))


def products(lead: Lead, values: dict[str, str], errors: dict[str, str]) -> str:
    """Render the products with their notes, as they were typed."""
    return render_template(
        "leads/products.html",
        lead=lead,
        interests=interests.list_interests(lead),
        values=values,
        errors=errors,
    )
