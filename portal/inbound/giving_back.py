"""Behind a mail: a lead in hand is given back, with a reason."""

from __future__ import annotations

from flask import url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.queries import book, short_key
from portal.inbound import queries
from portal.inbound.operations import hand_back
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup


def is_open(reader: Reader, held: Pickup) -> bool:
    """Say whether it is hers to give back; who stands in leaves that to the holder."""
    return pickups.is_in_charge(held, reader.actor)


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page that asks for the reason, with what was typed."""
    locale = str(get_locale())
    return page_about(
        held.lead_id,
        body="_give_back.html",
        nonce=reader.sign(queries.mark_of_pickup(held.id)),
        reasons=[(short_key(one), one.label(locale)) for one in book().reasons("give_back")],
        kept=reader.typed,
        errors=reader.errors,
    )


def press(reader: Reader, held: Pickup) -> Page:
    """Give it back. Raises `Invalid`, `ChangedMeanwhile` and what the operation refuses."""
    outcome = hand_back(held.id, reader.typed, reader.mark, reader.actor, reader.at)
    number, _title = queries.title_of(held.lead_id)
    return done_page(number, again=outcome.again)


def done_page(number: str, *, again: bool) -> Page:
    """Return the page after it was given back."""
    return thanks(
        again=again,
        number=number,
        sentence=_("You gave it back."),
        onward=(_("To my leads"), url_for("desk.mine")),
    )


DEED = Deed(
    "give_back",
    _l("Give back"),
    is_open,
    show,
    press,
    _l("%(number)s is given back."),
)
