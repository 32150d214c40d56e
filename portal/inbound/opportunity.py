"""Behind a mail: what a lead in hand may bring, how likely that is, and what is asked of products.

A text that tells of the contact is not shown: links are passed on with their mails. What is
written instead takes its place; left empty, it stays. So does whatever is left as the page showed
it: a colleague may have set it since.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from itertools import chain
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, StringField, TextAreaField

from portal.core.errors import Invalid
from portal.inbound.filling import NO_COOKIE, check
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.leads import figures, interests
from portal.leads.blotting import blot
from portal.leads.figure_forms import FiguresForm, figures_form
from portal.leads.models import Lead
from portal.leads.queries import find_visible, get_visible
from portal.pickup.models import Pickup
from portal.pickup.operations import lock_pickup
from portal.web.forms import Form

NOTE = "note-"
"""Begins the name of the field in which stands what is asked of a product."""
SIGN = 4
"""Letters of the mark by which a field is known as it was shown."""


@dataclass(frozen=True, slots=True)
class Opportunity:
    """What the page is drawn from: the figures, and a note for each product."""

    figures: FiguresForm
    products: Form

    def __iter__(self) -> Iterator[Field]:
        """Return the fields of both."""
        return chain(self.figures, self.products)


def is_open(reader: Reader, held: Pickup) -> bool:
    """Say whether the person says what the lead may bring."""
    lead = find_visible(held.lead_id, reader.actor)
    return lead is not None and figures.may_set(lead, reader.actor)


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page with what is known, or as it was typed."""
    lead = get_visible(held.lead_id, reader.actor)
    sent = forms_of(lead, reader, fresh=reader.action != DEED.name)
    kept_back = texts_kept_back(lead, reader)
    for form in (sent.figures, sent.products):
        form.take(Invalid({name: said for name, said in reader.errors.items() if name in form}))
    for field in sent:
        if field.name in kept_back:
            field.data = "" if field.data == kept_back[field.name] else field.data
            field.description = _(
                "What stands there tells of the customer, so it is not shown here. It stays "
                "unless you write something else."
            )
    return page_about(
        lead.id,
        body="_opportunity.html",
        nonce=reader.sign(reader.mark or mark_of(lead, reader)),
        deed=sent,
    )


def forms_of(lead: Lead, reader: Reader, *, fresh: bool) -> Opportunity:
    """Return the forms as they were sent, or `fresh` with what is known."""
    listed = interests.list_interests(lead) if interests.may_note(lead, reader.actor) else []
    kind = type(
        "ProductsForm",
        (Form,),
        {f"{NOTE}{one.product_id}": TextAreaField(one.name) for one in listed},
    )
    known = {f"{NOTE}{one.product_id}": one.note for one in listed}
    stands = {"formdata": None, "data": known} if fresh else {}
    return Opportunity(
        figures_form(lead, reader.actor, fresh=fresh, **NO_COOKIE), kind(**stands, **NO_COOKIE)
    )


def texts_kept_back(lead: Lead, reader: Reader) -> Mapping[str, str]:
    """Return the texts that tell of the contact, by the name of their field."""
    stands = forms_of(lead, reader, fresh=True)
    texts = {
        field.name: field.data for field in stands if isinstance(field, StringField) and field.data
    }
    seen = blot(lead, list(texts.values()))
    return {
        name: text for (name, text), safe in zip(texts.items(), seen, strict=True) if text != safe
    }


def mark_of(lead: Lead, reader: Reader) -> str:
    """Return the state of the page: a sign for each field as it is shown."""
    kept_back = texts_kept_back(lead, reader)
    return "".join(
        sign_of(field.name, "" if field.name in kept_back else field.data)
        for field in forms_of(lead, reader, fresh=True)
    )


def sign_of(name: str, value: Any) -> str:
    """Return the sign of a field in which this stands, however a browser sends it back."""
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    elif isinstance(value, list):
        value = sorted(value)
    text = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return urlsafe_b64encode(sha256(f"{name}={text}".encode()).digest()).decode()[:SIGN]


def leave_as_it_stands(sent: Opportunity, lead: Lead, reader: Reader) -> None:
    """Put what stands by now into each field that was left as the page showed it."""
    signs = {reader.mark[at : at + SIGN] for at in range(0, len(reader.mark), SIGN)}
    stands = {field.name: field.data for field in forms_of(lead, reader, fresh=True)}
    for field in sent:
        if field.name in stands and sign_of(field.name, field.data) in signs:
            field.data = stands[field.name]


def press(reader: Reader, held: Pickup) -> Page:
    """Set the figures and the notes that were changed. Raises `Invalid` by field, `NotFound`."""
    _held, lead = lock_pickup(held.id, reader.actor)
    sent = forms_of(lead, reader, fresh=False)
    leave_as_it_stands(sent, lead, reader)
    for form in (sent.figures, sent.products):
        check(form)
    notes = {
        int(field.name.removeprefix(NOTE)): field.data or ""
        for field in sent.products
        if field.name.startswith(NOTE)
    }
    figures_typed, own = sent.figures.read(), sent.figures.read_own()
    changed: list[object] = [
        *figures.set_figures(lead.id, figures_typed, reader.actor, reader.at, own)
    ]
    if notes and interests.note_interests(lead.id, notes, reader.actor, reader.at):
        changed.append(NOTE)
    if changed:
        done(lead.id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return thanks(
        again=not changed,
        number=lead.number,
        sentence=_("Saved."),
    )


DEED = Deed(
    "opportunity",
    _l("What it may bring"),
    is_open,
    show,
    press,
    _l("you said what %(number)s may bring."),
)
