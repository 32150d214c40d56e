"""Pages of a firm's units: add and change one, put people into it, and close it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts import administration, tree
from portal.accounts.models import Organisation, Unit
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.people import firms, units
from portal.people.unit_forms import MemberForm, UnitForm
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("units", __name__)


@blueprint.get("/firms/<int:organisation_id>/units/new")
@requires(Permission.PEOPLE_EDIT)
def new(organisation_id: int) -> ResponseReturnValue:
    firm = firms.get_firm(organisation_id)
    form = UnitForm(formdata=None)
    form.offer(firm)
    form.parent_id.data = request.args.get("within", "")
    return render_template("people/unit_new.html", firm=firm, form=form)


@blueprint.post("/firms/<int:organisation_id>/units/new")
@requires(Permission.PEOPLE_EDIT)
def add(organisation_id: int) -> ResponseReturnValue:
    firm, form = firms.get_firm(organisation_id), UnitForm()
    form.offer(firm)
    unit = save_unit(firm, form)
    if unit is None:
        return render_template("people/unit_new.html", firm=firm, form=form), 422
    flash(_("%(name)s is there now.", name=unit.name), "success")
    return go(url_for("units.unit", organisation_id=firm.id, unit_id=unit.id))


@blueprint.get("/firms/<int:organisation_id>/units/<int:unit_id>")
@requires(Permission.PEOPLE_EDIT)
def unit(organisation_id: int, unit_id: int) -> ResponseReturnValue:
    return render(firms.get_firm(organisation_id), tree.get_unit(unit_id, organisation_id))


def render(
    firm: Organisation,
    found: Unit,
    form: UnitForm | None = None,
    member_form: MemberForm | None = None,
) -> str:
    """Render a unit, with one of its forms as it was filled in."""
    if form is None:
        form = UnitForm(formdata=None)
        form.offer(firm, found)
        form.show(found)
    if member_form is None:
        member_form = MemberForm(formdata=None)
        member_form.offer(found)
    return render_template(
        "people/unit.html",
        firm=firm,
        line=units.get_branch(found),
        parent=tree.get_unit(found.parent_id, firm.id) if found.parent_id else None,
        form=form,
        member_form=member_form,
        members=units.list_members(found.id),
    )


@blueprint.post("/firms/<int:organisation_id>/units/<int:unit_id>")
@requires(Permission.PEOPLE_EDIT)
def save(organisation_id: int, unit_id: int) -> ResponseReturnValue:
    firm, found = firms.get_firm(organisation_id), tree.get_unit(unit_id, organisation_id)
    form = UnitForm()
    form.offer(firm, found)
    if save_unit(firm, form, found) is None:
        return render(firm, found, form), 422
    flash(_("Saved."), "success")
    return go(url_for("units.unit", organisation_id=organisation_id, unit_id=unit_id))


def save_unit(firm: Organisation, form: UnitForm, unit: Unit | None = None) -> Unit | None:
    """Make or change a unit as the form says; nothing where the form has to be looked at again."""
    if not form.validate():
        return None
    try:
        return tree.save_unit(
            firm,
            form.name.data or "",
            clock.now(),
            unit,
            parent_id=form.parent,
            manager_id=form.manager,
            territories=form.regions(unit),
        )
    except Invalid as error:
        form.take(error)
        return None


@blueprint.post("/firms/<int:organisation_id>/units/<int:unit_id>/people")
@requires(Permission.PEOPLE_EDIT)
def put_in(organisation_id: int, unit_id: int) -> ResponseReturnValue:
    firm, found = firms.get_firm(organisation_id), tree.get_unit(unit_id, organisation_id)
    form = MemberForm()
    form.offer(found)
    if form.validate() and form.chosen is None:
        form.take(Invalid({"person_id": _("Please choose a person.")}))
    if form.errors or form.chosen is None:
        return render(firm, found, member_form=form), 422
    person = administration.get_person(form.chosen)
    tree.set_unit(person, found.id, clock.now())
    flash(_("%(name)s works in this unit now.", name=person.name), "success")
    return go(url_for("units.unit", organisation_id=organisation_id, unit_id=unit_id))


@blueprint.get("/firms/<int:organisation_id>/units/<int:unit_id>/closing")
@requires(Permission.PEOPLE_EDIT)
def closing(organisation_id: int, unit_id: int) -> ResponseReturnValue:
    return ask(firms.get_firm(organisation_id), tree.get_unit(unit_id, organisation_id))


def ask(firm: Organisation, found: Unit) -> str:
    """Render what is still in a unit, or the button that closes it."""
    return render_template(
        "people/unit_closing.html",
        firm=firm,
        line=units.get_branch(found),
        members=units.list_members(found.id),
    )


@blueprint.post("/firms/<int:organisation_id>/units/<int:unit_id>/closing")
@requires(Permission.PEOPLE_EDIT)
def close(organisation_id: int, unit_id: int) -> ResponseReturnValue:
    firm, found = firms.get_firm(organisation_id), tree.get_unit(unit_id, organisation_id)
    try:
        units.close(found, clock.now())
    except tree.UnitInUse as refusal:
        return ask(firm, found), refusal.status
    flash(_("%(name)s is closed.", name=found.name), "success")
    return go(url_for("firms.firm", organisation_id=organisation_id))
