"""The page of the words that people agree to: the newest of each, and those before."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.campaigns import consent
from portal.campaigns.forms import ConsentForm
from portal.core import clock
from portal.core.errors import Invalid
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("consent", __name__)


@blueprint.get("/consent-texts")
@requires(Permission.FORMS_EDIT)
def texts() -> ResponseReturnValue:
    newest = {one.key: one for one in consent.list_newest()}
    chosen = newest.get(request.args.get("key", ""))
    form = ConsentForm(formdata=None)
    if chosen is not None:
        form.key.data = chosen.key
        form.words_en.data, form.words_de.data = chosen.words.get("en"), chosen.words.get("de")
    return show(form)


def show(form: ConsentForm) -> str:
    """Render all words with all their versions."""
    return render_template(
        "campaigns/consent.html",
        form=form,
        texts=[(one, consent.list_versions(one.key)) for one in consent.list_newest()],
    )


@blueprint.post("/consent-texts")
@requires(Permission.FORMS_EDIT)
def word() -> ResponseReturnValue:
    form = ConsentForm()
    words = {"en": form.words_en.data or "", "de": form.words_de.data or ""}
    try:
        text = consent.word(form.key.data or "", words, current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return show(form), 422
    flash(_("From now on forms show %(name)s.", name=text.name), "success")
    return go(url_for("consent.texts"))
