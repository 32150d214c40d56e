"""Reads of the tree of firms: what stands below a firm, and what each firm has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.accounts import tree
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.core.db import AnyRow, session
from portal.core.errors import NotFound
from portal.leads.models import Lead
from portal.partners.queries import escape
from portal.pickup.models import Pickup
from portal.web.paging import Page, cut

PAGE = 40
SHOWN_BELOW = 12
"""So many firms are shown below each in the tree; the firm's own page has all."""
HIGHEST_FIRST = (
    func.array_position(["vendor", "distributor", "agency", "reseller"], Organisation.kind),
    func.lower(Organisation.name),
    Organisation.id,
)


def find_vendor() -> Organisation | None:
    """Return the vendor's firm."""
    return session().scalar(
        select(Organisation)
        .where(Organisation.kind == OrganisationKind.VENDOR)
        .order_by(Organisation.id)
        .limit(1)
    )


def vendor_id() -> int:
    """Return the id of the vendor's firm. Raises `NotFound` before there is a programme."""
    found = find_vendor()
    if found is None:
        raise NotFound()
    return found.id


def get_firm(organisation_id: int) -> Organisation:
    """Return a firm, active or not. Raises `NotFound`."""
    found = session().get(Organisation, organisation_id)
    if found is None:
        raise NotFound()
    return found


def list_below(organisation_id: int, number: int) -> Page[Organisation]:
    """Return a page of the firms directly below one: distributors first, then by name."""
    rows = session().scalars(
        select(Organisation)
        .where(Organisation.parent_id == organisation_id)
        .order_by(*HIGHEST_FIRST)
        .limit(PAGE + 1)
        .offset((number - 1) * PAGE)
    )
    return cut(rows.all(), number, PAGE)


def search(words: str, number: int) -> Page[Organisation]:
    """Return a page of firms by part of their name or mail domain."""
    like = f"%{escape(words)}%"
    rows = session().scalars(
        select(Organisation)
        .where(Organisation.name.ilike(like) | Organisation.domain.ilike(like))
        .order_by(*HIGHEST_FIRST)
        .limit(PAGE + 1)
        .offset((number - 1) * PAGE)
    )
    return cut(rows.all(), number, PAGE)


def list_children(parent_ids: Collection[int]) -> Sequence[Organisation]:
    """Return for each of the firms the first that stand below it, by name."""
    place = (
        func.row_number()
        .over(partition_by=Organisation.parent_id, order_by=HIGHEST_FIRST)
        .label("place")
    )
    ranked = (
        select(Organisation.id, place)
        .where(Organisation.parent_id.in_(list(parent_ids)))
        .subquery()
    )
    return (
        session()
        .scalars(
            select(Organisation)
            .join(ranked, ranked.c.id == Organisation.id)
            .where(ranked.c.place <= SHOWN_BELOW)
            .order_by(*HIGHEST_FIRST)
        )
        .all()
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many people of a firm have access, and how many firms stand below it."""

    people: int
    below: int


def count_in(organisation_ids: Collection[int]) -> dict[int, Numbers]:
    """Return the numbers of firms."""
    child = aliased(Organisation)
    people = (
        select(func.count())
        .where(User.organisation_id == Organisation.id, User.active)
        .scalar_subquery()
    )
    below = select(func.count()).where(child.parent_id == Organisation.id).scalar_subquery()
    rows = session().execute(
        select(Organisation.id, people, below).where(Organisation.id.in_(list(organisation_ids)))
    )
    return {row[0]: Numbers(row[1], row[2]) for row in rows}


def list_parents(kind: str) -> Sequence[Organisation]:
    """Return the firms below which one of this kind may stand."""
    above = tree.ABOVE.get(OrganisationKind(kind), ())
    return (
        session()
        .scalars(
            select(Organisation)
            .where(Organisation.kind.in_(above), Organisation.active)
            .order_by(*HIGHEST_FIRST)
        )
        .all()
    )


def list_account_managers() -> Sequence[User]:
    """Return the vendor's active people who may answer for a partner, by name."""
    return (
        session()
        .scalars(
            select(User)
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(
                Organisation.kind == OrganisationKind.VENDOR,
                User.active,
                User.roles.overlap(["account_manager", "regional_manager", "channel_manager"]),
            )
            .order_by(func.lower(User.name), User.id)
        )
        .all()
    )


def count_held(organisation_id: int) -> int:
    """Return how many leads a firm holds."""
    return len(list_held(organisation_id))


def list_held(organisation_id: int) -> Sequence[AnyRow]:
    """Return what a firm holds: lead, number, title and who has it."""
    return (
        session()
        .execute(
            select(Lead.id, Lead.number, Lead.title, User.name)
            .join(Pickup, Pickup.lead_id == Lead.id)
            .join(User, User.id == Pickup.user_id)
            .where(Pickup.organisation_id == organisation_id, Pickup.ended_at.is_(None))
            .order_by(Lead.id)
        )
        .all()
    )
