"""Reads of who hears what: the wishes of many people, and what of leads decides, at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.accounts.models import Organisation, User
from portal.catalog.models import ValueBand
from portal.catalog.queries import book
from portal.core.db import session
from portal.hearing.models import Extent, HearingWishes, Hears, RoleDefault
from portal.hearing.rules import AS_MADE, Only, Traits, Unchosen, Wishes, of_roles
from portal.leads.models import Lead
from portal.partners.queries import away_through


@dataclass(frozen=True, slots=True)
class Hearer:
    """What a person wishes to hear, and until when she is away."""

    wishes: Wishes
    away_until: datetime | None = None


def read_hearers(users: Iterable[User], at: datetime) -> Mapping[int, Hearer]:
    """Return how people hear, by their ids; one statement for all of them."""
    by_id = {user.id: user for user in users}
    if not by_id:
        return {}
    rows = session().execute(
        select(User.id, HearingWishes, away_through(at), Organisation.timezone)
        .join(Organisation, Organisation.id == User.organisation_id)
        .outerjoin(HearingWishes, HearingWishes.user_id == User.id)
        .where(User.id.in_(by_id))
    )
    defaults = read_defaults()
    found = {}
    for user_id, kept, last_day, zone in rows:
        back = back_from(last_day, zone) if last_day is not None else None
        values = values_of(by_id[user_id], kept, defaults)
        found[user_id] = Hearer(wishes_of(by_id[user_id], values), back)
    return found


def read_extents(users: Iterable[User], at: datetime) -> Mapping[int, str]:
    """Return how much of a lead people want to read in a mail, by their ids."""
    return {user_id: one.wishes.extent for user_id, one in read_hearers(users, at).items()}


def back_from(last_day: date, zone: str) -> datetime:
    """Return the moment from which on somebody is back who is away through a day."""
    return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(zone))


def find_hearer(user: User, at: datetime) -> Hearer:
    """Return how a person hears."""
    return read_hearers([user], at)[user.id]


def find_kept(user_id: int) -> HearingWishes | None:
    """Return what a person has chosen; None where she has not."""
    return session().get(HearingWishes, user_id)


def wishes_of(user: User, values: Mapping[str, Any]) -> Wishes:
    """Return what a person wishes to hear, from the columns of `HearingWishes`."""
    return Wishes(
        values["hears"],
        values["digest_hour"],
        values["quiet_from"],
        values["quiet_until"],
        user.timezone,
        values["digest_weekday"],
        values["by_subject"],
        Only(**{name: values[name] for name in WHICH_LEADS}),
        values["extent"],
        muted=not user.hears_by_mail,
    )


def read_defaults() -> Mapping[str, Unchosen]:
    """Return how roles hear whose people have chosen nothing, as the programme set it."""
    rows = session().scalars(select(RoleDefault))
    found = {
        one.role: Unchosen(
            Hears(one.hears),
            one.sheet_weekday,
            Extent(one.extent),
            one.digest_hour,
            one.digest_weekday,
            one.quiet_from,
            one.quiet_until,
        )
        for one in rows
    }
    return {**AS_MADE, **found}


def values_of(
    user: User, kept: HearingWishes | None, defaults: Mapping[str, Unchosen]
) -> dict[str, Any]:
    """Return what a person has chosen, by column; who has chosen nothing hears as her roles do."""
    if kept is not None:
        return {name: getattr(kept, name) for name in COLUMNS}
    role = of_roles(user.roles, defaults)
    said = {**asdict(role), "hears": str(role.hears), "extent": str(role.extent)}
    return {**UNCHOSEN, "by_subject": {}, **said}


COLUMNS = tuple(column.key for column in HearingWishes.__table__.columns if column.key != "user_id")
WHICH_LEADS = tuple(one.name for one in fields(Only))
UNCHOSEN: Mapping[str, Any] = {
    "temperatures": [],
    "type_ids": [],
    "product_ids": [],
    "regions": [],
    "value_from": None,
    "value_to": None,
    "mondays": False,
    "fairness": True,
    "report": True,
    "sheet_kind": "xlsx",
}
"""What holds for who has chosen nothing, besides what her roles say."""


def never_hears() -> ColumnElement[bool]:
    """Return, for a query of people, the condition that they hear nothing that can be ended.

    They chose so, or chose nothing and hear so by each of their roles.
    """
    by_role = _all_roles(RoleDefault.hears == Hears.NEVER)
    return (
        exists().where(HearingWishes.user_id == User.id, HearingWishes.hears == Hears.NEVER)
        | (~has_chosen() & by_role)
        | ~User.hears_by_mail
    )


def in_quiet_hours(at: datetime) -> ColumnElement[bool]:
    """Return, for a query of people, the condition that it is one of their quiet hours.

    Who has chosen nothing has the shortest of her roles, and none where one has none (`of_roles`).
    """
    hour = func.extract("hour", func.timezone(User.timezone, literal(at)))
    mine = exists().where(
        HearingWishes.user_id == User.id,
        HearingWishes.quiet_from.is_not(None),
        _within(HearingWishes.quiet_from, HearingWishes.quiet_until, hour),
    )
    begins, ends = RoleDefault.quiet_from, RoleDefault.quiet_until
    shortest = (
        select(_within(begins, ends, hour))
        .where(RoleDefault.role == any_(User.roles), begins.is_not(None))
        .order_by((ends + 24 - begins) % 24, begins)
        .limit(1)
        .scalar_subquery()
    )
    by_role = _all_roles(begins.is_not(None)) & func.coalesce(shortest, false())
    return case((has_chosen(), mine), else_=by_role)


def _all_roles(said: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return, for a query of people, the condition that something is set for each of their roles.

    A role that a row names twice counts once.
    """
    named = select(RoleDefault.role).where(said).scalar_subquery()
    every: ColumnElement[bool] = User.roles.contained_by(func.array(named))
    return every


def _within(
    begins: InstrumentedAttribute[int | None],
    ends: InstrumentedAttribute[int | None],
    hour: ColumnElement[Any],
) -> ColumnElement[bool]:
    return case(
        (begins < ends, hour.between(begins, ends - 1)), else_=(hour >= begins) | (hour < ends)
    )


def wants_mondays() -> ColumnElement[bool]:
    """Return, for a query of people, the condition that they want the list of the overdue.

    Who orders it gets it, whenever she wishes to hear of all else.
    """
    return User.hears_by_mail & exists().where(
        HearingWishes.user_id == User.id, HearingWishes.mondays
    )


def wants_fairness() -> ColumnElement[bool]:
    """Return, for a query of people, the condition that they want the figures about fairness."""
    return ~never_hears() & ~exists().where(
        HearingWishes.user_id == User.id, ~HearingWishes.fairness
    )


def wants_report() -> ColumnElement[bool]:
    """Return, for a query of people, the condition that they want their figures of the week."""
    return ~never_hears() & ~exists().where(HearingWishes.user_id == User.id, ~HearingWishes.report)


def sheet_weekday() -> ColumnElement[int | None]:
    """Return, for a query of people, on which weekday their feedback sheet comes; or none."""
    mine = select(HearingWishes.sheet_weekday).where(HearingWishes.user_id == User.id)
    role = select(func.min(RoleDefault.sheet_weekday)).where(RoleDefault.role == any_(User.roles))
    return case((has_chosen(), mine.scalar_subquery()), else_=role.scalar_subquery())


def has_chosen() -> ColumnElement[bool]:
    """Return, for a query of people, the condition that they chose what they wish to hear."""
    return exists().where(HearingWishes.user_id == User.id)


def wants_sheet(due: ColumnElement[date]) -> ColumnElement[bool]:
    """Return, for a query of people, the condition that they want the sheet that was due on a day.

    Who orders one, or has it by the programme, gets it whenever she wishes to hear of all else.
    """
    since = select(func.min(RoleDefault.since)).where(
        RoleDefault.role == any_(User.roles), RoleDefault.sheet_weekday.is_not(None)
    )
    return User.hears_by_mail & (has_chosen() | (since.scalar_subquery() < due))


def sheet_due(here: ColumnElement[datetime]) -> ColumnElement[date]:
    """Return, for a query of people, the last day on which a sheet was due; none without one."""
    back = (func.extract("isodow", here).cast(Integer) + 7 - sheet_weekday()) % 7
    return cast(here, Date) - back


def read_traits(lead_ids: Collection[int]) -> Mapping[int, Traits]:
    """Return what of leads decides whether somebody wants to hear of them, by their ids."""
    if not lead_ids:
        return {}
    rows = session().execute(
        select(
            Lead.id,
            Lead.temperature,
            Lead.type_id,
            Lead.product_ids,
            Lead.country,
            Lead.subdivision,
            Lead.value_band_id,
        ).where(Lead.id.in_(lead_ids))
    )
    bands = book().by_id
    found = {}
    for lead_id, temperature, type_id, product_ids, country, subdivision, band_id in rows:
        band = bands.get(band_id or 0)
        least, most = (band.low, band.high) if isinstance(band, ValueBand) else (None, None)
        regions = [code for code in (country, subdivision) if code]
        found[lead_id] = Traits(temperature, type_id, product_ids or (), regions, least, most)
    return found
