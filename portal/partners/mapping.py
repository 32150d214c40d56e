"""Where partners are: the places of a list's partners, and how many are at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Numeric, cast, func, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.core.db import session
from portal.partners import queries
from portal.partners.models import Partner

MOST_PLACES = 400
NAMED = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A city with partners: how many, and some of them by id and name."""

    city: str | None
    country: str
    latitude: float
    longitude: float
    firms: int
    some: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Places:
    """The places with most partners first; `others` are at places that are not among them.

    `nowhere` are partners of whom it isn't known where they are.
    """

    places: Sequence[Place]
    others: int
    nowhere: int


def list_places(actor: Actor, filters: queries.Filters, at: datetime) -> Places:
    """Return where the partners are of whom `queries.list_partners` has pages."""
    meant = queries.select_ids(actor, filters, at)
    firms = func.count()
    at_place = (
        func.round(cast(Partner.latitude, Numeric), 1),
        func.round(cast(Partner.longitude, Numeric), 1),
    )
    rows: Sequence[Any] = (
        session()
        .execute(
            select(
                Partner.city,
                Partner.country,
                func.avg(Partner.latitude).label("latitude"),
                func.avg(Partner.longitude).label("longitude"),
                firms.label("firms"),
                func.array_agg(Organisation.id).label("ids"),
                func.array_agg(Organisation.name).label("names"),
                func.sum(firms).over().label("placed"),
            )
            .join(Organisation, Organisation.id == Partner.organisation_id)
            .where(Partner.organisation_id.in_(meant), Partner.latitude.is_not(None))
            .group_by(Partner.city, Partner.country, *at_place)
            .order_by(firms.desc(), Partner.country, Partner.city, func.min(Organisation.id))
            .limit(MOST_PLACES)
        )
        .all()
    )
    placed = int(rows[0].placed) if rows else 0
    all_of_them = session().scalar(select(func.count()).select_from(meant.subquery())) or 0
    found = [
        Place(
            row.city,
            row.country,
            row.latitude,
            row.longitude,
            row.firms,
            sorted(zip(row.ids, row.names, strict=True), key=lambda one: one[1].casefold())[:NAMED],
        )
        for row in rows
    ]
    return Places(found, placed - sum(one.firms for one in found), all_of_them - placed)
