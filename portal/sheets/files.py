"""A feedback sheet as a file: a workbook of which only the answers can be written, or a CSV.

Texts stay texts: no cell begins a formula, and none looks other than it was. Not here: what stands
in it (`contents`), and how it is read when it is back (`reading`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from portal.feedback.rules import LONGEST_NOTE
from portal.sheets.columns import AMOUNTS, DAYS, KEY, Column
from portal.sheets.contents import Sheet
from portal.web.sheets import WORKBOOK, writable, write_csv

CSV = "text/csv; charset=utf-8"
TYPES = {"xlsx": WORKBOOK, "csv": CSV}
HELP_ROW, HEAD_ROW, FIRST_ROW = 1, 2, 3
TITLE, LISTS = "Leads", "Lists"
# the first is how the reader's own program writes a day
DAY, AMOUNT, TEXT = BUILTIN_FORMATS[14], "#,##0.00", "@"
PROPERTY = "Sheet"
"""The custom property that names a sheet, as its identifier does."""

HEAD = PatternFill("solid", fgColor="1F2937")
ASKED = PatternFill("solid", fgColor="1D4ED8")
FIXED = PatternFill("solid", fgColor="F1F5F9")
_EDGE = Side("thin", color="CBD5E1")
LINE = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
TOP = Alignment(vertical="top", wrap_text=True)


def name_of(sheet: Sheet, kind: str) -> str:
    """Return what a file is called: plain letters, with the day on which it was made."""
    word = "rueckmeldungen" if sheet.locale.startswith("de") else "feedback"
    return f"{word}-{sheet.made_on.isoformat()}.{kind}"


def write(sheet: Sheet, kind: str) -> bytes:
    """Return a sheet as a file of this kind, xlsx or csv."""
    return write_workbook(sheet) if kind == "xlsx" else _as_csv(sheet)


def _as_csv(sheet: Sheet) -> bytes:
    lines = [[_said(row.get(one.key, "")) for one in sheet.columns] for row in sheet.rows]
    heads = [one.label(sheet.locale) for one in sheet.columns]
    # a spreadsheet program parts cells at what its country does not write in numbers
    delimiter = ";" if sheet.locale.startswith("de") else ","
    return "".join(write_csv(heads, iter([lines]), delimiter)).encode()


def _said(value: str | date) -> str:
    return value.isoformat() if isinstance(value, date) else value


def write_workbook(sheet: Sheet) -> bytes:
    """Return a sheet as a workbook."""
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = TITLE
    _write_heads(page, sheet)
    for number, row in enumerate(sheet.rows, FIRST_ROW):
        for place, column in enumerate(sheet.columns, 1):
            _write_cell(page.cell(number, place), column, row.get(column.key, ""))
    _write_lists(book, sheet)
    _ask(page, sheet)
    _lay_out(page, sheet)
    book.properties.title = name_of(sheet, "xlsx")
    book.properties.creator = None
    book.properties.identifier = sheet.mark
    cast(Any, book).custom_doc_props.append(StringProperty(name=PROPERTY, value=sheet.mark))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_heads(page: Worksheet, sheet: Sheet) -> None:
    # beside the hidden column, or nobody would see it
    note = page.cell(HELP_ROW, 2)
    _put(note, sheet.help)
    note.alignment = Alignment(vertical="center")
    for place, column in enumerate(sheet.columns, 1):
        head = page.cell(HEAD_ROW, place)
        _put(head, column.label(sheet.locale))
        head.font = Font(bold=True, color="FFFFFF")
        head.fill = ASKED if column.answers else HEAD
        head.alignment = Alignment(vertical="center")
        head.border = LINE


def _write_cell(cell: Cell | MergedCell, column: Column, value: str | date) -> None:
    if isinstance(value, date):
        cell.value = value
    elif value:
        _put(cell, value)
    cell.alignment, cell.border = TOP, LINE
    if column.answers:
        cell.protection = Protection(locked=False)
        cell.number_format = (
            DAY if column.key in DAYS else AMOUNT if column.key in AMOUNTS else TEXT
        )
    else:
        cell.fill = FIXED
        cell.number_format = DAY if isinstance(value, date) else TEXT


def _put(cell: Cell | MergedCell, text: str) -> None:
    """Write a text as a text, whatever sign it begins with."""
    cell.value = writable(text)
    cell.data_type = "s"
    cell.quotePrefix = text[:1] in tuple("=+-@\t\r")


def _write_lists(book: Workbook, sheet: Sheet) -> None:
    """Keep what may be chosen on a hidden sheet, a column and a name for each list."""
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    for place, (key, words) in enumerate(sheet.choices.items(), 1):
        for number, word in enumerate(words, 1):
            _put(lists.cell(number, place), word)
        letter = get_column_letter(place)
        where = f"'{LISTS}'!${letter}$1:${letter}${len(words)}"
        book.defined_names[_list_name(key)] = DefinedName(_list_name(key), attr_text=where)


def _list_name(key: str) -> str:
    return f"{key.title()}List"


def _ask(page: Worksheet, sheet: Sheet) -> None:
    """Say of each column that is filled in what belongs there, and let nothing else in."""
    last = max(len(sheet.rows), 1) + HEAD_ROW
    for place, column in enumerate(sheet.columns, 1):
        if not column.answers:
            continue
        rule = _rule(column.key, sheet.choices)
        rule.errorTitle = column.label(sheet.locale)
        if hint := sheet.hints.get(column.key):
            # a spreadsheet shows no more than 255 signs of it
            rule.prompt, rule.promptTitle = hint[:255], column.label(sheet.locale)[:32]
            rule.showInputMessage = True
        letter = get_column_letter(place)
        rule.add(f"{letter}{FIRST_ROW}:{letter}{last}")
        page.add_data_validation(rule)


def _rule(key: str, choices: Mapping[str, object]) -> DataValidation:
    if key in choices:
        # what is written in other words may still be understood
        return DataValidation(
            "list", _list_name(key), allow_blank=True, showErrorMessage=key != "reason"
        )
    if key in AMOUNTS:
        return DataValidation(
            "decimal", "0", operator="greaterThanOrEqual", allow_blank=True, showErrorMessage=True
        )
    if key in DAYS:
        return DataValidation(
            "date", "36526", operator="greaterThan", allow_blank=True, showErrorMessage=True
        )
    return DataValidation(
        *("textLength", str(LONGEST_NOTE)),
        operator="lessThanOrEqual",
        allow_blank=True,
        showErrorMessage=True,
    )


def _lay_out(page: Worksheet, sheet: Sheet) -> None:
    for place, column in enumerate(sheet.columns, 1):
        measures = page.column_dimensions[get_column_letter(place)]
        measures.width = column.width
        measures.hidden = column.key == KEY
    page.row_dimensions[HELP_ROW].height = 24
    page.row_dimensions[HEAD_ROW].height = 22
    page.freeze_panes = f"D{FIRST_ROW}"
    page.protection.sheet = True
    # only writing is kept to the answers; who needs wider columns or higher rows may have them
    page.protection.formatColumns = page.protection.formatRows = False
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_title_rows = f"{HEAD_ROW}:{HEAD_ROW}"
