"""What somebody of a partner found himself: brought in by the portal, followed by number."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor, current_actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.capture.finding import bring as bring_in
from portal.capture.finding import list_finds, may_bring, said
from portal.capture.forms import FindForm, find_form, type_of_finds
from portal.core import clock
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound
from portal.leads.models import Lead, LeadFinder, QualificationQuestion
from portal.leads.queries import get_definition
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("finds", __name__, url_prefix="/finds")


@blueprint.app_template_global("finder_of")
def finder_of(lead: Lead) -> AnyRow | None:
    """Return `name`, `firm` and `at` of who found a lead himself, for pages of the vendor."""
    query = (
        select(User.name.label("name"), Organisation.name.label("firm"), LeadFinder.at)
        .select_from(LeadFinder)
        .join(User, User.id == LeadFinder.user_id)
        .join(Organisation, Organisation.id == LeadFinder.organisation_id)
        .where(LeadFinder.lead_id == lead.id)
    )
    return session().execute(query).one_or_none()


def finder() -> Actor:
    """Return who asks, of a partner. Raises `NotFound`."""
    actor = current_actor()
    if not may_bring(actor):
        raise NotFound()
    return actor


@blueprint.get("")
@requires(Permission.OFFERS_SEE)
def page() -> ResponseReturnValue:
    actor = finder()
    found = [(row, said(row)) for row in list_finds(actor)]
    return render_template("capture/finds.html", found=found)


@blueprint.get("/new")
@requires(Permission.OFFERS_SEE)
def new() -> ResponseReturnValue:
    finder()
    form, questions = find_form(type_of_finds(get_definition()), formdata=None)
    return show(form, questions)


def show(form: FindForm, questions: list[QualificationQuestion]) -> str:
    """Render the form of a find."""
    asked = [form[f"answer-{one.key}"] for one in questions]
    return render_template("capture/find.html", form=form, questions=asked)


@blueprint.post("/new")
@requires(Permission.OFFERS_SEE)
def bring() -> ResponseReturnValue:
    actor = finder()
    form, questions = find_form(type_of_finds(get_definition()))
    try:
        lead = bring_in(form, actor, clock.now())
    except Invalid as error:
        form.take(error)
        return show(form, questions), 422
    words = _("%(number)s is in. We qualify it and keep you posted here.", number=lead.number)
    flash(words, "success")
    return go(url_for("finds.page"))
