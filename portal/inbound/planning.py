"""Behind a mail: what the firm has planned about a lead in hand, settled there, and planned anew.

Shown are kind, moment and who does it, never what it is about: those words may name the customer,
and mails are forwarded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.mail.models import MailLink
from portal.inbound.filling import NO_COOKIE, check, fill
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.leads import activities
from portal.leads.models import Lead
from portal.leads.notes import about, may_write, other_side
from portal.leads.queries import find_visible, get_visible
from portal.pickup.models import Pickup
from portal.pickup.operations import lock_pickup
from portal.pickup.questions import planned_words
from portal.timeline import activities as timeline
from portal.timeline.activities import Listed
from portal.timeline.forms import ActivityForm, read_id
from portal.timeline.rules import Entry, Planned
from portal.web.filters import when

ENTERS = {"plan": False, "note": True}
"""What enters something, and whether it is done already."""
MOVES = "move"
SETTLES = {"settle": True, "drop": False}
"""What settles something, and whether it is done or only not needed any more."""
TOPIC = "activity:"
"""Begins the topic of a link that leads to one of them."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something planned without what it is about; `open` is what the mail or the press meant.

    `day` and `time` are the moment as a browser's fields have it.
    """

    id: int
    words: str
    who: str | None
    late: bool
    open: bool
    day: str
    time: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the page of all that is planned is drawn from."""

    ahead: Sequence[Ahead]
    form: ActivityForm
    enters: bool
    other_side: str | None


def is_open(reader: Reader, held: Pickup) -> bool:
    """Say whether the person may write about the lead."""
    lead = find_visible(held.lead_id, reader.actor)
    return lead is not None and may_write(lead, reader.actor)


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page with what is planned, the one that the mail is about first."""
    lead = get_visible(held.lead_id, reader.actor)
    known = activities.load_own(lead.id, reader.actor)
    ahead = list_ahead(known, reader)
    typed = reader.typed.get("do") in ENTERS
    return page_about(
        lead.id,
        body="_planning.html",
        nonce=reader.sign(reader.mark or newest(known)),
        kept=reader.typed,
        errors=reader.errors,
        deed=Plan(
            ahead,
            form_of(reader, lead, typed=typed),
            typed or not ahead,
            other_side(lead, reader.actor),
        ),
    )


def list_ahead(known: Sequence[Listed], reader: Reader) -> list[Ahead]:
    """Return what lies ahead, and which of it stands open on the page."""
    meant = read_id(reader.typed.get("activity_id")) or meant_by(reader.link)
    enters = reader.typed.get("do") in ENTERS
    zone = ZoneInfo(reader.actor.timezone)
    planned = sorted((one for one in known if one.is_open), key=lambda one: one.id != meant)
    return [
        Ahead(
            one.id,
            planned_words(Planned(one.id, one.kind, one.planned_for)),
            one.assignee,
            one.is_late(reader.at),
            not enters and (one.id == meant or len(planned) == 1),
            f"{due:%Y-%m-%d}" if due else "",
            f"{due:%H:%M}" if due else "",
        )
        for one in planned
        for due in [one.planned_for.astimezone(zone) if one.planned_for else None]
    ]


def topic_of(activity_id: int) -> str:
    """Return the topic of a link that leads to this activity."""
    return f"{TOPIC}{activity_id}"


def meant_by(link: MailLink) -> int | None:
    """Return the activity to which a link leads; None where it leads to none."""
    topic = link.topic or ""
    return read_id(topic.removeprefix(TOPIC)) if topic.startswith(TOPIC) else None


def form_of(reader: Reader, lead: Lead, *, typed: bool) -> ActivityForm:
    """Return the form in which something is planned, as it was typed."""
    people, kinds = activities.list_assignees(lead, reader.actor), activities.list_kinds(lead)
    if not typed:
        return ActivityForm.blank(people, reader.actor.id, kinds, **NO_COOKIE)
    return fill(ActivityForm, reader).offer(people, kinds)


def newest(known: Sequence[Listed]) -> str:
    """Return the state of the page: the newest thing that was entered by then."""
    return str(max((one.id for one in known), default=0))


def press(reader: Reader, held: Pickup) -> Page:
    """Plan, note, move or settle something. Raises `Invalid`, `NotFound`, as those do."""
    _held, lead = lock_pickup(held.id, reader.actor)
    pressed = reader.typed.get("do", "")
    if pressed == MOVES:
        return move(reader, held, lead)
    if pressed in SETTLES:
        return settle(reader, held, lead, as_done=SETTLES[pressed])
    return enter(reader, held, lead, as_done=ENTERS.get(pressed, False))


def enter(reader: Reader, held: Pickup, lead: Lead, *, as_done: bool) -> Page:
    """Plan what was typed, or note it as done; pressed twice it is one."""
    form = form_of(reader, lead, typed=True)
    check(form)
    entry = form.entry(reader.actor.timezone)
    again = came_since(reader, lead, entry, as_done=as_done)
    if not again:
        activities.enter(lead, entry, done=as_done, actor=reader.actor, at=reader.at)
        done(lead.id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return told(lead, _("Noted as done.") if as_done else _("Planned."), again=again)


def came_since(reader: Reader, lead: Lead, entry: Entry, *, as_done: bool) -> bool:
    """Say whether the same was entered since the page was shown."""
    shown = read_id(reader.mark) or 0
    return any(
        one.id > shown
        and (one.kind, one.text) == (entry.kind, entry.text)
        and (one.done_at is not None if as_done else one.planned_for == entry.due)
        for one in activities.load_own(lead.id, reader.actor)
    )


def settle(reader: Reader, held: Pickup, lead: Lead, *, as_done: bool) -> Page:
    """Settle what is planned; where it is settled by now, say how and since when."""
    actor, outcome = reader.actor, reader.typed.get("outcome", "")
    found = named_by(reader, lead)
    if not found.is_open:
        return settled_before(lead, found, outcome)
    activities.settle(lead, found.id, done=as_done, outcome=outcome, actor=actor, at=reader.at)
    done(lead.id, actor, DEED.name, reader.at, pickup_id=held.id)
    return told(lead, _("Noted as done.") if as_done else _("Noted: not needed any more."))


def move(reader: Reader, held: Pickup, lead: Lead) -> Page:
    """Let something planned be due at another moment; all else stays as it is."""
    found = named_by(reader, lead)
    if not found.is_open:
        return settled_before(lead, found, "")
    form = fill(ActivityForm, reader)
    check(form)
    due = form.entry(reader.actor.timezone).due
    again = due is not None and due == found.planned_for
    if not again:
        entry = Entry(found.kind, found.text, due)
        activities.change(lead, found.id, entry, reader.actor, reader.at)
        done(lead.id, reader.actor, DEED.name, reader.at, pickup_id=held.id)
    return told(lead, _("Changed."), again=again)


def named_by(reader: Reader, lead: Lead) -> Listed:
    """Return the activity of the firm that a press names. Raises `NotFound`."""
    activity_id = read_id(reader.typed.get("activity_id")) or 0
    return timeline.get(about(lead.id), activity_id, reader.actor.organisation_id)


def settled_before(lead: Lead, found: Listed, outcome: str) -> Page:
    """Return the page of what she or a colleague has settled, with what she typed in vain."""
    words = _("It was noted as done %(when)s.", when=when(found.done_at))
    if found.done_at is None:
        words = _("It was noted as not needed any more %(when)s.", when=when(found.cancelled_at))
    page = told(lead, words, again=True)
    if outcome and outcome != found.outcome:
        return replace(page, facts=[_("Not kept: “%(words)s”", words=outcome)])
    return page


def told(lead: Lead, sentence: str, *, again: bool = False) -> Page:
    """Return the page that says what became of a press, and leads back to all that is planned."""
    return thanks(
        again=again,
        number=lead.number,
        sentence=sentence,
        onward=(_("All that is planned"), f"?s={DEED.name}"),
    )


DEED = Deed(
    "plan",
    _l("Activities"),
    is_open,
    show,
    press,
    _l("your activities about %(number)s are up to date."),
)
