"""Behind a mail: a lead in hand rests because the customer asked to wait, or goes on again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.deadlines.business_time import midnight
from portal.inbound import queries
from portal.inbound.filling import check, fill, fresh
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.partners.calendars import calendar_of
from portal.pickup import pauses
from portal.pickup.models import Pickup
from portal.pickup.operations import lock_pickup
from portal.pickup.pause_forms import PauseForm
from portal.pickup.queries import get_policy
from portal.web.filters import day

GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class Rest:
    """What lets a lead rest; `form` is None where it rests, or can't."""

    form: PauseForm | None
    rests: bool
    left: int
    last: date


def is_open(_reader: Reader, held: Pickup) -> bool:
    """Say whether deadlines of the lead may stand still at all."""
    policy = get_policy(held)
    return bool(policy.most_pauses and policy.pause_days)


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page that asks why and until when; of a lead that rests, until when it does.

    What stands against it is said at once; after a press its refusal says so.
    """
    number, _title = queries.title_of(held.lead_id)
    policy, until = get_policy(held), pauses.rests_until(held.id)
    sent = reader.action == DEED.name
    refusal = None if sent or until else pauses.refusal_of(held, policy, reader.at)
    sentence = refusal.message if refusal else ""
    if until:
        sentence = _("%(number)s rests until %(day)s.", number=number, day=day(until))
    form = fill(PauseForm, reader) if sent else fresh(PauseForm)
    form.offer()
    lost = not_kept(form) if until and sent else ""
    return page_about(
        held.lead_id,
        sentence=sentence,
        facts=[_("Not kept: “%(words)s”", words=lost)] if lost else (),
        body="_wait.html",
        nonce=reader.sign(""),
        deed=Rest(
            form if not until and refusal is None else None,
            until is not None,
            policy.most_pauses - pauses.count_pauses(held.id),
            pauses.last_day(held, policy, reader.at),
        ),
        onward=(_("How far are you?"), "?") if refusal else None,
    )


def not_kept(form: PauseForm) -> str:
    """Return what was typed in vain where a colleague let the lead rest: why, and until when."""
    chosen = form.reason.data or None
    why = [str(words) for code, words, *_more in form.reason.iter_choices() if code == chosen]
    return ", ".join(filter(None, [*why, day(form.until.data)]))


def words_now(_reader: Reader, held: Pickup) -> str:
    """Return what can be done: a lead that rests goes on."""
    return _("Go on now") if pauses.rests_until(held.id) else str(DEED.words)


def press(reader: Reader, held: Pickup) -> Page:
    """Let the lead rest, or go on. Raises `Invalid` by field, `CanNotRest`."""
    lock_pickup(held.id, reader.actor)
    rests = pauses.rests_until(held.id)
    if reader.typed.get("do") == GO_ON:
        lead = pauses.go_on(held.id, reader.actor, reader.at)
        words = _("%(number)s goes on.", number=lead.number)
        return told(reader, held, GO_ON, words, rests is None)
    form = fill(PauseForm, reader)
    form.offer()
    check(form)
    until = form.until.data
    again = rests is not None and until is not None and rests == beginning(held, until)
    if not again:
        pauses.pause(held.id, form.reason.data, until, reader.actor, reader.at)
    number, _title = queries.title_of(held.lead_id)
    rests = pauses.rests_until(held.id)
    words = _("%(number)s rests until %(day)s.", number=number, day=day(rests))
    return told(reader, held, DEED.name, words, again)


def beginning(held: Pickup, until: date) -> datetime:
    """Return the moment at which a lead goes on that rests until a day."""
    return midnight(until, calendar_of(held.organisation_id, held.user_id).zone)


def told(reader: Reader, held: Pickup, action: str, words: str, again: bool) -> Page:
    """Return the page that says how it stands now, and record the press."""
    number, _title = queries.title_of(held.lead_id)
    if not again:
        done(held.lead_id, reader.actor, action, reader.at, pickup_id=held.id)
    return thanks(again=again, number=number, sentence=words)


DEED = Deed(
    "wait",
    _l("The customer asked to wait"),
    is_open,
    show,
    press,
    _l("%(number)s rests because the customer asked to wait."),
    words_now=words_now,
)
