"""What somebody of a partner found himself: brought in by the portal, followed by number."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor, current_actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.capture.forms import FindForm, find_form, type_of_finds
from portal.core import clock
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound
from portal.duplicates import entrance
from portal.leads.models import Lead, LeadFinder, LeadState, LeadType, QualificationQuestion
from portal.leads.operations import Draft
from portal.leads.queries import get_definition
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("finds", __name__, url_prefix="/finds")

SHOWN = 100
SYSTEM = "partner"


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
    if not actor.is_partner:
        raise NotFound()
    return actor


def list_finds(actor: Actor) -> Sequence[AnyRow]:
    """Return what somebody found, or for a manager what her firm found: no contact, no teaser."""
    whose = (
        LeadFinder.organisation_id == actor.organisation_id
        if actor.may(Permission.PICKUPS_SEE_FIRM)
        else LeadFinder.user_id == actor.id
    )
    query = (
        select(
            Lead.id,
            Lead.number,
            Lead.state,
            Lead.title,
            (Lead.holder_organisation_id == actor.organisation_id).label("ours"),
            LeadFinder.at,
            User.name.label("finder"),
        )
        .join(LeadFinder, LeadFinder.lead_id == Lead.id)
        .join(User, User.id == LeadFinder.user_id)
        .where(whose)
        .order_by(LeadFinder.at.desc(), Lead.id.desc())
        .limit(SHOWN)
    )
    return session().execute(query).all()


def said(row: AnyRow) -> str:
    """Say to the finder how far it is."""
    if row.ours:
        return str(_("In your firm’s hands") if row.state == LeadState.HELD else _("Closed"))
    words = {
        LeadState.CAPTURED: _("Waits to be qualified"),
        LeadState.QUALIFYING: _("Is being qualified"),
        LeadState.QUALIFIED: _("Qualified"),
        LeadState.RETURNED: _("Qualified"),
        LeadState.RECALLED: _("Qualified"),
        LeadState.OFFERED: _("On offer"),
        LeadState.HELD: _("In hand"),
        LeadState.DIRECT: _("In hand"),
        LeadState.NURTURE: _("Kept for later"),
        LeadState.DISQUALIFIED: _("Put aside"),
        LeadState.CLOSED: _("Closed"),
    }
    return str(words.get(row.state, ""))


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
    lead_type = type_of_finds(get_definition())
    form, questions = find_form(lead_type)
    try:
        taken = entrance.take_in(read_find(form, lead_type), clock.now(), actor)
    except Invalid as error:
        form.take(error)
        return show(form, questions), 422
    words = _("%(number)s is in. We qualify it and keep you posted here.", number=taken.lead.number)
    flash(words, "success")
    return go(url_for("finds.page"))


def read_find(form: FindForm, lead_type: LeadType) -> Draft:
    """Return the inquiry that was typed. Raises `Invalid`."""
    errors = form.errors_of_contact()
    if not form.basis.data:
        errors["basis"] = _("Please say why they may be called.")
    if not form.title.data:
        errors["title"] = _("Please say what is wanted.")
    if errors:
        raise Invalid(errors)
    return Draft(
        title=form.title.data or "",
        kind=lead_type.kind,
        type_key=lead_type.key,
        source_system=SYSTEM,
        source_original="Partner",
        country=form.country.data or None,
        city=form.city.data or None,
        basis=form.as_basis(),
        contact=form.as_contact(),
        answers=form.answers,
    )
