"""Behind a mail: the firm knew the customer of a lead in hand before."""

from __future__ import annotations

from datetime import date

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.errors import NotFound
from portal.inbound import queries
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.pickup import knowledge
from portal.pickup.knowledge_words import HOW
from portal.pickup.models import Pickup
from portal.pickup.operations import lock_pickup


def is_open(reader: Reader, held: Pickup) -> bool:
    """Say whether nobody of the firm has said so yet, and it is hers to say."""
    try:
        knowledge.find_lead(held.lead_id, reader.actor, reader.at)
    except NotFound:  # who stands in, where the offer was for somebody else alone
        return False
    return not was_said(reader, held)


def was_said(reader: Reader, held: Pickup) -> bool:
    """Say whether the firm has said so."""
    return knowledge.find_claim(held.lead_id, reader.actor.organisation_id) is not None


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page that asks how and since when."""
    return page_about(
        held.lead_id,
        body="_knowing.html",
        nonce=reader.sign(""),
        kept=reader.typed,
        errors=reader.errors,
        deed=[(str(how), str(words)) for how, words in HOW.items()],
    )


def press(reader: Reader, held: Pickup) -> Page:
    """Say that the firm knew the customer before. Raises `Invalid`."""
    lock_pickup(held.id, reader.actor)
    number, _title = queries.title_of(held.lead_id)
    again = was_said(reader, held)
    if not again:
        typed = reader.typed
        said = knowledge.Claim(typed.get("how", ""), read_day(typed.get("since", "")))
        knowledge.claim(held.lead_id, said, reader.actor, reader.at)
        done(held.lead_id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return thanks(
        again=again,
        number=number,
        sentence=_("A channel manager decides, and you hear it. Until then nothing changes."),
        onward=(_("Open the lead"), url_for("knowledge.page", lead_id=held.lead_id)),
    )


def read_day(text: str) -> date | None:
    """Return a day as a browser sends it; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


DEED = Deed(
    "known",
    _l("We knew this customer before"),
    is_open,
    show,
    press,
    _l("you knew the customer of %(number)s before."),
)
