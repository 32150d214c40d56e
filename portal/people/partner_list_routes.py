"""Pages on which partners are made and changed from a list: look at it, confirm it, see it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Invalid
from portal.imports.reading import UnreadableFile
from portal.partners.columns import COLUMNS
from portal.people import partner_lists
from portal.people.forms import PartnerListForm
from portal.people.partner_lists import OWN, Fate, ListRow
from portal.web.access import requires
from portal.web.limits import limiter

blueprint = Blueprint("partner_lists", __name__)

SHOWN = 60


@blueprint.get("/partners/list")
@requires(Permission.PARTNERS_EDIT)
def new() -> ResponseReturnValue:
    return form_page(PartnerListForm(formdata=None))


def form_page(form: PartnerListForm) -> str:
    """Render the form that takes a list, and say what its columns hold."""
    return render_template(
        "people/partner_list_new.html",
        form=form,
        most=partner_lists.MOST_ROWS,
        columns=COLUMNS,
        own=[one.label(str(get_locale())) for one in book().fields_of(FieldSubject.PARTNER)],
    )


@blueprint.post("/partners/list")
@requires(Permission.PARTNERS_EDIT)
@limiter.limit("60/hour")
def preview() -> ResponseReturnValue:
    """Show what would become of each row; nothing stays of it."""
    form = PartnerListForm()
    if not form.validate():
        return form_page(form), 422
    sent = form.file.data
    uploaded = isinstance(sent, FileStorage) and bool(sent.filename)
    content = (form.pasted.data or "").encode("utf-8")
    if uploaded:
        with sent.stream as stream:
            content = stream.read(partner_lists.MOST_BYTES + 1)
    try:
        rows = partner_lists.read(content)
    except (Invalid, UnreadableFile) as refusal:
        field = form.file if uploaded else form.pasted
        field.errors = [refusal.message]
        return form_page(form), 422
    partner_lists.look(rows, current_actor(), clock.now())
    return report_page(rows, confirmed=False)


@blueprint.post("/partners/list/confirmation")
@requires(Permission.PARTNERS_EDIT)
@limiter.limit("60/hour")
def confirm() -> ResponseReturnValue:
    """Make and change the partners of a list, as it was shown."""
    try:
        rows = partner_lists.read(request.form.get("rows", "").encode("utf-8"))
    except (Invalid, UnreadableFile) as refusal:
        form = PartnerListForm(formdata=None)
        form.pasted.errors = [refusal.message]
        return form_page(form), 422
    partner_lists.bring_in(rows, current_actor(), clock.now())
    return report_page(rows, confirmed=True)


def report_page(rows: list[ListRow], *, confirmed: bool) -> str:
    """Render what becomes, or became, of each row: what is refused first."""
    by_fate: dict[Fate, list[ListRow]] = {fate: [] for fate in Fate}
    for row in rows:
        by_fate[row.fate].append(row)
    names = field_names()
    shown: list[dict[str, Any]] = [
        {
            "row": row,
            "words": fate_words(row.fate, confirmed),
            "changed": [names.get(key, key) for key in row.changed],
            "errors": [(names.get(key, key), said) for key, said in row.errors.items()],
        }
        for fate in (Fate.REFUSED, Fate.NEW, Fate.CHANGED, Fate.SAME)
        for row in by_fate[fate][: SHOWN if fate != Fate.REFUSED else None]
    ]
    return render_template(
        "people/partner_list_report.html",
        confirmed=confirmed,
        lines=shown,
        counts={fate.value: len(found) for fate, found in by_fate.items()},
        more=len(rows) - len(shown),
        rows=partner_lists.write(rows),
    )


def fate_words(fate: Fate, confirmed: bool) -> str:
    """Return what becomes of a row, in words."""
    words = {
        Fate.NEW: _("made") if confirmed else _("will be made"),
        Fate.CHANGED: _("changed") if confirmed else _("will be changed"),
        Fate.SAME: _("stays as it is"),
        Fate.REFUSED: _("not taken"),
    }
    return str(words[fate])


def field_names() -> dict[str, str]:
    """Return what the columns are called."""
    locale = str(get_locale())
    own = {OWN + one.key: one.label(locale) for one in book().fields_of(FieldSubject.PARTNER)}
    return {
        **{one.key: str(one.label) for one in COLUMNS},
        **own,
        **{key.replace(OWN, "own-"): label for key, label in own.items()},
        "row": _("Row"),
        "own": _("Own fields"),
    }


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    form = PartnerListForm(formdata=None)
    form.pasted.errors = [_("This list is longer than 1 MB. Please bring it in in parts.")]
    return form_page(form), 413
