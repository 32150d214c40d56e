"""All that was said and done about a lead in one stream, as far as a person may read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.queries import find_name
from portal.assistance.queries import Listed as Requested
from portal.assistance.queries import load_words
from portal.catalog.queries import book
from portal.core.db import AnyRow, session
from portal.core.events import EventRow
from portal.deadlines.models import ClockKind
from portal.desk import queries
from portal.escalation.events import SilenceNoted
from portal.feedback.events import EndingTakenBack
from portal.feedback.models import Feedback
from portal.feedback.rules import words_of
from portal.inbound.events import AwayAnswered
from portal.leads import activities, notes, outcome
from portal.leads.activity_routes import place_of
from portal.leads.attachments import load_attachments
from portal.leads.definition_words import called
from portal.leads.events import LeadRevived, LeadStatusChanged
from portal.leads.models import Lead, LeadType, Temperature
from portal.leads.outcome import Deal
from portal.leads.queries import list_statuses
from portal.leads.sight import Sight
from portal.leads.visibility import Field
from portal.pickup.events import LeadRested, LeadWentOn
from portal.qualification.events import ConfirmationTakenBack, LeadConfirmed
from portal.scoring.events import LeadCooled, LeadHandedOn, LeadStirs
from portal.scoring.words import TEMPERATURES
from portal.timeline import pages, stream, wall
from portal.timeline.activities import Listed
from portal.timeline.attachments import Attached
from portal.timeline.models import FirmNote
from portal.timeline.stream import Line, What
from portal.web.filters import day, money, when
from portal.witness.events import CustomerAsked, CustomerDeclined, CustomerSaid, CustomerTold
from portal.witness.words import tell_witness

FEW = 4
"""So many lines of what was are shown at once to who holds a lead."""


def of_lead(
    lead: Lead,
    sight: Sight,
    at: datetime,
    given: Sequence[AnyRow],
    firms: Collection[int] | None = None,
    *,
    blames: bool = False,
    requests: Sequence[Requested] = (),
) -> dict[str, Any] | None:
    """Return the stream of a lead as `timeline/_stream.html` shows it; None where there is none.

    `given` are the answers that the reader sees; `blames`: and whom a reason counts against. What
    firms share with the vendor: of `firms` only, where they are named. `requests` are those that
    the reader sees.
    """
    actor, show = sight.actor, pages.asked_for()
    writes = notes.may_write(lead, actor, sight)
    narrowed = show if writes else ""
    others = [*answers(given, narrowed)]
    written: Sequence[FirmNote] = ()
    planned: Sequence[Listed] = ()
    files: Sequence[Attached] = ()
    # one opening for all that stands behind it
    with wall.open_notes(actor.organisation_id, [lead.id] if writes else ()):
        if stream.reads(What.NOTE, narrowed):
            written = notes.load_notes(lead, actor, sight)
        if stream.of_activities(narrowed):
            planned = activities.load_activities(lead, actor, sight, firms, narrowed)
        if stream.reads(What.FILE, narrowed):
            files = load_attachments(lead, actor, sight, firms)
    others += told_notes(of_firms(written, actor, firms))
    if stream.reads(What.REQUEST, narrowed):
        others += said_about(requests)
    if stream.reads(What.STATUS, narrowed):
        others += statuses(lead, sight)
    found = stream.merge(at, planned, files, others)
    tells = {
        "words": actor.is_partner or Field.FEEDBACK in sight,
        "value": actor.is_partner or Field.VALUE in sight,
        "blame": blames,
        "success": partial(tell_success, lead),
    }
    if not writes:
        return pages.told(found, tells=tells)
    # on a holder's page all else stands below
    most = FEW if actor.is_partner else stream.AT_ONCE
    return pages.streamed(found, place_of(lead), show, tuple(What), tells=tells, at_once=most)


def tell_success(lead: Lead, answer: Feedback) -> str:
    """Say whether a won lead is the success that its type asks for."""
    lead_type = session().get_one(LeadType, lead.type_id)
    deal = Deal(answer.value, answer.product_ids, answer.also, lead.product_ids)
    return outcome.tell(lead_type, deal, money(Decimal(lead_type.least or 0)))


def of_past(lead_id: int, actor: Actor, at: datetime) -> dict[str, Any] | None:
    """Return what a firm said and did about a lead that it has given back since."""
    given = queries.list_feedback(lead_id, actor.organisation_id)
    others = [*answers(given, ""), *told_notes(notes.load_own_notes(lead_id, actor))]
    return pages.told(stream.merge(at, activities.load_own(lead_id, actor), (), others))


def answers(given: Sequence[AnyRow], show: str) -> Iterator[Line]:
    """Yield the answers that were given."""
    if stream.reads(What.ANSWER, show):
        for row in given:
            yield Line(What.ANSWER, row.Feedback.at, row)


def of_firms(
    rows: Sequence[FirmNote], actor: Actor, firms: Collection[int] | None
) -> Sequence[FirmNote]:
    """Return the notes of these firms and of the reader's own; None is every firm."""
    if firms is None:
        return rows
    seen = {*firms, actor.organisation_id}
    return [note for note in rows if note.organisation_id in seen]


def said_about(requests: Sequence[Requested]) -> Iterator[Line]:
    """Yield what was written about requests that the reader sees."""
    for said in load_words([one.id for one in requests]):
        yield Line(What.REQUEST, said.at, said, said.firm)


def told_notes(rows: Sequence[FirmNote]) -> Iterator[Line]:
    """Return the lines of notes with the firms that wrote them."""
    return stream.noted(rows, queries.firm_names([note.organisation_id for note in rows]))


def statuses(lead: Lead, sight: Sight) -> Iterator[Line]:
    """Yield the statuses that somebody gave a lead by hand, when it went on that had ended, when it
    cooled or stirred, and whose mailbox answered by itself; a holder reads those since he has it.

    Nobody reads them who doesn't see how a lead gets on.
    """
    since = lead.picked_at if sight.actor.is_partner else lead.captured_at
    if since is None or not (sight.actor.is_partner or Field.PROGRESS in sight):
        return
    names = {one.key: one.names for one in list_statuses().values()}
    rows = session().execute(
        select(EventRow.at, EventRow.name, EventRow.data).where(
            EventRow.lead_id == lead.id, EventRow.name.in_(TURNS), EventRow.at >= since
        )
    )
    for at, name, data in rows:
        yield Line(What.STATUS, at, tell_turn(name, data, names))


TURNS = tuple(
    event.__name__
    for event in (
        *(LeadStatusChanged, EndingTakenBack, LeadRevived),
        *(LeadCooled, LeadHandedOn, LeadStirs, SilenceNoted),
        *(LeadConfirmed, ConfirmationTakenBack),
        *(LeadRested, LeadWentOn),
        AwayAnswered,
        *(CustomerTold, CustomerAsked, CustomerSaid, CustomerDeclined),
    )
)


def tell_turn(name: str, data: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """Say how a lead was turned, by hand or by itself; `names` are those of statuses, by key."""
    if name == AwayAnswered.__name__:
        return str(
            _("The mailbox of %(name)s answered by itself: away", name=find_name(data["user_id"]))
        )
    if name == LeadCooled.__name__:
        was, now = (TEMPERATURES[Temperature(data[part])] for part in ("before", "after"))
        return str(
            _("Marked colder, nothing was heard: %(before)s → %(after)s", before=was, after=now)
        )
    if name == LeadHandedOn.__name__:
        return str(_("Out of nurture by what the contact did, to be qualified anew"))
    if name == LeadStirs.__name__:
        return str(_("The contact has become active"))
    if name == LeadConfirmed.__name__:
        return str(_("The customer’s interest is confirmed"))
    if name == ConfirmationTakenBack.__name__:
        return str(_("The customer’s interest is not confirmed after all"))
    if name == LeadRested.__name__:
        until = datetime.fromisoformat(data["until"])
        reason = book().label(data["reason_id"], str(get_locale()))
        return str(_("Rests until %(day)s: %(reason)s", day=day(until), reason=reason))
    if name == LeadWentOn.__name__:
        return str(_("Goes on, its deadlines run again"))
    if name == LeadRevived.__name__:
        return str(_("Revived, to be qualified anew"))
    if name == EndingTakenBack.__name__:
        return str(_("Taken back by the vendor: %(ending)s", ending=words_of(data["status"])))
    if name == SilenceNoted.__name__:
        return tell_silence(data)
    if witnessed := tell_witness(name, data):
        return witnessed
    after = data["after"]
    return str(_("Status: %(status)s", status=called(names.get(after, {"en": after}))))


def tell_silence(data: Mapping[str, Any]) -> str:
    """Say what was not heard of a lead, and until when it was awaited."""
    due = when(datetime.fromisoformat(data["due"]))
    since = when(datetime.fromisoformat(data["since"]))
    if data["kind"] == ClockKind.OFFER:
        said = _("Nobody has picked it up; the offer ends %(due)s", due=due)
    elif data["kind"] == ClockKind.RESPONSE:
        said = _("No contact with the customer noted; it was due %(due)s", due=due)
    elif data["kind"] == ClockKind.COMPLETION:
        said = _("The partner has not progressed; the end was due %(due)s", due=due)
    elif data["kind"] != ClockKind.FEEDBACK:
        said = _("The vendor has not answered; it was due %(due)s", due=due)
    elif data["answered"]:
        said = _("No feedback received since %(since)s; it was due %(due)s", since=since, due=due)
    else:
        said = _("No feedback received; it was due %(due)s", due=due)
    return str(said)
