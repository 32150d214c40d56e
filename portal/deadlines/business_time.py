"""Business time: which minutes count, and when so many of them are over. Pure.

Working time is what lies in the hours of a week, on days that are no holidays. Elapsed time is
every minute. Neither runs on days on which whoever is waited for is away and nobody stands in.
Hours are what clocks on the wall show there: on the night on which they go back an hour counts
twice, and the one that they leave out not at all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[int, int]
"""From one minute of a day to another, the latter not included; a day ends at 1440."""
DAY = 24 * 60
FURTHEST = timedelta(days=800)
"""How far ahead working time is looked for; what is left then runs on as elapsed time."""
NO_TIME = timedelta(0)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of a week from Monday on; the spans of a day are in order and apart."""

    days: Sequence[Sequence[Span]]

    @property
    def minutes(self) -> int:
        """Return how many minutes a week has."""
        return sum(until - start for spans in self.days for start, until in spans)


USUAL = Week((((9 * 60, 17 * 60),),) * 5 + ((), ()))
"""The hours of whoever named none: Monday to Friday, nine to five."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works: a zone, the hours of a week, holidays, and spells of being away.

    A spell is its first and its last day.
    """

    zone: ZoneInfo
    week: Week = USUAL
    holidays: Container[date] = frozenset()
    away: Sequence[tuple[date, date]] = field(default=())


def due_after(start: datetime, minutes: int, calendar: Calendar, working: bool) -> datetime:
    """Return when so many minutes after a moment are over."""
    return after(start, minutes * MINUTE, calendar, working)


def working_minutes(a: datetime, b: datetime, calendar: Calendar) -> int:
    """Return how many whole minutes of working time lie between two moments."""
    return counted(a, b, calendar, working=True) // MINUTE


def after(start: datetime, span: timedelta, calendar: Calendar, working: bool) -> datetime:
    """Return when so much time after a moment is over.

    That is a moment of the time that counts: its end, not the beginning of the next day. Where the
    calendar has too little of it ahead, what is left runs on as elapsed time.
    """
    left = span
    if left <= NO_TIME:
        return start
    for opens, closes in stretches(start, calendar, working):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    return start.astimezone(UTC) + FURTHEST + left


def counted(a: datetime, b: datetime, calendar: Calendar, *, working: bool) -> timedelta:
    """Return how much time that counts lies between two moments."""
    total = NO_TIME
    for opens, closes in stretches(a, calendar, working):
        if opens >= b:
            break
        total += min(closes, b) - opens
    return total


def stretches(
    start: datetime, calendar: Calendar, working: bool
) -> Iterator[tuple[datetime, datetime]]:
    """Return the stretches of time that count from a moment on, in order, for as far as it goes."""
    start = start.astimezone(UTC)
    furthest = start + FURTHEST
    for opens, closes in hours(start, calendar) if working else around(start, calendar):
        if start < closes and opens < furthest:
            yield max(opens, start), min(closes, furthest)


def hours(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Return the working hours from the day of a moment on."""
    day = start.astimezone(calendar.zone).date()
    last = (start + FURTHEST).astimezone(calendar.zone).date()
    while day < last:
        spans = calendar.week.days[day.weekday()]
        if spans and day not in calendar.holidays and not is_away(day, calendar):
            yield from in_zone(day, spans, calendar.zone)
        day += timedelta(days=1)


def around(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Return the time from a moment on that lies around the spells of being away."""
    cursor, furthest = start, (start + FURTHEST).astimezone(calendar.zone).date()
    for first, last in sorted(calendar.away):
        if first > furthest:
            break
        begins = midnight(first, calendar.zone)
        if begins > cursor:
            yield cursor, begins
        cursor = max(cursor, midnight(min(last, furthest) + timedelta(days=1), calendar.zone))
    yield cursor, max(cursor, start + FURTHEST)


def is_away(day: date, calendar: Calendar) -> bool:
    """Say whether a day lies in a spell of being away."""
    return any(first <= day <= last for first, last in calendar.away)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def in_zone(
    day: date, spans: Iterable[Span], zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """Return the moments at which the spans of a day begin and end."""
    wall = datetime.combine(day, time(), UTC)
    for begins, ends, offset in pieces(day, zone):
        for start, until in spans:
            opens = max(wall + start * MINUTE - offset, begins)
            closes = min(wall + until * MINUTE - offset, ends)
            if opens < closes:
                yield opens, closes


def pieces(day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime, timedelta]]:
    """Return a day in pieces of one distance from UTC each: two where clocks are changed, or one.

    Begin, end and distance.
    """
    begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    first, last = offset_at(begins, zone), offset_at(ends - MINUTE, zone)
    if first == last:
        return [(begins, ends, first)]
    low, high = begins, ends
    while high - low > MINUTE:
        middle = low + (high - low) // (2 * MINUTE) * MINUTE
        if offset_at(middle, zone) == first:
            low = middle
        else:
            high = middle
    return [(begins, high, first), (high, ends, last)]


def offset_at(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Return how far the clocks of a zone are from UTC at a moment."""
    return moment.astimezone(zone).utcoffset() or NO_TIME
