"""Behind a mail: ask the vendor for help with a lead in hand, or for a special price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.assistance import operations, queries
from portal.assistance.forms import HelpForm, PricingForm, typed_lines
from portal.assistance.models import RequestKind
from portal.assistance.queries import Helper
from portal.assistance.rules import Wanted
from portal.catalog.queries import book
from portal.core.db import session
from portal.inbound import asked
from portal.inbound.filling import check, fill, fresh
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.inbound.queries import title_of
from portal.leads.models import Lead
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup

ACTIONS = {RequestKind.HELP: "help", RequestKind.PRICING: "price"}


@dataclass(frozen=True, slots=True)
class Asking:
    """What a page asks with: its form, who answers and until when; for a price its products."""

    form: HelpForm | PricingForm
    helper: Helper | None
    due_at: datetime | None
    lines: Sequence[Mapping[str, Any]] = ()
    products: Sequence[tuple[str, str]] = ()


def is_open(kind: RequestKind, _reader: Reader, held: Pickup) -> bool:
    """Say whether nothing of the kind waits for its answer."""
    return queries.find_waiting(held.id, kind) is None


def show(kind: RequestKind, reader: Reader, held: Pickup) -> Page:
    """Return the page that asks, with who answers until when, and what was typed."""
    lead = session().get_one(Lead, held.lead_id)
    helper = queries.find_helper(lead, reader.actor.id, reader.at)
    policy = pickups.get_policy(held)
    prices = kind == RequestKind.PRICING
    return page_about(
        held.lead_id,
        body=f"_ask_for_{ACTIONS[kind]}.html",
        nonce=reader.sign(""),
        deed=Asking(
            form=form_of(kind, reader),
            helper=helper,
            due_at=queries.due_for(kind, policy, helper, reader.at) if helper else None,
            lines=typed_lines(lead) if prices else (),
            products=book().choices("product", str(get_locale())) if prices else (),
        ),
    )


def form_of(kind: RequestKind, reader: Reader) -> HelpForm | PricingForm:
    """Return the portal's form, empty or as it was sent, with what is wrong in it."""
    asks = HelpForm if kind == RequestKind.HELP else PricingForm
    sent = reader.action == ACTIONS[kind]
    form: HelpForm | PricingForm = fill(asks, reader) if sent else fresh(asks)
    if isinstance(form, PricingForm):
        form.offer()
    return form


def press(kind: RequestKind, reader: Reader, held: Pickup) -> Page:
    """Ask what was typed. Raises `Invalid` and what `assistance.operations.ask` refuses."""
    form = form_of(kind, reader)
    check(form)
    wanted = form.wanted() if isinstance(form, PricingForm) else None
    text = form.text.data or ""
    again = was_asked(held.id, kind, text, wanted)
    if not again:
        operations.ask(kind, held.id, text, reader.actor, reader.at, wanted)
        done(held.lead_id, reader.actor, ACTIONS[kind], reader.at, pickup_id=held.id)
    number, _title = title_of(held.lead_id)
    return asked_page(number, again=again)


def asked_page(number: str, *, again: bool) -> Page:
    """Return the page after something was asked."""
    return thanks(
        again=again,
        number=number,
        sentence=_("You hear by mail as soon as there is an answer."),
    )


def was_asked(pickup_id: int, kind: RequestKind, text: str, wanted: Wanted | None) -> bool:
    """Say whether just that waits for its answer: who presses twice asks once."""
    waits = queries.find_waiting(pickup_id, kind)
    terms = wanted.as_terms() if wanted else None
    return waits is not None and any(
        (said.text, said.terms) == (text.strip(), terms) for said in queries.load_words([waits])
    )


def deed_of(kind: RequestKind, words: Any, recorded: Any) -> Deed:
    """Return what is done to ask for something."""
    return Deed(
        ACTIONS[kind],
        words,
        partial(is_open, kind),
        partial(show, kind),
        partial(press, kind),
        recorded,
        instead=asked.NAME,
    )


DEEDS = (
    deed_of(RequestKind.HELP, _l("Ask for help"), _l("you asked for help with %(number)s.")),
    deed_of(
        RequestKind.PRICING,
        _l("Ask for a special price"),
        _l("you asked for a special price for %(number)s."),
    ),
)
