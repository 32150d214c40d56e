"""Which address a mail in a mailbox was sent to, and from where: read off its headers. Pure.

What stands above the first `Received` the mailbox's own server has written; what stands below may
be anybody's, and so may To and Cc, which count where the server writes nothing down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNKNOWN = "unknown"
"""From where a mail came of which nobody says so; an empty one would be a report."""
NOBODY = (b"", b"MAILER-DAEMON")
"""How servers write that there is nobody to whom a mail could come back."""
HEAD = 64 * 1024
"""So much of a mail is looked at."""
WRITTEN = (b"x-original-to", b"envelope-to", b"x-envelope-to", b"x-delivered-to", b"delivered-to")
"""Where servers write down for whom a mail was, those first that keep what it was before."""
END = re.compile(rb"\r?\n\r?\n")
FOLD = re.compile(rb"\r?\n[ \t]+")
ADDRESS = re.compile(rb"[\w.+=-]{1,64}@[\w.-]{1,190}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """From where a mail came, and to which addresses.

    The sender of a report is empty; `None` where nobody says it, or not so that it can be read.
    `written` are those that the mailbox's server wrote down, `named` those of To and Cc.
    """

    sender: str | None
    written: tuple[str, ...]
    named: tuple[str, ...]


def read_envelope(raw: bytes) -> Envelope:
    """Return what a mail's headers say of its envelope."""
    lines = headers_of(raw)
    own = lines[: next((n for n, (name, _v) in enumerate(lines) if name == b"received"), None)]
    return Envelope(
        sender_in(lines),
        addresses_in([value for which in WRITTEN for name, value in own if name == which]),
        addresses_in([value for name, value in lines if name in (b"to", b"cc")]),
    )


def headers_of(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return names, in lower case, and values of the headers in their order."""
    head = FOLD.sub(b" ", END.split(raw[:HEAD].lstrip(b"\r\n"), maxsplit=1)[0])
    parts = (line.partition(b":") for line in head.splitlines())
    return [(name.strip().lower(), value.strip()) for name, colon, value in parts if colon]


def sender_in(lines: list[tuple[bytes, bytes]]) -> str | None:
    """Return where the topmost Return-Path leads; empty for that of a report."""
    path = next((value for name, value in lines if name == b"return-path"), None)
    if path is None:
        return None
    if path.strip(b"<> \t").upper() in NOBODY:
        return ""
    found = ADDRESS.search(path)
    return found[0].decode("ascii") if found else None


def addresses_in(values: list[bytes]) -> tuple[str, ...]:
    """Return the addresses in these headers, each once and in lower case."""
    found = (one.decode("ascii").lower() for value in values for one in ADDRESS.findall(value))
    return tuple(dict.fromkeys(found))
