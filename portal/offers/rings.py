"""Who sees a lead from when until when: the rings of an offer round. Pure.

Whoever stood by is the first ring of a race or of a staggered round, and first in turn in a serial
one. How far a round has come is kept with it; see `models.OfferRound`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from portal.leads.contest import Contest, Mode


@dataclass(frozen=True, slots=True)
class Ring:
    """Firms that see a lead from `opens_at` until `ends_at`."""

    firms: Sequence[int]
    opens_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Rings:
    """The rings of a round in their order; `head_start_until`: the first are who stood by."""

    rings: Sequence[Ring]
    head_start_until: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """Return when the round is over."""
        return self.rings[-1].ends_at

    def number_of(self) -> dict[int, int]:
        """Return the number of the ring of each firm that is not in the first."""
        return {
            firm: number for number, ring in enumerate(self.rings[1:], 2) for firm in ring.firms
        }


def plan(
    firms: Sequence[int],
    waited: Sequence[int],
    contest: Contest,
    at: datetime,
    lasts: timedelta,
    head_start: timedelta,
) -> Rings:
    """Return the rings of a round that begins now.

    `firms` are those that suit, the best first; those of them in `waited` stood by, who waited
    longest first, and have a `head_start` where others are left. A round in turn lasts as long as
    the turns take, each other one as long as `lasts` says.
    """
    step = timedelta(minutes=contest.minutes or 0)
    first = [firm for firm in dict.fromkeys(waited) if firm in set(firms)]
    if contest.mode == Mode.SERIAL:
        order = [*first, *_without(firms, first)]
        return Rings([Ring([firm], at + n * step, at + (n + 1) * step) for n, firm in
                      enumerate(order)])  # fmt: skip
    ends_at, opens_at, groups = at + lasts, at, []
    early = 0 < len(first) < len(firms) and head_start > timedelta(0)
    if early:
        groups.append((first, opens_at))
        opens_at += head_start
        firms = _without(firms, first)
    size = contest.size if contest.mode == Mode.STAGGERED and contest.size else len(firms)
    while firms:
        # who would see it only as the round ends joins the last ring that still has its time
        last = opens_at + 2 * step > ends_at
        groups.append((list(firms if last else firms[:size]), opens_at))
        firms = [] if last else firms[size:]
        opens_at += step
    return Rings(
        [Ring(group, opens, ends_at) for group, opens in groups],
        at + head_start if early else None,
    )


def _without(firms: Sequence[int], some: Collection[int]) -> list[int]:
    out = set(some)
    return [firm for firm in firms if firm not in out]


class Finish(Protocol):
    """An `OfferRound`, or a row with these of its columns."""

    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def decided_at(self) -> datetime | None: ...


class Course(Protocol):
    """An `OfferRound`, or a row with these of its columns."""

    @property
    def mode(self) -> str: ...
    @property
    def offered(self) -> int: ...
    @property
    def declined(self) -> int: ...
    @property
    def head_start_until(self) -> datetime | None: ...
    @property
    def next_ring_at(self) -> datetime | None: ...
    @property
    def next_ring_firms(self) -> int: ...


def is_deciding(course: Finish) -> bool:
    """Say whether somebody picked in a photo-finish, and who gets the lead is not decided yet."""
    return course.closes_at is not None and course.decided_at is None


def seen_by(course: Course, at: datetime) -> int:
    """Return how many firms see the lead of a round now."""
    if course.mode == Mode.SERIAL:
        return 1
    # those whose time has come see it, although it was not told yet
    due = course.next_ring_at is not None and course.next_ring_at <= at
    return course.offered - course.declined + (course.next_ring_firms if due else 0)


def alone_until(course: Course, at: datetime) -> datetime | None:
    """Return until when only who stood by sees it; None where others do, too."""
    until = course.head_start_until
    return until if until is not None and until > at else None


def more_from(course: Course, at: datetime) -> datetime | None:
    """Return when more firms see it than now; None where none are left, or it goes in turn."""
    coming = course.next_ring_at
    if course.mode == Mode.SERIAL or coming is None or coming <= at:
        return None
    return coming
