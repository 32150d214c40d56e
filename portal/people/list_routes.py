"""Pages on which many people are invited from a list: look at it, confirm it, see what became."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.accounts.words import roles_in_words
from portal.core import clock
from portal.core.errors import Invalid
from portal.imports.reading import UnreadableFile
from portal.people import lists
from portal.people.forms import ListForm
from portal.people.lists import Fate, ListRow
from portal.web.access import requires
from portal.web.limits import limiter

blueprint = Blueprint("people_lists", __name__)

SHOWN = 60


@blueprint.get("/people/list")
@requires(Permission.PEOPLE_EDIT)
def new() -> ResponseReturnValue:
    return form_page(ListForm(formdata=None))


def form_page(form: ListForm) -> str:
    """Render the form that takes a list."""
    form.offer()
    return render_template("people/list_new.html", form=form, most=lists.MOST_ROWS)


@blueprint.post("/people/list")
@requires(Permission.PEOPLE_EDIT)
@limiter.limit("60/hour")
def preview() -> ResponseReturnValue:
    """Show what would become of each row; nothing is written."""
    form = ListForm()
    form.offer()
    if not form.validate():
        return form_page(form), 422
    sent = form.file.data
    uploaded = isinstance(sent, FileStorage) and bool(sent.filename)
    content = (form.pasted.data or "").encode("utf-8")
    if uploaded:
        with sent.stream as stream:
            content = stream.read(lists.MOST_BYTES + 1)
    try:
        rows = lists.read(content, form.defaults())
    except (Invalid, UnreadableFile) as refusal:
        field = form.file if uploaded else form.pasted
        field.errors = [refusal.message]
        return form_page(form), 422
    lists.check(rows)
    return report_page(rows, confirmed=False)


@blueprint.post("/people/list/confirmation")
@requires(Permission.PEOPLE_EDIT)
@limiter.limit("60/hour")
def confirm() -> ResponseReturnValue:
    """Invite whom the list brings, as it was shown."""
    try:
        rows = lists.read(request.form.get("rows", "").encode("utf-8"), {})
    except (Invalid, UnreadableFile) as refusal:
        form = ListForm(formdata=None)
        form.pasted.errors = [refusal.message]
        return form_page(form), 422
    lists.bring_in(rows, clock.now(), current_actor().id)
    return report_page(rows, confirmed=True)


def report_page(rows: list[ListRow], *, confirmed: bool) -> str:
    """Render what becomes, or became, of each row: who is refused first."""
    by_fate: dict[Fate, list[ListRow]] = {fate: [] for fate in Fate}
    for row in rows:
        by_fate[row.fate].append(row)
    shown: list[dict[str, Any]] = [
        {
            "row": row,
            "words": fate_words(row.fate, confirmed) + (f": {row.note}" if row.note else ""),
            "roles": roles_in_words(row.roles) or row.values.get("roles", ""),
            "errors": list(row.errors.items()),
        }
        for fate in (Fate.REFUSED, Fate.INVITE, Fate.HERE)
        for row in by_fate[fate][: SHOWN if fate != Fate.REFUSED else None]
    ]
    return render_template(
        "people/list_report.html",
        confirmed=confirmed,
        lines=shown,
        counts={fate.value: len(found) for fate, found in by_fate.items()},
        more=len(rows) - len(shown),
        rows=lists.write(rows),
        field_names=field_names(),
    )


def fate_words(fate: Fate, confirmed: bool) -> str:
    """Return what becomes of a row, in words."""
    words = {
        Fate.INVITE: _("invited") if confirmed else _("will be invited"),
        Fate.HERE: _("stays as it is"),
        Fate.REFUSED: _("not taken"),
    }
    return str(words[fate])


def field_names() -> dict[str, str]:
    """Return what the columns are called."""
    return {
        "email": _("E-mail"),
        "name": _("Name"),
        "firm": _("Firm"),
        "roles": _("Roles"),
        "language": _("Language"),
        "phone": _("Phone"),
        "row": _("Row"),
    }


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    form = ListForm(formdata=None)
    form.pasted.errors = [_("This list is longer than 1 MB. Please bring it in in parts.")]
    return form_page(form), 413
