"""Pages on which forms are made: the list, a new one, the editor, how it stands elsewhere."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.campaigns import consent
from portal.core import clock
from portal.core.config import Settings
from portal.core.errors import Conflict, Invalid
from portal.web.access import requires
from portal.web.htmx import go
from portal.web_forms import operations, queries, rules
from portal.web_forms.forms import KINDS, NewFormForm, WebFormForm, field_names, web_form_form
from portal.web_forms.models import WebForm

blueprint = Blueprint("web_forms", __name__)


@blueprint.get("/web-forms")
@requires(Permission.FORMS_EDIT)
def forms() -> ResponseReturnValue:
    at = clock.now()
    return render_template(
        "web_forms/forms.html",
        rows=queries.list_forms(at),
        kinds=KINDS,
        is_open=lambda form: queries.is_open(form, at),
    )


@blueprint.get("/web-forms/new")
@requires(Permission.FORMS_EDIT)
def new() -> ResponseReturnValue:
    return render_template("web_forms/new.html", form=NewFormForm(formdata=None))


@blueprint.post("/web-forms/new")
@requires(Permission.FORMS_EDIT)
def make() -> ResponseReturnValue:
    form = NewFormForm()
    try:
        made = operations.make_form(
            form.kind.data or "", form.name.data or "", current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return render_template("web_forms/new.html", form=form), 422
    flash(_("The form is made. Look it through, then put it to use."), "success")
    return go(url_for("web_forms.edit", form_id=made.id))


@blueprint.get("/web-forms/<int:form_id>")
@requires(Permission.FORMS_EDIT)
def edit(form_id: int) -> ResponseReturnValue:
    web_form = queries.get_form(form_id)
    return show(web_form, web_form_form(web_form, sent=False)), 200


def show(web_form: WebForm, form: WebFormForm) -> str:
    """Render the editor."""
    settings: Settings = current_app.config["SETTINGS"]
    address = settings.public_url + url_for("form.page", key=web_form.key)
    newest = consent.find_newest(web_form.consent_key)
    locale = str(get_locale())
    return render_template(
        "web_forms/edit.html",
        web_form=web_form,
        form=form,
        names=field_names(),
        words=rules.WORDS,
        languages=rules.LANGUAGES,
        merge=rules.MERGE,
        address=address,
        asked=rules.asked_of(web_form.fields),
        consent=rules.said(newest.words, locale) if newest else None,
        is_open=queries.is_open(web_form, clock.now()),
    )


@blueprint.post("/web-forms/<int:form_id>")
@requires(Permission.FORMS_EDIT)
def save(form_id: int) -> ResponseReturnValue:
    web_form = queries.get_form(form_id)
    form = web_form_form(web_form, sent=True)
    version = form.version.data or ""
    if not form.validate():
        return show(web_form, form), 422
    try:
        operations.save_form(
            form_id,
            form.draft(),
            current_actor(),
            clock.now(),
            int(version) if version.isdecimal() and len(version) < 10 else 0,
        )
    except Invalid as error:
        form.take(error)
        return show(web_form, form), 422
    except Conflict as conflict:
        form.version.data = str(queries.get_form(form_id).version)
        form.form_errors.append(conflict.message)
        return show(web_form, form), 409
    flash(_("Saved."), "success")
    return go(url_for("web_forms.edit", form_id=form_id))
