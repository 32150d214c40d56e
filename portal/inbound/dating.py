"""Behind a mail: when the work on a lead in hand began, and by when one expects to be through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.inbound.filling import check, fill, fresh
from portal.inbound.knowing import read_day
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.leads import dates
from portal.leads.date_forms import DatesForm
from portal.leads.models import Lead
from portal.leads.queries import find_visible, get_visible
from portal.pickup.models import Pickup
from portal.pickup.operations import lock_pickup


def is_open(reader: Reader, held: Pickup) -> bool:
    """Say whether the person sets the dates of the lead."""
    lead = find_visible(held.lead_id, reader.actor)
    return lead is not None and dates.may_set(lead, reader.actor)


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page with the dates as they stand, or as they were typed."""
    lead = get_visible(held.lead_id, reader.actor)
    sent = reader.action == DEED.name
    return page_about(
        lead.id,
        body="_dates.html",
        nonce=reader.sign(reader.mark or mark_of(lead)),
        deed=fill(DatesForm, reader) if sent else fresh(DatesForm, obj=lead),
    )


def press(reader: Reader, held: Pickup) -> Page:
    """Set the dates that were changed on the page. Raises `Invalid` by field."""
    form = fill(DatesForm, reader)
    check(form)
    _held, lead = lock_pickup(held.id, reader.actor)
    typed = {name: form[name].data for name in dates.FIELDS}
    changed = dates.set_dates(lead.id, beside(typed, reader.mark, lead), reader.actor, reader.at)
    if changed:
        done(lead.id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return thanks(
        again=not changed,
        number=lead.number,
        sentence=_("Saved. What it was before is kept."),
    )


def beside(typed: Mapping[str, date | None], mark: str, lead: Lead) -> dict[str, date | None]:
    """Return what was typed, and as it stands what she left as the page showed it.

    A colleague may have set that since.
    """
    shown = dict(zip(dates.FIELDS, map(read_day, mark.split("|")), strict=False))
    return {
        name: getattr(lead, name) if name in shown and day == shown[name] else day
        for name, day in typed.items()
    }


def mark_of(lead: Lead) -> str:
    """Return the state of the page: the dates that it shows."""
    days = (getattr(lead, name) for name in dates.FIELDS)
    return "|".join(day.isoformat() if day else "" for day in days)


DEED = Deed(
    "dates",
    _l("Dates"),
    is_open,
    show,
    press,
    _l("the dates of %(number)s are up to date."),
)
