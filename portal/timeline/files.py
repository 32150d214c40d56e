"""Files that people attach: what is taken, what they are called, where they lie.

A file lies under a name that says nothing, outside of what the web serves, and is found by its row
alone (`attachments`). It is written whole before its row; what has no row is nobody's, and swept.
"""

from __future__ import annotations

import codecs
import lzma
import os
import re
import unicodedata
import uuid
import zipfile
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Protocol

from flask import current_app
from flask_babel import gettext as _

from portal.core.config import Settings
from portal.core.errors import Invalid

LARGEST = 10 * 1024 * 1024
CHUNK = 256 * 1024
LONGEST_NAME = 120
ORPHANS_AFTER = timedelta(days=1)
KEY = re.compile(r"[0-9a-f]{32}")

# what a packed file may be at most: a small one that grows without end is no document
MOST_PARTS, LARGEST_UNPACKED = 5000, 500 * 1024 * 1024

ENDINGS: dict[str, tuple[str, ...]] = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/heic": ("heic",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/vnd.oasis.opendocument.presentation": ("odp",),
    "text/plain": ("txt", "csv", "tsv", "md", "log", "eml", "ics", "vcf"),
}
"""What is taken, by media type, and how its name may end; the first is given where it doesn't."""

OFFICE = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OSError,
    EOFError,
)
"""What reading a packed file raises that is none, or was damaged on its way."""
OFFERED = ",".join(f".{ending}" for endings in ENDINGS.values() for ending in endings)
"""What the browser offers to choose."""


class Sent(Protocol):
    """An upload as it comes in."""

    filename: str | None
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies in its place: `name` is what people call it."""

    key: str
    name: str
    kind: str
    size: int


# -- what it is -----------------------------------------------------------------------------------


def kind_of(file: IO[bytes]) -> str | None:
    """Return the media type that a file's own bytes say; None for what is not taken."""
    file.seek(0)
    head = file.read(16)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypheic", b"ftypmif1"):
        return "image/heic"
    if head.startswith(b"PK\x03\x04"):
        return _document_in(file)
    return "text/plain" if _is_text(file) else None


def _document_in(file: IO[bytes]) -> str | None:
    """Return what a packed file is; None for one with macros, or that is no document."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            names = {part.filename for part in parts}
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                return None
            if any(part.flag_bits & 1 or _is_macro(part.filename) for part in parts):
                return None
            for name, ending in OFFICE.items():
                if name in names:
                    return next(kind for kind, ends in ENDINGS.items() if ending in ends)
            if parts and parts[0].filename == "mimetype" and parts[0].file_size < 100:
                told = packed.read(parts[0]).decode("ascii", "replace")
                return told if "opendocument" in told and told in ENDINGS else None
    except BROKEN:
        return None
    return None


def _is_macro(name: str) -> bool:
    lower = name.lower()
    return lower.endswith("vbaproject.bin") or lower.startswith(("basic/", "scripts/"))


def _is_text(file: IO[bytes]) -> bool:
    file.seek(0)
    reader = codecs.getincrementaldecoder("utf-8")()
    seen = 0
    try:
        while chunk := file.read(CHUNK):
            words = reader.decode(chunk)
            seen += len(words)
            if any(unicodedata.category(one) == "Cc" and one not in "\t\r\n\f" for one in words):
                return False
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return seen > 0


def label_of(sent_name: str, kind: str) -> str:
    """Return what a file is called: what can't be seen is gone first, then all that is a path.

    A name that promises something else than the file is gets the ending of what it is.
    """
    seen = "".join(one for one in sent_name if not unicodedata.category(one).startswith("C"))
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", seen)[-1])
    name = re.sub(r"\s+", " ", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not (dot and stem and ending.lower() in ENDINGS[kind]):
        stem, ending = name, ENDINGS[kind][0]
    stem = stem.strip(" .")[: LONGEST_NAME - len(ending) - 1] or str(_("file"))
    return f"{stem}.{ending}"


# -- where it lies --------------------------------------------------------------------------------


def folder() -> Path:
    """Return where attached files lie, readable by nobody else."""
    settings: Settings = current_app.config["SETTINGS"]
    found = settings.var_dir / "attachments"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(key: str) -> Path:
    """Return where a file lies."""
    if not KEY.fullmatch(key):
        raise ValueError(f"no key of a file: {key!r}")
    return folder() / key


def keep(sent: Sent) -> Stored:
    """Write an upload whole to its place. Raises `Invalid` (`file`) and leaves nothing then."""
    key = uuid.uuid4().hex
    path = path_of(key)
    path.touch(mode=0o600)
    try:
        with path.open("r+b") as file:
            size = 0
            while chunk := sent.stream.read(CHUNK):
                size += len(chunk)
                if size > LARGEST:
                    raise Invalid({"file": str(_("A file may have up to 10 MB."))})
                file.write(chunk)
            kind = kind_of(file) if size else None
            file.flush()
            os.fsync(file.fileno())
        if kind is None:
            words = _(
                "This can’t be attached. Documents, pictures and plain text can, no programs."
            )
            raise Invalid({"file": str(words)})
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Stored(key, label_of(sent.filename or "", kind), kind, size)


def discard(keys: Iterable[str]) -> None:
    """Remove files; those that are gone already are no matter."""
    for key in keys:
        path_of(key).unlink(missing_ok=True)


def old_keys(at: datetime) -> Collection[str]:
    """Return the keys of files that lie there for a day: by now each has its row."""
    before = (at - ORPHANS_AFTER).timestamp()
    return [
        entry.name
        for entry in os.scandir(folder())
        if KEY.fullmatch(entry.name) and entry.stat().st_mtime < before
    ]
