"""When partners and the vendor work: what clocks that wait for them are computed with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.core.db import AnyRow, ask
from portal.core.errors import NotFound
from portal.deadlines.business_time import USUAL, Calendar, Week
from portal.partners.models import Absence, Partner, WorkingHours

Spell = tuple[date, date]


class FreeDays:
    """The days on which an organisation does not work: public holidays, and those of its own."""

    def __init__(
        self, country: str | None, subdivision: str | None, own: Iterable[date] = ()
    ) -> None:
        self.country, self.subdivision, self.own = country, subdivision, frozenset(own)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and (
            day in self.own or day in holidays_of(self.country, self.subdivision, day.year)
        )

    def called(self, day: date, language: str) -> str:
        """Return what a day off is called; nothing where it is the organisation's own."""
        return holidays_of(self.country, self.subdivision, day.year, language).get(day, "")


@lru_cache(maxsize=4096)
def holidays_of(
    country: str | None, subdivision: str | None, year: int, language: str | None = None
) -> dict[date, str]:
    """Return the public holidays of a year with their names; none where nobody knows them.

    `subdivision` is an ISO code as DE-NI; where it has none of its own, those of the country hold.
    Names are those of the country where they are not known in a `language`.
    """
    known = holidays.list_supported_countries()
    if country is None or country not in known:
        return {}
    state = (subdivision or "").removeprefix(f"{country}-")
    found = holidays.country_holidays(
        country,
        subdiv=state if state in known[country] else None,
        years=year,
        expand=False,
        language={"en": "en_US"}.get(language or "", language),
    )
    return dict(found.items())


# Claims ask for this beside all else, so it is an expression for whatever query has organisation
# and person, and the person may be nobody.
_HERS, _VENDORS, _VENDOR = aliased(Absence), aliased(WorkingHours), aliased(Organisation)
_SPELLS = (
    select(
        func.jsonb_agg(
            func.jsonb_build_array(
                _HERS.starts_on, _HERS.ends_on, User.id, Absence.starts_on, Absence.ends_on
            )
        )
    )
    .select_from(_HERS)
    .outerjoin(User, and_(User.id == _HERS.delegate_id, User.active))
    .outerjoin(
        Absence,
        and_(
            Absence.organisation_id == _HERS.organisation_id,
            or_(Absence.user_id == User.id, Absence.user_id.is_(None)),
            Absence.starts_on <= _HERS.ends_on,
            Absence.ends_on >= _HERS.starts_on,
        ),
    )
    .where(
        _HERS.organisation_id == Organisation.id,
        or_(_HERS.user_id.is_(None), _HERS.user_id == bindparam("user_id")),
    )
    .correlate(Organisation)
    .scalar_subquery()
)
_VENDORS_WEEK = (
    select(_VENDORS.week)
    .join(_VENDOR, _VENDOR.id == _VENDORS.organisation_id)
    .where(_VENDOR.kind == OrganisationKind.VENDOR)
    .scalar_subquery()
)
COLUMNS: tuple[ColumnElement[Any], ...] = (
    Organisation.timezone.label("calendar_zone"),
    func.coalesce(WorkingHours.week, _VENDORS_WEEK).label("calendar_week"),
    func.coalesce(WorkingHours.holidays, True).label("calendar_holidays"),
    func.coalesce(WorkingHours.country, Partner.country).label("calendar_country"),
    func.coalesce(WorkingHours.subdivision, Partner.subdivision).label("calendar_subdivision"),
    WorkingHours.days_off.label("calendar_days_off"),
    _SPELLS.label("calendar_spells"),
)
"""Columns of a query that has organisations, and outer joins partners and `ITS_HOURS`."""
ITS_HOURS = WorkingHours.organisation_id == Organisation.id
_CALENDARS = (
    select(*COLUMNS)
    .select_from(Organisation)
    .outerjoin(Partner, Partner.organisation_id == Organisation.id)
    .outerjoin(WorkingHours, ITS_HOURS)
)
_CALENDAR = _CALENDARS.where(Organisation.id == bindparam("organisation_id"))
_VENDORS_CALENDAR = _CALENDARS.where(Organisation.kind == OrganisationKind.VENDOR)


def calendar_of(organisation_id: int, user_id: int | None = None) -> Calendar:
    """Return when a firm works, or one person of it. Raises `NotFound`.

    Whoever is away counts as there where somebody stands in who is there herself.
    """
    row = ask(_CALENDAR, {"organisation_id": organisation_id, "user_id": user_id}).one_or_none()
    if row is None:
        raise NotFound()
    return from_row(row)


def vendors_calendar() -> Calendar:
    """Return when the vendor works."""
    row = ask(_VENDORS_CALENDAR, {"user_id": None}).first()
    if row is None:
        raise NotFound()
    return from_row(row)


def from_row(row: AnyRow) -> Calendar:
    """Return the calendar that `COLUMNS` say."""
    return Calendar(
        zone=ZoneInfo(row.calendar_zone),
        week=week_of(row.calendar_week),
        holidays=free_days(row),
        away=tuple(sorted(spells_of(row.calendar_spells or ()))),
    )


def free_days_of(organisation_id: int) -> FreeDays:
    """Return the days on which an organisation does not work."""
    return free_days(ask(_CALENDAR, {"organisation_id": organisation_id, "user_id": None}).one())


def free_days(row: AnyRow) -> FreeDays:
    """Return the days off that `COLUMNS` say."""
    public = row.calendar_holidays
    return FreeDays(
        row.calendar_country if public else None,
        row.calendar_subdivision if public else None,
        row.calendar_days_off or (),
    )


def week_of(days: Sequence[Sequence[Sequence[int]]] | None) -> Week:
    """Return the hours of a week as they are kept; the usual ones where none are."""
    if days is None:
        return USUAL
    return Week(tuple(tuple((span[0], span[1]) for span in spans) for spans in days))


def spells_of(rows: Iterable[Sequence[Any]]) -> set[Spell]:
    """Return the spells on which nobody answers, of absences beside those of whoever stands in.

    First and last day of the absence, who stands in, first and last day of hers.
    """
    found = set()
    for first, last, delegate, away_from, away_until in rows:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last)
        if delegate is None:
            found.add((begins, ends))
        elif away_from is not None:
            found.add(
                (
                    max(begins, date.fromisoformat(away_from)),
                    min(ends, date.fromisoformat(away_until)),
                )
            )
    return found
