"""The form of an opportunity's figures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Optional

from portal.accounts.actor import Actor
from portal.catalog import field_forms
from portal.catalog.fields import Typed
from portal.catalog.queries import book
from portal.leads import figures, own_fields
from portal.leads.allowed import choices_for
from portal.leads.figures import Figures
from portal.leads.models import Lead
from portal.web.forms import AmountField, Form, TicksField, WholeField


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

    def read_own(self) -> Typed:
        """Return what was typed into the programme's own fields."""
        return field_forms.typed(self, own_fields.in_use())


def offered(kind: str, chosen: Sequence[int | None]) -> list[tuple[str, str]]:
    """Return the entries of a kind that are in use, and what is chosen already."""
    locale, known = str(get_locale()), book()
    entries = known.choices(kind, locale)
    there = {one for one, _label in entries}
    more = [one for one in chosen if one is not None and str(one) not in there]
    return entries + [(str(one), known.label(one, locale)) for one in more]


def figures_form(lead: Lead, actor: Actor, *, fresh: bool = False, **meta: Any) -> FiguresForm:
    """Return the form, with the programme's own fields that somebody fills in.

    As it was sent, or `fresh` with what is known of the lead.
    """
    own = figures.list_own(lead, actor)
    kept = own_fields.read(lead.id) if own else {}
    kind = type("FiguresFormWithOwn", (FiguresForm,), field_forms.asked(own, kept))
    known = {"formdata": None, "data": field_forms.shown(own, kept)} if fresh else {}
    form: FiguresForm = kind(**known, **meta)
    form.offer(lead)
    if fresh:
        form.show(lead)
    return form
