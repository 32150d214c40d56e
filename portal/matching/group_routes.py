"""Pages of groups of partners: the list, a group with all that makes its members."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.matching import groups as verbs
from portal.matching.criteria import Criterion
from portal.matching.group_forms import GroupForm, TermsForm, terms_form
from portal.matching.words import describe_criterion
from portal.partners import queries
from portal.partners.models import PartnerGroup
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment
from portal.web.paging import page_number

blueprint = Blueprint("groups", __name__)


@blueprint.get("/groups")
@requires(Permission.PARTNERS_EDIT)
def groups() -> ResponseReturnValue:
    return group_list(GroupForm(formdata=None))


@blueprint.post("/groups")
@requires(Permission.PARTNERS_EDIT)
def add_group() -> ResponseReturnValue:
    form = GroupForm()
    if not form.validate():
        return group_list(form), 422
    try:
        group = verbs.save_group(form.name.data or "", form.note.data, clock.now())
    except Invalid as error:
        form.take(error)
        return group_list(form), 422
    return go(url_for("groups.group", group_id=group.id))


@blueprint.get("/groups/<int:group_id>")
@requires(Permission.PARTNERS_EDIT)
def group(group_id: int) -> ResponseReturnValue:
    return group_page(queries.get_group(group_id))


@blueprint.post("/groups/<int:group_id>")
@requires(Permission.PARTNERS_EDIT)
def save_group(group_id: int) -> ResponseReturnValue:
    found = queries.get_group(group_id)
    form = GroupForm()
    if not form.validate():
        return group_page(found, form), 422
    try:
        verbs.save_group(form.name.data or "", form.note.data, clock.now(), found)
    except Invalid as error:
        form.take(error)
        return group_page(found, form), 422
    flash(_("The group is saved."), "success")
    return go(url_for("groups.group", group_id=group_id))


@blueprint.post("/groups/<int:group_id>/terms")
@requires(Permission.PARTNERS_EDIT)
def save_terms(group_id: int) -> ResponseReturnValue:
    found = queries.get_group(group_id)
    form = terms_form(found)
    if wanted := request.form.get("do"):
        return arranged(found, form, wanted)
    if not form.validate():
        return group_page(found, terms=form), 422
    try:
        verbs.save_terms(found, form.terms(), clock.now())
    except Invalid as error:
        form.take(error)
        return group_page(found, terms=form), 422
    flash(_("The group is saved, and its members are found anew."), "success")
    return go(url_for("groups.group", group_id=group_id))


def arranged(found: PartnerGroup, form: TermsForm, wanted: str) -> ResponseReturnValue:
    """Render the group with its criteria rearranged, these alone for htmx; nothing is saved."""
    form.arrange(wanted)
    if not wants_fragment():
        return group_page(found, terms=form)
    action = url_for("groups.save_terms", group_id=found.id)
    return render_template("matching/_criteria.html", form=form, action=action)


@blueprint.post("/groups/<int:group_id>/members")
@requires(Permission.PARTNERS_EDIT)
def add_member(group_id: int) -> ResponseReturnValue:
    found = queries.get_group(group_id)
    verbs.add_member(found, asked_firm(), clock.now())
    return go(url_for("groups.group", group_id=group_id, q=request.form.get("q") or None))


@blueprint.post("/groups/<int:group_id>/members/<int:organisation_id>/removal")
@requires(Permission.PARTNERS_EDIT)
def remove_member(group_id: int, organisation_id: int) -> ResponseReturnValue:
    verbs.remove_member(queries.get_group(group_id), organisation_id, clock.now())
    return go(url_for("groups.group", group_id=group_id))


@blueprint.post("/groups/<int:group_id>/choices/<int:organisation_id>/removal")
@requires(Permission.PARTNERS_EDIT)
def forget_choice(group_id: int, organisation_id: int) -> ResponseReturnValue:
    verbs.forget_choice(queries.get_group(group_id), organisation_id, clock.now())
    return go(url_for("groups.group", group_id=group_id))


def asked_firm() -> int:
    """Return the firm that was chosen, 0 for what is no number."""
    raw = request.form.get("organisation_id", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0


def group_list(form: GroupForm) -> str:
    """Render the groups and the form of a new one."""
    found = queries.list_groups()
    names = {group.id: group.name for group, _members in found}
    return render_template(
        "matching/groups.html",
        groups=[(group, members, by_what(group, names)) for group, members in found],
        form=form,
    )


def by_what(group: PartnerGroup, names: dict[int, str]) -> list[str]:
    """Say by what partners come into a group beside being chosen."""
    criteria = [describe_criterion(Criterion.from_data(one)) for one in group.criteria or ()]
    inside = [_("all of %(group)s", group=names[one]) for one in group.group_ids if one in names]
    return [*criteria, *inside]


def group_page(
    found: PartnerGroup, form: GroupForm | None = None, terms: TermsForm | None = None
) -> str:
    """Render a group with all that makes its members, one of its forms as it was filled in."""
    asked = request.args.get("q", "").replace("\x00", "").strip()[:100]
    page = queries.list_members(found.id, page_number(request.args.get("page")))
    return render_template(
        "matching/group.html",
        group=found,
        form=form or GroupForm(formdata=None, obj=found),
        terms=terms or terms_form(found, fresh=True),
        page=page,
        chosen=verbs.list_choices(found.id),
        left_out=verbs.list_left_out(found.id),
        moves=verbs.list_moves(found.id),
        by_hand_only=found.criteria is None and not found.group_ids,
        first=(page.number - 1) * queries.PAGE + 1,
        text=asked,
        found=queries.find_newcomers(found.id, asked),
        turn=turn,
    )


def turn(number: int | None) -> str | None:
    """Return the address of another page of the members."""
    if number is None or request.endpoint is None:
        return None
    narrowed = {"q": request.args.get("q") or None, "page": number}
    return url_for("groups.group", **{**(request.view_args or {}), **narrowed})
