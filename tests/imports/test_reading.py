"""Lists as people really send them: encodings, delimiters, headers, broken quotes, odd sizes."""

from __future__ import annotations

import io
import random
import tracemalloc
from pathlib import Path

import pytest

from portal.imports.reading import (
    MAX_LINE,
    BrokenRow,
    Row,
    UnreadableFile,
    open_table,
    sample_rows,
)
from portal.web.sheets import guard_cell

LIST = 'id,name,town\n1,"Müller, Söhne",Köln\n2,Groß,Übach\n'
EXPECTED = [
    {"id": "1", "name": "Müller, Söhne", "town": "Köln"},
    {"id": "2", "name": "Groß", "town": "Übach"},
]


def rows_of(content: bytes) -> list[Row | BrokenRow]:
    return list(open_table(io.BytesIO(content)))


def good(content: bytes) -> list[dict[str, str]]:
    return [row.values for row in rows_of(content) if isinstance(row, Row)]


def broken(content: bytes) -> list[BrokenRow]:
    return [row for row in rows_of(content) if isinstance(row, BrokenRow)]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_the_encoding_is_found_out(encoding: str, found: str) -> None:
    content = LIST.encode(encoding)
    assert good(content) == EXPECTED
    assert open_table(io.BytesIO(content)).shape.encoding == found


def test_latin_1_is_told_from_cp1252_by_what_cp1252_lacks() -> None:
    content = "id,name\n1,Köln\x81\n".encode("latin-1")
    assert open_table(io.BytesIO(content)).shape.encoding == "latin-1"
    assert good(content)[0]["name"].startswith("Köln")


def test_the_first_umlaut_may_stand_at_the_very_end() -> None:
    content = ("id,town\n" + "1,Bonn\n" * 90_000 + "2,Köln\n").encode("cp1252")
    assert good(content)[-1] == {"id": "2", "town": "Köln"}


def test_a_few_broken_bytes_cost_their_rows_and_not_the_umlauts_of_the_others() -> None:
    content = ("id,town\n" + "1,Köln Österreich\n" * 30).encode() + b"2,M\xfcnchen\n3,\xc3\xbcber\n"
    rows = rows_of(content)
    assert sum(isinstance(row, Row) for row in rows) == 31
    assert [row.number for row in rows if isinstance(row, BrokenRow)] == [32]
    assert "UTF-8" in broken(content)[0].message


def test_a_replacement_character_that_stands_in_the_file_does_not_change_its_encoding() -> None:
    content = "id,town\n1,K\ufffdln\n2,Bonn\n".encode()
    assert good(content)[0]["town"] == "K\ufffdln"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    rows = [["id", "name", "note"], ["1", "Alpha", "one, two; three"], ["2", "Beta", "a"]]
    lines = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert good(lines.encode()) == [
        {"id": "1", "name": "Alpha", "note": "one, two; three"},
        {"id": "2", "name": "Beta", "note": "a"},
    ]


def test_commas_in_amounts_do_not_outvote_semicolons() -> None:
    content = b"id;value;town\n1;1,5;Ulm\n2;2,75;Bonn, Rhein\n3;10;Jena\n"
    assert open_table(io.BytesIO(content)).shape.delimiter == ";"


def test_the_separator_note_of_a_spreadsheet_is_obeyed_and_is_no_row() -> None:
    table = open_table(io.BytesIO(b"sep=|\r\nid|name\r\n1|a,b\r\n"))
    assert (table.shape.delimiter, table.shape.header_row) == ("|", 2)
    assert [row.number for row in table] == [3]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_every_way(end: str) -> None:
    assert good(LIST.replace("\n", end).encode()) == EXPECTED


def test_line_ends_within_quotes_belong_to_the_text() -> None:
    assert good(b'id,note\n1,"first\nsecond"\n2,x\n')[0]["note"] == "first\nsecond"


def test_notes_above_the_table_are_passed_over() -> None:
    content = b"Export of 2022-01-03\n\nid,name,town\n1,Alpha,Ulm\n2,Beta,Jena\n"
    table = open_table(io.BytesIO(content))
    assert table.headers == ("id", "name", "town")
    assert [(row.number, row.values["id"]) for row in table if isinstance(row, Row)] == [
        (4, "1"),
        (5, "2"),
    ]


def test_a_list_without_header_gets_numbered_columns_and_loses_no_row() -> None:
    content = b"1,anna@alpha.example,2022\n2,bob@beta.example,2023\n"
    table = open_table(io.BytesIO(content))
    assert not table.shape.has_header
    assert len(list(table)) == 2
    assert table.headers[0] == "Column 1"


def test_doubled_and_missing_headers_get_names_of_their_own() -> None:
    table = open_table(io.BytesIO(b"id,Name,name,,x\n1,a,b,c,d\n"))
    assert table.headers == ("id", "Name", "name (2)", "Column 4", "x")


def test_stray_empty_columns_at_the_end_are_none() -> None:
    table = open_table(io.BytesIO(b"id,name,,\n1,a,,\n2,b,,\n"))
    assert table.headers == ("id", "name")
    assert [type(row) for row in table] == [Row, Row]


def test_a_line_of_very_many_columns_is_refused_before_anything_is_made_of_it() -> None:
    with pytest.raises(UnreadableFile, match="more than 500 columns"):
        open_table(io.BytesIO(b"x," * 60_000 + b"y\n1,2\n"))
    table = open_table(io.BytesIO(b"id,name" + b"," * 60_000 + b"\n1,a\n2,b\n"))
    assert table.headers == ("id", "name")


def test_short_rows_are_filled_and_long_ones_refused_with_a_reason() -> None:
    rows = rows_of(b"id,name,town\n1,a\n2,b,c,d\n3,x,y\n")
    assert isinstance(rows[0], Row)
    assert rows[0].values == {"id": "1", "name": "a", "town": ""}
    assert isinstance(rows[1], BrokenRow)
    assert "4" in rows[1].message
    assert rows[1].cells == ("2", "b", "c", "d")
    assert isinstance(rows[2], Row)


def test_blank_rows_are_counted_and_not_delivered() -> None:
    table = open_table(io.BytesIO(b"id,name\n1,a\n\n,\n  , \n2,b\n"))
    assert [row.number for row in table] == [2, 6]
    assert table.blank_rows == 3


def test_nul_bytes_vanish() -> None:
    assert good(b"id,name\n1,al\x00pha\n\x00\n2,b\n") == [
        {"id": "1", "name": "alpha"},
        {"id": "2", "name": "b"},
    ]


@pytest.mark.parametrize("after", [3, 50, 5_000])
def test_a_quote_that_never_closes_costs_its_own_row_only(after: int) -> None:
    lines = ["id,name,town", "1,a,b", '2,"open,c']
    lines += [f"{number},name,town" for number in range(3, 3 + after)]
    rows = rows_of("\n".join(lines).encode())
    assert len(rows) == after + 2
    assert [row.number for row in rows if isinstance(row, BrokenRow)] == [3]
    assert [row.number for row in rows] == list(range(2, after + 4))


def test_inch_signs_in_a_text_are_no_broken_quotes() -> None:
    assert good(b'id,name\n1,rack 19" wide\n2,"a ""big"" one"\n')[1]["name"] == 'a "big" one'


def test_a_cell_beyond_a_spreadsheets_limit_is_refused() -> None:
    rows = rows_of(b"id,name\n1," + b"x" * 40_000 + b"\n2,b\n")
    assert isinstance(rows[0], BrokenRow)
    assert isinstance(rows[1], Row)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n  ", "empty"),
        (b"PK\x03\x04rest of a workbook", "CSV"),
        (b"\xd0\xcf\x11\xe0 old workbook", "CSV"),
        (b"%PDF-1.7 pages", "PDF"),
        (b"\x1f\x8b\x08 packed", "unpack"),
        (b"id,name\n1," + b"x" * (MAX_LINE + 10), "CSV"),
        (b",".join(b"c%d" % n for n in range(900)) + b"\n", "columns"),
    ],
)
def test_what_is_no_list_is_refused_with_a_word_of_help(content: bytes, word: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        rows_of(content)
    assert word in refusal.value.message


def test_a_named_encoding_and_delimiter_are_not_guessed() -> None:
    table = open_table(io.BytesIO("a;b\nK\xf6ln;x\n".encode("cp850")), "cp850", ";")
    assert sample_rows(table) == [{"a": "Köln", "b": "x"}]
    with pytest.raises(UnreadableFile):
        open_table(io.BytesIO(b"a;b"), "klingon")


def test_a_sample_leaves_the_table_whole() -> None:
    table = open_table(io.BytesIO(LIST.encode()))
    assert sample_rows(table, 1) == EXPECTED[:1]
    assert len(list(table)) == 2


def test_progress_ends_at_the_files_size(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"id,name\n" + b"1,alpha\n" * 10_000)
    with path.open("rb") as file:
        table = open_table(file)
        seen = [table.bytes_read for _row in table]
    assert seen == sorted(seen)
    assert seen[-1] == table.shape.size == path.stat().st_size


def test_a_long_list_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"id,name,note\n")
        for _part in range(100):
            file.write(b'17,"M\xfcller, S\xf6hne",a note of some length to fill the row\n' * 1_000)
    with path.open("rb") as file:
        tracemalloc.start()
        count = sum(1 for _row in open_table(file))
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 12 * 1024 * 1024


@pytest.mark.parametrize("seed", range(30))
def test_random_bytes_are_read_or_refused_but_never_break(seed: int) -> None:
    dice = random.Random(seed)
    signs = [b'"', b",", b";", b"\n", b"\r", b"\0", b"\xff", b"\xc3", b"a", b"1", b"=", b" "]
    content = b"id,name\n" + b"".join(dice.choices(signs, k=dice.randint(1, 3_000)))
    try:
        rows = rows_of(content)
    except UnreadableFile:
        return
    assert all(isinstance(row, Row | BrokenRow) for row in rows)


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("+49 711", "'+49 711"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=x", "'\t=x"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_cells_that_we_write_are_no_formulas(cell: str, guarded: str) -> None:
    assert guard_cell(cell) == guarded
