"""The page of a firm's contacts, for its manager and for who looks after partners."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.partners import contacts, queries
from portal.partners.forms import FUNCTIONS, ContactForm
from portal.partners.models import Partner
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("partner_contacts", __name__)
EDITS = (Permission.PARTNERS_EDIT, Permission.PICKUPS_SEE_FIRM)


@blueprint.get("/partners/<int:organisation_id>/contacts")
@requires(*EDITS)
def page(organisation_id: int) -> ResponseReturnValue:
    return show(queries.get_own(organisation_id, current_actor()), ContactForm(formdata=None))


@blueprint.post("/partners/<int:organisation_id>/contacts")
@requires(*EDITS)
def add(organisation_id: int) -> ResponseReturnValue:
    partner, form = queries.get_own(organisation_id, current_actor()), ContactForm()
    if not form.validate():
        return show(partner, form), 422
    try:
        contacts.add_contact(
            partner,
            form.function.data,
            form.name.data or "",
            clock.now(),
            email=form.email.data,
            phone=form.phone.data,
            for_leads=form.for_leads.data,
        )
    except Invalid as error:
        form.take(error)
        return show(partner, form), 422
    flash(_("%(name)s is noted.", name=form.name.data), "success")
    return go(url_for("partner_contacts.page", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/contacts/<int:contact_id>/responsibility")
@requires(*EDITS)
def make_responsible(organisation_id: int, contact_id: int) -> ResponseReturnValue:
    partner = queries.get_own(organisation_id, current_actor())
    contacts.make_responsible(partner, contact_id, clock.now())
    return go(url_for("partner_contacts.page", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/contacts/<int:contact_id>/removal")
@requires(*EDITS)
def remove(organisation_id: int, contact_id: int) -> ResponseReturnValue:
    partner = queries.get_own(organisation_id, current_actor())
    contacts.remove_contact(partner, contact_id, clock.now())
    flash(_("The contact is removed."), "success")
    return go(url_for("partner_contacts.page", organisation_id=organisation_id))


def show(partner: Partner, form: ContactForm) -> str:
    """Render the contacts of a firm and the form of a new one, as it was filled in."""
    return render_template(
        "partners/contacts.html",
        partner=partner,
        contacts=contacts.list_contacts(partner.organisation_id),
        functions=dict(FUNCTIONS),
        form=form,
        sees_profile=current_actor().may(Permission.PARTNERS_SEE),
    )
