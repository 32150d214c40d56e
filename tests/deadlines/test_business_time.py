"""Business time says what counting minute by minute says, wherever and whenever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.deadlines.business_time import (
    FURTHEST,
    MINUTE,
    USUAL,
    Calendar,
    Week,
    due_after,
    working_minutes,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    BERLIN,
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),  # half an hour of daylight saving
    ZoneInfo("Africa/Cairo"),  # clocks change at midnight
    ZoneInfo("Asia/Kathmandu"),
]
DAYS = [
    date(2026, 3, 28),  # clocks go forward in Berlin
    date(2026, 10, 24),  # and back
    date(2026, 3, 7),  # New York
    date(2026, 10, 31),
    date(2026, 10, 3),  # Lord Howe
    date(2026, 4, 4),
    date(2026, 4, 23),  # Cairo
    date(2026, 10, 29),
    date(2026, 12, 29),  # week 53
    date(2028, 2, 27),  # leap day
]

cuts = st.lists(st.integers(0, 1440), max_size=6, unique=True).map(sorted)
spans = cuts.map(
    lambda one: tuple(zip(one[::2], one[1::2], strict=False))  # zero, one or several a day
)
weeks = st.lists(spans, min_size=7, max_size=7).map(lambda days: Week(tuple(days)))


@st.composite
def moments_and_calendars(draw: st.DrawFn) -> tuple[datetime, Calendar]:
    begin = draw(st.sampled_from(DAYS))
    near = st.integers(-2, 6).map(lambda days: begin + timedelta(days=days))
    spells = st.tuples(near, st.integers(0, 2)).map(
        lambda one: (one[0], one[0] + timedelta(days=one[1]))
    )
    calendar = Calendar(
        draw(st.sampled_from(ZONES)),
        draw(weeks),
        frozenset(draw(st.lists(near, max_size=2))),
        tuple(draw(st.lists(spells, max_size=3))),
    )
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    return start + draw(st.integers(0, 1440)) * MINUTE, calendar


def counts(minute: datetime, calendar: Calendar, working: bool) -> bool:
    """Say of one minute whether it counts, as somebody with a clock on the wall would."""
    wall = minute.astimezone(calendar.zone)
    if any(first <= wall.date() <= last for first, last in calendar.away):
        return False
    if not working:
        return True
    of_day = wall.hour * 60 + wall.minute
    return wall.date() not in calendar.holidays and any(
        start <= of_day < until for start, until in calendar.week.days[wall.weekday()]
    )


@settings(max_examples=80, deadline=None)
@given(moments_and_calendars(), st.integers(1, 3000), st.booleans())
def test_a_moment_is_due_when_so_many_minutes_have_been_counted_one_by_one(
    given_: tuple[datetime, Calendar], minutes: int, working: bool
) -> None:
    start, calendar = given_
    due = due_after(start, minutes, calendar, working)
    counted, minute = 0, start
    while counted < minutes and minute < start + timedelta(days=9):
        counted += counts(minute, calendar, working)
        minute += MINUTE
    if counted == minutes:
        assert due == minute
    else:
        assert due > minute
    if working:
        until = min(due, minute)
        assert working_minutes(start, until, calendar) == counted


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        # Friday afternoon, past the weekend
        ("2026-07-03 16:00", 8, "2026-07-06 16:00"),
        # the end of a working day is that, not the next morning
        ("2026-07-06 09:00", 8, "2026-07-06 17:00"),
        # at night it begins in the morning
        ("2026-07-06 22:30", 1, "2026-07-07 10:00"),
    ],
)
def test_working_time_is_told_as_people_would_reckon_it(start: str, hours: int, due: str) -> None:
    calendar = Calendar(BERLIN, USUAL)

    found = due_after(at(start), hours * 60, calendar, True)

    assert found == at(due)


def test_a_firm_that_never_opens_has_a_date_nevertheless() -> None:
    start = at("2026-07-06 09:00")
    closed = Calendar(BERLIN, Week(((),) * 7))
    away = Calendar(BERLIN, USUAL, away=((date(2026, 1, 1), date(2036, 1, 1)),))

    assert due_after(start, 60, closed, True) == start + FURTHEST + 60 * MINUTE
    assert due_after(start, 60, away, False) == start + FURTHEST + 60 * MINUTE


def at(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=BERLIN)


@pytest.mark.parametrize("working", [True, False])
def test_who_is_away_for_good_has_a_date_nevertheless(working: bool) -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for_good = (date(2026, 11, 20), date.max)
    away = Calendar(BERLIN, USUAL, frozenset(), (for_good, (date.max, date.max)))
    assert due_after(start, 60, away, working) >= start + FURTHEST
