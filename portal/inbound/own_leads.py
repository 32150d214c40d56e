"""Behind a mail: a lead of one's own is brought in, and what one brought before with how far it is.

A page brings one lead, however often its button is pressed; who types another there is asked once.
It shows nothing of other leads, and of those brought number and state: nobody has looked yet
through what was typed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from portal.accounts.actor import Actor
from portal.capture import finding
from portal.capture.forms import FindForm, find_form, type_of_finds
from portal.core.db import AnyRow
from portal.core.errors import Invalid, NotFound
from portal.core.mail.models import MailLink
from portal.inbound.filling import NO_COOKIE
from portal.inbound.operations import done
from portal.inbound.page import Page, Reader, thanks
from portal.inbound.rules import PressAgain
from portal.leads.queries import get_definition
from portal.offers import operations as offers

ACTION = "bring"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """The form of a find, the questions asked of it, and what she brought with how far it is."""

    form: FindForm
    questions: Sequence[Any]
    found: Sequence[tuple[AnyRow, str]]


def check(link: MailLink, actor: Actor) -> None:
    """Refuse whoever brings no leads for the firm of a link any more. Raises `NotFound`."""
    if link.organisation_id != actor.organisation_id or not finding.may_bring(actor):
        raise NotFound()


def form_of(reader: Reader) -> tuple[FindForm, Sequence[Any]]:
    """Return the form with what was typed, and the fields of its questions."""
    sent = MultiDict(reader.typed) if reader.typed else None
    form, questions = find_form(type_of_finds(get_definition()), formdata=sent, **NO_COOKIE)
    return form, [form[f"answer-{one.key}"] for one in questions]


def show(reader: Reader) -> Page:
    """Return the page with the form and all that was typed, and what was brought before."""
    check(reader.link, reader.actor)
    form, questions = form_of(reader)
    if reader.errors:
        form.take(Invalid(dict(reader.errors)))
    found = finding.list_finds(reader.actor, own=True)[:SHOWN]
    return Page(
        heading=_("Bring a lead of your own"),
        sentence=_(
            "You found somebody who may buy? Tell us; we qualify it as any other, and it stays "
            "known that you found it."
        ),
        body="_own_lead.html",
        action=ACTION,
        nonce=reader.sign(reader.mark or secrets.token_hex(8)),
        deed=Finding(form, questions, [(row, finding.said(row)) for row in found]),
    )


def press(reader: Reader) -> tuple[Page, int]:
    """Bring it in, once for each page. Raises `Invalid`, `NotFound`."""
    check(reader.link, reader.actor)
    offers.lock_partner(reader.actor.organisation_id)
    lead = finding.find_brought(reader.mark, reader.actor)
    again = lead is not None
    form, _questions = form_of(reader)
    if lead is not None and not finding.is_same(form, lead):
        return brought_already(lead.number, reader), 409
    if lead is None:
        lead = finding.bring(form, reader.actor, reader.at, reader.mark)
        done(lead.id, reader.actor, ACTION, reader.at)
    return thanks(
        again=again,
        number=lead.number,
        sentence=_("It is in, and we qualify it. How far it is stands behind this link."),
        body="_deeds.html",
        deeds=[(_("What you brought"), "#brought")],
    ), 200


def brought_already(number: str, reader: Reader) -> Page:
    """Return the page with all that was typed where it brought another lead before."""
    words = _(
        "This page has brought %(number)s already; press once more to bring this one as well.",
        number=number,
    )
    page = show(replace(reader, mark=""))
    return replace(page, sentence=words, code=PressAgain.code)
