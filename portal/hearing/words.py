"""What rhythms, subjects and extents are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.hearing.models import Extent, Hears, Subject
from portal.hearing.rules import Unchosen

RHYTHMS: Mapping[Hears, Any] = {
    Hears.AT_ONCE: _l("At once, a mail for each"),
    Hears.HOURLY: _l("Once an hour, all in one mail"),
    Hears.DAILY: _l("Once a day, all in one mail"),
    Hears.WEEKLY: _l("Once a week, all in one mail"),
    Hears.NEVER: _l("Not by mail: I look on the portal"),
}
BRIEFLY: Mapping[Hears, Any] = {
    Hears.AT_ONCE: _l("At once"),
    Hears.HOURLY: _l("Once an hour"),
    Hears.DAILY: _l("Once a day"),
    Hears.WEEKLY: _l("Once a week"),
    Hears.NEVER: _l("On the portal only"),
}
SUBJECTS: Mapping[Subject, tuple[Any, Any]] = {
    Subject.NEW_LEADS: (
        _l("New leads"),
        _l("On offer, about to end, changed."),
    ),
    Subject.ANSWERS: (
        _l("Answers owed"),
        _l("What is due soon, due, or late. What is due is told within a day in any case."),
    ),
    Subject.MY_LEADS: (
        _l("News of my leads"),
        _l("Help, more time, asked again, planned activities. Taken back or closed: always."),
    ),
    Subject.LATE: (_l("Team and partners late"), _l("Who owes an answer, and since when.")),
    Subject.DECIDE: (
        _l("What waits for me"),
        _l("Leads that nobody picked up, help asked for, firms that want to join."),
    ),
    Subject.ANSWERED_FOR: (
        _l("Leads that I answer for"),
        _l("Picked up, what partners say of them, given back."),
    ),
    Subject.PROGRAMME: (
        _l("News of the programme"),
        _l("New terms, and for whom you stand in."),
    ),
}
EXTENTS: Mapping[Extent, Any] = {
    Extent.SUBJECT: _l("Only what it is, and the way to it"),
    Extent.TEASER: _l("The main facts"),
    Extent.FULL: _l("Everything that may be read before pickup"),
}


def words_of(one: Unchosen, *, picks: bool) -> str:
    """Say how a role hears whose people have chosen nothing; of leads only where it `picks`."""
    days = get_day_names("wide", "stand-alone", get_locale())
    said = [str(BRIEFLY[one.hears])]
    if one.hears == Hears.WEEKLY:
        said.append(days[one.digest_weekday - 1])
    if one.hears in (Hears.DAILY, Hears.WEEKLY):
        said.append(hour_of(one.digest_hour))
    if one.quiet_from is not None and one.quiet_until is not None:
        begins, ends = hour_of(one.quiet_from), hour_of(one.quiet_until)
        said.append(_("quiet from %(begins)s to %(ends)s", begins=begins, ends=ends))
    if picks:
        said.append(str(EXTENTS[one.extent]))
    if one.sheet_weekday:
        said.append(_("feedback sheet on %(day)s", day=days[one.sheet_weekday - 1]))
    return " · ".join(said)


def hour_of(hour: int) -> str:
    """Return a full hour as the lists show it."""
    return f"{hour:02}:00"
