"""The page of feedback sheets: take one, give it back, see what became of it, have one sent."""

from __future__ import annotations

from babel.dates import get_day_names
from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid
from portal.sheets import contents, files, operations, queries, reports, words
from portal.sheets.contents import READERS
from portal.sheets.forms import SheetForm, WishForm
from portal.sheets.reading import MOST_BYTES
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.limits import limiter
from portal.web.sheets import kind_of

blueprint = Blueprint("sheets", __name__, url_prefix="/sheet")

NEVER = ""


@blueprint.get("")
@requires(*READERS)
def page() -> ResponseReturnValue:
    return show(SheetForm(formdata=None), wish_form(sent=False))


def show(form: SheetForm, wishing: WishForm) -> str:
    """Render the page, with one form as it was filled in."""
    actor = current_actor()
    firm = contents.of_firm(actor)
    return render_template(
        "sheets/sheet.html",
        form=form,
        wishing=wishing,
        firm=firm,
        mine=len(queries.list_in_hand(actor, firm=False)),
        theirs=len(queries.list_in_hand(actor, firm=True)) if firm else 0,
        returns=[
            (one, words.in_short(reports.counts_of(one))) for one in queries.list_returns(actor.id)
        ],
    )


def wish_form(*, sent: bool) -> WishForm:
    """Return the form of when a sheet comes, as it was sent or as it stands."""
    form = WishForm() if sent else WishForm(formdata=None)
    names = get_day_names("wide", "stand-alone", get_locale())
    form.weekday.choices = [
        SelectChoice(NEVER, _("not by mail")),
        *(SelectChoice(str(day), _("%(day)s at 7:00", day=names[day])) for day in range(7)),
    ]
    if not sent:
        found = queries.find_wish(current_actor().id)
        form.weekday.data = str(found.weekday) if found else NEVER
        form.kind.data = found.kind if found else "xlsx"
    return form


@blueprint.get("/file")
@requires(*READERS)
@limiter.limit("60/hour")
def download() -> ResponseReturnValue:
    """Give a sheet as a file: of the person, or of her firm."""
    actor, at = current_actor(), clock.now()
    firm = request.args.get("whose") == "firm" and contents.of_firm(actor)
    return as_file(contents.fill(actor, at, firm=firm), kind_of(request.args.get("as")))


def as_file(sheet: contents.Sheet, kind: str) -> Response:
    """Return a sheet as the answer that browsers keep as a file."""
    return Response(
        files.write(sheet, kind),
        content_type=files.TYPES[kind],
        headers={"Content-Disposition": f"attachment; filename={files.name_of(sheet, kind)}"},
    )


@blueprint.post("")
@requires(*READERS)
@limiter.limit("60/hour")
def give_back() -> ResponseReturnValue:
    form, sent = SheetForm(), request.files.get("file")
    if not form.validate() or not isinstance(sent, FileStorage) or not sent.filename:
        form.file.errors = [_("Please choose a file.")]
        return show(form, wish_form(sent=False)), 422
    with sent.stream as stream:
        data = stream.read(MOST_BYTES + 1)
    report = operations.take_back(data, sent.filename, current_actor(), clock.now(), "web")
    if report.problem:
        form.file.errors = [report.problem]
        return show(form, wish_form(sent=False)), 422
    if report.again:
        flash(_("You gave this very file back before. This is what became of it."))
    return go(url_for("sheets.report", return_id=report.return_id))


@blueprint.get("/returns/<int:return_id>")
@requires(*READERS)
def report(return_id: int) -> ResponseReturnValue:
    found = queries.get_return(return_id, current_actor().id)
    told = reports.report_of(found)
    return render_template(
        "sheets/report.html",
        found=found,
        report=told,
        short=words.in_short(told.counts),
        mended=bool(reports.to_mend(return_id)),
    )


@blueprint.get("/returns/<int:return_id>/file")
@requires(*READERS)
@limiter.limit("60/hour")
def mended(return_id: int) -> ResponseReturnValue:
    """Give the rows that were not taken as a sheet, with what to look at."""
    actor, at = current_actor(), clock.now()
    again = reports.to_mend(queries.get_return(return_id, actor.id).id)
    sheet = contents.fill(actor, at, firm=True, again=again)
    return as_file(sheet, kind_of(request.args.get("as") or "xlsx"))


@blueprint.post("/wish")
@requires(*READERS)
def choose() -> ResponseReturnValue:
    form = wish_form(sent=True)
    if not form.validate():
        return show(SheetForm(formdata=None), form), 422
    day = form.weekday.data
    try:
        operations.wish(
            current_actor().id, int(day) if day else None, form.kind.data or "", clock.now()
        )
    except Invalid as error:
        form.take(error)
        return show(SheetForm(formdata=None), form), 422
    flash(_("Saved. From now on you hear as you chose."))
    return go(url_for("sheets.page"))


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    form = SheetForm(formdata=None)
    form.file.errors = [_("This file is longer than 5 MB: no sheet of ours is.")]
    return show(form, wish_form(sent=False)), 413
