"""Verbs of partners: profiles, absences. What upper rooms count is in `figures`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pycountry
from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import MANAGING_ROLES, PICKING_ROLES
from portal.accounts.tree import is_region
from portal.catalog import fields, places
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.partners import queries, rules
from portal.partners.events import (
    AbsenceAdded,
    AbsenceRemoved,
    PartnerAdded,
    PartnerProfileChanged,
    SharingChanged,
)
from portal.partners.models import (
    Absence,
    Partner,
    PartnerCertification,
    PartnerFigures,
    Shares,
)

# list of the profile → kind of catalogue entry it holds
LISTS = {
    "brand_ids": "brand",
    "product_ids": "product",
    "specialisation_ids": "specialisation",
    "industry_ids": "industry",
    "size_band_ids": "size_band",
}
FIELDS = frozenset(
    {
        "country",
        "subdivision",
        "city",
        "latitude",
        "longitude",
        "territories",
        "level_id",
        "languages",
        "people",
        "capacity",
        "rep_capacity",
        "website",
        "note",
        *LISTS,
    }
)


def create_partner(
    organisation: Organisation,
    at: datetime,
    *,
    country: str,
    certifications: Mapping[int, date | None] | None = None,
    **profile: Any,
) -> Partner:
    """Give a distributor or reseller its profile; a city brings its coordinates and state along.

    `profile` takes the columns of Partner, `certifications` their last day by id. Raises `Invalid`.
    """
    partner = Partner(organisation_id=organisation.id, country=country)
    values = {"country": country, **profile}
    _take(partner, values)
    session().add(partner)
    session().flush()
    session().execute(
        insert(PartnerFigures).values(organisation_id=organisation.id).on_conflict_do_nothing()
    )
    if certifications:
        set_certifications(organisation.id, certifications)
    record(PartnerAdded(at=at, organisation_id=organisation.id))
    return partner


def save_profile(
    partner: Partner,
    at: datetime,
    *,
    certifications: Mapping[int, date | None] | None = None,
    zone: str | None = None,
    custom: fields.Typed | None = None,
    **profile: Any,
) -> None:
    """Change the named parts of a profile. Raises `Invalid` with the fields to look at again.

    `custom` is what was written into the programme's own fields, as far as they were asked.
    """
    changed = sorted(name for name, value in profile.items() if getattr(partner, name) != value)
    own, wrong = fields.take(
        book().fields_of(FieldSubject.PARTNER), custom or {}, partner.custom, demanded=True
    )
    if zone is not None and not rules.is_zone(zone):
        wrong["zone"] = _("Please choose a time zone from the list, as Europe/Berlin.")
    _take(partner, profile, wrong)
    if zone is not None and partner.organisation.timezone != zone:
        partner.organisation.timezone = zone
        changed.append("zone")
    if certifications is not None and set_certifications(partner.organisation_id, certifications):
        changed.append("certifications")
    if own != partner.custom:
        changed += fields.changed(partner.custom, own)
        partner.custom = own
    session().flush()
    if changed:
        record(
            PartnerProfileChanged(at=at, organisation_id=partner.organisation_id, fields=changed)
        )


def _take(
    partner: Partner, profile: Mapping[str, Any], wrong: Mapping[str, str] | None = None
) -> None:
    """Check and set profile values; nothing is set where anything is wrong."""
    unknown = set(profile) - FIELDS
    if unknown:
        raise TypeError(f"no part of a profile: {sorted(unknown)}")
    values = dict(profile)
    errors = {**(wrong or {}), **check_profile(values)}
    if not errors:
        errors = _locate(partner, values)
    if errors:
        raise Invalid(errors)
    for name, value in values.items():
        setattr(partner, name, value)


def check_profile(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with profile values, by field."""
    errors: dict[str, str] = {}
    country = values.get("country")
    if "country" in values and not (country and pycountry.countries.get(alpha_2=country)):
        errors["country"] = _("Please choose a country.")
    subdivision = values.get("subdivision")
    if subdivision and country and subdivision not in places.subdivisions(country):
        errors["subdivision"] = _("This state or region doesn't belong to the country.")
    for name, limit in (("latitude", 90), ("longitude", 180)):
        value = values.get(name)
        if value is not None and not -limit <= value <= limit:
            errors[name] = _("Please give a number between -%(limit)s and %(limit)s.", limit=limit)
    for name in ("capacity", "rep_capacity"):
        if name in values and not 0 <= (values[name] if values[name] is not None else -1) <= 10_000:
            errors[name] = _("Please give a number from 0 to 10,000.")
    people = values.get("people")
    if people is not None and not 0 < people <= 10_000_000:
        errors["people"] = _("Please give a number above 0, or leave it empty.")
    entries = book().by_id
    for name, kind in LISTS.items():
        if any(i not in entries or entries[i].kind != kind for i in values.get(name, ())):
            errors[name] = _("Please choose from the list.")
    level = values.get("level_id")
    if level and (level not in entries or entries[level].kind != "partner_level"):
        errors["level_id"] = _("Please choose from the list.")
    for code in values.get("territories", ()):
        if not is_region(code):
            errors["territories"] = _(
                "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.", code=code
            )
    return errors


def _locate(partner: Partner, values: dict[str, Any]) -> dict[str, str]:
    """Fill coordinates and state from the city; typed coordinates win."""
    typed = values.get("latitude"), values.get("longitude")
    if (typed[0] is None) != (typed[1] is None):
        missing = "latitude" if typed[0] is None else "longitude"
        return {missing: _("Please give both numbers, or none.")}
    city = values.get("city")
    if not city:
        return {}
    country = values.get("country") or partner.country
    if typed[0] is not None:
        return {}
    found = places.find_city(city, country, values.get("subdivision"))
    if found is None:
        return {"city": unknown_city(city, country)}
    values["latitude"], values["longitude"] = found.latitude, found.longitude
    if not values.get("subdivision") and found.subdivision:
        values["subdivision"] = found.subdivision
    return {}


def unknown_city(city: str, country: str) -> str:
    """Say that a city isn't known, and which are spelt like it."""
    near = ", ".join(dict.fromkeys(place.name for place in places.find_places(city, country)))
    if near:
        return str(
            _(
                "We don't know %(city)s there. Did you mean: %(near)s? "
                "Else please type the coordinates below.",
                city=city,
                near=near,
            )
        )
    return str(_("We don't know %(city)s there. Please type the coordinates below.", city=city))


def set_certifications(organisation_id: int, wanted: Mapping[int, date | None]) -> bool:
    """Set which certifications a partner holds and until when; say whether anything changed."""
    entries = book().by_id
    if any(i not in entries or entries[i].kind != "certification" for i in wanted):
        raise Invalid({"certifications": _("Please choose from the list.")})
    held = {row.certification_id: row for row in queries.list_certifications(organisation_id)}
    changed = False
    for certification_id, row in held.items():
        if certification_id not in wanted:
            session().delete(row)
            changed = True
        elif row.expires_on != wanted[certification_id]:
            row.expires_on = wanted[certification_id]
            changed = True
    for certification_id in wanted.keys() - held.keys():
        session().add(
            PartnerCertification(
                organisation_id=organisation_id,
                certification_id=certification_id,
                expires_on=wanted[certification_id],
            )
        )
        changed = True
    session().flush()
    return changed


def set_shares(organisation_id: int, shares: str, at: datetime) -> None:
    """Choose what a firm's distributor sees of it. Raises `Invalid`."""
    if shares not in set(Shares):
        raise Invalid({"shares": _("Please choose what your distributor sees.")})
    partner = session().get_one(Partner, organisation_id, with_for_update={"key_share": True})
    if partner.shares == shares:
        return
    partner.shares = shares
    session().flush()
    record(SharingChanged(at=at, organisation_id=organisation_id, shares=shares))


def add_absence(
    organisation_id: int,
    starts_on: date | None,
    ends_on: date | None,
    at: datetime,
    user_id: int | None = None,
    note: str | None = None,
    delegate_id: int | None = None,
    by_user_id: int | None = None,
) -> Absence:
    """Note that a firm, or one person of it, is away, both days included.

    `delegate_id` is a colleague who stands in for her: somebody who reports on leads, and is there
    herself; she hears of it unless it was she who entered it, `by_user_id`. Raises `Invalid`, also
    where the same one is away on one of these days already.
    """
    # two who enter absences at once would not see each other's
    session().execute(
        select(Organisation.id)
        .where(Organisation.id == organisation_id)
        .with_for_update(key_share=True)
    )
    errors = rules.check_days(starts_on, ends_on)
    if user_id is not None:
        person = session().get(User, user_id)
        if person is None or person.organisation_id != organisation_id:
            errors["user_id"] = _("Please choose somebody of this firm.")
    if not errors and starts_on is not None and ends_on is not None:
        errors = check_overlap(organisation_id, user_id, starts_on, ends_on)
        if not errors and delegate_id is not None:
            errors = check_delegate(organisation_id, user_id, delegate_id, starts_on, ends_on)
    if errors or starts_on is None or ends_on is None:
        raise Invalid(errors)
    absence = Absence(
        organisation_id=organisation_id,
        user_id=user_id,
        starts_on=starts_on,
        ends_on=ends_on,
        note=note or None,
        delegate_id=delegate_id,
    )
    session().add(absence)
    session().flush()
    record(
        AbsenceAdded(
            at=at,
            organisation_id=organisation_id,
            absence_id=absence.id,
            user_id=user_id,
            delegate_id=delegate_id,
            by_user_id=by_user_id,
        )
    )
    return absence


def check_overlap(
    organisation_id: int, user_id: int | None, starts_on: date, ends_on: date
) -> dict[str, str]:
    """Say at the first day that the same one is away then already."""
    other = queries.find_absence(organisation_id, user_id, starts_on, ends_on)
    if other is None:
        return {}
    return {
        "starts_on": _(
            "There is an absence from %(first)s to %(last)s already. Please take that one back "
            "first, or choose other days.",
            first=format_date(other.starts_on),
            last=format_date(other.ends_on),
        )
    }


def check_delegate(
    organisation_id: int, user_id: int | None, delegate_id: int, starts_on: date, ends_on: date
) -> dict[str, str]:
    """Say what speaks against a delegate: she is none of the firm, away herself, or the same."""
    delegate = session().get(User, delegate_id)
    reporting = {*PICKING_ROLES, *MANAGING_ROLES}
    if user_id is None:
        return {"delegate_id": _("A colleague stands in for one person, not for the whole firm.")}
    if delegate_id == user_id:
        return {"delegate_id": _("Please choose somebody else.")}
    if (
        delegate is None
        or not delegate.active
        or delegate.organisation_id != organisation_id
        or not reporting & set(delegate.roles)
    ):
        return {"delegate_id": _("Please choose a colleague of this firm.")}
    away = queries.find_absence(organisation_id, delegate_id, starts_on, ends_on)
    if away is None:
        return {}
    return {
        "delegate_id": _(
            "%(name)s is away, too, from %(first)s to %(last)s. Please choose somebody else.",
            name=delegate.name,
            first=format_date(away.starts_on),
            last=format_date(away.ends_on),
        )
    }


def end_absence(absence: Absence, at: datetime) -> None:
    """End an absence: she is back. One that has begun ended yesterday, one ahead is taken back."""
    zone = session().get_one(Organisation, absence.organisation_id).timezone
    today = rules.day_at(zone, at)
    if absence.starts_on >= today:
        return remove_absence(absence, at)
    absence.ends_on = min(absence.ends_on, today - timedelta(days=1))
    session().flush()
    record(AbsenceRemoved(at=at, organisation_id=absence.organisation_id, absence_id=absence.id))
    return None


def remove_absence(absence: Absence, at: datetime) -> None:
    """Take an absence back."""
    record(AbsenceRemoved(at=at, organisation_id=absence.organisation_id, absence_id=absence.id))
    session().delete(absence)
    session().flush()
