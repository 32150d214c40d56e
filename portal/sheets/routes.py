"""The page of feedback sheets: take one, give it back, see what became of it, have one sent."""

from __future__ import annotations

from babel.dates import get_day_names
from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from portal.accounts.actor import current_actor
from portal.accounts.permissions import HAVE_SHEETS
from portal.core import clock
from portal.hearing import pages
from portal.sheets import contents, files, operations, queries, reports, words
from portal.sheets.forms import SheetForm
from portal.sheets.reading import MOST_BYTES
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.limits import limiter
from portal.web.sheets import kind_of

blueprint = Blueprint("sheets", __name__, url_prefix="/sheet")


@blueprint.get("")
@requires(*HAVE_SHEETS)
def page() -> ResponseReturnValue:
    return show(SheetForm(formdata=None))


def show(form: SheetForm) -> str:
    """Render the page, with the form as it was filled in."""
    actor = current_actor()
    firm = contents.of_firm(actor)
    return render_template(
        "sheets/sheet.html",
        form=form,
        by_mail=when_by_mail(),
        firm=firm,
        mine=queries.count_in_hand(actor, firm=False),
        theirs=queries.count_in_hand(actor, firm=True) if firm else 0,
        returns=[
            (one, words.in_short(reports.counts_of(one))) for one in queries.list_returns(actor.id)
        ],
    )


def when_by_mail() -> str:
    """Return in words when a person's sheet comes by mail; empty: it doesn't."""
    day = pages.held(current_actor())[1]["sheet_weekday"]
    names = get_day_names("wide", "stand-alone", get_locale())
    return str(_("%(day)s at 7:00", day=names[day - 1])) if day else ""


@blueprint.get("/file")
@requires(*HAVE_SHEETS)
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
@requires(*HAVE_SHEETS)
@limiter.limit("60/hour")
def give_back() -> ResponseReturnValue:
    form, sent = SheetForm(), request.files.get("file")
    if not form.validate() or not isinstance(sent, FileStorage) or not sent.filename:
        form.file.errors = [_("Please choose a file.")]
        return show(form), 422
    with sent.stream as stream:
        data = stream.read(MOST_BYTES + 1)
    report = operations.take_back(data, sent.filename, current_actor(), clock.now(), "web")
    if report.problem:
        form.file.errors = [report.problem]
        return show(form), 422
    if report.again:
        flash(_("You gave this very file back before. This is what became of it."))
    return go(url_for("sheets.report", return_id=report.return_id))


@blueprint.get("/returns/<int:return_id>")
@requires(*HAVE_SHEETS)
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
@requires(*HAVE_SHEETS)
@limiter.limit("60/hour")
def mended(return_id: int) -> ResponseReturnValue:
    """Give the rows that were not taken as a sheet, with what to look at."""
    actor, at = current_actor(), clock.now()
    again = reports.to_mend(queries.get_return(return_id, actor.id).id)
    sheet = contents.fill(actor, at, firm=True, again=again)
    return as_file(sheet, kind_of(request.args.get("as") or "xlsx"))


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    form = SheetForm(formdata=None)
    form.file.errors = [_("This file is longer than 5 MB: no sheet of ours is.")]
    return show(form), 413
