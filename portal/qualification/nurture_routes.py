"""Pages of nurture: put a lead into it, its mails, and the way out for who gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import Optional

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.qualification import letters, nurture, nurture_rules
from portal.qualification.models import Nurture, NurtureMail
from portal.qualification.nurture_rules import Chosen
from portal.web.access import public, requires
from portal.web.forms import DayField, Form, WholeField, strip
from portal.web.htmx import go
from portal.web.limits import limiter

blueprint = Blueprint("nurture", __name__)
leaving = Blueprint("nurture_leaving", __name__)
"""One press in a mail client, which brings no cookie."""

EDIT = Permission.RULES_EDIT
MAY = (Permission.LEADS_QUALIFY, Permission.BOARD_SEE)


class NurtureForm(Form):
    until = DayField(_l("Until"), [Optional()])


class MailForm(Form):
    """A mail of nurture in each language."""

    version = HiddenField()
    days = WholeField(_l("Days after nurture began"), [Optional()])
    active = BooleanField(_l("On"))
    subject_en = StringField(_l("Subject in English"))
    text_en = TextAreaField(_l("Text in English"), render_kw={"rows": 8})
    subject_de = StringField(_l("Subject in German"))
    text_de = TextAreaField(_l("Text in German"), render_kw={"rows": 8})

    def show(self, one: NurtureMail) -> None:
        """Fill the form with a mail."""
        self.version.data, self.days.data, self.active.data = str(one.version), one.days, one.active
        for language in letters.LANGUAGES:
            self[f"subject_{language}"].data = one.subjects.get(language, "")
            self[f"text_{language}"].data = one.texts.get(language, "")

    def read(self) -> NurtureMail:
        """Return the mail that was typed."""

        def told(name: str) -> dict[str, str]:
            typed = {code: self[f"{name}_{code}"].data or "" for code in letters.LANGUAGES}
            return {code: text for code, text in typed.items() if text}

        return NurtureMail(
            days=self.days.data or 0,
            active=bool(self.active.data),
            subjects={code: " ".join(text.split()) for code, text in told("subject").items()},
            texts=told("text"),
        )


@blueprint.get("/leads/<int:lead_id>/nurture")
@requires(*MAY)
def page(lead_id: int) -> ResponseReturnValue:
    return show(get_visible(lead_id, current_actor()), NurtureForm(formdata=None)), 200


def show(lead: Lead, form: NurtureForm) -> str:
    """Render until when a lead is kept warm, and which mails it gets."""
    return render_template(
        "qualification/nurture.html",
        lead=lead,
        form=form,
        nurture=nurture.find_nurture(lead.id),
        mails=[one for one in nurture.list_mails() if one.active],
    )


@blueprint.post("/leads/<int:lead_id>/nurture")
@requires(*MAY)
def begin(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead, form = get_visible(lead_id, actor), NurtureForm()
    if not form.validate():
        return show(lead, form), 422
    try:
        if form.until.data is None:
            raise Invalid({"until": str(_("Please choose a day."))})
        nurture.begin(lead_id, form.until.data, actor, clock.now())
    except Invalid as error:
        form.take(error)
        return show(lead, form), 422
    flash(_("%(number)s is in nurture.", number=lead.number), "success")
    return go(url_for("nurture.page", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/nurture/end")
@requires(*MAY)
def end(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    nurture.end(lead_id, actor, clock.now())
    flash(_("Nurture of %(number)s is over.", number=lead.number))
    return go(url_for("nurture.page", lead_id=lead_id))


@blueprint.get("/nurture-rules")
@requires(EDIT)
def rules() -> ResponseReturnValue:
    rows = [
        {
            "reason": reason,
            "months": rule.months if rule else "",
            "mails": rule.mails if rule else True,
            "on": rule is not None,
        }
        for reason, rule in nurture_rules.list_rules()
    ]
    return show_rules(rows, {}, nurture_rules.mark()), 200


def show_rules(
    rows: Sequence[Mapping[str, Any]], errors: Mapping[str, str], mark: str, message: str = ""
) -> str:
    """Render which lost leads go into nurture, as it is or as it was filled in."""
    return render_template(
        "qualification/nurture_rules.html", rows=rows, errors=errors, mark=mark, message=message
    )


@blueprint.post("/nurture-rules")
@requires(EDIT)
def save_rules() -> ResponseReturnValue:
    rows, chosen = [], {}
    for reason, _rule in nurture_rules.list_rules():
        months = str(strip(request.form.get(f"months-{reason.id}", "")))
        row = {
            "reason": reason,
            "months": months,
            "mails": f"mails-{reason.id}" in request.form,
            "on": f"on-{reason.id}" in request.form,
        }
        rows.append(row)
        if row["on"]:
            whole = int(months) if months.isdecimal() and len(months) < 5 else 0
            chosen[reason.id] = Chosen(whole, bool(row["mails"]))
    mark = request.form.get("mark", "")
    try:
        nurture_rules.save_rules(chosen, mark, current_actor(), clock.now())
    except Invalid as error:
        return show_rules(rows, error.errors, mark), 422
    except Conflict as conflict:
        return show_rules(rows, {}, nurture_rules.mark(), conflict.message), 409
    flash(_("Saved."))
    return go(url_for("nurture.rules"))


@blueprint.app_template_global("nurture_of")
def nurture_of(lead: Lead) -> Nurture | None:
    """Return the nurture that a lead got by a rule as it was lost, while that goes on."""
    found = nurture.find_nurture(lead.id)
    return found if found is not None and nurture.is_by_rule(lead, found) else None


@blueprint.get("/nurture-mails")
@requires(EDIT)
def mails() -> ResponseReturnValue:
    return render_template("qualification/nurture_mails.html", mails=nurture.list_mails())


@blueprint.get("/nurture-mails/new")
@requires(EDIT)
def new_mail() -> ResponseReturnValue:
    return show_mail(MailForm(formdata=None, data={"active": True}), None), 200


def show_mail(form: MailForm, mail: NurtureMail | None) -> str:
    """Render a mail, with what it looks like to somebody."""
    example = {
        "first_name": "Maria",
        "last_name": "Muster",
        "company": "Zoo Hannover",
        "title": _("Replace ageing network cabinets"),
        "programme": "",
    }
    return render_template(
        "qualification/nurture_mail.html",
        form=form,
        mail=mail,
        fields=["{" + name + "}" for name in letters.FIELDS],
        shown=letters.merge(letters.said(mail.texts, "en"), example) if mail else "",
    )


@blueprint.post("/nurture-mails/new")
@requires(EDIT)
def add_mail() -> ResponseReturnValue:
    return save(None)


@blueprint.get("/nurture-mails/<int:template_id>")
@requires(EDIT)
def mail(template_id: int) -> ResponseReturnValue:
    form, found = MailForm(formdata=None), nurture.get_mail(template_id)
    form.show(found)
    return show_mail(form, found), 200


@blueprint.post("/nurture-mails/<int:template_id>")
@requires(EDIT)
def save_mail(template_id: int) -> ResponseReturnValue:
    return save(template_id)


def save(mail_id: int | None) -> ResponseReturnValue:
    """Save what was typed of a mail."""
    form = MailForm()
    found: Any = nurture.get_mail(mail_id) if mail_id is not None else None
    raw = form.version.data or ""
    version = int(raw) if raw.isdecimal() and len(raw) < 10 else 0
    if not form.validate():
        return show_mail(form, found), 422
    try:
        nurture.save_mail(form.read(), mail_id, version, current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return show_mail(form, found), 422
    except Conflict as conflict:
        form.version.data = str(found.version if found else 0)
        form.form_errors.append(conflict.message)
        return show_mail(form, found), 409
    flash(_("Saved."))
    return go(url_for("nurture.mails"))


@blueprint.post("/nurture-mails/<int:template_id>/removal")
@requires(EDIT)
def remove_mail(template_id: int) -> ResponseReturnValue:
    nurture.remove_mail(template_id, current_actor(), clock.now())
    flash(_("Removed."))
    return go(url_for("nurture.mails"))


# -- for who gets the mails ---------------------------------------------------------------------


@leaving.get("/no-more-mails/<token>")
@public
def ask(token: str) -> ResponseReturnValue:
    """Opening ends nothing: the page has a button."""
    known = letters.lead_of(token) is not None
    return render_template(
        "qualification/no_more_mails.html", token=token, known=known, done=False
    ), (200 if known else 404)


@leaving.post("/no-more-mails/<token>")
@public
@limiter.limit("30/minute")
def leave(token: str) -> ResponseReturnValue:
    """End the mails for good, by the page's button or by one press in a mail client."""
    lead_id = letters.lead_of(token)
    if lead_id is None or not nurture.leave(lead_id, clock.now()):
        raise NotFound()
    return render_template("qualification/no_more_mails.html", token=token, known=True, done=True)
