"""How the partners who are offered a lead come by it: all at once, ring by ring, in turn. Pure.

Here: what can be chosen and when a choice is whole. Not here: who sees a lead from when on
(`offers.rings`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SIZES = range(1, 101)
MINUTES = range(5, 7 * 24 * 60 + 1)


class Mode(StrEnum):
    """RACE: all at once. STAGGERED: the best first, then the next. SERIAL: one at a time."""

    RACE = "race"
    STAGGERED = "staggered"
    SERIAL = "serial"


DIRECT = "direct"
"""The way of a round for one addressee alone, who must still accept; no type or rule has it."""

RINGED = (Mode.STAGGERED, Mode.SERIAL)
"""In these it takes `minutes` until the next ring, or the next one's turn."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A way to offer a lead: `size` firms make a ring, `minutes` later the next one sees it.

    In turn every firm has so many minutes alone. A race asks for neither.
    """

    mode: str = Mode.RACE
    size: int | None = None
    minutes: int | None = None


AT_ONCE = Contest()


def tidy(contest: Contest) -> Contest:
    """Return a contest without what its mode does not ask for."""
    return Contest(
        contest.mode,
        contest.size if contest.mode == Mode.STAGGERED else None,
        contest.minutes if contest.mode in RINGED else None,
    )


def lacks(contest: Contest) -> list[str]:
    """Return the names of what has to be said, or said again, before a contest is whole."""
    asked = tidy(contest)
    wrong = []
    if contest.mode == Mode.STAGGERED and asked.size not in SIZES:
        wrong.append("size")
    if contest.mode in RINGED and asked.minutes not in MINUTES:
        wrong.append("minutes")
    return wrong
