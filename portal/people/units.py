"""Units of firms: what each has, and closing one; what changes one stands in `accounts.tree`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, func, select

from portal.accounts import tree
from portal.accounts.models import Unit, User
from portal.accounts.reach import units_below
from portal.core.db import session
from portal.leads.models import Lead, LeadState
from portal.offers.models import Offer
from portal.people.regions import name_of
from portal.pickup.models import Pickup


@dataclass(slots=True)
class Branch:
    """A unit with what it has, itself and without the units that are parts of it.

    `held` are the leads that its people hold, `offered` the open offers that are for it.
    """

    unit: Unit
    manager: str | None
    places: list[str]
    people: int
    held: int
    offered: int
    below: list[Branch] = field(default_factory=list)

    @property
    def may_close(self) -> bool:
        """True where nobody and nothing is in it."""
        return not (self.people or self.offered or self.below)


def list_branches(organisation_id: int) -> list[Branch]:
    """Return the units of a firm as a tree, by name."""
    branches = _branches(tree.list_units(organisation_id))
    return [one for one in branches.values() if one.unit.parent_id not in branches]


def get_branch(unit: Unit) -> Branch:
    """Return a unit with what it has, and with the units that are parts of it."""
    return _branches(tree.list_units(unit.organisation_id))[unit.id]


def _branches(units: Sequence[Unit]) -> dict[int, Branch]:
    ids = [unit.id for unit in units]
    managers = _names([unit.manager_id for unit in units if unit.manager_id])
    by_unit = select(User.unit_id, func.count()).where(User.unit_id.in_(ids))
    by_unit = by_unit.group_by(User.unit_id)
    people = _count(by_unit.where(User.active))
    held = _count(by_unit.join(Pickup, Pickup.user_id == User.id).where(Pickup.ended_at.is_(None)))
    offered = _count_offers(ids)
    found = {
        unit.id: Branch(
            unit,
            managers.get(unit.manager_id or 0),
            [name_of(code) for code in unit.territories],
            people.get(unit.id, 0),
            held.get(unit.id, 0),
            offered.get(unit.id, 0),
        )
        for unit in units
    }
    for branch in found.values():
        above = found.get(branch.unit.parent_id or 0)
        if above is not None:
            above.below.append(branch)
    return found


def _count(statement: Select[int | None, int]) -> dict[int | None, int]:
    return dict(session().execute(statement).all())


def _names(ids: Collection[int]) -> dict[int, str]:
    rows = session().execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _count_offers(ids: Collection[int]) -> dict[int | None, int]:
    return _count(
        select(Offer.unit_id, func.count())
        .join(Lead, Lead.id == Offer.lead_id)
        .where(
            Offer.unit_id.in_(ids),
            Offer.open,
            Lead.state == LeadState.OFFERED,
            Lead.round == Offer.round,
        )
        .group_by(Offer.unit_id)
    )


def list_members(unit_id: int) -> Sequence[User]:
    """Return the active people of a unit by name."""
    return (
        session()
        .scalars(
            select(User)
            .where(User.unit_id == unit_id, User.active)
            .order_by(func.lower(User.name), User.id)
        )
        .all()
    )


def list_possible_parents(organisation_id: int, unit: Unit | None) -> list[Unit]:
    """Return the units of a firm of which this one may be a part."""
    own = units_below(unit.id) if unit else set()
    return [one for one in tree.list_units(organisation_id) if one.id not in own]


def close(unit: Unit, at: datetime) -> None:
    """Close a unit that is empty and has no open offer. Raises `tree.UnitInUse`."""
    tree.lock_unit(unit)
    if _count_offers([unit.id]):
        raise tree.UnitInUse(tree.in_use())
    tree.close_unit(unit, at)
