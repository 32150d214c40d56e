"""Pages of mails at a lead's own address that wait for people: into its timeline, or put aside."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import NotFound
from portal.inbound import lead_mails, mails
from portal.inbound.keeping import look_into
from portal.inbound.mail_pages import read_mail_again, why
from portal.inbound.models import InboundMessage
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("incoming_of_leads", __name__, url_prefix="/mail-health/lead-mails")


def get_waiting(message_id: int) -> InboundMessage:
    """Return a mail at a lead's address that waits. Raises `NotFound`."""
    message = mails.get_waiting(message_id)
    if not lead_mails.is_of_lead(message):
        raise NotFound()
    return message


@blueprint.get("/<int:message_id>")
@requires(Permission.ANSWERS_ENTER)
def page(message_id: int) -> ResponseReturnValue:
    message = get_waiting(message_id)
    lead, _pickup_id = lead_mails.place_in(message)
    mail = look_into(message)
    by = lead_mails.who_is_it(lead, mail) if lead and mail else None
    return render_template(
        "inbound/lead_mail.html",
        message=message,
        mail=mail,
        ours=by.name if isinstance(by, Actor) else "",
        lead=lead,
        why=why(message.reason),
    )


@blueprint.post("/<int:message_id>/acceptance")
@requires(Permission.ANSWERS_ENTER)
def accept(message_id: int) -> ResponseReturnValue:
    get_waiting(message_id)
    lead = lead_mails.accept(message_id, current_actor(), clock.now())
    flash(_("It stands in the timeline of %(number)s.", number=lead.number), "success")
    return go(url_for("mail_health.mail_health"))


@blueprint.post("/<int:message_id>/removal")
@requires(Permission.ANSWERS_ENTER)
def put_aside(message_id: int) -> ResponseReturnValue:
    get_waiting(message_id)
    mails.put_aside(message_id, current_actor(), clock.now())
    flash(_("The mail is put aside."))
    return go(url_for("mail_health.mail_health"))


@blueprint.post("/<int:message_id>/reading")
@requires(Permission.ANSWERS_ENTER)
def read_again(message_id: int) -> ResponseReturnValue:
    read_mail_again(get_waiting(message_id))
    return go(url_for("mail_health.mail_health"))
