"""The shape of what is asked for, and of what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField
from wtforms.validators import Optional

from portal.assistance.rules import Granted, Wanted
from portal.catalog.queries import book
from portal.core.errors import Invalid
from portal.leads.models import Lead
from portal.web.forms import AmountField, DayField, Form, needed

LINES = 3


class WordsForm(Form):
    """What is written about a request."""

    text = TextAreaField(_l("Your answer"), [needed()])


class HelpForm(Form):
    text = TextAreaField(
        _l("What do you need?"),
        [needed()],
        description=_l("One or two sentences are enough; your questions come back to you here."),
    )


class PricingForm(Form):
    discount = AmountField(
        _l("Discount wanted, in per cent"),
        [Optional()],
    )
    price = AmountField(_l("Or the price that you need, for all of it"), [Optional()])
    competitor_id = SelectField(_l("Who else is asked"), [Optional()], choices=[])
    needed_on = DayField(_l("The customer decides by"), [Optional()])
    text = TextAreaField(_l("What else should we know?"), [Optional()])

    def offer(self) -> None:
        """Offer the competitors that are in use."""
        self.competitor_id.choices = [
            ("", "–"),
            *book().choices("competitor", str(get_locale())),
        ]

    def wanted(self) -> Wanted:
        """Return what was typed. Raises `Invalid` (`pieces`) for what is no number of pieces."""
        competitor = self.competitor_id.data
        return Wanted(
            pieces=read_pieces(),
            discount=self.discount.data,
            price=self.price.data,
            competitor_id=int(competitor) if competitor else None,
            needed_on=self.needed_on.data,
        )


class GrantForm(Form):
    price = AmountField(_l("Price, for all of it"), [Optional()])
    discount = AmountField(_l("Or a discount, in per cent"), [Optional()])
    until = DayField(_l("Holds until"), [needed()])
    text = TextAreaField(_l("Anything to add?"), [Optional()])

    def granted(self) -> Granted:
        """Return what was typed."""
        return Granted(self.discount.data, self.price.data, self.until.data)


def read_pieces() -> list[tuple[int, int]]:
    """Read the lines of products and how many. Raises `Invalid` (`pieces`)."""
    found = []
    for product, count in zip(
        request.form.getlist("product"), request.form.getlist("count"), strict=False
    ):
        count = count.strip()
        if not product or not count:
            if product or count:
                raise Invalid({"pieces": str(_("Please say how many of what."))})
            continue
        # more digits than any order has
        if not (product.isdecimal() and count.isdecimal() and max(map(len, (product, count))) < 12):
            raise Invalid({"pieces": str(_("Please give a whole number."))})
        found.append((int(product), int(count)))
    return found


def typed_lines(lead: Lead) -> Sequence[dict[str, Any]]:
    """Return the lines of the form: as typed, else the products that the lead is about."""
    if request.method == "POST":
        lines = [
            {"product": product, "count": count}
            for product, count in zip(
                request.form.getlist("product")[:20], request.form.getlist("count"), strict=False
            )
            if product or count
        ]
    else:
        lines = [{"product": str(one), "count": ""} for one in lead.product_ids]
    return lines + [{"product": "", "count": ""}] * max(1, LINES - len(lines))
