"""A workbook becomes a CSV of one of its sheets, in a process of its own that may be killed.

Not here: opening it (`workbook_child`), and what the sheet's columns mean.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from portal.imports.reading import UnreadableFile

MAGIC = b"PK\x03\x04"
ENCODING, DELIMITER = "utf-8", ","
"""Of what a sheet is written as."""

MAX_UNPACKED = 1536 * 1024 * 1024
MAX_CSV = 1024 * 1024 * 1024
MAX_FORM, MAX_FORM_CSV = 40 * 1024 * 1024, 8 * 1024 * 1024
"""The same of a form that somebody filled in, which is short."""
AT_ONCE = 1024 * 1024
"""Up to this length a workbook is read while somebody waits; a longer one by the worker."""
SECONDS_AT_ONCE, SECONDS = 25, 900
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds rows; `head` are the first of them, shortened."""

    name: str
    hidden: bool
    head: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Workbook:
    """The filled sheets of a workbook. `sheet` is the one that was written, "" if none was chosen.

    `unsaved` counts formulas whose result the file does not hold: their cells are empty.
    """

    sheets: tuple[Sheet, ...]
    sheet: str
    rows: int = 0
    unsaved: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept with the import: no rows, which are contact data."""
        return {
            "sheets": [{"name": one.name, "hidden": one.hidden} for one in self.sheets],
            "sheet": self.sheet,
            "rows": self.rows,
            "unsaved": self.unsaved,
        }


def read_kept(kept: dict[str, Any]) -> Workbook:
    """Return a workbook as it was kept."""
    return Workbook(
        tuple(
            Sheet(str(one["name"]), bool(one["hidden"]), tuple(map(tuple, one.get("head", []))))
            for one in kept.get("sheets", [])
        ),
        str(kept.get("sheet", "")),
        int(kept.get("rows", 0)),
        int(kept.get("unsaved", 0)),
    )


def write_heads(book: Workbook, path: Path) -> None:
    """Write the first rows of the sheets to a file, for nobody else to read."""
    path.touch(mode=0o600)
    path.write_text(json.dumps({one.name: one.head for one in book.sheets}), encoding="utf-8")


def with_heads(book: Workbook, path: Path) -> tuple[Sheet, ...]:
    """Return the sheets with their first rows, as far as these are still kept."""
    try:
        heads = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        heads = {}
    return tuple(
        replace(one, head=tuple(map(tuple, heads.get(one.name, ())))) for one in book.sheets
    )


def is_workbook(path: Path) -> bool:
    """Say whether a file begins as a workbook does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def convert(
    path: Path,
    out: Path,
    sheet: str = "",
    seconds: int = SECONDS_AT_ONCE,
    *,
    form: bool = False,
) -> Workbook:
    """Write a sheet of a workbook as CSV. Raises `UnreadableFile` with what would help.

    Of a `form` counts what was typed: a formula stands as `FORMULA` of the child, whatever came of
    it.
    """
    out.touch(mode=0o600)
    most, length = (MAX_FORM, MAX_FORM_CSV) if form else (MAX_UNPACKED, MAX_CSV)
    limits = f"{seconds},{most},{length},{int(form)}"
    command = [sys.executable, "-m", "portal.imports.workbook_child"]
    try:
        done = subprocess.run(
            [*command, str(path), str(out), limits, sheet],
            cwd=_ROOT,
            # nothing of ours: no secret, no address of a server
            env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "OPENPYXL_LXML": "False"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds * 2 + 10,
            check=False,
        )
        told = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    except (subprocess.TimeoutExpired, ValueError):
        told = {}
    code = told.get("code", "" if "sheets" in told else "large")
    if code:
        out.unlink(missing_ok=True)
        raise UnreadableFile(refusal(code))
    if not told["sheet"]:
        out.unlink(missing_ok=True)
    return read_kept(told)


def refusal(code: str) -> str:
    """Say why a workbook was refused, and what would help."""
    words = {
        "empty": _("The workbook holds no rows."),
        "locked": _("The workbook is protected by a password. Please save it without one."),
        "macros": _(
            "The workbook holds macros or other files. Please save the sheet as a plain workbook "
            "(.xlsx) or as CSV."
        ),
        "other": _(
            "This is no workbook of the kind .xlsx. Please save the sheet as .xlsx or CSV (UTF-8)."
        ),
        "bomb": _(
            "The workbook is packed in a way that no spreadsheet program uses, so we did not open "
            "it. Please save the sheet as CSV (UTF-8)."
        ),
        "large": _(
            "The workbook needs more memory or time than we give one. Please save the sheet as CSV "
            "(UTF-8), which may be far longer."
        ),
    }
    broken = _("The workbook can't be read. Please save the sheet once more, or as CSV (UTF-8).")
    return str(words.get(code, broken))
