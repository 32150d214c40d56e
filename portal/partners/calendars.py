"""When partners and the vendor work: what clocks that wait for them are computed with."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.models import Organisation, User
from portal.core.db import session
from portal.deadlines.business_time import Calendar
from portal.partners.models import Absence, Partner

Spell = tuple[date, date]


class PublicHolidays:
    """The public holidays of a country and its subdivision, as a container of days."""

    def __init__(self, country: str | None, subdivision: str | None) -> None:
        self.country, self.subdivision = country, subdivision

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in in_year(self.country, self.subdivision, day.year)


@lru_cache(maxsize=2048)
def in_year(country: str | None, subdivision: str | None, year: int) -> frozenset[date]:
    """Return the public holidays of a year; none where nobody knows them."""
    if country is None or country not in holidays.list_supported_countries():
        return frozenset()
    state = (subdivision or "").removeprefix(f"{country}-") or None
    known = holidays.list_supported_countries()[country]
    found = holidays.country_holidays(
        country, subdiv=state if state in known else None, years=year, expand=False
    )
    return frozenset(found)


def calendar_of(organisation_id: int, user_id: int | None = None) -> Calendar:
    """Return when a firm works, or one person of it.

    Whoever is away counts as there where somebody stands in who is there herself.
    """
    zone, country, subdivision = (
        session()
        .execute(
            select(Organisation.timezone, Partner.country, Partner.subdivision)
            .outerjoin(Partner, Partner.organisation_id == Organisation.id)
            .where(Organisation.id == organisation_id)
        )
        .one()
    )
    return Calendar(
        zone=ZoneInfo(zone),
        holidays=PublicHolidays(country, subdivision),
        away=list_spells(organisation_id, user_id),
    )


def list_spells(organisation_id: int, user_id: int | None) -> list[Spell]:
    """Return the spells on which nobody answers for a firm, or for one person of it."""
    hers = aliased(Absence)
    rows = session().execute(
        select(
            hers.user_id, hers.starts_on, hers.ends_on, User.id, Absence.starts_on, Absence.ends_on
        )
        .outerjoin(User, and_(User.id == hers.delegate_id, User.active))
        .outerjoin(
            Absence,
            and_(
                Absence.user_id == User.id,
                Absence.starts_on <= hers.ends_on,
                Absence.ends_on >= hers.starts_on,
            ),
        )
        .where(
            hers.organisation_id == organisation_id,
            or_(hers.user_id.is_(None), hers.user_id == user_id),
        )
        .order_by(hers.starts_on, hers.id)
    )
    spells: list[Spell] = []
    for whose, first, last, delegate, away_from, away_until in rows:
        if whose is None or delegate is None:
            spells.append((first, last))
        elif away_from is not None:
            spells.append((max(first, away_from), min(last, away_until)))
    return spells
