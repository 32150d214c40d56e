"""Files that go along with a mail: made when it is sent, never kept with it.

What a file tells may be contact data, and the queue stands behind no wall. So the row of a mail
says by name who makes its file, and of which ids; the maker asks anew what its reader may see now.
Rooms name their makers here; nothing of a file is logged or kept. What tells no more than the text
of its mail, a picture of the figures in it, may stand in the row as it is to be drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Facts = Mapping[str, Any]
"""What a maker is called by (`maker`), and the ids and codes that it needs."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes along. Its name is ASCII, without anything that a header would part.

    With a `content_id` it is a picture that the HTML part shows (`cid:`), and no attachment.
    """

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


class NobodyToSendIt(Exception):
    """Whom the file was meant for may not have it any more."""


Maker = Callable[[Facts, datetime], Sequence[Enclosure]]

MAKERS: dict[str, Maker] = {}


def maker(name: str) -> Callable[[Maker], Maker]:
    """Register who makes the files of this name; it may raise `NobodyToSendIt`."""

    def register(make: Maker) -> Maker:
        MAKERS[name] = make
        return make

    return register


def make(facts: Facts, at: datetime) -> Sequence[Enclosure]:
    """Make the files of a mail as they are at this moment. Raises `NobodyToSendIt`."""
    return MAKERS[facts["maker"]](facts, at)
