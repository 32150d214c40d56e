"""Behind a mail: a note about a lead in hand for the own firm, shared with the vendor or not.

What is answered to a mail is always shared; here one decides. Older notes are not shown: they may
name the customer, and mails are forwarded.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.inbound.planning import is_open
from portal.leads.models import Lead
from portal.leads.notes import load_own_notes, other_side, write_note
from portal.leads.queries import get_visible
from portal.pickup.models import Pickup
from portal.pickup.operations import lock_pickup
from portal.timeline.forms import read_id


@dataclass(frozen=True, slots=True)
class Jotting:
    """What the page of a note names: for whom it is, and who could read it, too."""

    firm: str
    other_side: str | None


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page with the note as it was typed."""
    lead = get_visible(held.lead_id, reader.actor)
    return page_about(
        lead.id,
        body="_note.html",
        nonce=reader.sign(reader.mark or newest(lead, reader.actor)),
        kept=reader.typed,
        errors=reader.errors,
        deed=Jotting(reader.actor.organisation_name, other_side(lead, reader.actor)),
    )


def newest(lead: Lead, actor: Actor) -> str:
    """Return the state of the page: the newest note of the firm by then."""
    return str(max((one.id for one in load_own_notes(lead.id, actor)), default=0))


def press(reader: Reader, held: Pickup) -> Page:
    """Keep the note; pressed twice it is one. Raises `Invalid` (`text`)."""
    _held, lead = lock_pickup(held.id, reader.actor)
    text, shared = reader.typed.get("text", ""), reader.typed.get("shared") == "1"
    shown = read_id(reader.mark) or 0
    own = load_own_notes(lead.id, reader.actor)
    again = any(one.id > shown and one.text == text for one in own)
    if not again:
        write_note(lead, text, shared, reader.actor, reader.at)
        done(lead.id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return thanks(
        again=again,
        number=lead.number,
        sentence=_("Noted."),
    )


DEED = Deed(
    "note",
    _l("Write a note"),
    is_open,
    show,
    press,
    _l("your note about %(number)s."),
)
