"""Pages of imports: upload, say what the columns mean, try, run, see what was refused."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Sequence
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
from portal.customers.models import Customer
from portal.duplicates.models import Kind
from portal.imports import files, jobs, mappings, operations, states, undoing
from portal.imports.commands import import_leads
from portal.imports.constants import campaigns_to_choose
from portal.imports.forms import MappingForm, UploadForm, mapping_form, sheet_form
from portal.imports.intake import WHOLE_ROW, RowState, read_counts
from portal.imports.models import ImportRow, KnownMapping, LeadImport
from portal.imports.reading import Table, UnreadableFile, sample_rows
from portal.imports.states import CAN_STOP, UNDER_WAY, ImportState
from portal.imports.wall import open_to
from portal.imports.workbook import read_kept
from portal.leads import own_fields
from portal.leads.intake.mapping import (
    CAMPAIGN,
    FIELDS,
    Mapping,
    TargetField,
    own_targets,
    propose_mapping,
)
from portal.leads.models import Lead
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment
from portal.web.paging import cut, page_number

blueprint = Blueprint("imports", __name__, url_prefix="/imports", cli_group=None)
# the command stands beside the pages: both bring a list in
blueprint.cli.add_command(import_leads)

PAGE = 20
PAGE_ROWS = 25
SHOWN_KEPT = 50
TELLING = (
    "company",
    "contact_name",
    "last_name",
    "first_name",
    "title",
    "role",
    "industry",
    "email",
)
"""Fields that tell a row, the first that say something."""
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
        row = files.receive(sent.filename, path, clock.now(), current_actor().id)
    except (UnreadableFile, TooLarge) as refusal:
        path.unlink(missing_ok=True)
        form.file.errors = [refusal.message]
        return render_template("imports/new.html", form=form), refusal.status
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if row.state == ImportState.READING:
        jobs.push(row)
        return go(url_for("imports.import", import_id=row.id))
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
    row = states.get_import(import_id)
    if row.state == ImportState.UPLOADED and row.path:
        return go(url_for("imports.mapping_page", import_id=import_id))
    fragment = wants_fragment()
    template = "imports/_state.html" if fragment else "imports/import.html"
    return render_template(template, aside=fragment, **import_view(row))


def import_view(row: LeadImport) -> dict[str, Any]:
    """Return what the page of an import shows."""
    under_way = row.state in UNDER_WAY
    by_state = row_counts(row)
    asked = request.args.get("rows", "")
    shown = asked if asked in by_state else next(iter(by_state), "")
    number = page_number(request.args.get("page"))
    found = cut(
        operations.list_rows(row.id, shown, PAGE_ROWS + 1, (number - 1) * PAGE_ROWS)
        if shown and row.keeps_rows and not under_way
        else [],
        number,
        PAGE_ROWS,
    )
    undone = row.report.get("undo") or {}
    whole = int(row.report.get("imported", 0)) if undone else row.size
    done = row.rows_done if undone else row.bytes_done
    return {
        "row": row,
        "counts": read_counts(row.report),
        "under_way": under_way,
        "can_stop": row.state in CAN_STOP,
        "percent": min(100, done * 100 // max(whole, 1)),
        "by_state": by_state,
        "shown": shown,
        "page": found,
        "size": PAGE_ROWS,
        "rows": told_rows(row, found.items),
        "row_words": row_words(),
        "fate_words": fate_words(),
        "words": state_words(),
        "workbook": read_kept(row.report.get("workbook") or {}),
        "undone": undone,
        "may_undo": undoing.may_undo(row, clock.now()),
        "kept": undoing.list_kept(row.id, SHOWN_KEPT) if row.state == ImportState.UNDONE else [],
    }


def row_counts(row: LeadImport) -> dict[str, int]:
    """Return how many rows of a file are in each state, in the order of `row_words`."""
    counted = {**row.report.get("states", {}), "refused": int(row.report.get("refused", 0))}
    return {state: counted[state] for state in row_words() if counted.get(state)}


def told_rows(row: LeadImport, found: Sequence[ImportRow]) -> list[dict[str, Any]]:
    """Return what the page says of rows: number, what they hold, why, and which leads are meant."""
    labels = {each.name: str(each.label) for each in (*FIELDS, *own_columns())}
    labels |= {WHOLE_ROW: _("The row")}
    named = {each.lead_id for each in found} | {each.twin_id for each in found}
    numbers = find_numbers([each for each in named if each is not None])
    targets = mappings.mapping_of(row).columns
    headers = mappings.headers_of(row)
    places = [
        headers.index(header)
        for target in TELLING
        for header, meant in targets.items()
        if meant == target
    ]
    return [
        {
            "number": each.row_number,
            "says": says(each.raw.get("cells", []), places),
            "reasons": [(labels.get(k, k), words) for k, words in each.reasons.items()],
            "lead": (each.lead_id, numbers.get(each.lead_id or 0)),
            "twin": (each.twin_id, numbers.get(each.twin_id or 0)),
            "twin_row": each.twin_row,
            "alike": [known for one in each.raw.get("alike", []) if (known := alike_words(one))],
        }
        for each in found
    ]


def alike_words(one: Sequence[Any]) -> dict[str, Any] | None:
    """Return the number and page of a lead or customer that might be the same, if it is here."""
    kind, its_id, score = str(one[0]), int(one[1]), int(one[2])
    if kind == Kind.LEAD:
        number, address = find_numbers([its_id]).get(its_id), url_for("desk.lead", lead_id=its_id)
    else:
        number = session().scalar(select(Customer.number).where(Customer.id == its_id))
        address = url_for("customer.page", customer_id=its_id)
    return {"number": number, "url": address, "score": score} if number else None


def says(cells: Sequence[Any], places: Sequence[int]) -> str:
    """Return in short what a row is about."""
    found = [str(cells[at]).strip() for at in places if at < len(cells)]
    return " · ".join(shorten(text) for text in list(dict.fromkeys(filter(None, found)))[:3])


def find_numbers(lead_ids: Sequence[int]) -> dict[int, str]:
    """Return the numbers of leads that are still here."""
    rows = session().execute(select(Lead.id, Lead.number).where(Lead.id.in_(lead_ids)))
    return {each.id: each.number for each in rows}


def row_words() -> dict[str, str]:
    """Return in words what becomes of rows."""
    return {
        RowState.REFUSED: _("Refused"),
        RowState.NEW: _("New"),
        RowState.CHANGED: _("Changed"),
        RowState.UNCHANGED: _("Unchanged"),
        RowState.DUPLICATE: _("Duplicates"),
        RowState.SUPPRESSED: _("Not to be called"),
        RowState.LEFT_ALONE: _("Worked on, left alone"),
        RowState.REPEATED: _("Twice in the file"),
    }


def fate_words() -> dict[str, str]:
    """Return in words what becomes of one row."""
    return {
        RowState.REFUSED: _("Stays out"),
        RowState.NEW: _("A new lead"),
        RowState.CHANGED: _("The lead is brought up to date"),
        RowState.UNCHANGED: _("The lead says so already"),
        RowState.DUPLICATE: _("A duplicate"),
        RowState.SUPPRESSED: _("Comes in, but is not to be called"),
        RowState.LEFT_ALONE: _("Left alone: somebody works on the lead"),
        RowState.REPEATED: _("Twice in the file"),
    }


def state_words() -> dict[str, str]:
    """Return the states in words."""
    return {
        "reading": _("being read"),
        "uploaded": _("columns to be named"),
        "mapped": _("ready"),
        "queued": _("waiting"),
        "running": _("under way"),
        "paused": _("paused"),
        "cancelled": _("cancelled"),
        "done": _("done"),
        "failed": _("stopped"),
        "undoing": _("being undone"),
        "undone": _("undone"),
    }


@blueprint.get("/<int:import_id>/sheet")
@requires(Permission.LEADS_IMPORT)
def sheet_page(import_id: int) -> ResponseReturnValue:
    row = states.get_import(import_id)
    book = read_kept(row.report.get("workbook") or {})
    if not book.sheets or row.state not in (ImportState.UPLOADED, ImportState.MAPPED):
        return go(url_for("imports.import", import_id=import_id))
    chosen = [str(at) for at, sheet in enumerate(book.sheets) if sheet.name == book.sheet]
    form = sheet_form(book.sheets)(formdata=None, data={"sheet": "".join(chosen)})
    sheets = files.sheets_of(row)
    return render_template("imports/sheet.html", row=row, form=form, sheets=sheets)


@blueprint.post("/<int:import_id>/sheet")
@requires(Permission.LEADS_IMPORT)
def choose_sheet(import_id: int) -> ResponseReturnValue:
    row = states.get_import(import_id)
    sheets = files.sheets_of(row)
    form = sheet_form(sheets)()
    if not form.validate():
        return render_template("imports/sheet.html", row=row, form=form, sheets=sheets), 422
    try:
        row = files.choose_sheet(import_id, sheets[int(form["sheet"].data)].name)
    except UnreadableFile as refusal:
        form["sheet"].errors = [refusal.message]
        return render_template("imports/sheet.html", row=row, form=form, sheets=sheets), 422
    if row.state == ImportState.READING:
        jobs.push(row)
    return go(url_for("imports.import", import_id=import_id))


@blueprint.get("/<int:import_id>/mapping")
@requires(Permission.LEADS_IMPORT)
def mapping_page(import_id: int) -> ResponseReturnValue:
    row = states.get_import(import_id)
    if not row.path or row.state in (*UNDER_WAY, ImportState.PAUSED):
        return go(url_for("imports.import", import_id=import_id))
    headers = mappings.headers_of(row)
    if not headers:
        return go(url_for("imports.sheet_page", import_id=import_id))
    mapping = mappings.mapping_of(row)
    others = mappings.find_mappings(headers)
    like = next((one for one in others if str(one.id) == request.args.get("like")), None)
    if like is not None:
        mapping = mappings.mapping_from(like, headers, own_columns())
    values = {
        "source_system": mapping.source_system,
        **mapping.constants,
        **{f"column_{n}": mapping.columns.get(name, "") for n, name in enumerate(headers)},
    }
    form = form_of(headers, mapping.constants.get(CAMPAIGN, ""))(formdata=None, data=values)
    return render_mapping(row, form, others)


@blueprint.post("/<int:import_id>/mapping")
@requires(Permission.LEADS_IMPORT)
def save_mapping(import_id: int) -> ResponseReturnValue:
    row = states.get_import(import_id)
    headers = mappings.headers_of(row)
    form = form_of(headers, request.form.get("campaign", ""))()
    good = form.validate() and form.check_country()
    if good:
        try:
            by = current_actor().id
            operations.save_mapping(import_id, form.mapping(headers), by, clock.now())
        except Invalid as problems:
            form.take_problems(problems.errors, headers)
            good = False
    if not good:
        return render_mapping(row, form), 422
    jobs.push(operations.queue_import(import_id, dry_run=request.form.get("then") != "import"))
    return go(url_for("imports.import", import_id=import_id))


def form_of(headers: list[str], campaign: str = "") -> type[MappingForm]:
    """Return the form for a file with these headers; `campaign` is chosen already."""
    locale = str(get_locale())
    sources = [entry.label(locale) for entry in book().active("source")]
    return mapping_form(headers, sources, own_columns(), campaigns_to_choose(campaign))


def own_columns() -> tuple[TargetField, ...]:
    """Return the programme's own fields that a column may fill, in the reader's language."""
    return own_targets(own_fields.in_use(), str(get_locale()))


def render_mapping(row: LeadImport, form: MappingForm, others: Sequence[KnownMapping] = ()) -> str:
    """Render the columns with values out of the file beside them.

    `others` are mappings kept for lists with the same headers, the last used first.
    """
    headers = mappings.headers_of(row)
    samples = read_samples(row)
    return render_template(
        "imports/mapping.html",
        row=row,
        form=form,
        columns=list(zip(form.column_fields(headers), samples, strict=True)),
        known_as=propose_mapping(headers).known_as,
        others=others,
        workbook=read_kept(row.report.get("workbook") or {}),
    )


def read_samples(row: LeadImport) -> list[list[str]]:
    """Return a few values per column."""
    headers = mappings.headers_of(row)
    try:
        with Path(row.path).open("rb") as file:
            table: Table = files.table_of(row, file)
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
    mapping: Mapping = mappings.mapping_of(states.get_import(import_id))
    if not mapping.source_system or not mapping.columns:
        return go(url_for("imports.mapping_page", import_id=import_id))
    jobs.push(operations.queue_import(import_id, dry_run=False))
    return go(url_for("imports.import", import_id=import_id))


@blueprint.post("/<int:import_id>/pause")
@requires(Permission.LEADS_IMPORT)
def pause(import_id: int) -> ResponseReturnValue:
    operations.pause(import_id)
    return go(url_for("imports.import", import_id=import_id))


@blueprint.post("/<int:import_id>/cancel")
@requires(Permission.LEADS_IMPORT)
def cancel(import_id: int) -> ResponseReturnValue:
    operations.cancel(import_id, clock.now())
    return go(url_for("imports.import", import_id=import_id))


@blueprint.get("/<int:import_id>/undo")
@requires(Permission.LEADS_IMPORT)
def undo_page(import_id: int) -> ResponseReturnValue:
    row = states.get_import(import_id)
    if not undoing.may_undo(row, clock.now()):
        return go(url_for("imports.import", import_id=import_id))
    outlook = undoing.look_ahead(import_id)
    kept = undoing.list_kept(import_id, SHOWN_KEPT) if outlook.kept else []
    return render_template("imports/undo.html", row=row, outlook=outlook, kept=kept)


@blueprint.post("/<int:import_id>/undo")
@requires(Permission.LEADS_IMPORT)
def undo(import_id: int) -> ResponseReturnValue:
    jobs.push(undoing.queue_undo(import_id, current_actor().id, clock.now()))
    return go(url_for("imports.import", import_id=import_id))


@blueprint.post("/<int:import_id>/discard")
@requires(Permission.LEADS_IMPORT)
def discard(import_id: int) -> ResponseReturnValue:
    operations.discard(import_id)
    flash(_("The file and its rows are gone. Leads that came in stay."), "success")
    return go(url_for("imports.imports"))


@blueprint.get("/<int:import_id>/refused.csv")
@requires(Permission.LEADS_IMPORT)
def refused_rows(import_id: int) -> ResponseReturnValue:
    row = states.get_import(import_id)
    header = [*mappings.headers_of(row), _("Row in the file"), _("Refused because")]
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
        with open_to(import_id) as own:
            rows = own.scalars(
                select(ImportRow)
                .where(
                    ImportRow.import_id == import_id,
                    ImportRow.state == RowState.REFUSED,
                    ImportRow.id > last,
                )
                .order_by(ImportRow.id)
                .limit(500)
            ).all()
            own.expunge_all()
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


def harmless(text: str) -> str:
    """Keep a spreadsheet program from running a cell as a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
