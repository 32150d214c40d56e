"""Working hours: as people write them, and as they are kept. Whose days are which is `calendars`'.

A day is written "9:00–12:30, 13:30–17:00", or left empty where nobody works.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from babel.dates import get_day_names
from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import Organisation
from portal.catalog import places
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.deadlines.business_time import DAY, Span, Week
from portal.partners.calendars import calendar_of, free_days_of, week_of
from portal.partners.events import WorkingHoursChanged
from portal.partners.models import Partner, WorkingHours
from portal.partners.rules import is_zone

MOST_SPANS, MOST_DAYS_OFF, SHOWN = 4, 60, 6
TIME = r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?"
SPAN = re.compile(rf"{TIME}\s*(?:[-–—]|to|bis)\s*{TIME}")


@dataclass(frozen=True, slots=True)
class Hours:
    """When an organisation works, as it was chosen; place is left out where a profile has one."""

    week: Week
    zone: str
    holidays: bool
    days_off: Sequence[date]
    country: str | None = None
    subdivision: str | None = None


def read_day(text: str) -> tuple[Span, ...]:
    """Return the spans of a day as somebody wrote them. Raises `ValueError`."""
    spans: list[Span] = []
    written = re.sub(r"\b(uhr|o.clock)\b", "", text.casefold())
    for part in re.split(r"[,;/]|\band\b|\bund\b", written):
        if not part.strip():
            continue
        found = SPAN.fullmatch(part.strip())
        if found is None:
            raise ValueError(part)
        start, until = _minute(*found.groups()[:3]), _minute(*found.groups()[3:])
        if start >= until or until > DAY or (spans and spans[-1][1] >= start):
            raise ValueError(part)
        spans.append((start, until))
    if len(spans) > MOST_SPANS:
        raise ValueError(text)
    return tuple(spans)


def _minute(hour: str, minute: str | None, half: str | None) -> int:
    hours, minutes = int(hour), int(minute or 0)
    if minutes > 59 or (half and not 1 <= hours <= 12):
        raise ValueError(hour)
    if half:
        hours = hours % 12 + (12 if half == "pm" else 0)
    return hours * 60 + minutes


def write_day(spans: Sequence[Span]) -> str:
    """Return the spans of a day as people write them."""
    return ", ".join(
        f"{start // 60}:{start % 60:02}–{until // 60}:{until % 60:02}" for start, until in spans
    )


def in_words(week: Week, language: str) -> list[tuple[str, str]]:
    """Return the hours of a week as people tell them: days in a row that are alike, and when."""
    names = get_day_names("abbreviated", locale=language)
    told: list[tuple[int, int, str]] = []
    for number, spans in enumerate(week.days):
        said = write_day(spans)
        if told and told[-1][1:] == (number - 1, said):
            told[-1] = (told[-1][0], number, said)
        elif said:
            told.append((number, number, said))
    return [
        (names[first] if first == last else f"{names[first]}–{names[last]}", said)
        for first, last, said in told
    ]


def find(organisation_id: int) -> WorkingHours | None:
    """Return the hours that an organisation has of its own."""
    return session().get(WorkingHours, organisation_id)


def read(organisation: Organisation) -> Hours:
    """Return when an organisation works, with hours of its own or without."""
    own = find(organisation.id)
    return Hours(
        week=week_of(own.week) if own else calendar_of(organisation.id).week,
        zone=organisation.timezone,
        holidays=own.holidays if own else True,
        days_off=sorted(own.days_off) if own else (),
        country=own.country if own else None,
        subdivision=own.subdivision if own else None,
    )


def save(organisation: Organisation, chosen: Hours, by: int, at: datetime) -> None:
    """Have an organisation work at these hours from now on. Raises `Invalid` by field."""
    placed = session().scalar(
        select(Partner.organisation_id).where(Partner.organisation_id == organisation.id)
    )
    if errors := check(chosen):
        raise Invalid(errors)
    before, own = read(organisation), find(organisation.id)
    fresh = own is None
    if own is None:
        own = WorkingHours(organisation_id=organisation.id, week=[])
        session().add(own)
    own.week = [[list(span) for span in spans] for spans in chosen.week.days]
    own.holidays, own.days_off = chosen.holidays, sorted(set(chosen.days_off))
    own.country = None if placed else chosen.country
    own.subdivision = None if placed or not chosen.country else chosen.subdivision
    organisation.timezone = chosen.zone
    session().flush()
    after = read(organisation)
    fields = [name for name in Hours.__slots__ if getattr(before, name) != getattr(after, name)]
    if fields or fresh:
        record(
            WorkingHoursChanged(
                at=at, organisation_id=organisation.id, user_id=by, fields=fields or ["week"]
            )
        )


def check(chosen: Hours) -> dict[str, str]:
    """Return what is wrong with working hours, by field."""
    errors = {}
    if not chosen.week.minutes:
        errors["day0"] = _("Please give the hours of one day at least.")
    if not is_zone(chosen.zone):
        errors["zone"] = _("Please choose from the list.")
    if len(chosen.days_off) > MOST_DAYS_OFF:
        errors["day_off"] = _("At most %(most)d fit here.", most=MOST_DAYS_OFF)
    if chosen.subdivision and chosen.subdivision not in places.subdivisions(chosen.country or ""):
        errors["subdivision"] = _("Please choose from the list.")
    return errors


def next_free_days(organisation_id: int, today: date, language: str) -> list[tuple[date, str]]:
    """Return the next days off of an organisation with their names; empty for its own ones."""
    free = free_days_of(organisation_id)
    ahead = (today + timedelta(days=days) for days in range(366))
    found = ((day, free.called(day, language)) for day in ahead if day in free)
    return list(islice(found, SHOWN))
