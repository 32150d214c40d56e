"""Decisions about partners, pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import gettext as _

LONGEST_ABSENCE = timedelta(days=731)
LAST_DAY = date(2190, 1, 1)


def is_good(expires_on: date | None, day: date) -> bool:
    """True where a certification still holds on `day`; its last day counts."""
    return expires_on is None or expires_on >= day


def day_at(zone: str, at: datetime) -> date:
    """Return the calendar day in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def is_zone(name: str) -> bool:
    """True for the name of a time zone, as Europe/Berlin."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def check_days(starts_on: date | None, ends_on: date | None) -> dict[str, str]:
    """Return what is wrong with the days of an absence, by field."""
    if starts_on is None:
        return {"starts_on": _("Please give the first day.")}
    if ends_on is None:
        return {"ends_on": _("Please give the last day.")}
    if ends_on < starts_on:
        return {"ends_on": _("The last day can't be before the first one.")}
    if ends_on - starts_on > LONGEST_ABSENCE or starts_on > LAST_DAY:
        return {"ends_on": _("An absence lasts two years at most.")}
    return {}
