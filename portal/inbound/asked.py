"""Behind a mail: what was asked about a lead in hand, what the vendor answered, and what next.

What tells of the contact is blotted out: links are passed on with their mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.assistance import operations, queries
from portal.assistance.forms import WordsForm
from portal.assistance.models import AssistanceRequest, RequestState, Turn
from portal.assistance.queries import Said
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import Clock
from portal.inbound.filling import fill, fresh
from portal.inbound.operations import done
from portal.inbound.page import Deed, Page, Reader, page_about, thanks
from portal.inbound.queries import title_of
from portal.leads.blotting import blot
from portal.leads.models import Lead
from portal.pickup.models import Pickup

NAME = "asked"


@dataclass(frozen=True, slots=True)
class Thread:
    """One thing that was asked, all that was said about it, and the form that says more."""

    request: AssistanceRequest
    said: Sequence[Said]
    running: Clock | None
    form: WordsForm

    @property
    def goes_on(self) -> bool:
        """True where its holder can say more, or be done with it."""
        return self.request.state != RequestState.CLOSED


def is_open(_reader: Reader, held: Pickup) -> bool:
    """Say whether anything was asked."""
    return bool(queries.list_of_pickup(held.id))


def show(reader: Reader, held: Pickup) -> Page:
    """Return the page of all that was asked, with what was typed."""
    lead = session().get_one(Lead, held.lead_id)
    threads = [thread_of(one, lead, reader) for one in queries.list_of_pickup(held.id)]
    # a colleague was done with it meanwhile
    lost = [one.form.text.data for one in threads if not one.goes_on and one.form.text.data]
    return page_about(
        held.lead_id,
        facts=[_("Not kept: “%(words)s”", words=words) for words in lost],
        body="_asked.html",
        nonce=reader.sign(""),
        deed=threads,
    )


def thread_of(request: AssistanceRequest, lead: Lead, reader: Reader) -> Thread:
    """Return one thing that was asked, its form as it was sent."""
    said = queries.load_words([request.id])
    texts = blot(lead, [one.text for one in said])
    sent = reader.action == NAME and reader.typed.get("request_id") == str(request.id)
    form = fill(WordsForm, reader) if sent else fresh(WordsForm)
    form.text.id = f"text-{request.id}"
    if request.state != RequestState.ASKED_BACK:
        form.text.label.text = _("Ask again, or say more")
    return Thread(
        request,
        [replace(one, text=text) for one, text in zip(said, texts, strict=True)],
        queries.find_clock(request),
        form,
    )


def press(reader: Reader, held: Pickup) -> Page:
    """Say more about what was asked, or be done with it.

    Raises `Invalid`, `NotFound` for what was asked about another lead, and what the operations of
    the portal refuse.
    """
    request = named(reader, held)
    if reader.typed.get("verb") == "closing":
        again = request.state == RequestState.CLOSED
        operations.close(request.id, reader.actor, reader.at)
        sentence = _("Done with it.")
    else:
        text = reader.typed.get("text", "").strip()
        again = was_said(request, text)
        if not again:
            operations.ask_again(request.id, text, reader.actor, reader.at)
        sentence = _("You hear by mail as soon as there is an answer.")
    if not again:
        done(held.lead_id, reader.actor, NAME, reader.at, pickup_id=held.id)
    number, _title = title_of(held.lead_id)
    return thanks(
        again=again,
        number=number,
        sentence=sentence,
    )


def named(reader: Reader, held: Pickup) -> AssistanceRequest:
    """Return what was asked that a press names. Raises `NotFound`."""
    wanted = reader.typed.get("request_id", "")
    for one in queries.list_of_pickup(held.id):
        if str(one.id) == wanted:
            return one
    raise NotFound()


def was_said(request: AssistanceRequest, text: str) -> bool:
    """Say whether just that was said last: who presses twice says it once."""
    last = queries.load_words([request.id])[-1]
    return (last.turn, last.text) == (Turn.ASKED_AGAIN, text)


DEED = Deed(
    NAME,
    _l("What you asked for"),
    is_open,
    show,
    press,
    _l("you went on with what you asked for %(number)s."),
)
