"""Lists that leave as files: CSV or a workbook, written piece by piece; no cell begins a formula.

What stands in the cells, and for whom, is said by the room whose list it is.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Response, stream_with_context
from openpyxl import Workbook

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BYTES_AT_ONCE = 64 * 1024
AT_ONCE = 500
"""So many lines are read and written at a time."""

Lines = Iterator[Sequence[Sequence[Any]]]
"""The lines below the first one, some hundred at a time: dates and numbers as such."""


def kind_of(asked: str | None) -> str:
    """Return what kind of file is meant: a workbook where it is asked for, else CSV."""
    return "xlsx" if asked == "xlsx" else "csv"


def download(kind: str, name: str, title: str, first: Sequence[str], lines: Lines) -> Response:
    """Return a list as the answer that browsers keep as a file.

    `title` is what the sheet of a workbook is called.
    """
    pieces: Any
    if kind == "xlsx":
        pieces, content_type = write_workbook(title, first, lines), WORKBOOK
    else:
        pieces, content_type = write_csv(first, lines), "text/csv; charset=utf-8"
    return Response(
        stream_with_context(pieces),
        content_type=content_type,
        headers={"Content-Disposition": f"attachment; filename={name}.{kind}"},
    )


def guard_cell(text: str) -> str:
    """Make a cell that we write safe to open in a spreadsheet: a formula becomes plain text."""
    if text and (text[0] in "=+-@\t\r" or text[0] in "＝＋－＠"):
        return "'" + text
    return NOT_IN_XML.sub("", text)


def write_csv(first: Sequence[str], lines: Lines, delimiter: str = ",") -> Iterator[str]:
    """Write a list as CSV, piece by piece."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    buffer.write("\ufeff")
    writer.writerow([guard_cell(cell) for cell in first])
    for batch in lines:
        writer.writerows([_plain(cell) for cell in line] for line in batch)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    # of an empty list there is the first line
    if rest := buffer.getvalue():
        yield rest


def _plain(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    # a number of ours begins no formula, also below nought
    return str(cell) if isinstance(cell, int | Decimal) else guard_cell(str(cell))


def write_workbook(title: str, first: Sequence[str], lines: Lines) -> Iterator[bytes]:
    """Write a list as a workbook, into a file that is given piece by piece."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append([_cell(cell) for cell in first])
    for batch in lines:
        for line in batch:
            sheet.append([_cell(cell) for cell in line])
    with tempfile.TemporaryFile() as file:
        workbook.save(file)
        file.seek(0)
        while piece := file.read(BYTES_AT_ONCE):
            yield piece


def writable(text: str) -> str:
    """Return a text without what XML can't carry; a workbook with it can't be opened."""
    return NOT_IN_XML.sub("", text)


def _cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return guard_cell(writable(cell))
    return cell
