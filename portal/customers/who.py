"""The one way to names and addresses of customers: it asks who may and logs who looked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import apart
from portal.core.events import record
from portal.customers import wall
from portal.customers.events import CustomersShown
from portal.customers.models import CustomerAddress, CustomerName
from portal.customers.sight import sees_addresses, sees_name


@dataclass(frozen=True, slots=True)
class Who:
    """What a customer is called, and where to reach it.

    Without `whole` it is the name alone: the rest is not this reader's.
    """

    name: str
    whole: bool
    domain: str | None = None
    street: str | None = None
    postcode: str | None = None
    note: str | None = None
    addresses: Sequence[CustomerAddress] = ()


def find(customer_id: int, actor: Actor, at: datetime) -> Who | None:
    """Return who a customer is and log the look; None for whoever may not know."""
    return load([customer_id], actor, at).get(customer_id)


def load(customer_ids: Collection[int], actor: Actor, at: datetime) -> dict[int, Who]:
    """Return who customers are as far as the reader may know, by id, and log the look.

    In a transaction apart, as contact data is: a page has shown it even when it changes nothing.
    """
    seen = [one for one in customer_ids if sees_name(one, actor)]
    if not seen:
        return {}
    whole = sees_addresses(actor)
    with apart() as own, wall.open_for(seen, own):
        names = own.scalars(select(CustomerName).where(CustomerName.customer_id.in_(seen))).all()
        addresses: dict[int, list[CustomerAddress]] = {}
        if whole:
            for one in own.scalars(
                select(CustomerAddress)
                .where(CustomerAddress.customer_id.in_(seen))
                .order_by(CustomerAddress.kind, CustomerAddress.id)
            ):
                addresses.setdefault(one.customer_id, []).append(one)
        found = {
            row.customer_id: Who(
                row.name,
                True,
                row.domain,
                row.street,
                row.postcode,
                row.note,
                addresses.get(row.customer_id, ()),
            )
            if whole
            else Who(row.name, False)
            for row in names
        }
        if found:
            record(CustomersShown(at=at, user_id=actor.id, customer_ids=sorted(found)), on=own)
    return found
