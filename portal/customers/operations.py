"""Verbs of customers: make one by hand, change it, note addresses.

Not here: customers of won leads (`winning`), two that become one (`merging`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pycountry
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy import text as sql

from portal.accounts.actor import Actor
from portal.catalog import fields
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.customers import queries, rules, wall
from portal.customers.events import CustomerChanged, CustomerMade
from portal.customers.models import (
    CUSTOMER_NUMBERS,
    AddressKind,
    Customer,
    CustomerAddress,
    CustomerKind,
    CustomerName,
)
from portal.customers.sight import visible_to
from portal.leads.intake.cleaning import clean_text, find_domain, find_email, find_phone

MOST_ADDRESSES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer as somebody wrote it down; empty text is unknown.

    `custom` is what was written into the programme's own fields, as far as they were asked.
    """

    kind: str = CustomerKind.COMPANY
    name: str = ""
    domain: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str | None = None
    erp_number: str = ""
    classification_id: int | None = None
    credit_rating_id: int | None = None
    note: str = ""
    custom: fields.Typed = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """Return the texts by field, tidied."""
        return {
            name: clean_text(getattr(self, name) or "", name == "note")
            for name in ("name", "domain", "street", "postcode", "city", "erp_number", "note")
        }

    def own(self, kept: fields.Values) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what stands in the programme's own fields then, and what can't be read."""
        return fields.take(
            book().fields_of(FieldSubject.CUSTOMER), self.custom, kept, demanded=True
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where somebody of a customer is reached; empty text is unknown."""

    email: str = ""
    phone: str = ""
    person: str = ""


def create(
    account: Account, reach: Reach, actor: Actor, at: datetime, *, looked: bool = False
) -> Customer:
    """Make a customer by hand; `looked`: a person has looked at those that might be the same.

    Raises `Invalid` by field, and `rules.MightBeKnown` for who has not looked.
    """
    texts = account.texts()
    errors = check(account, texts, None) | check_reach(reach, account.country)
    if errors:
        raise Invalid(errors)
    if not looked:
        keys = queries.keys_of(
            texts["name"], texts["domain"], reach.email, reach.phone, account.country
        )
        if alike := queries.find_alike(keys, account.country):
            raise rules.MightBeKnown(alike)
    customer = make(account, actor, at)
    add_reach(customer, reach, at)
    record(CustomerMade(at=at, customer_id=customer.id, user_id=actor.id))
    return customer


def make(account: Account, actor: Actor, at: datetime) -> Customer:
    """Write a checked customer with its next number; the event is the caller's."""
    texts = account.texts()
    customer = Customer(
        number=f"C-{session().scalar(CUSTOMER_NUMBERS.next_value())}",
        kind=account.kind,
        erp_number=texts["erp_number"] or None,
        classification_id=account.classification_id,
        credit_rating_id=account.credit_rating_id,
        country=account.country,
        city=texts["city"] or None,
        made_at=at,
        made_by=actor.id,
        custom=account.own({})[0],
    )
    session().add(customer)
    session().flush()
    with wall.open_for([customer.id], session()) as opened:
        opened.add(
            CustomerName(
                customer_id=customer.id,
                name=texts["name"],
                domain=find_domain(texts["domain"]),
                street=texts["street"] or None,
                postcode=texts["postcode"] or None,
                note=texts["note"] or None,
            )
        )
    return customer


def add_reach(customer: Customer, reach: Reach, at: datetime) -> bool:
    """Note checked addresses that are not there yet; say whether any was new."""
    wanted = {}
    if email := find_email(reach.email) if reach.email else None:
        wanted[AddressKind.EMAIL] = (email, email)
    if phone := find_phone(reach.phone, customer.country) if reach.phone else None:
        wanted[AddressKind.PHONE] = (phone, clean_text(reach.phone))
    if not wanted:
        return False
    new = False
    with wall.open_for([customer.id], session()) as opened:
        there = {
            (row.kind, row.key)
            for row in opened.scalars(
                select(CustomerAddress).where(CustomerAddress.customer_id == customer.id)
            )
        }
        for kind, (key, shown) in wanted.items():
            if (kind, key) in there or len(there) >= MOST_ADDRESSES:
                continue
            new = True
            opened.add(
                CustomerAddress(
                    customer_id=customer.id,
                    kind=kind,
                    key=key,
                    shown=shown,
                    person=clean_text(reach.person) or None,
                    added_at=at,
                )
            )
    return new


def save(customer_id: int, account: Account, version: int, actor: Actor, at: datetime) -> Customer:
    """Change a customer. Raises `Invalid`, `NotFound`, and `Conflict` if it changed meanwhile."""
    customer = lock_visible(customer_id, actor)
    texts = account.texts()
    errors = check(account, texts, customer)
    if errors:
        raise Invalid(errors)
    changed: list[str] = []

    def take(row: Customer | CustomerName, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if getattr(row, name) != value:
                changed.append(name)
                setattr(row, name, value)

    own = account.own(customer.custom)[0]
    with wall.open_for([customer.id], session()) as opened, opened.no_autoflush:
        named = opened.get_one(CustomerName, customer.id, populate_existing=True)
        before = customer.version
        take(
            customer,
            {
                "kind": account.kind,
                "erp_number": texts["erp_number"] or None,
                "classification_id": account.classification_id,
                "credit_rating_id": account.credit_rating_id,
                "country": account.country,
                "city": texts["city"] or None,
            },
        )
        take(
            named,
            {
                "name": texts["name"],
                "domain": find_domain(texts["domain"]),
                "street": texts["street"] or None,
                "postcode": texts["postcode"] or None,
                "note": texts["note"] or None,
            },
        )
        changed += fields.changed(customer.custom, own)
        if changed and before != version:
            opened.expire(customer)
            opened.expire(named)
            raise Conflict(
                _(
                    "Somebody else changed this customer while you worked on it. What you typed "
                    "is still here; please compare before you save again."
                )
            )
        if changed:
            customer.version += 1
            customer.custom = own
    if changed:
        told(customer, actor, at, sorted(changed))
    return customer


def add_address(customer_id: int, reach: Reach, actor: Actor, at: datetime) -> None:
    """Note an e-mail address or a phone number; what is there already stays as it is.

    Raises `Invalid`, `NotFound`.
    """
    customer = lock_visible(customer_id, actor)
    errors = check_reach(reach, customer.country)
    if not (reach.email or reach.phone):
        errors["email"] = _("Please give an e-mail address or a phone number.")
    if errors:
        raise Invalid(errors)
    if add_reach(customer, reach, at):
        customer.version += 1
        told(customer, actor, at, ["addresses"])


def remove_address(customer_id: int, address_id: int, actor: Actor, at: datetime) -> None:
    """Remove an address. Raises `NotFound`."""
    customer = lock_visible(customer_id, actor)
    with wall.open_for([customer.id], session()) as opened:
        found = opened.get(CustomerAddress, address_id, populate_existing=True)
        if found is None or found.customer_id != customer.id:
            raise NotFound()
        opened.delete(found)
    customer.version += 1
    told(customer, actor, at, ["addresses"])


def set_number(customer: Customer, erp_number: str, actor: Actor, at: datetime) -> None:
    """Keep a customer's number in the ERP system. Raises `Invalid` where another one has it."""
    number = clean_text(erp_number)
    if customer.erp_number == number:
        return
    errors = rules.too_long({"erp_number": number}) or check_number(number, customer)
    if errors:
        raise Invalid(errors)
    customer.erp_number = number
    customer.version += 1
    told(customer, actor, at, ["erp_number"])


def told(customer: Customer, actor: Actor, at: datetime, fields: list[str]) -> None:
    """Write what was changed and record it."""
    session().flush()
    record(CustomerChanged(at=at, customer_id=customer.id, user_id=actor.id, fields=fields))


def lock_visible(customer_id: int, actor: Actor) -> Customer:
    """Lock a customer that exists for this person, or raise NotFound."""
    there = select(Customer.id).where(Customer.id == customer_id, visible_to(actor))
    if session().scalar(there) is None:
        raise NotFound()
    return queries.lock(customer_id)


def wait_in_line() -> None:
    """Let those who look for a customer to make wait for each other, until the transaction ends.

    Two who win leads of one company at once would both find nobody and make two.
    """
    session().execute(sql("SELECT pg_advisory_xact_lock(hashtext('customers'))"))


def check(account: Account, texts: Mapping[str, str], own: Customer | None) -> dict[str, str]:
    """Return what is wrong with a customer, by field."""
    errors = rules.too_long(texts)
    if account.kind not in set(CustomerKind):
        errors["kind"] = _("Please choose one.")
    if not texts["name"]:
        errors["name"] = _("Please give the name.")
    if texts["domain"] and not find_domain(texts["domain"]):
        errors["domain"] = _("This is no web address. It looks like company.com.")
    if account.country and not pycountry.countries.get(alpha_2=account.country):
        errors["country"] = _("Please choose a country of the list.")
    entries = book().by_id
    for name, kind in (
        ("classification_id", "customer_class"),
        ("credit_rating_id", "credit_rating"),
    ):
        chosen = getattr(account, name)
        if chosen and (chosen not in entries or entries[chosen].kind != kind):
            errors[name] = _("Please choose from the list.")
    errors |= account.own(own.custom if own else {})[1]
    return check_number(texts["erp_number"], own) | errors


def check_number(erp_number: str, own: Customer | None) -> dict[str, str]:
    """Say that another customer has this number in the ERP system."""
    if not erp_number:
        return {}
    # who gives the same number at the same moment waits, and is told who was first
    session().execute(
        sql("SELECT pg_advisory_xact_lock(hashtext('erp number'), hashtext(:number))"),
        {"number": erp_number},
    )
    other = session().scalar(select(Customer).where(Customer.erp_number == erp_number))
    if other is None or (own is not None and other.id == own.id):
        return {}
    return {
        "erp_number": _("%(customer)s has this number already.", customer=other.number),
    }


def check_reach(reach: Reach, country: str | None) -> dict[str, str]:
    """Return what is wrong with addresses, by field."""
    errors = rules.too_long({"email": reach.email, "phone": reach.phone, "person": reach.person})
    if reach.email and not find_email(reach.email):
        errors["email"] = _("This is no e-mail address. It looks like name@company.com.")
    if reach.phone and not find_phone(reach.phone, country):
        errors["phone"] = _("This is no phone number. With the country in front: +49 511 123456.")
    return errors
