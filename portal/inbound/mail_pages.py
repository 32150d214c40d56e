"""Pages of mails that could not be understood: looked into, taken in by hand, put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock, jobs
from portal.core.config import SettingsMissing
from portal.core.errors import Invalid, NotFound
from portal.inbound import forwards, lead_mails, mailboxes, mails, replies
from portal.inbound.keeping import look_into
from portal.inbound.mailboxes import Trouble
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import Mail
from portal.web.access import requires
from portal.web.filters import ago
from portal.web.forms import Form, needed
from portal.web.htmx import go

blueprint = Blueprint("incoming", __name__, url_prefix="/mail-health/incoming")

WHY: dict[str, Any] = {
    "odd_sender": _l("It doesn’t say plainly whom it is from."),
    "no_original": _l("One of us sent it, and who asks doesn’t stand in it."),
    "from_partner": _l("Somebody of a partner sent it: his own find, or an answer?"),
    "not_vouched": _l("Nobody vouches that it is from whom it says it is."),
    "address_over": _l("It answers an old mail, and nobody vouches for its sender."),
    "stranger": _l("It came to an address for answers, from somebody we don’t know."),
    "other_than_asked": _l("A customer was asked, and somebody else answers."),
    "stranger_to_lead": _l("It came to a lead’s own address, from somebody we don’t know there."),
    "lead_moved": _l("It came to the address of a lead that somebody held before."),
    "left": _l("It is an answer of somebody who has no access any more."),
    "not_yours": _l("It is an answer about a lead that is not his to answer about."),
    "sheet_and_words": _l("A sheet came along, and the mail says something besides. Which counts?"),
    "told_how": _l("Nothing could be read in it, though he was told how to answer."),
    "about_terms": _l("It answers a mail about terms, and is no bare yes to them."),
    "files_beside": _l("It is a yes to terms; what came along with it may be a condition."),
    "too_often": _l("More came from him in a short time than a person writes."),
    "unreadable": _l("It could not be taken apart."),
    "too_large": _l("It is too large."),
    "odd_headers": _l("Its headers are too long to be a person’s mail."),
    "odd_parts": _l("It has too many parts to be a person’s mail."),
    "refused": _l("What stands in it can’t be kept as it is."),
    "gave_up": _l("Reading it failed several times."),
}


NOT_FETCHED: dict[Trouble, Any] = {
    Trouble.NOT_LET_IN: _l(
        "The mailbox refuses our password, first %(when)s. Nothing is lost; mail waits in it."
    ),
    Trouble.CERTIFICATE: _l(
        "The mailbox’s server can’t prove who it is, first %(when)s. Nothing is lost; mail waits "
        "in it."
    ),
    Trouble.UNREACHABLE: _l(
        "The mailbox can’t be reached, first %(when)s. Nothing is lost; mail waits in it."
    ),
    Trouble.NO_FOLDER: _l(
        "The mailbox lacks the folder to fetch from, first %(when)s. Nothing is lost."
    ),
    Trouble.REFUSED: _l(
        "The mailbox refuses to be read, first %(when)s. Nothing is lost; mail waits in it."
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A mail as a list shows it: when, how large, why it waits, and who may look into it."""

    id: int
    at: datetime
    kilobytes: int
    why: str
    page: str
    needs: Permission


def lines(messages: Sequence[InboundMessage]) -> list[Line]:
    """Return mails as a list shows them."""
    return [line(one) for one in messages]


def line(message: InboundMessage) -> Line:
    """Return a mail as a list shows it."""
    page, needs = "incoming.page", Permission.LEADS_QUALIFY
    if replies.is_answer(message):
        page, needs = "incoming_answers.page", Permission.ANSWERS_ENTER
    if lead_mails.is_of_lead(message):
        page, needs = "incoming_of_leads.page", Permission.ANSWERS_ENTER
    kilobytes = (message.size + 1023) // 1024
    return Line(message.id, message.received_at, kilobytes, why(message.reason), page, needs)


def why(reason: str | None) -> str:
    """Say why a mail waits."""
    return str(WHY.get(reason or "") or _("It was not understood."))


def not_fetched(imap_url: str, at: datetime) -> list[str]:
    """Say why mail in the mailbox isn't fetched; nothing where it is, or where there is none."""
    if not imap_url:
        return []
    try:
        found = mailboxes.look_at(mailboxes.read_url(imap_url).name, at)
    except SettingsMissing:
        return [_("The setting of the mailbox can’t be used. Nothing is fetched from it.")]
    if found.trouble is not None:
        return [str(NOT_FETCHED[found.trouble]) % {"when": ago(found.since)}]
    if found.silent:
        return [_("Nobody fetches mail from the mailbox. Nothing is lost; it waits there.")]
    return []


class TakeForm(Form):
    """Who asks in a mail."""

    email = StringField(_l("E-mail"), validators=[needed()])
    name = StringField(_l("Name"))


@blueprint.get("/<int:message_id>")
@requires(Permission.LEADS_QUALIFY)
def page(message_id: int) -> ResponseReturnValue:
    message = get_inquiry(message_id)
    mail = look_into(message)
    form = TakeForm(formdata=None)
    if mail is not None:
        propose(form, mail)
    return show(message, mail, form)


def get_inquiry(message_id: int) -> InboundMessage:
    """Return a mail that may be an inquiry; answers are for others. Raises `NotFound`."""
    message = mails.get_waiting(message_id)
    if replies.is_answer(message) or lead_mails.is_of_lead(message):
        raise NotFound()
    return message


def propose(form: TakeForm, mail: Mail) -> None:
    """Propose who asks: whoever stands in a mail, or sent it and is none of ours."""
    original = forwards.find_original(mail.text)
    if original is not None:
        form.email.data, form.name.data = original.address, original.name
    elif mails.staff_of(mail.sender) is None:
        form.email.data, form.name.data = mail.sender, mail.sender_name


def show(message: InboundMessage, mail: Mail | None, form: TakeForm) -> str:
    """Render the page of a mail."""
    return render_template(
        "inbound/incoming.html", message=message, mail=mail, form=form, why=why(message.reason)
    )


@blueprint.post("/<int:message_id>/inquiry")
@requires(Permission.LEADS_QUALIFY)
def take(message_id: int) -> ResponseReturnValue:
    form, actor = TakeForm(), current_actor()
    message = get_inquiry(message_id)
    if not form.validate():
        return show(message, look_into(message), form), 422
    try:
        lead = mails.take_by_hand(
            message_id, form.email.data or "", form.name.data or "", actor, clock.now()
        )
    except Invalid as error:
        form.take(error)
        return show(message, look_into(message), form), 422
    flash(_("%(number)s is in.", number=lead.number), "success")
    return go(url_for("qualification.qualify_lead", lead_id=lead.id))


@blueprint.post("/<int:message_id>/removal")
@requires(Permission.LEADS_QUALIFY)
def put_aside(message_id: int) -> ResponseReturnValue:
    get_inquiry(message_id)
    mails.put_aside(message_id, current_actor(), clock.now())
    flash(_("The mail is put aside."))
    return go(url_for("qualification.qualify"))


@blueprint.post("/<int:message_id>/reading")
@requires(Permission.LEADS_QUALIFY)
def read_again(message_id: int) -> ResponseReturnValue:
    read_mail_again(get_inquiry(message_id))
    return go(url_for("qualification.qualify"))


def read_mail_again(message: InboundMessage) -> None:
    """Have a mail read again, now, and say so."""
    mails.read_again(message.id, current_actor(), clock.now())
    jobs.soon("inbound.read_waiting")
    flash(_("The mail is read again."))
