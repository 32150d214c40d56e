"""Reads of who chooses by hand: who suits a lead best, who is called so, its units and people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.tree import list_units
from portal.core.db import session
from portal.leads.models import Lead
from portal.matching.operations import in_order, match
from portal.matching.words import why
from portal.offers.deciding import Right
from portal.offers.doubts import is_there, people_of
from portal.offers.models import OfferRound
from portal.offers.publishing import excluded_firms
from portal.partners.models import PartnerGroup, PartnerGroupMember
from portal.partners.queries import Filters, away, list_partners

BEST = 8
"""So many of those that suit best are proposed."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A firm that suits a lead, and why."""

    id: int
    name: str
    why: Sequence[str]


def list_suiting(lead: Lead, right: Right, at: datetime) -> list[Proposed]:
    """Return the firms that suit a lead best by its rule, of those that somebody decides for."""
    found = match(lead, at, without=excluded_firms(lead.id))
    best = [one for one in found.partners if right.covers((one.organisation_id,))][:BEST]
    names = dict(names_of([one.organisation_id for one in best]))
    return [
        Proposed(one.organisation_id, names[one.organisation_id], why(one.explanation))
        for one in best
    ]


def search(text: str, actor: Actor, at: datetime) -> Sequence[tuple[int, str, str | None]]:
    """Return the firms that somebody sees whose name or city has this in it, with their city."""
    return [
        (one.organisation_id, one.organisation.name, one.city)
        for one in list_partners(actor, Filters(text=text), 1, at).items
    ]


def names_of(organisation_ids: Collection[int]) -> list[tuple[int, str]]:
    """Return firms with their names, in the order that was given."""
    rows = session().execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(organisation_ids))
    )
    names = {row.id: row.name for row in rows}
    return [(one, names[one]) for one in organisation_ids if one in names]


def list_groups() -> Sequence[tuple[int, str]]:
    """Return the groups of partners by name."""
    rows = session().execute(
        select(PartnerGroup.id, PartnerGroup.name).order_by(func.lower(PartnerGroup.name))
    )
    return [(row.id, row.name) for row in rows]


def members_of(group_id: int, lead: Lead, at: datetime) -> Sequence[int]:
    """Return the firms of a group as a lead suits them, best first; equal ones by its lot."""
    members = session().scalars(
        select(PartnerGroupMember.organisation_id).where(PartnerGroupMember.group_id == group_id)
    )
    return in_order(lead, members.all(), at)


def list_parts(organisation_id: int, at: datetime) -> list[tuple[str, str]]:
    """Return what of a firm can be chosen alone: its units, then its people who pick leads up.

    No unit in which nobody does.
    """
    units = [
        (f"unit-{unit.id}", _("%(name)s, the whole unit", name=unit.name))
        for unit in list_units(organisation_id)
        if is_there(people_of(unit.id))
    ]
    return [*units, *list_people(organisation_id, at)]


def list_people(organisation_id: int, at: datetime) -> list[tuple[str, str]]:
    """Return the people of a firm who pick leads up, to choose from, and who of them is away."""
    rows = session().execute(
        select(User.id, User.name, away(at).label("away"))
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(
            User.organisation_id == organisation_id,
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
        )
        .order_by(func.lower(User.name), User.id)
    )
    return [
        (
            f"person-{row.id}",
            _("%(name)s alone (away now)", name=row.name)
            if row.away
            else _("%(name)s alone", name=row.name),
        )
        for row in rows
    ]


def find_open_round(lead: Lead) -> OfferRound | None:
    """Return the round in which a lead is on offer now."""
    return session().scalar(
        select(OfferRound).where(
            OfferRound.lead_id == lead.id,
            OfferRound.number == lead.round,
            OfferRound.ended_at.is_(None),
        )
    )
