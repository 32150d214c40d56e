"""The file of an import: taken in, a sheet of a workbook made into a list, removed.

Not here: opening a workbook (workbook) and reading rows (reading).
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from flask_babel import gettext as _

from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.imports.mappings import mapping_data, propose
from portal.imports.models import LeadImport
from portal.imports.reading import Table, TableShape, UnreadableFile, open_table
from portal.imports.states import ImportState, editable
from portal.imports.workbook import (
    AT_ONCE,
    DELIMITER,
    ENCODING,
    SECONDS_AT_ONCE,
    Sheet,
    convert,
    is_workbook,
    read_kept,
    with_heads,
    write_heads,
)
from portal.leads.intake.mapping import Mapping

WORKBOOK, HEADS = ".xlsx", ".sheets"
LABEL_LENGTH = 120


def name_label(name: str | None) -> str:
    """Return a file's name as a label: no path, no signs that hide or turn the rest."""
    shown = "".join(
        char
        for char in unicodedata.normalize("NFC", name or "")
        if unicodedata.category(char)[0] != "C"
    )
    shown = shown.replace("\\", "/").rpartition("/")[2].strip(" .")
    if len(shown) > LABEL_LENGTH:
        shown = shown[: LABEL_LENGTH // 2] + "…" + shown[-LABEL_LENGTH // 2 :]
    return shown or "list.csv"


def receive(name: str, path: Path, at: datetime, by: int | None) -> LeadImport:
    """Take a file that lies at `path`: a table, or a workbook of which a sheet becomes one.

    A long workbook is read by the worker, one with several filled sheets waits for a choice. Raises
    `UnreadableFile`; the file is then the caller's to remove.
    """
    if is_workbook(path):
        row = LeadImport(
            file_name=name_label(name),
            path=str(path),
            size=path.stat().st_size,
            mapping=mapping_data(Mapping("")),
            state=ImportState.READING,
            dry_run=False,
            created_by=by,
            created_at=at,
            report={},
        )
        if row.size <= AT_ONCE:
            read_sheet(row, "", SECONDS_AT_ONCE)
        else:
            path.rename(workbook_path(path))
        session().add(row)
        session().flush()
        return row
    with path.open("rb") as file:
        table = open_table(file)
    proposal = propose(table.headers)
    return add_import(name, str(path), table.shape, proposal.mapping, at, by)


def workbook_path(path: Path) -> Path:
    """Return where the workbook lies of which a sheet was made into the file of an import."""
    return path.with_name(path.name + WORKBOOK)


def heads_path(path: Path) -> Path:
    """Return where the first rows of a workbook's sheets lie."""
    return path.with_name(path.name + HEADS)


def sheets_of(row: LeadImport) -> tuple[Sheet, ...]:
    """Return the sheets of an import's workbook that hold rows, with the first of them."""
    return with_heads(read_kept(row.report.get("workbook") or {}), heads_path(Path(row.path)))


def choose_sheet(import_id: int, sheet: str) -> LeadImport:
    """Have another sheet of a workbook be the list. Raises `NotFound`, `ImportUnderWay`."""
    row = editable(import_id)
    book = read_kept(row.report.get("workbook") or {})
    if not book.sheets or row.state not in (ImportState.UPLOADED, ImportState.MAPPED):
        raise NotFound()
    if sheet not in {one.name for one in book.sheets}:
        raise Invalid({"sheet": _("Please choose one of the list.")})
    row.state = ImportState.READING
    row.report = {"workbook": {**book.as_dict(), "sheet": sheet}}
    if workbook_path(Path(row.path)).stat().st_size <= AT_ONCE:
        read_sheet(row, sheet, SECONDS_AT_ONCE)
    session().flush()
    return row


def chosen_sheet(row: LeadImport) -> str:
    """Return the sheet that somebody chose, or ""."""
    return read_kept(row.report.get("workbook") or {}).sheet


def read_sheet(row: LeadImport, sheet: str, seconds: int) -> None:
    """Make a sheet of an import's workbook into its file. Raises `UnreadableFile`."""
    path, book = Path(row.path), workbook_path(Path(row.path))
    if not book.exists():
        path.rename(book)
    try:
        found = convert(book, path, sheet, seconds)
    except UnreadableFile:
        if not sheet:
            book.unlink(missing_ok=True)
        raise
    write_heads(found, heads_path(path))
    row.report = {"workbook": found.as_dict()}
    if found.sheet:
        with path.open("rb") as file:
            table = open_table(file, ENCODING, DELIMITER)
        row.report = {**row.report, **shape_data(table.shape)}
        row.size = table.shape.size
        row.mapping = mapping_data(propose(table.headers).mapping)
    row.state = ImportState.UPLOADED


def shape_data(shape: TableShape) -> dict[str, Any]:
    """Return what is kept of how a file was found to be."""
    return {
        "headers": list(shape.headers),
        "encoding": shape.encoding,
        "delimiter": shape.delimiter,
    }


def add_import(
    name: str | None, path: str, shape: TableShape, mapping: Mapping, at: datetime, by: int | None
) -> LeadImport:
    """Write the row about a file; `path` is empty where the file stays with its owner."""
    row = LeadImport(
        file_name=name_label(name),
        path=path,
        size=shape.size,
        mapping=mapping_data(mapping),
        state=ImportState.UPLOADED,
        dry_run=False,
        created_by=by,
        created_at=at,
        report=shape_data(shape),
    )
    session().add(row)
    session().flush()
    return row


def table_of(row: LeadImport, file: BinaryIO) -> Table:
    """Open the file of an import as it was found to be when it came."""
    return open_table(file, row.report.get("encoding"), row.report.get("delimiter"))


def remove_file(row: LeadImport) -> None:
    """Remove the uploaded file of an import; leads that are in stay."""
    if row.path:
        path = Path(row.path)
        for each in (path, workbook_path(path), heads_path(path)):
            each.unlink(missing_ok=True)
        row.path = ""
