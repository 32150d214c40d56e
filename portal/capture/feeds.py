"""The watched folder: `VAR_DIR/feeds/<system>/`, into which other systems drop files.

A file is taken once nobody has written to it for a while: it is moved out of the way first, and
then to `done` or `failed`, its results beside it. What a killed worker left is taken up again;
numbers, or the rows themselves, keep anything from being made twice. Not here: what rows become.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from portal.accounts.api_tokens import SYSTEM

SETTLED = timedelta(seconds=20)
"""A file that was written to more recently may not be whole yet."""

KEPT = timedelta(days=30)
LONGEST_LINE = 1024 * 1024
LARGEST = 200 * 1024 * 1024
LINES = (".jsonl", ".ndjson")
LISTS = (".csv", ".xlsx")
UNFINISHED = re.compile(r"(?i)^[.~_]|\.(part|tmp|temp|filepart|crdownload)$|~$")
TAKING, DONE, FAILED = ".taking", "done", "failed"


@dataclass(frozen=True, slots=True)
class Feed:
    """A file that is being taken: `name` is what it was called."""

    system: str
    path: Path
    name: str

    @property
    def is_lines(self) -> bool:
        """True for JSON lines, false for a list."""
        return self.path.suffix.lower() in LINES


def home(var_dir: Path) -> Path:
    """Return the watched folder; nobody else reads what lies there."""
    found = var_dir / "feeds"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Hold the folder; False where another worker does."""
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def take_up(folder: Path, at: datetime) -> Iterator[Feed]:
    """Yield files in turn, each moved out of the way: first those that a dead worker left."""
    for system in sorted(folder.iterdir()):
        if system.is_symlink() or not system.is_dir() or not SYSTEM.fullmatch(system.name):
            continue
        taking = system / TAKING
        taking.mkdir(mode=0o700, exist_ok=True)
        for left in sorted(taking.iterdir()):
            yield Feed(system.name, left, left.name.partition("-")[2] or left.name)
        for path in sorted(system.iterdir()):
            if not is_whole(path, at):
                continue
            mine = taking / f"{at:%Y%m%d%H%M%S}-{path.name}"
            try:
                path.rename(mine)
            except OSError:
                continue
            yield Feed(system.name, mine, path.name)


def is_whole(path: Path, at: datetime) -> bool:
    """Say whether a file is one of ours, and nobody has written to it for a while."""
    if UNFINISHED.search(path.name) or path.suffix.lower() not in (*LINES, *LISTS):
        return False
    try:
        found = path.lstat()
    except OSError:
        return False
    regular = not path.is_symlink() and path.is_file()
    return regular and found.st_size > 0 and found.st_mtime <= (at - SETTLED).timestamp()


def read_lines(path: Path) -> Iterator[Any]:
    """Yield the objects of a file of JSON lines; None for a line that can't be read.

    A row without a number gets one of its own words, so that the same line is the same row.
    """
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE + 1)
                yield None
                continue
            said = line.strip().removeprefix(b"\xef\xbb\xbf")
            if not said:
                continue
            yield _row(said)


def _row(said: bytes) -> Any:
    try:
        row = json.loads(said, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    if not isinstance(row, dict):
        return None
    if row.get("external_id") in (None, ""):
        row["external_id"] = f"row-{hashlib.sha256(said).hexdigest()[:24]}"
    return row


def _refuse(_name: str) -> None:
    raise ValueError


def settle(feed: Feed, good: bool, results: Path | None = None) -> Path:
    """Move a file to where it stays for a while, its results beside it; return where."""
    folder = feed.path.parent.parent / (DONE if good else FAILED)
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / feed.path.name
    if results is not None:
        results.rename(place.with_name(f"{place.name}.results.jsonl"))
    feed.path.rename(place)
    return place


def write_results(file: Any, results: list[Mapping[str, Any]], first: int) -> None:
    """Write what became of rows, a line each; `first` is the place of the first in the file."""
    for place, one in enumerate(results, first):
        file.write(json.dumps({**one, "index": place}) + "\n")


def forget(folder: Path, at: datetime) -> int:
    """Remove files that were taken long ago; return how many."""
    gone = 0
    for place in (*folder.glob(f"*/{DONE}/*"), *folder.glob(f"*/{FAILED}/*")):
        if place.lstat().st_mtime < (at - KEPT).timestamp():
            os.unlink(place)
            gone += 1
    return gone
