"""Behind a mail: a firm's manager hands a lead in hand on to a colleague.

The page names the firm's people, as the mails to its manager do, and nothing of the customer.
"""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.queries import find_name
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup
from portal.pickup.reassign import reassign
from portal.timeline.forms import read_id
from portal.web.filters import when


def is_open(reader: Reader, held: Pickup) -> bool:
    """Say whether she leads the firm and has somebody to take it."""
    return pickups.can_hand_on(held, reader.actor, reader.at)


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page that asks who takes it; its sign says who held it. Raises `NotFound`."""
    pickups.get_in_charge(held.id, reader.actor)
    return page_about(
        held.lead_id,
        sentence=_(
            "%(name)s holds it now and sees its contact data no more once you hand it on. What is "
            "owed stays owed: the next answer is due %(when)s.",
            name=find_name(held.user_id),
            when=when(held.feedback_due_at),
        ),
        body="_hand_on.html",
        nonce=reader.sign(str(held.user_id)),
        kept=reader.typed,
        errors=reader.errors,
        deed=pickups.list_next_takers(held, reader.at),
    )


def press(reader: Reader, held: Pickup) -> Page:
    """Hand it on, unless somebody else did meanwhile. Raises what `reassign` raises."""
    to = read_id(reader.typed.get("to")) or 0
    again = held.user_id == to
    lead = reassign(held.id, to, reader.actor, reader.at, held_by=read_id(reader.mark) or 0)
    if not again:
        done(lead.id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return thanks(
        again=again,
        number=lead.number,
        sentence=_(
            "%(number)s is in the hands of %(name)s now.", number=lead.number, name=find_name(to)
        ),
    )


DEED = Deed(
    "hand_on",
    _l("Hand on to a colleague"),
    is_open,
    show,
    press,
    _l("%(number)s is handed on."),
)
