"""Open a CSV as people really have it and read it row by row, in bounded memory.

Here: encoding, delimiter, header, broken quotes and ragged rows, found out without asking.
Not here: what a column means (mapping) or whether its text makes sense (cleaning).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from flask_babel import gettext as _

from portal.core.errors import DomainError

SAMPLE_BYTES = 256 * 1024
CHUNK_BYTES = 1024 * 1024
# No sheet has longer lines; a binary file or a JSON dump does.
MAX_LINE = 500_000
# What a cell of a spreadsheet can hold.
MAX_CELL = 32_767
MAX_COLUMNS = 500
MAX_CELL_LINES = 300
MAX_UNCLOSED_QUOTES = 200
DELIMITERS = (",", ";", "\t", "|")

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BROKEN_BYTE = re.compile("[\udc80-\udcff]")
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_NOT_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "xlsx"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<style")


class UnreadableFile(DomainError):
    """The file is no table that can be read; the message says what would help."""

    code = "unreadable_file"
    status = 422


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `number` counts as a spreadsheet does (the file's first row is 1)."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that can't be read as one; `cells` is what could be made out of it."""

    number: int
    cells: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class TableShape:
    """What was found out about a file; shown on the mapping page and kept with the import."""

    encoding: str
    delimiter: str
    header_row: int
    has_header: bool
    headers: tuple[str, ...]
    size: int
    lossy: bool = False


class Table:
    """A CSV open for reading. Iterate it once; `bytes_read` tells how far it is."""

    def __init__(self, file: BinaryIO, shape: TableShape) -> None:
        self.shape = shape
        self.blank_rows = 0
        self._file = file

    @property
    def headers(self) -> tuple[str, ...]:
        return self.shape.headers

    @property
    def bytes_read(self) -> int:
        """Tell how many of `shape.size` bytes are read, for a progress bar."""
        return min(self._file.tell(), self.shape.size)

    def __iter__(self) -> Iterator[Row | BrokenRow]:
        self._file.seek(0)
        self.blank_rows = 0
        text = _as_text(self._file, self.shape.encoding)
        try:
            yield from self._rows(_Lines(text))
        finally:
            text.detach()

    def _rows(self, lines: _Lines) -> Iterator[Row | BrokenRow]:
        headers = self.shape.headers
        width = len(headers)
        first = self.shape.header_row + (1 if self.shape.has_header else 0)
        for number, record in enumerate(
            _records(lines, self.shape.delimiter, self.shape.encoding, width), 1
        ):
            if number < first:
                continue
            if isinstance(record, _Broken):
                yield BrokenRow(number, record.cells, record.message)
                continue
            count = len(record)
            if count != width:
                if count > width:
                    extra = record[width:]
                    if any(cell.strip() for cell in extra):
                        yield BrokenRow(
                            number,
                            tuple(record[:MAX_COLUMNS]),
                            _(
                                "The row has %(found)s cells, the header only %(expected)s. "
                                "Is there a delimiter inside a text without quotes?",
                                found=count,
                                expected=width,
                            ),
                        )
                        continue
                    record = record[:width]
                else:
                    record = record + [""] * (width - count)
            if not any(record) or not any(cell.strip() for cell in record):
                self.blank_rows += 1
                continue
            if any(len(cell) > MAX_CELL for cell in record):
                yield BrokenRow(
                    number,
                    tuple(cell[:MAX_CELL] for cell in record),
                    _(
                        "A cell is longer than %(limit)s characters.",
                        limit=f"{MAX_CELL:,}",
                    ),
                )
                continue
            if self.shape.lossy and any("\ufffd" in cell for cell in record):
                yield BrokenRow(
                    number,
                    tuple(record),
                    _("Some characters of this row can't be read. Please save the file as UTF-8."),
                )
                continue
            yield Row(number, dict(zip(headers, record, strict=True)))


@dataclass(frozen=True, slots=True)
class _Broken:
    cells: tuple[str, ...]
    message: str


class _Lines:
    """Lines of a text of bounded length; those of the record being read can be taken back."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self._unread_rest = ""
        self.ended = False
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._text.readline(MAX_LINE)
        if not line:
            self.ended = True
            raise StopIteration
        if len(line) >= MAX_LINE:
            raise UnreadableFile(
                _(
                    "A line of this file is longer than %(limit)s characters, so it doesn't look "
                    "like a table. Please save it as CSV.",
                    limit=f"{MAX_LINE:,}",
                )
            )
        if "\0" in line:
            line = line.replace("\0", "") or "\n"
        self.taken.append(line)
        if len(self.taken) > MAX_CELL_LINES:
            raise csv.Error("a quote stays open")
        return line

    def take_back(self) -> str:
        """Keep the record's first line and give the others back to be read again."""
        first, *others = self.taken
        self._waiting.extendleft(reversed(others))
        self.ended = False
        self.taken = []
        return first


def _records(
    lines: _Lines, delimiter: str, encoding: str, width: int
) -> Iterator[list[str] | _Broken]:
    """Read records one by one; a quote that never closes costs its own row, not the rest."""
    unclosed = 0
    first_record = True
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.taken = []
        try:
            record = next(reader)
            # `sep=;` is a note to a spreadsheet program, not a row of the table.
            if first_record and len(lines.taken) == 1 and _separator_note(lines.taken[0]):
                record = []
        except StopIteration:
            return
        except csv.Error:
            record = None
        first_record = False
        taken = lines.taken
        if record is not None and len(taken) > 1:
            odd = sum(line.count('"') for line in taken) % 2 == 1
            if (lines.ended and odd) or (width and (len(record) < width or any(record[width:]))):
                record = None
        if record is None:
            if not taken:
                return
            unclosed += 1
            if unclosed > MAX_UNCLOSED_QUOTES:
                raise UnreadableFile(
                    _(
                        "More than %(limit)s rows have a quote that is never closed. "
                        "Please save the file again as CSV.",
                        limit=MAX_UNCLOSED_QUOTES,
                    )
                )
            line = lines.take_back().rstrip("\r\n")
            # A reader that met an error keeps nothing, one that read too far does.
            reader = csv.reader(lines, delimiter=delimiter)
            yield _Broken(
                tuple(cell[:MAX_CELL] for cell in line.split(delimiter)[:MAX_COLUMNS]),
                _("A quote in this row is opened and never closed."),
            )
            continue
        yield record


def open_table(file: BinaryIO, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Find out encoding, delimiter and header of a seekable file and open it for reading.

    Reads the whole file once for the encoding, in pieces. What the caller names isn't guessed.
    Refuses with `UnreadableFile`.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(SAMPLE_BYTES)
    if not start.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableFile(_("The file is empty."))
    for magic, kind in _NOT_TEXT:
        if start.startswith(magic):
            raise UnreadableFile(_not_text_message(kind))
    if start.lstrip(b" \t\r\n\xef\xbb\xbf").lower().startswith(_MARKUP):
        raise UnreadableFile(_not_text_message("html"))
    lossy = False
    if encoding is None:
        encoding, lossy = _find_encoding(file, start)
    else:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise UnreadableFile(_("We don't know the encoding %(name)s.", name=encoding)) from None
    file.seek(0)
    text = _as_text(file, encoding)
    try:
        sample = text.read(SAMPLE_BYTES)
    finally:
        text.detach()
    # The last line of a sample is half a line.
    sample_lines = list(islice(io.StringIO(sample.replace("\0", ""), newline=""), 200))
    if len(sample) >= SAMPLE_BYTES and len(sample_lines) > 1 and len(sample_lines) < 200:
        sample_lines.pop()
    if delimiter is None:
        delimiter = _find_delimiter(sample_lines)
    shape_rows = _sample_records(sample_lines, delimiter)
    header_index, has_header = _find_header(shape_rows)
    headers = _name_columns(shape_rows, header_index, has_header)
    shape = TableShape(
        encoding=encoding,
        delimiter=delimiter,
        header_row=header_index + 1,
        has_header=has_header,
        headers=headers,
        size=size,
        lossy=lossy,
    )
    return Table(file, shape)


def sample_rows(table: Table, count: int = 5) -> list[dict[str, str]]:
    """Read the first `count` good rows, for the page that shows the mapping."""
    rows: list[dict[str, str]] = []
    for row in table:
        if isinstance(row, Row):
            rows.append(row.values)
            if len(rows) == count:
                break
    return rows


def _not_text_message(kind: str) -> str:
    messages = {
        "gzip": _("This file is compressed. Please unpack it first."),
        "pdf": _("This file is a PDF. Please save the table as CSV."),
        "html": _("This file is a web page. Please save the table as .xlsx or as CSV (UTF-8)."),
        "xls": _(
            "This is an old workbook, or one with a password. Please save it without one as .xlsx, "
            "or the sheet as CSV (UTF-8)."
        ),
    }
    workbook = _(
        "This is a workbook or a zip file. Please open it and save the sheet as CSV (UTF-8)."
    )
    return str(messages.get(kind, workbook))


def _as_text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    # newline="" leaves line ends inside quotes to csv and also splits at a lone CR.
    return io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")


def _find_encoding(file: BinaryIO, start: bytes) -> tuple[str, bool]:
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name, False
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = max(len(start) // 2, 1)
    if odd > half * 0.4 and even < half * 0.1:
        return "utf-16-le", False
    if even > half * 0.4 and odd < half * 0.1:
        return "utf-16-be", False
    broken, foreign, undefined = _weigh_utf8(file)
    if broken == 0:
        return "utf-8", False
    # A few broken bytes among many good ones: the file is UTF-8 and only those rows are hurt.
    if foreign > broken * 20:
        return "utf-8", True
    return ("latin-1" if undefined else "cp1252"), False


def _weigh_utf8(file: BinaryIO) -> tuple[int, int, bool]:
    """Read the file in pieces; return broken and good non-ASCII characters, and cp1252's holes."""
    file.seek(0)
    # A replacement character may truly stand in the file; broken bytes become surrogates instead.
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    broken = foreign = 0
    undefined = False
    while True:
        chunk = file.read(CHUNK_BYTES)
        if chunk.isascii() and not decoder.getstate()[0] and chunk:
            continue
        text = decoder.decode(chunk, not chunk)
        broken += len(_BROKEN_BYTE.findall(text))
        foreign += len(text) - len(text.encode("ascii", "ignore"))
        undefined = undefined or any(byte in chunk for byte in _UNDEFINED_IN_CP1252)
        if not chunk:
            return broken, foreign - broken, undefined


def _separator_note(line: str) -> str | None:
    note = line.strip("\ufeff\r\n \"'")
    return note[4] if len(note) == 5 and note[:4].lower() == "sep=" else None


def _find_delimiter(lines: list[str]) -> str:
    if lines and (noted := _separator_note(lines[0])):
        return noted
    best, best_score = ",", 0.0
    for candidate in DELIMITERS:
        counts = Counter(
            len(record)
            for record in _sample_records(lines[:60], candidate)
            if any(cell.strip() for cell in record)
        )
        several = {width: times for width, times in counts.items() if width > 1}
        if not several:
            continue
        width, times = max(several.items(), key=lambda item: (item[1], item[0]))
        # Agreement counts for more than width: a comma inside texts gives many widths.
        score = times / counts.total() * 10 + min(width, 40) / 10
        if score > best_score:
            best, best_score = candidate, score
    return best


def _sample_records(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    reader = csv.reader(iter(lines), delimiter=delimiter)
    records: list[list[str]] = []
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return records
        except csv.Error:
            return records
        if not records and _separator_note(delimiter.join(record)):
            record = []
        records.append(record)


def _find_header(records: list[list[str]]) -> tuple[int, bool]:
    """Return the header's index and whether there is one; notes above the table are passed over."""
    filled = [sum(1 for cell in record if cell.strip()) for record in records]
    usual = Counter(len(record) for record, count in zip(records, filled, strict=True) if count > 0)
    width = max(usual.items(), key=lambda item: (item[1], item[0]))[0] if usual else 1
    for index, record in enumerate(records[:30]):
        if filled[index] == 0:
            continue
        if width > 1 and (len(record) < 2 or filled[index] < max(2, width * 0.4)):
            continue
        return index, _looks_like_header(record)
    first = next((index for index, count in enumerate(filled) if count), 0)
    return first, True


def _looks_like_header(record: list[str]) -> bool:
    cells = [cell.strip() for cell in record if cell.strip()]
    data = sum(
        1
        for cell in cells
        if ("@" in cell and "." in cell)
        or (any(char.isdigit() for char in cell) and not any(char.isalpha() for char in cell))
    )
    return data == 0 or (len(cells) > 4 and data == 1)


def _name_columns(records: list[list[str]], index: int, has_header: bool) -> tuple[str, ...]:
    if not records:
        return ()
    header = [_one_line(cell) for cell in records[index]]
    below = records[index + 1 :]
    if not has_header:
        header = [""] * len(header)
        below = records[index:]
    # A stray column without name and content at the end is none.
    filled = max(map(_columns_filled, below), default=0)
    del header[max(_columns_filled(header), filled) :]
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(
            _(
                "The file has more than %(limit)s columns, so it doesn't look like a list of "
                "leads.",
                limit=MAX_COLUMNS,
            )
        )
    names: list[str] = []
    seen: set[str] = set()
    for position, name in enumerate(header, 1):
        base = name[:200] or _("Column %(number)s", number=position)
        unique, times = base, 1
        while unique.casefold() in seen:
            times += 1
            unique = f"{base} ({times})"
        seen.add(unique.casefold())
        names.append(unique)
    return tuple(names)


def _columns_filled(record: Sequence[str]) -> int:
    """Return how many columns a record has up to the last one with something in it."""
    return next((at for at in range(len(record), 0, -1) if record[at - 1].strip()), 0)


def _one_line(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())
