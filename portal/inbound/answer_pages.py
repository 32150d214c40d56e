"""Pages of answers by mail that could not be understood: entered by hand, or put aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.errors import Invalid, NotFound, Refused
from portal.feedback.rules import Status
from portal.feedback.rules import words_of as answer_words
from portal.inbound import mails, replies
from portal.inbound.keeping import look_into
from portal.inbound.mail_pages import read_mail_again, why
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import Mail
from portal.inbound.wishes import read_wish
from portal.offers.queries import Filters, available
from portal.pickup.queries import list_told
from portal.web.access import requires
from portal.web.forms import Form, needed
from portal.web.htmx import go

blueprint = Blueprint("incoming_answers", __name__, url_prefix="/mail-health/answers")


class EnterForm(Form):
    """Which lead an answer by mail is about, and what it says."""

    pickup_id = SelectField(_l("Lead"), validators=[needed()])
    status = SelectField(_l("Answer"), validators=[needed()])
    waiting_since = StringField(_l("Waiting since"))
    value = StringField(_l("Value of the order"))
    reason = SelectField(_l("Why lost"))
    decision_maker = StringField(_l("Who decided"))
    next_step = StringField(_l("Next step"))
    next_step_on = StringField(_l("Day of the next step"))
    note = TextAreaField(_l("Note"))

    def offer(self, person: Actor | None) -> None:
        """Offer the leads on which a person may report, and the five answers."""
        held = list_told(person) if person else []
        locale = str(get_locale())
        self.pickup_id.choices = [("", _("Please choose"))] + [
            (str(pickup.id), f"{lead.number} · {lead.title}") for pickup, lead in held
        ]
        self.status.choices = [("", _("Please choose"))] + [
            (str(one), answer_words(one)) for one in Status
        ]
        self.reason.choices = [("", "–")] + [
            (short_key(one), one.label(locale)) for one in book().reasons("lost")
        ]


class DeedForm(Form):
    """What else an answer by mail asks for: a note, help, or what becomes of a lead."""

    lead_id = SelectField(_l("Lead"), validators=[needed()])
    deed = SelectField(_l("What to do"), validators=[needed()])
    why = SelectField(_l("Why not"))
    why_back = SelectField(_l("Why given back"))
    words = TextAreaField(_l("Note"))

    def offer(self, person: Actor | None, at: datetime) -> None:
        """Offer the leads that a person holds or may pick up, and what may be done."""
        found = []
        if person is not None:
            found = [(lead.id, lead.number, lead.title) for _pickup, lead in list_told(person)]
        if person is not None and person.is_partner:
            found += [(row.id, row.number, "") for row in available(person, at, 1, Filters()).items]
        self.lead_id.choices = [("", _("Please choose"))] + [
            (str(lead_id), " · ".join(filter(None, [number, title])))
            for lead_id, number, title in found
        ]
        self.deed.choices = [
            ("", _("Please choose")),
            ("comment", _("Keep it as a note")),
            ("help", _("Ask for help")),
            ("pick", _("Pick up")),
            ("decline", _("Not for me")),
            ("give_back", _("Give back")),
        ]
        locale = str(get_locale())
        for choice, purpose in ((self.why, "decline"), (self.why_back, "give_back")):
            choice.choices = [("", "–")] + [
                (short_key(one), one.label(locale)) for one in book().reasons(purpose)
            ]


@blueprint.get("/<int:message_id>")
@requires(Permission.ANSWERS_ENTER)
def page(message_id: int) -> ResponseReturnValue:
    message = get_answer(message_id)
    mail, person = look_into(message), replies.writer_of(message, clock.now())
    form, deeds = EnterForm(formdata=None), DeedForm(formdata=None)
    form.offer(person)
    deeds.offer(person, clock.now())
    if mail is not None and person is not None:
        propose(form, deeds, message, mail, person)
    return show(message, mail, person, form, deeds=deeds)


def get_answer(message_id: int) -> InboundMessage:
    """Return an answer that waits for people; it may hold whom to call. Raises `NotFound`."""
    message = mails.get_waiting(message_id)
    if not replies.is_answer(message) and message.reason != "from_partner":
        raise NotFound()
    return message


def propose(
    form: EnterForm, deeds: DeedForm, message: InboundMessage, mail: Mail, person: Actor
) -> None:
    """Write in what a mail seems to say, and the lead that it answers about."""
    token = replies.find_tokens(message, mail)[:1]
    sent = replies.sent_with(token[0]) if token else ""
    wish = read_wish(replies.own_part(mail.written), sent, person, clock.now())
    named = list_told(person, wish.number) if wish.number else []
    if named:
        form.pickup_id.data = str(named[0][0].id)
    elif not wish.number and token and token[0].pickup_id is not None:
        form.pickup_id.data = str(token[0].pickup_id)
    if token and token[0].lead_id is not None:
        deeds.lead_id.data = str(token[0].lead_id)
    deeds.words.data = wish.words
    for field in form:
        if field.name in wish.typed and field.name != "pickup_id":
            field.data = wish.typed[field.name]


def show(
    message: InboundMessage,
    mail: Mail | None,
    person: Actor | None,
    form: EnterForm,
    stops: Sequence[str] = (),
    deeds: DeedForm | None = None,
) -> str:
    """Render the page of an answer; `stops` says what stands against entering it."""
    if deeds is None:
        deeds = DeedForm(formdata=None)
        deeds.offer(person, clock.now())
    return render_template(
        "inbound/answer.html",
        message=message,
        mail=mail,
        person=person,
        form=form,
        deeds=deeds,
        why=why(message.reason),
        stops=stops,
    )


@blueprint.post("/<int:message_id>/entry")
@requires(Permission.ANSWERS_ENTER)
def enter(message_id: int) -> ResponseReturnValue:
    message = mails.get_waiting(get_answer(message_id).id, lock=True)
    mail, person = look_into(message), replies.writer_of(message, clock.now())
    form = EnterForm()
    form.offer(person)
    if not form.validate():
        return show(message, mail, person, form), 422
    typed = {field.name: str(field.data or "") for field in form}
    try:
        replies.enter(message, mail, int(form.pickup_id.data), typed, current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return show(message, mail, person, form), 422
    except Refused as refusal:
        return show(message, mail, person, form, [refusal.message]), refusal.status
    flash(_("It is recorded, and who wrote it hears so by mail."), "success")
    warn_of_files(message)
    return go(url_for("mail_health.mail_health"))


@blueprint.post("/<int:message_id>/deed")
@requires(Permission.ANSWERS_ENTER)
def do(message_id: int) -> ResponseReturnValue:
    message = mails.get_waiting(get_answer(message_id).id, lock=True)
    mail, person = look_into(message), replies.writer_of(message, clock.now())
    deeds, form = DeedForm(), EnterForm(formdata=None)
    deeds.offer(person, clock.now())
    form.offer(person)
    if not deeds.validate():
        return show(message, mail, person, form, deeds=deeds), 422
    typed = {field.name: str(field.data or "") for field in deeds}
    try:
        replies.do_for(message, mail, int(deeds.lead_id.data), typed, current_actor(), clock.now())
    except Invalid as error:
        deeds.take(error)
        return show(message, mail, person, form, deeds=deeds), 422
    except NotFound:
        return show(message, mail, person, form, [why("not_yours")], deeds), 409
    except Refused as refusal:
        return show(message, mail, person, form, [refusal.message], deeds), refusal.status
    flash(_("It is done."), "success")
    warn_of_files(message)
    return go(url_for("mail_health.mail_health"))


def warn_of_files(message: InboundMessage) -> None:
    """Say so where not all that came along with a mail could be kept."""
    if message.reason != "by_hand":
        flash(_("Not all that came along with the mail could be kept."), "warning")


@blueprint.post("/<int:message_id>/removal")
@requires(Permission.ANSWERS_ENTER)
def put_aside(message_id: int) -> ResponseReturnValue:
    mails.put_aside(get_answer(message_id).id, current_actor(), clock.now())
    flash(_("The mail is put aside."))
    return go(url_for("mail_health.mail_health"))


@blueprint.post("/<int:message_id>/reading")
@requires(Permission.ANSWERS_ENTER)
def read_again(message_id: int) -> ResponseReturnValue:
    read_mail_again(get_answer(message_id))
    return go(url_for("mail_health.mail_health"))
