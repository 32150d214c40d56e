"""Pages of the programme's own fields: all of them, one of them, its place, its retirement."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog import field_operations
from portal.catalog.field_bringing import KEPT
from portal.catalog.field_forms import CHANGES, KINDS, SUBJECTS, FieldForm, field_form
from portal.catalog.models import CustomField
from portal.catalog.queries import get_field, read_book
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.kept_files import FileForm, Sent, give, take_sent

blueprint = Blueprint("fields", __name__, url_prefix="/fields")


@blueprint.get("")
@requires(Permission.CATALOG_EDIT)
def fields() -> ResponseReturnValue:
    found = read_book().fields
    return render_template(
        "catalog/fields.html",
        subjects=[(key, label, found.get(key, [])) for key, label in SUBJECTS.items()],
        kinds=KINDS,
        language=str(get_locale()),
    )


@blueprint.get("/<any(lead, partner, customer):subject>/new")
@requires(Permission.CATALOG_EDIT)
def new_field(subject: str) -> ResponseReturnValue:
    return page(subject, field_form(subject, None, fresh=True), None)


@blueprint.post("/<any(lead, partner, customer):subject>/new")
@requires(Permission.CATALOG_EDIT)
def add_field(subject: str) -> ResponseReturnValue:
    form = field_form(subject, None)
    if not form.validate():
        return page(subject, form, None), 422
    try:
        made = field_operations.add(subject, form.draft(None), current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return page(subject, form, None), 422
    flash(_("The field “%(name)s” is there.", name=made.label(str(get_locale()))), "success")
    return go(url_for("fields.fields"))


@blueprint.get("/<int:field_id>")
@requires(Permission.CATALOG_EDIT)
def field(field_id: int) -> ResponseReturnValue:
    found = get_field(field_id)
    return page(found.subject, field_form(found.subject, found, fresh=True), found)


@blueprint.post("/<int:field_id>")
@requires(Permission.CATALOG_EDIT)
def save_field(field_id: int) -> ResponseReturnValue:
    found = get_field(field_id)
    form = field_form(found.subject, found)
    if not form.validate():
        return page(found.subject, form, found), 422
    raw = str(form.version.data or "")
    version = int(raw) if raw.isdecimal() and len(raw) < 10 else 0
    try:
        field_operations.save(field_id, form.draft(found), version, current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return page(found.subject, form, found), 422
    except Conflict as conflict:
        fresh = get_field(field_id)
        # whoever chose among choices that have become more by now keeps what she typed of hers
        form = field_form(fresh.subject, fresh)
        form.version.data = str(fresh.version)
        form.version.raw_data = None
        form.form_errors.append(conflict.message)
        return page(fresh.subject, form, fresh), 409
    flash(_("%(name)s is saved.", name=found.label(str(get_locale()))), "success")
    return go(url_for("fields.fields"))


@blueprint.post("/<int:field_id>/use")
@requires(Permission.CATALOG_EDIT)
def use_field(field_id: int) -> ResponseReturnValue:
    """Take a field out of use or into it again."""
    active = request.form.get("active") == "1"
    try:
        found = field_operations.set_active(field_id, active, current_actor().id, clock.now())
    except Invalid as error:
        flash(error.message, "warning")
        return go(url_for("fields.fields"))
    name = found.label(str(get_locale()))
    flash(
        _("“%(name)s” is asked for again.", name=name)
        if active
        else _("“%(name)s” is no longer asked for. What is kept in it stays readable.", name=name),
        "success",
    )
    return go(url_for("fields.fields"))


@blueprint.post("/<int:field_id>/place")
@requires(Permission.CATALOG_EDIT)
def place_field(field_id: int) -> ResponseReturnValue:
    """Move a field up or down."""
    down = request.form.get("direction") == "down"
    field_operations.move(field_id, down, current_actor().id, clock.now())
    return go(url_for("fields.fields", _anchor=f"field-{field_id}"))


@blueprint.get("/file")
@requires(Permission.CATALOG_EDIT)
def file() -> ResponseReturnValue:
    """Give all fields as a file."""
    return give(KEPT)


@blueprint.get("/from-file")
@requires(Permission.CATALOG_EDIT)
def file_page() -> ResponseReturnValue:
    return show_file(Sent(FileForm(formdata=None)))


@blueprint.post("/from-file")
@requires(Permission.CATALOG_EDIT)
def take_file() -> ResponseReturnValue:
    """Have the fields be as a file says, or only say what would be different."""
    sent = take_sent(KEPT, current_actor().id)
    if not sent.taken:
        return show_file(sent), 200 if sent.changes is not None else 422
    flash(_("The fields are as the file says."), "success")
    return go(url_for("fields.fields"))


def show_file(sent: Sent) -> str:
    """Render the form of a file, with what of it can't be used, or what it would change."""
    return render_template(
        "catalog/fields_file.html",
        form=sent.form,
        wrong=sent.wrong,
        changes=sent.changes,
        kinds=CHANGES,
    )


def page(subject: str, form: FieldForm, found: CustomField | None) -> str:
    """Render the form of a field."""
    return render_template(
        "catalog/field.html",
        subject=subject,
        subjects=SUBJECTS,
        kinds=KINDS,
        form=form,
        rows=form.choice_rows(found),
        found=found,
        language=str(get_locale()),
    )
