"""Mails as they came, and the files in them: kept behind the wall, read again, forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from flask_babel import gettext as _
from rq.timeouts import BaseTimeoutException

from portal.core import logs
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.inbound import parsing, wall
from portal.inbound.models import InboundMessage, InboundRaw, InboundReading
from portal.inbound.parsing import Mail, Unreadable
from portal.inbound.parsing_process import NoProcess
from portal.timeline import files

log = logs.get(__name__)


class FilesOutOfReach(Refused):
    """A mail that is kept can't be taken apart at this moment; so its files would be lost."""

    code = "files_out_of_reach"


@dataclass(slots=True)
class _Upload:
    filename: str | None
    stream: IO[bytes]


def load_raw(message_id: int) -> InboundRaw | None:
    """Return a mail as it came, whoever asks; None once it is forgotten."""
    with wall.open_mails([message_id]) as opened:
        return opened.get(InboundRaw, message_id)


def look_into(message: InboundMessage) -> Mail | None:
    """Return what a mail says; None where it can't be taken apart or is forgotten."""
    try:
        return look_for_files(message)
    except FilesOutOfReach:
        return None


def look_for_files(message: InboundMessage) -> Mail | None:
    """Return what a mail says, for its files; None once it is forgotten. Raises `FilesOutOfReach`.

    Whoever settles a mail asks this, so that no file is lost without a word.
    """
    raw = load_raw(message.id)
    try:
        return parsing.take_apart(raw.raw) if raw else None
    except (Unreadable, NoProcess):
        said = _("What came along can’t be kept just now. Please try again in a minute.")
        raise FilesOutOfReach(said) from None


def note_sender(message_id: int, sender: str, name: str) -> None:
    """Note whom a mail is from beside it."""
    with wall.open_mails([message_id], session()) as opened:
        raw = opened.get_one(InboundRaw, message_id)
        raw.sender, raw.sender_name = sender or None, name or None


def keep_files(mail: Mail) -> tuple[list[files.Stored], int]:
    """Keep the files of a mail that may be kept; return them and how many may not.

    One that nobody can make anything of is left out as well: its mail must not wait for it. What
    fails on our side, a full disk, is raised: the mail is taken up again.
    """
    kept, left_out = [], mail.left_out
    for one in mail.files:
        try:
            kept.append(files.keep(_Upload(one.name, BytesIO(one.data))))
        except Invalid:
            left_out += 1
        except (BaseTimeoutException, OSError):
            raise
        except Exception as error:
            log.error("file of a mail can't be kept", exc_info=error)
            left_out += 1
    return kept, left_out


def keep_reading(message_id: int, said: dict[str, Any]) -> None:
    """Keep what was read in an answer, for whoever confirms or repairs it."""
    with wall.open_mails([message_id], session()) as opened:
        opened.merge(InboundReading(message_id=message_id, said=said))


def load_reading(message_id: int | None) -> dict[str, Any]:
    """Return what was read in an answer; empty once it is forgotten."""
    if message_id is None:
        return {}
    with wall.open_mails([message_id]) as opened:
        found = opened.get(InboundReading, message_id)
        return dict(found.said) if found else {}
