"""The process that opens a workbook: it knows no secret, may take little memory and little time.

`python -m portal.imports.workbook_child FILE OUT LIMITS SHEET` writes the sheet as CSV to OUT, a
record for every row of the sheet so that numbers of rows stay those of the spreadsheet, and says on
its last line, as JSON, which sheets there are. Without a SHEET it takes the only one that holds
rows, or none. What can't be read is said as a code, which `workbook` puts into words.

LIMITS are seconds, bytes unpacked and bytes written, and 1 for a form that somebody filled in: of
that counts what was typed. A formula then stands as `FORMULA`, whatever came of it.
"""

from __future__ import annotations

import csv
import json
import math
import re
import resource
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

MEMORY = 1024**3
MAX_PARTS = 2_000
MAX_RATIO = 200
"""How much smaller a part may be packed; letters of a sheet come to a tenth or a twentieth."""
MAX_COLUMNS = 501
"""One more than a list may have, so that a wider one is seen to be."""
MAX_MERGED = 20_000
MAX_FORM_ROWS = 10_000
HEAD = 4
CELLS = 6
LENGTH = 40
FORMULA = "#FORMULA!"
CENT = Decimal("0.01")
# a spreadsheet keeps no more than 15 digits of a number
EXACT = 10**15
CHUNK = 1024 * 1024
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell [^>]*ref=\"([A-Z0-9:]{3,30})\"")
_UNSAVED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^>]*)?/>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ZEROS = re.compile(r"0{2,20}")
_FORBIDDEN = ("vbaproject.bin", "xl/externallinks/", "xl/embeddings/", "xl/macrosheets/")


class Unreadable(Exception):
    """The workbook is refused; the first argument is the code of why."""


def check(package: zipfile.ZipFile, most: int) -> None:
    """Look at what the package says of itself before anything in it is opened."""
    parts = package.infolist()
    names = [part.filename for part in parts]
    if len(parts) > MAX_PARTS or len(set(names)) != len(names):
        raise Unreadable("odd")
    lower = [name.lower() for name in names]
    if "mimetype" in names or "content.xml" in names:
        raise Unreadable("other")
    if any(name.startswith(("/", "\\")) or ".." in name or "\\" in name for name in names):
        raise Unreadable("odd")
    if any(mark in name for name in lower for mark in _FORBIDDEN):
        raise Unreadable("macros")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("locked")
    if "xl/workbook.xml" not in lower:
        raise Unreadable("other")
    if sum(part.file_size for part in parts) > most:
        raise Unreadable("large")
    packed = sum(part.compress_size for part in parts)
    for part in parts:
        if part.file_size > CHUNK and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise Unreadable("bomb")
    # entries that lie over one another claim more than the file has
    if packed > most or packed > 2 * _length(package):
        raise Unreadable("bomb")


def _length(package: zipfile.ZipFile) -> int:
    file = package.fp
    if file is None:
        return 0
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end


def text_of(value: Any, number_format: str = "", *, typed: bool = False) -> str:
    """Return a cell's value as it would be typed: dates as ISO, numbers without an exponent.

    `typed` into a form they are amounts, which no reader takes for thousands: 12.345 as 12.35.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, number_format, typed=typed)
    if isinstance(value, datetime):
        exact = value.replace(microsecond=0)
        return exact.date().isoformat() if exact.time() == time() else exact.isoformat(" ")
    if isinstance(value, date | time):
        return str(value.isoformat())
    return str(value)


def _number(value: float, number_format: str, *, typed: bool) -> str:
    if not math.isfinite(value):
        return "#NUM!"
    if abs(value) >= EXACT:
        # its last digits are lost: whoever needs them all must see that
        return f"{float(value):.14E}"
    if float(value).is_integer():
        text = str(int(value))
        if _ZEROS.fullmatch(number_format) and value >= 0:
            return text.zfill(len(number_format))
        return text
    exact = Decimal(repr(float(value)))
    return format(exact.quantize(CENT) if typed else exact, "f")


def scan(package: zipfile.ZipFile, name: str) -> tuple[dict[int, list[tuple[int, int]]], int]:
    """Return what is merged over several rows, by column, and how many formulas have no result."""
    merged: dict[int, list[tuple[int, int]]] = defaultdict(list)
    unsaved, found, rest = 0, 0, b""
    with package.open(name) as part:
        while chunk := part.read(CHUNK):
            text = rest + chunk
            # what may go on in the next chunk waits for it
            cut = max(text.rfind(b"</"), 0) if len(text) > 400 else len(text)
            cut = max(cut, len(text) - 400)
            text, rest = text[:cut], text[cut:]
            found, unsaved = _note(text, merged, found, unsaved)
        found, unsaved = _note(rest, merged, found, unsaved)
    for spans in merged.values():
        spans.sort()
    return merged, unsaved


def _note(
    text: bytes, merged: dict[int, list[tuple[int, int]]], found: int, unsaved: int
) -> tuple[int, int]:
    for reference in _MERGED.findall(text):
        found += 1
        if found > MAX_MERGED:
            raise Unreadable("odd")
        left, top, _right, bottom = range_boundaries(reference.decode())
        if left and top and bottom and bottom > top and left < MAX_COLUMNS:
            merged[left - 1].append((top, bottom))
    return found, unsaved + len(_UNSAVED.findall(text))


def rows_of(sheet: Any, width: int | None = None, *, typed: bool = False) -> Iterator[list[str]]:
    """Return the rows of a sheet as texts, from the first, without empty cells at the end.

    What stands far below all rows that a form has belongs to no form.
    """
    last = MAX_FORM_ROWS if typed else None
    for row in sheet.iter_rows(min_row=1, max_row=last, min_col=1, max_col=width or MAX_COLUMNS):
        cells = []
        for cell in row:
            value = cell.value
            if value is None:
                cells.append("")
            elif typed and cell.data_type == "f":
                cells.append(FORMULA)
            elif type(value) is str:
                cells.append(value)
            else:
                plain = isinstance(value, int | float) and not isinstance(value, bool)
                cells.append(text_of(value, cell.number_format if plain else "", typed=typed))
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def filled_down(
    rows: Iterable[list[str]], merged: dict[int, list[tuple[int, int]]]
) -> Iterator[list[str]]:
    """Say what stands in a cell merged over several rows in each of them."""
    now: dict[int, tuple[int, str]] = {}
    waiting = {at: list(reversed(spans)) for at, spans in merged.items()}
    for number, cells in enumerate(rows, 1):
        for at, spans in waiting.items():
            if at in now and number <= now[at][0]:
                if len(cells) <= at:
                    cells.extend([""] * (at + 1 - len(cells)))
                cells[at] = cells[at] or now[at][1]
                continue
            while spans and spans[-1][0] <= number:
                _top, bottom = spans.pop()
                if at < len(cells) and cells[at]:
                    now[at] = (bottom, cells[at])
        yield cells


def head_of(sheet: Any) -> list[list[str]]:
    """Return the first rows of a sheet that hold something, shortened, to tell it by."""
    rows = (row for row in islice(rows_of(sheet, 40), 40) if any(cell.strip() for cell in row))
    return [
        [" ".join(cell.split())[:LENGTH] for cell in row if cell.strip()][:CELLS]
        for row in islice(rows, HEAD)
    ]


def convert(path: str, out: str, most: int, wanted: str, *, typed: bool = False) -> dict[str, Any]:
    """Write the wanted sheet, or the only filled one, and tell what the workbook holds."""
    with zipfile.ZipFile(path) as package:
        check(package, most)
    book = load_workbook(path, read_only=True, data_only=not typed, keep_links=False)
    sheets = [
        {"name": str(sheet.title), "hidden": sheet.sheet_state != "visible", "head": head_of(sheet)}
        for sheet in book.worksheets[:50]
    ]
    filled = [sheet["name"] for sheet in sheets if sheet["head"]]
    in_sight = [sheet["name"] for sheet in sheets if sheet["head"] and not sheet["hidden"]]
    if not filled:
        raise Unreadable("empty")
    told: dict[str, Any] = {"sheets": [one for one in sheets if one["head"]]}
    choice = in_sight or filled
    chosen = choice[0] if len(choice) == 1 and not wanted else wanted if wanted in filled else ""
    if not chosen:
        return told | {"sheet": ""}
    sheet = next(one for one in book.worksheets if str(one.title) == chosen)
    with zipfile.ZipFile(path) as package:
        merged, unsaved = scan(package, _part_of(sheet))
    width = _width(sheet)
    with open(out, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        last, waiting = 0, 0
        for number, row in enumerate(filled_down(rows_of(sheet, width, typed=typed), merged), 1):
            if not row:
                waiting += 1
                continue
            # rows without content keep their place, but not behind the last one
            for _blank in range(waiting):
                file.write("\r\n")
            waiting, last = 0, number
            writer.writerow(row + [""] * (width - len(row)))
    return told | {"sheet": chosen, "rows": last, "unsaved": unsaved}


def _part_of(sheet: Any) -> str:
    return str(sheet._worksheet_path).lstrip("/")


def _width(sheet: Any) -> int:
    """Return how many columns the first rows fill; what stands further right belongs to no list."""
    widths: Sequence[int] = [len(row) for row in islice(rows_of(sheet), 300)]
    return min(max(widths, default=1) + 1, MAX_COLUMNS) or 1


def main(words: Sequence[str]) -> int:
    """Run as a process; the last line that it prints is JSON."""
    path, out, limits, wanted = words
    seconds, most, length, typed = (int(part) for part in limits.split(","))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, length))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told = convert(path, out, most, wanted, typed=bool(typed))
    except Unreadable as refusal:
        told = {"code": refusal.args[0]}
    except MemoryError:
        told = {"code": "large"}
    except OSError as error:
        told = {"code": "large" if error.errno == 27 else "broken"}
    except Exception:  # noqa: BLE001 – whatever a library makes of a hostile file
        told = {"code": "broken"}
    print(json.dumps(told))  # noqa: T201 – how the parent hears
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
