"""Pages of the tree of firms: who stands below whom, a firm, and taking it out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts import administration, operations, tree
from portal.accounts.actor import current_actor
from portal.accounts.models import PARTNER_KINDS, Organisation, OrganisationKind
from portal.accounts.permissions import Permission
from portal.accounts.words import KIND_NAMES
from portal.core import clock
from portal.core.errors import Invalid, Refused
from portal.partners import operations as partners
from portal.people import firms, rules, units
from portal.people.firm_forms import FirmForm, InviteForm, NewFirmForm
from portal.people.queries import firms_in_people
from portal.people.routes import refused
from portal.pickup import leavers
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("firms", __name__)


def lines(found: list[Organisation] | Any) -> list[dict[str, Any]]:
    """Return firms as the tree shows them: with kind, numbers and what is missing, in words."""
    ids = [one.id for one in found]
    have, numbers = firms_in_people(ids), firms.count_in(ids)
    return [
        {
            "firm": one,
            "kind": KIND_NAMES[one.kind],
            "people": numbers[one.id].people,
            "below": numbers[one.id].below,
            "missing": rules.missing_of_firm(one, have[one.id], numbers[one.id].people),
        }
        for one in found
    ]


@blueprint.get("/firms", endpoint="firms")
@requires(Permission.PEOPLE_EDIT)
def firms_page() -> ResponseReturnValue:
    words = request.args.get("q", "").replace("\x00", "").strip()[:100]
    number = page_number(request.args.get("page"))
    page = firms.search(words, number) if words else firms.list_below(firms.vendor_id(), number)
    branches = firms.list_children([] if words else [one.id for one in page.items])
    return render_template(
        "people/firms.html",
        words=words,
        vendor=firms.find_vendor(),
        lines=lines(page.items),
        below=children(branches),
        page=page,
        turn=lambda to: url_for("firms.firms", q=words or None, page=to) if to else None,
        most=firms.SHOWN_BELOW,
    )


def children(found: list[Organisation] | Any) -> dict[int, list[dict[str, Any]]]:
    """Return the lines of firms by the firm that they stand below."""
    grouped: dict[int, list[dict[str, Any]]] = {}
    for line in lines(found):
        grouped.setdefault(line["firm"].parent_id, []).append(line)
    return grouped


@blueprint.get("/firms/new")
@requires(Permission.PEOPLE_EDIT)
def new() -> ResponseReturnValue:
    form = NewFirmForm(formdata=None)
    form.offer()
    form.parent_id.data = request.args.get("below") or str(firms.vendor_id())
    return render_template("people/firm_new.html", form=form)


@blueprint.post("/firms/new")
@requires(Permission.PEOPLE_EDIT)
def add() -> ResponseReturnValue:
    form, at = NewFirmForm(), clock.now()
    form.offer()
    if not form.validate():
        return render_template("people/firm_new.html", form=form), 422
    try:
        parent = firms.get_firm(int(form.parent_id.data))
        if not tree.may_stand_below(form.kind.data, parent.kind):
            words = _("A firm of this kind can’t stand below that one.")
            raise Invalid({"parent_id": words})
        firm = operations.add_organisation(
            OrganisationKind(form.kind.data),
            form.name.data or "",
            at,
            parent=parent,
            locale=form.locale.data,
            timezone=form.timezone.data,
            domain=form.domain.data or None,
        )
        if firm.kind in PARTNER_KINDS:
            partners.create_partner(firm, at, country=form.country.data)
    except Invalid as error:
        form.take(error)
        return render_template("people/firm_new.html", form=form), 422
    flash(_("%(name)s is in the programme.", name=firm.name), "success")
    return go(url_for("firms.firm", organisation_id=firm.id))


@blueprint.get("/firms/<int:organisation_id>")
@requires(Permission.PEOPLE_EDIT)
def firm(organisation_id: int) -> ResponseReturnValue:
    return render(firms.get_firm(organisation_id))


def render(
    found: Organisation,
    form: FirmForm | None = None,
    inviting: InviteForm | None = None,
) -> str:
    """Render a firm, with one of its forms as it was filled in."""
    if form is None:
        form = FirmForm(formdata=None)
        form.offer(found)
        form.show(found)
    if inviting is None:
        inviting = InviteForm(formdata=None)
        inviting.offer_roles(found.kind)
    page = firms.list_below(found.id, page_number(request.args.get("page")))
    return render_template(
        "people/firm.html",
        firm=found,
        line=lines([found])[0],
        form=form,
        inviting=inviting,
        units=units.list_branches(found.id),
        below=lines(page.items),
        page=page,
        turn=lambda to: url_for("firms.firm", organisation_id=found.id, page=to) if to else None,
        held=firms.count_held(found.id),
        may_below=found.kind in ("vendor", "distributor"),
        is_partner=found.kind in PARTNER_KINDS,
        is_vendor=found.kind == OrganisationKind.VENDOR,
    )


@blueprint.post("/firms/<int:organisation_id>")
@requires(Permission.PEOPLE_EDIT)
def save(organisation_id: int) -> ResponseReturnValue:
    found, at, form = firms.get_firm(organisation_id), clock.now(), FirmForm()
    form.offer(found)
    if not form.validate():
        return render(found, form), 422
    try:
        administration.change_organisation(
            found,
            form.name.data or "",
            form.domain.data or None,
            form.locale.data,
            form.timezone.data,
            at,
            current_actor().id,
        )
        if found.kind != OrganisationKind.VENDOR:
            parent = firms.get_firm(int(form.parent_id.data))
            tree.move_organisation(found, parent, at)
        if found.kind in PARTNER_KINDS:
            manager = form.account_manager_id.data
            tree.set_account_manager(found, int(manager) if manager else None, at)
    except Invalid as error:
        form.take(error)
        return render(found, form), 422
    flash(_("Saved."), "success")
    return go(url_for("firms.firm", organisation_id=organisation_id))


@blueprint.post("/firms/<int:organisation_id>/people")
@requires(Permission.PEOPLE_EDIT)
def invite(organisation_id: int) -> ResponseReturnValue:
    found, form = firms.get_firm(organisation_id), InviteForm()
    form.offer_roles(found.kind)
    if not form.validate():
        return render(found, inviting=form), 422
    try:
        person = operations.invite(
            found,
            form.email.data or "",
            form.invited_name.data or "",
            form.roles.data or [],
            clock.now(),
            current_actor().id,
        )
    except Invalid as error:
        form.take(
            Invalid({{"name": "invited_name"}.get(k, k): said for k, said in error.errors.items()})
        )
        return render(found, inviting=form), 422
    flash(_("An invitation to %(email)s is on its way.", email=person.email), "success")
    return go(url_for("firms.firm", organisation_id=organisation_id))


@blueprint.get("/firms/<int:organisation_id>/closing")
@requires(Permission.PEOPLE_EDIT)
def closing(organisation_id: int) -> ResponseReturnValue:
    found = firms.get_firm(organisation_id)
    return render_template(
        "people/firm_closing.html",
        firm=found,
        line=lines([found])[0],
        held=firms.list_held(found.id),
        is_vendor=found.kind == OrganisationKind.VENDOR,
    )


@blueprint.post("/firms/<int:organisation_id>/closing")
@requires(Permission.PEOPLE_EDIT)
def close(organisation_id: int) -> ResponseReturnValue:
    found = firms.get_firm(organisation_id)
    try:
        leavers.close(found, current_actor(), clock.now())
    except Refused as refusal:
        return refused(refusal, found)
    flash(_("%(name)s is out; nobody of it gets in any more.", name=found.name), "success")
    return go(url_for("firms.firm", organisation_id=organisation_id))


@blueprint.post("/firms/<int:organisation_id>/return")
@requires(Permission.PEOPLE_EDIT)
def reopen(organisation_id: int) -> ResponseReturnValue:
    found = firms.get_firm(organisation_id)
    administration.reopen(found, clock.now(), current_actor().id)
    flash(_("%(name)s is in the programme again.", name=found.name), "success")
    return go(url_for("firms.firm", organisation_id=organisation_id))
