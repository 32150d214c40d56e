"""Reads of customers. None of them returns a name or an address: that is `who`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, false, func, literal, or_, select, union_all

from portal.accounts.actor import Actor
from portal.catalog.field_filters import NOTHING, Narrowing, says
from portal.core.db import session
from portal.core.errors import NotFound
from portal.customers import wall
from portal.customers.models import (
    AddressKind,
    Customer,
    CustomerAddress,
    CustomerLead,
    CustomerName,
    CustomerPolicy,
)
from portal.customers.sight import sees_addresses, sees_business, visible_to
from portal.customers.who import Who
from portal.leads.addresses import telling_host
from portal.leads.intake.cleaning import find_domain, find_email, find_phone
from portal.web.paging import Page, cut

PAGE = 40
MOST_ALIKE = 20


def read_policy() -> CustomerPolicy:
    """Return what the programme wants of customers; where nobody chose, nothing."""
    return session().get(CustomerPolicy, 1) or no_policy()


def no_policy() -> CustomerPolicy:
    """Return what holds before anybody chose."""
    return CustomerPolicy(id=1, from_wins=False, number_demanded=False, from_qualified=False)


def find_of_lead(lead_id: int) -> Customer | None:
    """Return whose a lead is."""
    return session().scalar(
        select(Customer)
        .join(CustomerLead, CustomerLead.customer_id == Customer.id)
        .where(CustomerLead.lead_id == lead_id)
    )


def get_visible(customer_id: int, actor: Actor) -> Customer:
    """Return a customer that exists for this person, or raise NotFound.

    One that was merged is there for whoever sees the one that stayed.
    """
    stands = func.coalesce(Customer.merged_into, Customer.id)
    found = session().scalar(
        select(Customer).where(Customer.id == customer_id, visible_to(actor, stands))
    )
    if found is None:
        raise NotFound()
    return found


def get_unmerged(customer_id: int, actor: Actor) -> Customer:
    """Return a customer that may be changed: one that wasn't merged. Raises `NotFound`."""
    found = get_visible(customer_id, actor)
    if found.merged_into is not None:
        raise NotFound()
    return found


def find_numbered(text: str, actor: Actor) -> Sequence[Customer]:
    """Return the customers that have this number, here or in the ERP system; no names are read."""
    number = text.upper()
    numbered: ColumnElement[bool] = Customer.number.in_((number, f"C-{number}"))
    if sees_business(actor):
        numbered = or_(numbered, Customer.erp_number == text)
    query = select(Customer).where(numbered, visible_to(actor), Customer.merged_into.is_(None))
    return session().scalars(query.order_by(Customer.id)).all()


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list of customers is narrowed to."""

    text: str = ""
    classification_id: int | None = None
    credit_rating_id: int | None = None
    without_number: bool = False
    own: Narrowing = NOTHING

    @property
    def given(self) -> bool:
        """True where anything is asked for."""
        return bool(
            self.text
            or self.classification_id
            or self.credit_rating_id
            or self.without_number
            or self.own
        )


def list_customers(actor: Actor, filters: Filters, number: int) -> Page[Customer]:
    """Return a page of customers by name, or nothing for whoever may not see customers."""
    query = _meant(actor, filters).limit(PAGE + 1).offset((number - 1) * PAGE)
    with wall.open_to_search() as opened:
        rows = opened.scalars(query).all()
    return cut(rows, number, PAGE)


def list_ids(actor: Actor, filters: Filters) -> Sequence[int]:
    """Return the ids of all customers that `list_customers` has pages of, in that order."""
    with wall.open_to_search() as opened:
        return opened.scalars(_meant(actor, filters).with_only_columns(Customer.id)).all()


def _meant(actor: Actor, filters: Filters) -> Select[Customer]:
    query = (
        select(Customer)
        .join(CustomerName, CustomerName.customer_id == Customer.id)
        .where(visible_to(actor), Customer.merged_into.is_(None))
    )
    if filters.text:
        said = says(Customer.custom, filters.text) if sees_addresses(actor) else false()
        query = query.where(or_(meant_by(filters.text), said))
    if filters.classification_id:
        query = query.where(Customer.classification_id == filters.classification_id)
    if filters.credit_rating_id:
        query = query.where(Customer.credit_rating_id == filters.credit_rating_id)
    if filters.without_number:
        query = query.where(Customer.erp_number.is_(None))
    if filters.own:
        query = query.where(filters.own.condition(Customer.custom))
    return query.order_by(CustomerName.name_key, Customer.id)


def meant_by(text: str) -> ColumnElement[bool]:
    """Return the condition that a customer is meant: part of its name, a whole address or number.

    The number of a phone may miss its beginning.
    """
    meant: list[ColumnElement[bool]] = [
        CustomerName.name_key.contains(text.lower(), autoescape=True),
        Customer.erp_number == text,
        Customer.number == text.upper(),
    ]
    if text.isdecimal():
        meant.append(Customer.number == f"C-{text}")
    if domain := find_domain(text):
        meant.append(CustomerName.domain == domain)
    address = exists().where(CustomerAddress.customer_id == Customer.id)
    if email := find_email(text):
        meant.append(
            address.where(CustomerAddress.kind == AddressKind.EMAIL, CustomerAddress.key == email)
        )
    digits = re.sub(r"\D", "", text).lstrip("0")
    if len(digits) >= 6 and not re.search(r"[^\d\s()/+.-]", text):
        ends = CustomerAddress.key.endswith(digits, autoescape=True)
        meant.append(address.where(CustomerAddress.kind == AddressKind.PHONE, ends))
    return or_(*meant)


def find_alike(keys: Mapping[str, str | None], country: str | None) -> dict[int, tuple[str, ...]]:
    """Return customers that share a key, with the names of the keys: those with most first.

    `keys`: name, domain, email, phone, erp_number as they are looked up. The same name counts in
    the same country, or where one of the two isn't known.
    """
    asked = []
    if name := keys.get("name"):
        called = (
            select(CustomerName.customer_id, literal("name"))
            .join(Customer, Customer.id == CustomerName.customer_id)
            .where(CustomerName.name_key == func.lower(name))
        )
        if country:
            here = or_(Customer.country.is_(None), Customer.country == country)
            called = called.where(here)
        asked.append(called)
    if domain := keys.get("domain"):
        asked.append(
            select(CustomerName.customer_id, literal("domain")).where(CustomerName.domain == domain)
        )
    for kind in AddressKind:
        if key := keys.get(kind):
            asked.append(
                select(CustomerAddress.customer_id, literal(kind.value)).where(
                    CustomerAddress.kind == kind, CustomerAddress.key == key
                )
            )
    if number := keys.get("erp_number"):
        asked.append(
            select(Customer.id, literal("erp_number")).where(Customer.erp_number == number)
        )
    if not asked:
        return {}
    found: dict[int, set[str]] = {}
    with wall.open_to_search() as opened:
        for customer_id, key in opened.execute(union_all(*asked)):
            found.setdefault(customer_id, set()).add(key)
    ranked = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))[:MOST_ALIKE]
    return {
        customer_id: tuple(key for key in keys if key in shared) for customer_id, shared in ranked
    }


def find_same(customer: Customer, known: Who) -> dict[int, tuple[str, ...]]:
    """Return other customers that share anything with one, as `find_alike` does."""
    found: dict[int, set[str]] = {}
    asked: list[dict[str, str | None]] = [{one.kind: one.key} for one in known.addresses]
    asked.append({"name": known.name, "domain": telling_host(known.domain)})
    for keys in asked:
        for customer_id, shared in find_alike(keys, customer.country).items():
            found.setdefault(customer_id, set()).update(shared)
    found.pop(customer.id, None)
    return {one: tuple(sorted(shared)) for one, shared in found.items()}


def keys_of(
    name: str | None,
    domain: str | None,
    email: str | None,
    phone: str | None,
    country: str | None,
    erp_number: str | None = None,
) -> dict[str, str | None]:
    """Return by what a customer is looked up, from what somebody wrote."""
    return {
        "erp_number": erp_number or None,
        "domain": telling_host(find_domain(domain)) if domain else None,
        "email": find_email(email) if email else None,
        "phone": find_phone(phone, country) if phone else None,
        "name": name or None,
    }


def by_id(customer_ids: Mapping[int, object]) -> dict[int, Customer]:
    """Return customers by id, in the order asked for."""
    rows = session().scalars(select(Customer).where(Customer.id.in_(list(customer_ids))))
    found = {row.id: row for row in rows}
    return {one: found[one] for one in customer_ids if one in found}


def lock(customer_id: int) -> Customer:
    """Lock a customer that was not merged and return it fresh, or raise NotFound."""
    found = session().scalar(
        select(Customer)
        .where(Customer.id == customer_id, Customer.merged_into.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound()
    return found
