"""From a file that came back to rows: which lead each names, and what was filled in.

How files are opened stands in `imports` (`reading`, `workbook`): a workbook by a process of its
own, with limits. Here: which columns count. Not here: whose leads they are, what answers mean.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.core.errors import Invalid
from portal.imports.reading import BrokenRow, Table, UnreadableFile, open_table
from portal.imports.workbook import DELIMITER, ENCODING, MAGIC, convert
from portal.sheets.columns import ANSWERS, COLUMNS, KEY, NUMBER, Column, find_places

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 1_000
SECONDS = 15
GUARDED = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a sheet: its key and lead number as they stand there, and the answers by column.

    `broken` says why it can't be read at all.
    """

    number: int
    key: str = ""
    lead_number: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    broken: str = ""


def read(content: bytes) -> Sequence[Line]:
    """Return the rows that say something. Raises `Invalid` at `file`, and `UnreadableFile`."""
    if len(content) > MOST_BYTES:
        raise _refused(_("This file is longer than 5 MB: no sheet of ours is."))
    if content.startswith(MAGIC):
        table = open_table(io.BytesIO(_of_workbook(content)), ENCODING, DELIMITER)
    else:
        table = open_table(io.BytesIO(content))
    return list(_lines(table))


def is_ours(content: bytes) -> bool:
    """Say whether a file is a sheet of ours: its column of keys can be read."""
    try:
        read(content)
    except (Invalid, UnreadableFile):
        return False
    return True


def _of_workbook(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "sheet.xlsx", Path(folder) / "sheet.csv"
        path.write_bytes(content)
        found = convert(path, out, "", SECONDS, form=True)
        if not found.sheet:
            # somebody put a sheet of his own beside ours
            ours = [one.name for one in found.sheets if _is_ours(one.head)]
            if len(ours) != 1:
                raise _refused(_("Please keep one sheet with leads in the workbook."))
            convert(path, out, ours[0], SECONDS, form=True)
        return out.read_bytes()


def _is_ours(head: Sequence[Sequence[str]]) -> bool:
    return any(KEY in find_places(row) for row in head)


def _lines(table: Table) -> list[Line]:
    places = find_places(table.headers)
    if "status" not in places:
        raise _refused(_("This is no sheet of ours: no column is called Status."))
    if KEY not in places:
        raise _refused(
            _(
                "The hidden column with the keys is missing, so we can't tell which row is about "
                "which lead. Please fill in a new sheet, and leave its columns where they are."
            )
        )
    found: list[Line] = []
    strange, unread = set(table.headers) - set(places.values()), set[str]()
    for record in table:
        if len(found) >= MOST_ROWS:
            raise _refused(
                _("This file has more than %(limit)d rows: no sheet of ours has.", limit=MOST_ROWS)
            )
        if isinstance(record, BrokenRow):
            found.append(Line(record.number, broken=record.message))
            continue
        unread |= {heading for heading in strange if record.values[heading].strip()}
        said = {key: _bare(record.values[heading]) for key, heading in places.items()}
        answers = {key: said[key] for key in ANSWERS if said.get(key)}
        if said[KEY] or answers:
            found.append(Line(record.number, said[KEY], said.get(NUMBER, ""), answers))
    missing = [one.label(str(get_locale())) for one in COLUMNS if _is_missing(one, places)]
    if missing and unread:
        found.insert(0, Line(table.shape.header_row, broken=_renamed(missing, unread)))
    return found


def _is_missing(column: Column, places: Mapping[str, str]) -> bool:
    return column.answers and column.always and column.key not in places


def _renamed(missing: Sequence[str], unread: Collection[str]) -> str:
    """Say that answers stand under a heading that is none of ours, which nobody read."""
    return str(
        _(
            "No column is called %(missing)s, and what stands under %(unread)s was not read. "
            "Please give the columns their names again.",
            missing=", ".join(missing),
            unread=", ".join(sorted(unread)[:5]),
        )
    )


def _bare(cell: str) -> str:
    """Return a cell without the sign that keeps a list of ours from being a formula."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(GUARDED) else text


def _refused(sentence: str) -> Invalid:
    return Invalid({"file": sentence})
