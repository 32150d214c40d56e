"""How the partners who are offered a lead come by it: first come, ring by ring, in turn. Pure.

Here: what can be chosen and when a choice is whole. Not here: who sees a lead from when on
(`offers.rings`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SIZES = range(1, 101)
MINUTES = range(5, 7 * 24 * 60 + 1)
SECONDS = range(5, 15 * 60 + 1)


class Mode(StrEnum):
    """RACE: all at once, the first gets it. STAGGERED: the best first, then the next.

    PHOTO_FINISH: all at once, and of those who pick within seconds the best gets it. SERIAL: one at
    a time.
    """

    RACE = "race"
    STAGGERED = "staggered"
    PHOTO_FINISH = "photo_finish"
    SERIAL = "serial"


DIRECT = "direct"
"""The way of a round for one addressee alone, who must still accept; no type or rule has it."""

RINGED = (Mode.STAGGERED, Mode.SERIAL)
"""In these it takes `minutes` until the next ring, or the next one's turn."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A way to offer a lead: `size` firms make a ring, `minutes` later the next one sees it.

    In turn every firm has so many minutes alone. In a photo-finish who picks within `seconds` after
    the first takes part. A race asks for nothing.
    """

    mode: str = Mode.RACE
    size: int | None = None
    minutes: int | None = None
    seconds: int | None = None


AT_ONCE = Contest()
FIELDS = {"size": "ring_size", "minutes": "ring_minutes", "seconds": "deciding_seconds"}
"""The columns, and fields of forms, that keep what a contest asks for."""


def tidy(contest: Contest) -> Contest:
    """Return a contest without what its mode does not ask for."""
    return Contest(
        contest.mode,
        contest.size if contest.mode == Mode.STAGGERED else None,
        contest.minutes if contest.mode in RINGED else None,
        contest.seconds if contest.mode == Mode.PHOTO_FINISH else None,
    )


def lacks(contest: Contest) -> list[str]:
    """Return the names of what has to be said, or said again, before a contest is whole."""
    asked = tidy(contest)
    wrong = []
    if contest.mode == Mode.STAGGERED and asked.size not in SIZES:
        wrong.append("size")
    if contest.mode in RINGED and asked.minutes not in MINUTES:
        wrong.append("minutes")
    if contest.mode == Mode.PHOTO_FINISH and asked.seconds not in SECONDS:
        wrong.append("seconds")
    return wrong
