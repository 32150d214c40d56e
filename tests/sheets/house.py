"""A rep with leads in hand, and sheets filled in as people do it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core.mail.rendering import speaking
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.pickup import operations as pickup
from portal.sheets import contents, files, operations
from portal.sheets.contents import Sheet
from portal.sheets.reports import Report
from tests.factories import AT, make_offered_lead

LATER = AT + timedelta(days=1)
HEAD = 2
Row = dict[str, Any]


def pick(rep: User, *, answered: bool = True, **over: Any) -> int:
    """Have a rep pick a lead up and answer, so that he may pick the next; return the pickup."""
    actor = get_actor(rep.id)
    claimed = pickup.claim(make_offered_lead(**over).id, actor, AT)
    if answered:
        feedback.give(claimed.pickup_id, Answer("waiting"), actor, AT)
    return claimed.pickup_id


def sheet_of(rep: User, *, firm: bool = False) -> Sheet:
    """Return what stands in a person's sheet now."""
    with speaking(rep.locale, rep.timezone):
        return contents.fill(get_actor(rep.id), LATER, firm=firm)


def rows_of(rep: User, *, firm: bool = False) -> list[Row]:
    """Return the rows of a person's sheet by heading, as its CSV has them."""
    text = files.write(sheet_of(rep, firm=firm), "csv").decode("utf-8-sig")
    delimiter = ";" if rep.locale == "de" else ","
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def as_csv(
    rows: Sequence[Mapping[str, Any]], delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    """Return rows as a CSV that a spreadsheet program writes."""
    out = io.StringIO()
    headings = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, headings, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def give_back(rep: User, data: bytes, way: str = "web", name: str = "sheet.xlsx") -> Report:
    """Give a file back."""
    return operations.take_back(data, name, get_actor(rep.id), LATER, way)


def filled_in(rep: User, fill: Callable[[Worksheet], object]) -> bytes:
    """Return a person's workbook as `fill` leaves it."""
    book = load_workbook(io.BytesIO(files.write(sheet_of(rep), "xlsx")))
    fill(book["Leads"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(page: Worksheet, row: int, **cells: Any) -> None:
    """Write into the columns of a row of leads, the first is 0; `Next_step` is Next step."""
    places = {str(cell.value): cell.column for cell in page[HEAD]}
    for name, value in cells.items():
        page.cell(HEAD + 1 + row, places[name.replace("_", " ")]).value = value


def fates(report: Report) -> list[str]:
    """Return what became of the rows."""
    return [row.fate.value for row in report.rows]
