"""Periods of a report: whole days in the zone of the reader. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
MONTHS_OF_QUARTER = 3


class Span(StrEnum):
    """The periods that are asked for by name, and one's own from a day to a day."""

    THIS_WEEK = "this_week"
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"
    OWN = "own"


class Bounds(Protocol):
    """From a moment up to another, which is no part of it."""

    @property
    def begins(self) -> datetime: ...

    @property
    def ends(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time that is no whole days."""

    begins: datetime
    ends: datetime


def last_days(days: int, at: datetime) -> Stretch:
    """Return the last days up to and including a moment."""
    return Stretch(at - timedelta(days=days), at + datetime.resolution)


@dataclass(frozen=True, slots=True)
class Period:
    """From the beginning of the `first` day to the end of the `last`, where the reader is."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begins(self) -> datetime:
        """Return the first moment."""
        return datetime.combine(self.first, time(), self.zone)

    @property
    def ends(self) -> datetime:
        """Return the moment that comes after the last."""
        return datetime.combine(self.last + A_DAY, time(), self.zone)

    def is_over(self, at: datetime) -> bool:
        """Tell whether nothing of it lies ahead."""
        return self.ends <= at

    def until(self, at: datetime) -> date:
        """Return the last day of it that has begun."""
        return min(self.last, at.astimezone(self.zone).date())

    @property
    def before(self) -> Period:
        """Return the period before: of whole months as many months, else as many days."""
        months = self._months()
        if months:
            return Period(months_on(self.first, -months), self.first - A_DAY, self.zone)
        return Period(self.first - (self.last - self.first) - A_DAY, self.first - A_DAY, self.zone)

    def _months(self) -> int:
        """Return of how many whole months it is; 0 where it isn't."""
        after = self.last + A_DAY
        if self.first.day != 1 or after.day != 1:
            return 0
        return (after.year - self.first.year) * 12 + after.month - self.first.month


def months_on(day: date, months: int) -> date:
    """Return the first of the month that is so many months later; below zero: earlier."""
    year, index = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, index + 1, 1)


def week_of(day: date, zone: ZoneInfo) -> Period:
    """Return the week of a day, from Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + A_WEEK - A_DAY, zone)


WEEKS, MONTHS = 12, 12
"""So far back goes what pictures show."""


def weeks_until(day: date, zone: ZoneInfo) -> Period:
    """Return the last weeks up to a day, the first of them from its Monday on."""
    return Period(week_of(day - (WEEKS - 1) * A_WEEK, zone).first, day, zone)


def months_until(day: date, zone: ZoneInfo) -> Period:
    """Return the last months up to a day, the first of them from its first day on."""
    return Period(months_on(day, 1 - MONTHS), day, zone)


def period_of(span: Span, today: date, zone: ZoneInfo) -> Period:
    """Return a period that is asked for by name, as it is today."""
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // MONTHS_OF_QUARTER * MONTHS_OF_QUARTER + 1)
    match span:
        case Span.THIS_WEEK:
            return week_of(today, zone)
        case Span.THIS_MONTH:
            return Period(month, months_on(month, 1) - A_DAY, zone)
        case Span.LAST_MONTH:
            return Period(months_on(month, -1), month - A_DAY, zone)
        case Span.THIS_QUARTER:
            return Period(quarter, months_on(quarter, MONTHS_OF_QUARTER) - A_DAY, zone)
        case Span.LAST_QUARTER:
            return Period(months_on(quarter, -MONTHS_OF_QUARTER), quarter - A_DAY, zone)
        case _:
            return week_of(today - A_WEEK, zone)


def own_period(first: date, last: date, zone: ZoneInfo) -> Period:
    """Return the period between two days, whichever was named first."""
    one, other = sorted(min(max(day, FIRST_DAY), LAST_DAY) for day in (first, last))
    return Period(one, other, zone)
