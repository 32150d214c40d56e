"""Verbs of what people wish to hear: choose, and end the digests with one press."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select, text

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import ROLES
from portal.accounts.permissions import of_roles as permissions_of
from portal.accounts.tree import is_region
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import record
from portal.hearing.events import (
    FairnessMailChosen,
    HearingChanged,
    MondaysChosen,
    ReportMailChosen,
    RoleDefaultSet,
    SheetWished,
)
from portal.hearing.models import Extent, HearingWishes, Hears, RoleDefault, Subject
from portal.hearing.queries import find_kept, read_defaults, values_of
from portal.hearing.rules import (
    BY_CALENDAR,
    COLLECTED,
    HEARD_BY,
    IN_DIGESTS,
    SHEET_KINDS,
    Unchosen,
    mark_of,
    sheet_due_on,
)
from portal.leads.models import Temperature
from portal.leads.queries import get_definition

IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('hearing_defaults'))")
MOST_VALUE = Decimal(10**12 - 1)


def choose(user_id: int, at: datetime, **wanted: Any) -> None:
    """Note what a person wishes to hear, by the columns of `HearingWishes`.

    What is not named stays as it is, and saying the same again changes nothing. Raises `Invalid`.
    """
    user = session().get_one(User, user_id, with_for_update=True, populate_existing=True)
    kept = find_kept(user_id)
    before = values_of(user, kept, read_defaults())
    after = {**before, **wanted}
    errors = check(after, before)
    if errors:
        raise Invalid(errors)
    mute = not user.hears_by_mail and after["hears"] != Hears.NEVER
    if after == before and not mute:
        return
    anew = kept is None
    if kept is None:
        kept = HearingWishes(user_id=user_id)
        session().add(kept)
    for name, value in after.items():
        setattr(kept, name, value)
    user.hears_by_mail = user.hears_by_mail or mute
    if after["mondays"] != before["mondays"]:
        user.monday_told_on = monday_of(user, at) if after["mondays"] else None
    if _hears_reports(after) and (mute or not _hears_reports(before)):
        # the next one, and not that of the week in which it was chosen
        user.report_told_on = monday_of(user, at)
    if after["sheet_weekday"] and (anew or after["sheet_weekday"] != before["sheet_weekday"]):
        # the first comes on the next such day
        here = at.astimezone(ZoneInfo(user.timezone))
        user.sheet_told_on = sheet_due_on(after["sheet_weekday"], here)
    session().flush()
    if after["mondays"] != before["mondays"]:
        record(MondaysChosen(at=at, user_id=user_id, wanted=after["mondays"]))
    if after["fairness"] != before["fairness"]:
        record(FairnessMailChosen(at=at, user_id=user_id, wanted=after["fairness"]))
    if after["report"] != before["report"]:
        record(ReportMailChosen(at=at, user_id=user_id, wanted=after["report"]))
    sheet = (after["sheet_weekday"], after["sheet_kind"])
    if sheet != (before["sheet_weekday"], before["sheet_kind"]):
        record(SheetWished(at=at, user_id=user_id, weekday=sheet[0], kind=sheet[1]))
    if mute or any(after[name] != before[name] for name in after.keys() - BY_CALENDAR):
        record(HearingChanged(at=at, user_id=user_id, hears=after["hears"]))


def _hears_reports(chosen: Mapping[str, Any]) -> bool:
    return bool(chosen["report"]) and chosen["hears"] != Hears.NEVER


def end_digests(user_id: int, at: datetime) -> bool:
    """End what a person hears in digests, as her mail program asks with one click.

    What she hears at once goes on, and so does what nobody can switch off. Returns whether
    anything was ended.
    """
    user = session().get_one(User, user_id)
    now = values_of(user, find_kept(user_id), read_defaults())
    if now["hears"] in IN_DIGESTS:
        stay = {name: how for name, how in now["by_subject"].items() if how not in IN_DIGESTS}
        choose(user_id, at, hears=str(Hears.NEVER), by_subject=stay)
        return True
    may = permissions_of(user.roles)
    collected = {
        str(name): str(Hears.DAILY)
        for name in COLLECTED
        if now["hears"] != Hears.NEVER and not may.isdisjoint(HEARD_BY[name])
    }
    ended = {
        name: str(Hears.NEVER) if how in IN_DIGESTS else how
        for name, how in (collected | now["by_subject"]).items()
    }
    if ended == now["by_subject"]:
        return False
    choose(user_id, at, by_subject=ended)
    return True


REPORT = "report"
"""The topic of a link that stops the report of the week."""
SHEET = "sheet"
"""The topic of a link that stops the feedback sheet of the week."""
MONDAYS_LIST = "mondays"
"""The topic of a link that stops the list of the overdue."""
FAIRNESS = "fairness"
"""The topic of a link that stops the figures about fairness."""


def end(topic: str | None, user_id: int, at: datetime) -> None:
    """End what the mail was that somebody stops with one click: one by the calendar, or digests."""
    if topic == REPORT:
        choose(user_id, at, report=False)
    elif topic == SHEET:
        choose(user_id, at, sheet_weekday=None)
    elif topic == MONDAYS_LIST:
        choose(user_id, at, mondays=False)
    elif topic == FAIRNESS:
        choose(user_id, at, fairness=False)
    else:
        end_digests(user_id, at)


def set_defaults(
    wanted: Mapping[str, Unchosen], actor: Actor, at: datetime, seen: str = ""
) -> None:
    """Set how roles hear by mail whose people have chosen nothing; an odd role is left out.

    Sheets that begin with it come from the next day on. Saying the same again changes nothing.
    Raises `Invalid`, by the column and the role, and `Conflict` where by now something else is set
    than was `seen`, if its mark is given.
    """
    odd = {
        f"quiet_until_{role}": words
        for role, one in wanted.items()
        if (words := odd_quiet(one.quiet_from, one.quiet_until))
    }
    if odd:
        raise Invalid(odd)
    session().execute(IN_LINE)
    kept = {one.role: one for one in session().scalars(select(RoleDefault))}
    before = read_defaults()
    if seen and seen != mark_of(before):
        raise Conflict(
            _(
                "Somebody else changed it while you worked on it. What you typed is still here; "
                "please compare before you save again."
            )
        )
    here = at.astimezone(ZoneInfo(actor.timezone)).date()
    for role in ROLES:
        found, had = kept.get(role), before.get(role, Unchosen())
        want = wanted.get(role, had)
        if want == had:
            continue
        if found is None:
            found = RoleDefault(role=role, since=here)
            session().add(found)
        if want.sheet_weekday != had.sheet_weekday:
            found.since = here
        said = {**asdict(want), "hears": str(want.hears), "extent": str(want.extent)}
        for name, value in said.items():
            setattr(found, name, value)
        session().flush()
        record(RoleDefaultSet(at=at, user_id=actor.id, role=role, **said))


def monday_of(user: User, at: datetime) -> date:
    """Return the Monday of the week that it is where a person is."""
    today = at.astimezone(ZoneInfo(user.timezone)).date()
    return today - timedelta(days=today.weekday())


def check(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, str]:
    """Return a sentence per field that can't be right; what went out of use may stay chosen."""
    errors: dict[str, str] = {}
    by_subject = wanted["by_subject"]
    if wanted["hears"] not in set(Hears):
        errors["hears"] = str(_("Please choose when you want to hear."))
    if not by_subject.keys() <= set(Subject) or not set(by_subject.values()) <= set(Hears):
        errors["by_subject"] = str(_("Please choose from the list."))
    if not _is_hour(wanted["digest_hour"]):
        errors["digest_hour"] = str(_("Please choose an hour of the day."))
    if wanted["digest_weekday"] not in range(1, 8):
        errors["digest_weekday"] = str(_("Please choose from the list."))
    odd = odd_quiet(wanted["quiet_from"], wanted["quiet_until"])
    if odd:
        errors["quiet_until"] = odd
    if wanted["sheet_weekday"] not in (None, *range(1, 8)):
        errors["sheet_weekday"] = str(_("Please choose a day of the week."))
    if wanted["sheet_kind"] not in SHEET_KINDS:
        errors["sheet_kind"] = str(_("Please choose what kind of file it shall be."))
    if wanted["extent"] not in set(Extent):
        errors["extent"] = str(_("Please choose from the list."))
    known: Mapping[str, set[Any]] = {
        "temperatures": set(Temperature),
        "type_ids": set(get_definition().types),
        "product_ids": {entry.id for entry in book().active("product")},
    }
    for name, of_these in known.items():
        if not set(wanted[name]) <= of_these | set(before[name]):
            errors[name] = str(_("Please choose from the list."))
    for code in wanted["regions"]:
        if not is_region(code):
            errors["regions"] = str(
                _(
                    "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.",
                    code=code,
                )
            )
    least, most = wanted["value_from"], wanted["value_to"]
    for name, value in (("value_from", least), ("value_to", most)):
        if value is not None and not 0 <= value <= MOST_VALUE:
            errors[name] = str(_("Please give a number from 0 on."))
    if least is not None and most is not None and least > most:
        errors["value_to"] = str(_("This is less than where it begins."))
    return errors


def odd_quiet(begins: Any, ends: Any) -> str:
    """Say what can't be right about quiet hours; nothing where all is well."""
    if begins is None and ends is None:
        return ""
    if begins is None or ends is None or begins == ends:
        return str(_("Please choose two different hours, or none at both."))
    if not (_is_hour(begins) and _is_hour(ends)):
        return str(_("Please choose an hour of the day."))
    return ""


def _is_hour(hour: Any) -> bool:
    return isinstance(hour, int) and 0 <= hour <= 23
