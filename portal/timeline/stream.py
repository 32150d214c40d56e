"""One stream of all that was said and done about something: what lies ahead, then what was.

Notes, activities, files, answers and statuses come from where each is read, by who may; here they
are put in line and narrowed. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal.timeline.activities import SETTLED, Listed
from portal.timeline.attachments import Attached
from portal.timeline.models import FirmNote
from portal.timeline.rules import Kind

AT_ONCE = 20
"""So many lines are shown at once; the earlier ones with a press."""


class What(StrEnum):
    """What a line tells of, besides activities."""

    NOTE = "note"
    FILE = "file"
    ANSWER = "answer"
    STATUS = "status"
    REQUEST = "request"


ACTIVITY = "activity"
FILTERS: tuple[str, ...] = ("open", SETTLED, *Kind, *What)
"""What a stream may be narrowed to: what lies ahead, what is settled, or one kind."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was: `one` is what is told, as its template knows it; `firm` whose it is."""

    what: str
    at: datetime
    one: Any
    firm: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """What lies ahead, the next due first, and what was, the newest first; `late` are ids."""

    ahead: Sequence[Listed] = ()
    past: Sequence[Line] = ()
    late: Collection[int] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.ahead or self.past)


def reads(what: What, show: str) -> bool:
    """Say whether lines of a kind are shown, where a stream is narrowed to `show`."""
    return show in ("", what)


def of_activities(show: str) -> bool:
    """Say whether activities are shown, where a stream is narrowed to `show`."""
    return show not in set(What)


def noted(rows: Iterable[FirmNote], firms: Mapping[int, str] | None = None) -> Iterator[Line]:
    """Yield the lines of notes; `firms` are the names of those that wrote them, where it counts."""
    for note in rows:
        yield Line(What.NOTE, note.at, note, (firms or {}).get(note.organisation_id, ""))


def merge(
    at: datetime,
    activities: Iterable[Listed] = (),
    files: Iterable[Attached] = (),
    others: Iterable[Line] = (),
) -> Stream:
    """Put all in line."""
    planned = list(activities)
    ahead = [one for one in planned if one.is_open]
    past = [
        Line(ACTIVITY, one.done_at or one.cancelled_at or one.at, one)
        for one in planned
        if not one.is_open
    ]
    past += [Line(What.FILE, one.at, one) for one in files]
    past += others
    past.sort(key=lambda line: line.at, reverse=True)
    return Stream(ahead, past, frozenset(one.id for one in ahead if one.is_late(at)))
