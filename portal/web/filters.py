"""Dates, numbers and money in the reader's words, locale and zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    format_percent,
)
from flask import Flask, current_app
from flask_babel import get_locale, get_timezone, get_translations, ngettext
from flask_babel import gettext as _
from jinja2 import pass_context
from jinja2.runtime import Context

from portal.core import clock


def local(moment: datetime) -> datetime:
    """Return `moment` in the reader's zone."""
    here: datetime = moment.astimezone(get_timezone())
    return here


def when(moment: datetime | None) -> str:
    """Say a moment as people do: "today, 17:30", "Tuesday, 24 November, 10:00"."""
    return "" if moment is None else moments()(moment)


def moments() -> Callable[[datetime], str]:
    """Return `when` for the many moments of one page: it asks once where the reader is."""
    locale, zone = get_locale(), get_timezone()
    today = clock.now().astimezone(zone).date()

    def said(moment: datetime) -> str:
        here = moment.astimezone(zone)
        return _when_words(locale, here.date(), today, here.time().replace(second=0, microsecond=0))

    return said


@lru_cache(maxsize=8192)
def _when_words(locale: Locale, at: date, today: date, moment: time) -> str:
    # a list says the same few moments over and over
    return str(
        _(
            "%(day)s, %(time)s",
            day=_day_words(locale, at, today),
            time=_clock_words(locale, moment),
        )
    )


def clock_time(moment: datetime, *, seconds: bool = False) -> str:
    """Return the time of day, to the minute or to the second."""
    here = local(moment).time().replace(microsecond=0)
    if seconds:
        return format_time(here, "medium", locale=get_locale())
    return _clock_words(get_locale(), here.replace(second=0))


@lru_cache(maxsize=8192)
def _clock_words(locale: Locale, moment: time) -> str:
    return format_time(moment, "short", locale=locale)


def to_the_second(moment: datetime) -> str:
    """Return the time of day for who waits with the clock in hand: "14:03:20"."""
    return clock_time(moment, seconds=True)


def day(moment: datetime | date | None) -> str:
    """Say a day: today, tomorrow, yesterday, the weekday within a week, else the date."""
    if moment is None:
        return ""
    at = local(moment).date() if isinstance(moment, datetime) else moment
    return _day_words(get_locale(), at, local(clock.now()).date())


@lru_cache(maxsize=8192)
def _day_words(locale: Locale, at: date, today: date) -> str:
    # the words of `gettext` are those of `locale`: it is the one that is spoken now
    away = (at - today).days
    if away == 0:
        return str(_("today"))
    if away == 1:
        return str(_("tomorrow"))
    if away == -1:
        return str(_("yesterday"))
    if abs(away) >= 300:
        return format_date(at, "medium", locale=locale)
    return format_skeleton("MMMMEEEEd" if abs(away) < 7 else "MMMd", at, locale=locale)


def ago(moment: datetime | None) -> str:
    """Say how long ago something was: "12 minutes ago"."""
    if moment is None:
        return ""
    past = clock.now() - moment
    if past < timedelta(minutes=1):
        return str(_("just now"))
    if past < timedelta(hours=1):
        return str(ngettext("%(num)d minute ago", "%(num)d minutes ago", past.seconds // 60))
    if past < timedelta(days=1):
        return str(ngettext("%(num)d hour ago", "%(num)d hours ago", past.seconds // 3600))
    return str(ngettext("%(num)d day ago", "%(num)d days ago", past.days))


def iso(moment: datetime | None) -> str:
    """Return the machine-readable form for <time datetime>."""
    return moment.isoformat(timespec="seconds") if moment else ""


def stamp(moment: datetime | None) -> str:
    """Return date and time in full."""
    if moment is None:
        return ""
    return format_datetime(moment, "medium", tzinfo=get_timezone(), locale=get_locale())


def money(amount: Decimal | float | None, compact: bool = False) -> str:
    """Return an amount in the programme's currency."""
    if amount is None:
        return ""
    currency = current_app.config["SETTINGS"].currency
    if compact:
        return format_compact_currency(
            amount,
            currency,
            locale=get_locale(),
            fraction_digits=0 if amount >= 10_000 else 1,
        )
    digits = Decimal(amount) % 1 != 0
    return format_currency(
        amount,
        currency,
        locale=get_locale(),
        format=None if digits else _whole_pattern(),
        currency_digits=bool(digits),
    )


def _whole_pattern() -> str:
    pattern: str = get_locale().currency_formats["standard"].pattern
    return pattern.replace(".00", "")


def number(value: float | Decimal | None) -> str:
    """Return a number with the reader's separators."""
    return "" if value is None else _number_words(get_locale(), value)


@lru_cache(maxsize=8192)
def _number_words(locale: Locale, value: float | Decimal) -> str:
    return format_decimal(value, locale=locale)


def percent(share: float | None) -> str:
    """Return a share (0–1) as whole per cent."""
    return "" if share is None else format_percent(share, locale=get_locale())


def translator() -> Callable[..., str]:
    """Return gettext bound to the reader's language: one page asks it hundreds of times."""
    translations = get_translations()

    def say(text: str, /, **values: Any) -> str:
        said: str = translations.ugettext(text)
        return said % values if values else said

    return say


def spoken(say: Callable[[Any], str]) -> Callable[[Context, Any], str]:
    """Return a filter that is asked anew for every reader, for a constant too.

    What has no context Jinja asks once, while it compiles, in the language spoken just then.
    """

    @pass_context
    def asked(_context: Context, value: Any) -> str:
        return say(value)

    return asked


def init_filters(app: Flask) -> None:
    """Register the filters."""
    for function in (when, day, ago, iso, stamp, money, number, percent, clock_time, to_the_second):
        app.jinja_env.filters[function.__name__] = function
