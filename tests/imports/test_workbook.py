"""Workbooks become lists, and those made to do harm are refused with a sentence."""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import socket
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import Workbook, load_workbook

from portal.imports import workbook
from portal.imports.reading import BrokenRow, Row, UnreadableFile, open_table
from portal.imports.workbook import convert

SHEET = "xl/worksheets/sheet1.xml"
MARCH = datetime(2026, 3, 4)  # noqa: DTZ001 – a sheet knows no zone
HALF_PAST_TEN = MARCH.replace(hour=10, minute=30)
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write(path: Path, *rows: list[object], name: str = "Leads") -> Path:
    """Write a workbook with one sheet."""
    book = Workbook()
    sheet = book.active
    sheet.title = name
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def repack(path: Path, parts: dict[str, bytes], drop: str = "") -> Path:
    """Write a workbook anew with some of its parts exchanged or added."""
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist() if name != drop}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in (kept | parts).items():
            new.writestr(name, content)
    return path


def sheet_of(rows: str, more: str = "", before: str = "") -> bytes:
    """Return the XML of a sheet."""
    head = f'{before}<worksheet xmlns="{NAMESPACE}">'
    return f"{head}<sheetData>{rows}</sheetData>{more}</worksheet>".encode()


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_sheet_reads_as_what_was_typed_into_it(ctx: Flask, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Id", "Company", "Postcode", "Received", "Value", "Call", "Long number"])
    sheet.append([1, 'Müller, "Söhne"\nKG', 1067, MARCH, 1234.5, True, 10**17])
    sheet.append([2, None, 10115, HALF_PAST_TEN, 0.1, False, "00123"])
    sheet["C2"].number_format = "00000"
    sheet.merge_cells("B2:B3")
    sheet.append([])
    sheet.append([5, "=A2+A3"])
    book.save(tmp_path / "list.xlsx")
    found = convert(tmp_path / "list.xlsx", tmp_path / "out")
    rows = [row[:7] for row in rows_of(tmp_path / "out")]
    assert rows[1] == [
        *("1", 'Müller, "Söhne"\nKG', "01067", "2026-03-04", "1234.5", "true"),
        "1.00000000000000E+17",
    ]
    # what is merged over two rows counts for both
    assert rows[2] == ["2", rows[1][1], "10115", "2026-03-04 10:30:00", "0.1", "false", "00123"]
    # an empty row keeps its number; a formula without a result is told, not made up
    assert (rows[3], rows[4][:2]) == ([], ["5", ""])
    assert (found.sheet, found.rows, found.unsaved) == ("Sheet", 5, 1)
    with (tmp_path / "out").open("rb") as file:
        read = [row for row in open_table(file, "utf-8", ",") if not isinstance(row, BrokenRow)]
    assert [row.number for row in read if isinstance(row, Row)] == [2, 3, 5]


def test_of_several_filled_sheets_one_is_chosen(ctx: Flask, tmp_path: Path) -> None:
    write(tmp_path / "list.xlsx", ["Id", "Company"], [1, "Eins"])
    book = load_workbook(tmp_path / "list.xlsx")
    book.create_sheet("Empty")
    book.create_sheet("Fair").append(["Nr", "Firma"])
    hidden = book.create_sheet("Lists")
    hidden.append(["x"])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "list.xlsx")
    asked = convert(tmp_path / "list.xlsx", tmp_path / "out")
    assert [one.name for one in asked.sheets] == ["Leads", "Fair", "Lists"]
    assert asked.sheet == ""
    assert not (tmp_path / "out").exists()
    chosen = convert(tmp_path / "list.xlsx", tmp_path / "out", "Fair")
    assert chosen.sheet == "Fair"
    assert rows_of(tmp_path / "out")[0][:2] == ["Nr", "Firma"]


def entity_bomb(path: Path) -> None:
    lines = '<!ENTITY l0 "lol">' + "".join(
        f'<!ENTITY l{n} "&l{n - 1};&l{n - 1};">' for n in range(1, 30)
    )
    rows = '<row r="1"><c t="inlineStr"><is><t>&l29;</t></is></c></row>'
    repack(write(path, ["a"]), {SHEET: sheet_of(rows, before=f"<!DOCTYPE x [{lines}]>")})


def outside_entity(path: Path) -> None:
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    rows = '<row r="1"><c t="inlineStr"><is><t>&e;</t></is></c></row>'
    repack(write(path, ["a"]), {SHEET: sheet_of(rows, before=doctype)})


def far_entity(port: int, *, external: bool) -> object:
    """Return who writes a workbook that wants something from a server."""
    there = f"http://127.0.0.1:{port}/x.dtd"
    inside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{there}">]>'
    doctype = f'<!DOCTYPE x SYSTEM "{there}">' if external else inside
    text = "a" if external else "&e;"
    rows = f'<row r="1"><c t="inlineStr"><is><t>{text}</t></is></c></row>'
    return lambda path: repack(write(path, ["a"]), {SHEET: sheet_of(rows, before=doctype)})


def spaces(path: Path) -> None:
    repack(write(path, ["a"]), {SHEET: sheet_of(" " * 8_000_000)})


def overlapping(path: Path) -> None:
    """Write a hundred entries that are one and the same piece of the file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", bytes(range(256)) * 4_000)
        first = package.infolist()[0]
        for number in range(100):
            again = copy.copy(first)
            again.filename = f"xl/{number}.xml"
            package.filelist.append(again)


def encrypted(path: Path) -> None:
    write(path, ["a"])
    content = bytearray(path.read_bytes())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(sign, at + 4)
    path.write_bytes(bytes(content))


def with_part(name: str) -> object:
    return lambda path: repack(write(path, ["a"]), {name: b"x"})


def with_rows(rows: str, more: str = "") -> object:
    return lambda path: repack(write(path, ["a"]), {SHEET: sheet_of(rows, more)})


CHOICES = "".join(
    f'<dataValidation type="list" sqref="A{n * 7919 % 1048576}"><formula1>B{n * 104729}</formula1>'
    "</dataValidation>"
    for n in range(60_000)
)


def truncated(path: Path) -> None:
    rows = ([n, "x" * 50] for n in range(99))
    path.write_bytes(write(path, ["a", "b"], *rows).read_bytes()[:-300])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (entity_bomb, "can't be read"),
        (outside_entity, "can't be read"),
        (spaces, "packed in a way"),
        (overlapping, "can't be read|packed in a way"),
        (encrypted, "password"),
        (with_part("xl/vbaProject.bin"), "macros"),
        (with_part("xl/externalLinks/externalLink1.xml"), "macros"),
        (with_part("../../etc/x"), "can't be read"),
        (with_part("mimetype"), "no workbook of the kind"),
        (lambda path: repack(write(path, ["a"]), {}, "xl/workbook.xml"), "no workbook of the kind"),
        (truncated, "can't be read"),
        (with_rows(f'<row r="1"><c><v>{"9" * 100_000}</v></c></row>'), "can't be read"),
        (with_rows('<row r="-1"><c r="??"><v>1</v></c></row>'), "can't be read|no rows"),
        (with_rows(""), "holds no rows"),
        (
            with_rows("", f"<dataValidations>{CHOICES}</dataValidations>"),
            "can't be read|holds no rows",
        ),
        (lambda path: path.write_bytes(b"PK\x03\x04 nothing"), "can't be read"),
    ],
)
def test_a_hostile_workbook_is_refused_with_a_sentence(
    ctx: Flask, tmp_path: Path, make: object, words: str
) -> None:
    make(tmp_path / "list.xlsx")  # type: ignore[operator]
    with pytest.raises(UnreadableFile, match=words):
        convert(tmp_path / "list.xlsx", tmp_path / "out", seconds=5)
    assert not (tmp_path / "out").exists()


def test_a_workbook_that_names_a_server_asks_nobody(ctx: Flask, tmp_path: Path) -> None:
    """91: not for an entity, nor for what describes the file."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        for external in (False, True):
            far_entity(port, external=external)(tmp_path / "list.xlsx")  # type: ignore[operator]
            with contextlib.suppress(UnreadableFile):
                convert(tmp_path / "list.xlsx", tmp_path / "out", seconds=5)
            with pytest.raises(BlockingIOError):
                server.accept()


def test_cells_far_out_and_merged_without_end_cost_little(ctx: Flask, tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Company</t></is></c></row>'
        '<row r="2"><c r="A2"><v>1e999</v></c><c r="XFD2"><v>1</v></c></row>'
        '<row r="200000"><c r="A200000"><v>7</v></c></row>'
    )
    merged = '<mergeCells count="1"><mergeCell ref="A3:XFD199999"/></mergeCells>'
    make = repack(write(tmp_path / "list.xlsx", ["a"]), {SHEET: sheet_of(rows, merged)})
    found = convert(make, tmp_path / "out", seconds=20)
    assert found.rows == 200_000
    kept = [(n, row[0]) for n, row in enumerate(rows_of(tmp_path / "out"), 1) if row]
    assert kept == [(1, "Company"), (2, "#NUM!"), (200_000, "7")]


def test_whoever_opens_a_workbook_may_take_little_time(
    ctx: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 60_000))
    make = repack(write(tmp_path / "list.xlsx", ["a"]), {SHEET: sheet_of(rows)})
    monkeypatch.setattr(workbook, "MAX_CSV", 10_000)
    with pytest.raises(UnreadableFile, match="more memory or time"):
        convert(make, tmp_path / "out")
    monkeypatch.setattr(workbook, "MAX_UNPACKED", 10_000)
    with pytest.raises(UnreadableFile, match="more memory or time"):
        convert(make, tmp_path / "out")


def test_what_only_says_that_it_is_a_list_is_refused(ctx: Flask) -> None:
    for content, words in (
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"\xd0\xcf\x11\xe0old or locked", "workbook"),
    ):
        with pytest.raises(UnreadableFile, match=words):
            open_table(io.BytesIO(content))
