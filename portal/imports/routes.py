"""Pages of imports: upload, say what the columns mean, try, run, see what was refused."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.errors import DomainError, Invalid
from portal.imports import jobs, operations
from portal.imports.commands import import_leads
from portal.imports.forms import MappingForm, UploadForm, mapping_form
from portal.imports.intake import WHOLE_ROW, read_counts
from portal.imports.models import LeadImport, RefusedRow
from portal.imports.operations import UNDER_WAY, ImportState
from portal.imports.reading import Table, UnreadableFile, open_table, sample_rows
from portal.leads import own_fields
from portal.leads.intake.mapping import (
    FIELDS,
    Mapping,
    TargetField,
    own_targets,
    propose_mapping,
)
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment
from portal.web.paging import cut, page_number

blueprint = Blueprint("imports", __name__, url_prefix="/imports", cli_group=None)
# the command stands beside the pages: both bring a list in
blueprint.cli.add_command(import_leads)

PAGE = 20
SHOWN_REFUSED = 20
SAMPLES, SAMPLE_LENGTH = 3, 40
CHUNK = 1024 * 1024
# a spreadsheet program takes a cell that begins like this for a formula
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class TooLarge(DomainError):
    """The file is longer than we take through the browser."""

    code = "too_large"
    status = 413


@blueprint.get("", endpoint="imports")
@requires(Permission.LEADS_IMPORT)
def list_page() -> ResponseReturnValue:
    number = page_number(request.args.get("page"))
    found = operations.list_imports(PAGE + 1, (number - 1) * PAGE)
    return render_template(
        "imports/imports.html", page=cut(found, number, PAGE), words=state_words(), size=PAGE
    )


@blueprint.get("/new")
@requires(Permission.LEADS_IMPORT)
def new() -> ResponseReturnValue:
    return render_template("imports/new.html", form=UploadForm())


@blueprint.post("")
@requires(Permission.LEADS_IMPORT)
def upload() -> ResponseReturnValue:
    form = UploadForm()
    sent = form.file.data
    if not form.validate() or not isinstance(sent, FileStorage) or not sent.filename:
        form.file.errors = [_("Please choose a file.")]
        return render_template("imports/new.html", form=form), 422
    path = jobs.upload_folder() / uuid.uuid4().hex
    try:
        keep_file(sent, path)
        with path.open("rb") as file:
            table = open_table(file)
            proposal = propose_mapping(table.headers, own=own_columns())
        row = operations.add_import(
            sent.filename,
            str(path),
            table.shape,
            proposal.mapping,
            clock.now(),
            current_actor().id,
        )
    except (UnreadableFile, TooLarge) as refusal:
        path.unlink(missing_ok=True)
        form.file.errors = [refusal.message]
        return render_template("imports/new.html", form=form), refusal.status
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return go(url_for("imports.mapping_page", import_id=row.id))


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    form = UploadForm(formdata=None)
    form.file.errors = [too_large_words()]
    return render_template("imports/new.html", form=form), 413


def too_large_words() -> str:
    """Say how large a file may be and what to do with a larger one."""
    return str(_("A list may have up to 100 MB here. Please split it, or bring it in by command."))


def keep_file(sent: FileStorage, path: Path) -> None:
    """Write an upload to its place, for nobody else to read. Raises `TooLarge`."""
    path.touch(mode=0o600)
    length = 0
    with path.open("wb") as file:
        while chunk := sent.stream.read(CHUNK):
            length += len(chunk)
            if length > operations.MAX_BYTES:
                raise TooLarge(too_large_words())
            file.write(chunk)


@blueprint.get("/<int:import_id>", endpoint="import")
@requires(Permission.LEADS_IMPORT)
def import_page(import_id: int) -> ResponseReturnValue:
    row = operations.get_import(import_id)
    if row.state == ImportState.UPLOADED and row.path:
        return go(url_for("imports.mapping_page", import_id=import_id))
    fragment = wants_fragment()
    template = "imports/_state.html" if fragment else "imports/import.html"
    return render_template(template, aside=fragment, **import_view(row))


def import_view(row: LeadImport) -> dict[str, Any]:
    """Return what the page of an import shows."""
    labels = {each.name: str(each.label) for each in (*FIELDS, *own_columns())}
    labels |= {WHOLE_ROW: _("The row")}
    refused = operations.list_refused(row.id, SHOWN_REFUSED)
    return {
        "row": row,
        "counts": read_counts(row.report),
        "under_way": row.state in UNDER_WAY,
        "percent": row.bytes_done * 100 // max(row.size, 1),
        "refused": [
            (each.row_number, [(labels.get(k, k), words) for k, words in each.reasons.items()])
            for each in refused
        ],
        "words": state_words(),
    }


def state_words() -> dict[str, str]:
    """Return the states in words."""
    return {
        "uploaded": _("columns to be named"),
        "mapped": _("ready"),
        "queued": _("waiting"),
        "running": _("under way"),
        "done": _("done"),
        "failed": _("stopped"),
    }


@blueprint.get("/<int:import_id>/mapping")
@requires(Permission.LEADS_IMPORT)
def mapping_page(import_id: int) -> ResponseReturnValue:
    row = operations.get_import(import_id)
    if not row.path or row.state in UNDER_WAY:
        return go(url_for("imports.import", import_id=import_id))
    mapping = operations.mapping_of(row)
    headers = operations.headers_of(row)
    values = {
        "source_system": mapping.source_system,
        **mapping.constants,
        **{f"column_{n}": mapping.columns.get(name, "") for n, name in enumerate(headers)},
    }
    form = form_of(headers)(formdata=None, data=values)
    return render_mapping(row, form)


@blueprint.post("/<int:import_id>/mapping")
@requires(Permission.LEADS_IMPORT)
def save_mapping(import_id: int) -> ResponseReturnValue:
    row = operations.get_import(import_id)
    headers = operations.headers_of(row)
    form = form_of(headers)()
    good = form.validate() and form.check_country()
    if good:
        try:
            operations.save_mapping(import_id, form.mapping(headers))
        except Invalid as problems:
            form.take_problems(problems.errors, headers)
            good = False
    if not good:
        return render_mapping(row, form), 422
    jobs.push(operations.queue_import(import_id, dry_run=request.form.get("then") != "import"))
    return go(url_for("imports.import", import_id=import_id))


def form_of(headers: list[str]) -> type[MappingForm]:
    """Return the form for a file with these headers."""
    locale = str(get_locale())
    sources = [entry.label(locale) for entry in book().active("source")]
    return mapping_form(headers, sources, own_columns())


def own_columns() -> tuple[TargetField, ...]:
    """Return the programme's own fields that a column may fill, in the reader's language."""
    return own_targets(own_fields.in_use(), str(get_locale()))


def render_mapping(row: LeadImport, form: MappingForm) -> str:
    """Render the columns with values out of the file beside them."""
    headers = operations.headers_of(row)
    samples = read_samples(row)
    return render_template(
        "imports/mapping.html",
        row=row,
        form=form,
        columns=list(zip(form.column_fields(headers), samples, strict=True)),
        known_as=propose_mapping(headers).known_as,
    )


def read_samples(row: LeadImport) -> list[list[str]]:
    """Return a few values per column."""
    headers = operations.headers_of(row)
    try:
        with Path(row.path).open("rb") as file:
            table: Table = open_table(file, row.report["encoding"], row.report["delimiter"])
            rows = sample_rows(table, 30)
    except (OSError, UnreadableFile):
        rows = []
    found: list[list[str]] = []
    for name in headers:
        values = dict.fromkeys(each[name].strip() for each in rows if each.get(name, "").strip())
        found.append([shorten(value) for value in list(values)[:SAMPLES]])
    return found


def shorten(text: str) -> str:
    """Return a value as one short line."""
    line = " ".join(text.split())
    return line if len(line) <= SAMPLE_LENGTH else line[: SAMPLE_LENGTH - 1] + "…"


@blueprint.post("/<int:import_id>/run")
@requires(Permission.LEADS_IMPORT)
def run(import_id: int) -> ResponseReturnValue:
    mapping: Mapping = operations.mapping_of(operations.get_import(import_id))
    if not mapping.source_system or not mapping.columns:
        return go(url_for("imports.mapping_page", import_id=import_id))
    jobs.push(operations.queue_import(import_id, dry_run=False))
    return go(url_for("imports.import", import_id=import_id))


@blueprint.post("/<int:import_id>/discard")
@requires(Permission.LEADS_IMPORT)
def discard(import_id: int) -> ResponseReturnValue:
    operations.discard(import_id)
    flash(_("The file and its refused rows are gone. Leads that came in stay."), "success")
    return go(url_for("imports.imports"))


@blueprint.get("/<int:import_id>/refused.csv")
@requires(Permission.LEADS_IMPORT)
def refused_rows(import_id: int) -> ResponseReturnValue:
    row = operations.get_import(import_id)
    header = [*operations.headers_of(row), _("Row in the file"), _("Refused because")]
    delimiter = str(row.report.get("delimiter") or ",")
    lines = stream_with_context(write_refused(import_id, header, delimiter))
    return Response(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename=refused-{import_id}.csv"},
    )


def write_refused(import_id: int, header: list[str], delimiter: str) -> Iterator[str]:
    """Write the refused rows as they were, so that they can be mended and sent again."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    buffer.write("\ufeff")
    writer.writerow([harmless(name) for name in header])
    width, last = len(header) - 2, 0
    while True:
        rows = (
            session()
            .scalars(
                select(RefusedRow)
                .where(RefusedRow.import_id == import_id, RefusedRow.id > last)
                .order_by(RefusedRow.id)
                .limit(500)
            )
            .all()
        )
        for each in rows:
            cells = [str(cell) for cell in each.raw.get("cells", [])]
            # a row with too many cells keeps the surplus in its last one
            if len(cells) > width > 0:
                cells = [*cells[: width - 1], delimiter.join(cells[width - 1 :])]
            cells += [""] * (width - len(cells))
            words = " ".join(str(reason) for reason in each.reasons.values())
            writer.writerow([*map(harmless, cells), each.row_number, harmless(words)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        if not rows:
            return
        last = rows[-1].id
        session().expunge_all()


def harmless(text: str) -> str:
    """Keep a spreadsheet program from running a cell as a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
