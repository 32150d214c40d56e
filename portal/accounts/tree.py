"""Who stands below whom: firms, units, people and their managers, and who answers for a partner.

Here: the verbs that change the tree, and its guard rails. What follows for whom, `reach` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pycountry
from flask_babel import gettext as _
from sqlalchemy import Table, func, select

from portal.accounts.events import (
    AccountManagerSet,
    ManagerSet,
    OrganisationMoved,
    PersonPutInUnit,
    UnitClosed,
    UnitSaved,
)
from portal.accounts.models import PARTNER_KINDS, Organisation, OrganisationKind, Unit, User
from portal.core.db import Base, session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record

ABOVE = {
    OrganisationKind.DISTRIBUTOR: (OrganisationKind.VENDOR, OrganisationKind.DISTRIBUTOR),
    OrganisationKind.RESELLER: (OrganisationKind.VENDOR, OrganisationKind.DISTRIBUTOR),
    OrganisationKind.AGENCY: (OrganisationKind.VENDOR,),
}
"""Which kinds of firm may stand above a firm of a kind; above the vendor stands nobody."""


class UnitInUse(Refused):
    """People, units or open offers are still in a unit that shall be closed."""

    code = "unit_in_use"


def is_region(code: str) -> bool:
    """True for an ISO code of a country (DE) or one of its states (DE-NI)."""
    if "-" in code:
        return any(state.code == code for state in pycountry.subdivisions)
    country = pycountry.countries.get(alpha_2=code)
    return country is not None and country.alpha_2 == code


# -- firms ------------------------------------------------------------------------------------


def move_organisation(
    organisation: Organisation, parent: Organisation | None, at: datetime
) -> None:
    """Put a firm, with all below it, below another one. Raises `Invalid`."""
    _line_up()
    if parent is not None and not may_stand_below(organisation.kind, parent.kind):
        raise Invalid({"parent_id": _("A firm of this kind can’t stand below that one.")})
    if parent is not None and organisation.id in _above(Organisation, parent.id):
        raise Invalid({"parent_id": _("That firm stands below this one itself.")})
    was, now = organisation.parent_id, parent.id if parent else None
    if was == now:
        return
    organisation.parent_id = now
    session().flush()
    record(
        OrganisationMoved(at=at, organisation_id=organisation.id, parent_id=now, was_parent_id=was)
    )


def may_stand_below(kind: str, parent_kind: str) -> bool:
    """Tell whether a firm of a kind may stand directly below one of another kind."""
    return parent_kind in ABOVE.get(OrganisationKind(kind), ())


def set_account_manager(organisation: Organisation, user_id: int | None, at: datetime) -> bool:
    """Say who of the vendor answers for a partner; return whether that is news.

    Raises `Invalid` for who isn't an active person of the vendor, and for a firm that is no
    partner.
    """
    if organisation.kind not in PARTNER_KINDS:
        raise Invalid({"account_manager_id": _("Only a partner has an account manager.")})
    was = organisation.account_manager_id
    if user_id == was:
        return False
    if user_id is not None:
        user = session().get(User, user_id)
        vendors = user is not None and user.organisation.kind == OrganisationKind.VENDOR
        if user is None or not vendors or not user.active:
            raise Invalid({"account_manager_id": _("Please choose somebody of the vendor.")})
    organisation.account_manager_id = user_id
    session().flush()
    record(
        AccountManagerSet(at=at, organisation_id=organisation.id, user_id=user_id, was_user_id=was)
    )
    return True


# -- people -----------------------------------------------------------------------------------


def set_manager(user: User, manager_id: int | None, at: datetime) -> None:
    """Say to whom a person reports. Raises `Invalid` for strangers, and for a ring."""
    _line_up()
    was = user.manager_id
    if manager_id == was:
        return
    if manager_id is not None:
        _check_manager(manager_id, user.organisation_id)
        if user.id in _above(User, manager_id):
            raise Invalid(
                {"manager_id": _("That person reports to %(name)s already.", name=user.name)}
            )
    user.manager_id = manager_id
    session().flush()
    record(ManagerSet(at=at, user_id=user.id, manager_id=manager_id, was_manager_id=was))


def set_unit(user: User, unit_id: int | None, at: datetime) -> None:
    """Put a person into a unit of her organisation, or into none. Raises `Invalid`."""
    was = user.unit_id
    if unit_id == was:
        return
    _line_up()
    if unit_id is not None and _find_unit(unit_id, user.organisation_id) is None:
        raise Invalid({"unit_id": _("Please choose a unit of this firm.")})
    user.unit_id = unit_id
    session().flush()
    record(PersonPutInUnit(at=at, user_id=user.id, unit_id=unit_id, was_unit_id=was))


def _check_manager(manager_id: int, organisation_id: int) -> None:
    manager = session().get(User, manager_id)
    if manager is None or manager.organisation_id != organisation_id or not manager.active:
        raise Invalid({"manager_id": _("Please choose somebody of this firm.")})


# -- units ------------------------------------------------------------------------------------


def save_unit(
    organisation: Organisation,
    name: str,
    at: datetime,
    unit: Unit | None = None,
    *,
    parent_id: int | None = None,
    manager_id: int | None = None,
    territories: Sequence[str] = (),
) -> Unit:
    """Make a unit of a firm, or change one.

    Raises `Invalid` with the fields to look at again, and `NotFound` for a unit closed meanwhile.
    """
    _line_up()
    if unit is not None:
        unit = get_unit(unit.id, organisation.id)
    name, territories = name.strip(), list(dict.fromkeys(territories))
    errors: dict[str, str] = {}
    if not name:
        errors["name"] = _("Please give the unit a name.")
    elif _is_taken(name, organisation.id, unit):
        errors["name"] = _("There is a unit with this name already.")
    parent = _find_unit(parent_id, organisation.id) if parent_id is not None else None
    if parent_id is not None and parent is None:
        errors["parent_id"] = _("Please choose a unit of this firm.")
    elif parent is not None and unit is not None and unit.id in _above(Unit, parent.id):
        errors["parent_id"] = _("That unit is a part of this one itself.")
    if manager_id is not None:
        try:
            _check_manager(manager_id, organisation.id)
        except Invalid as error:
            errors.update(error.errors)
    odd = [code for code in territories if not is_region(code)]
    if odd:
        errors["territories"] = _(
            "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.", code=odd[0]
        )
    if errors:
        raise Invalid(errors)
    values = {
        "name": name,
        "parent_id": parent_id,
        "manager_id": manager_id,
        "territories": territories,
    }
    if unit is None:
        unit, changed = Unit(organisation_id=organisation.id, **values), sorted(values)
        session().add(unit)
    else:
        changed = sorted(field for field, value in values.items() if getattr(unit, field) != value)
        for field, value in values.items():
            setattr(unit, field, value)
    session().flush()
    if changed:
        record(UnitSaved(at=at, organisation_id=organisation.id, unit_id=unit.id, fields=changed))
    return unit


def lock_unit(unit: Unit) -> None:
    """Hold a unit as it is: the tree doesn't change meanwhile, and no lead is offered to it."""
    _line_up()
    session().refresh(unit, with_for_update={"key_share": True})


def close_unit(unit: Unit, at: datetime) -> None:
    """Close a unit in which nobody works and of which no other is a part. Raises `UnitInUse`.

    Again is fine. Who has no access any more leaves it silently, and nobody answers for its
    territories.
    """
    lock_unit(unit)
    if unit.closed_at is not None:
        return
    people = session().scalars(select(User).where(User.unit_id == unit.id)).all()
    below = session().scalar(
        select(Unit.id).where(Unit.parent_id == unit.id, Unit.closed_at.is_(None)).limit(1)
    )
    if below is not None or any(user.active for user in people):
        raise UnitInUse(in_use())
    for user in people:
        set_unit(user, None, at)
    unit.manager_id, unit.territories, unit.closed_at = None, [], at
    session().flush()
    record(UnitClosed(at=at, organisation_id=unit.organisation_id, unit_id=unit.id))


def in_use() -> str:
    """Return the words why a unit can't be closed."""
    return str(_("People, units or open offers are still in it."))


def _is_taken(name: str, organisation_id: int, unit: Unit | None) -> bool:
    taken = session().scalars(
        select(Unit.id).where(
            Unit.organisation_id == organisation_id,
            Unit.closed_at.is_(None),
            func.lower(Unit.name) == name.lower(),
        )
    )
    return any(unit is None or found != unit.id for found in taken)


def get_unit(unit_id: int, organisation_id: int) -> Unit:
    """Return a unit of a firm that is not closed. Raises `NotFound`."""
    found = _find_unit(unit_id, organisation_id)
    if found is None:
        raise NotFound()
    return found


def _find_unit(unit_id: int, organisation_id: int) -> Unit | None:
    # fresh: the tree may have changed while this change stood in line
    found = session().get(Unit, unit_id, populate_existing=True)
    if found is None or found.closed_at is not None or found.organisation_id != organisation_id:
        return None
    return found


def list_units(organisation_id: int) -> Sequence[Unit]:
    """Return the units of a firm by name, without those that are closed."""
    return (
        session()
        .scalars(
            select(Unit)
            .where(Unit.organisation_id == organisation_id, Unit.closed_at.is_(None))
            .order_by(func.lower(Unit.name), Unit.id)
        )
        .all()
    )


def unit_names(ids: Sequence[int]) -> dict[int, str]:
    """Return the names of units."""
    if not ids:
        return {}
    rows = session().execute(select(Unit.id, Unit.name).where(Unit.id.in_(ids)))
    return {row.id: row.name for row in rows}


# -- what all of them use ---------------------------------------------------------------------


def _line_up() -> None:
    """Let one change of the tree come after the other: two at once could close a ring."""
    session().execute(select(func.pg_advisory_xact_lock(func.hashtext("tree"))))


def _above(model: type[Base], from_id: int) -> set[int]:
    """Return an id with all that stand above it."""
    table = model.__table__
    assert isinstance(table, Table)
    upwards = table.c.manager_id if model is User else table.c.parent_id
    chain = select(table.c.id, upwards.label("up")).where(table.c.id == from_id).cte(recursive=True)
    # UNION leaves out what was there: a ring that stands already ends, too
    chain = chain.union(select(table.c.id, upwards).join(chain, table.c.id == chain.c.up))
    return set(session().scalars(select(chain.c.id)))
