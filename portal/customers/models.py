"""Tables of customers, of who they are, and of which lead is whose."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Sequence,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id

CUSTOMER_NUMBERS = Sequence("customer_numbers", start=1001, metadata=Base.metadata)


class CustomerKind(StrEnum):
    COMPANY = "company"
    PERSON = "person"


class Customer(Base):
    """An account of the vendor. Nothing personal stands here: that is `CustomerName` and
    `CustomerAddress`.

    `merged_into` is the customer that it turned out to be; it has no leads and no number then.
    `custom` are the programme's own fields.
    """

    __tablename__ = "customers"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    erp_number: Mapped[str | None]
    classification_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    credit_rating_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    country: Mapped[str | None]
    city: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index(
            None,
            "custom",
            postgresql_using="gin",
            postgresql_ops={"custom": "jsonb_path_ops"},
        ),
        Index(
            "uq_customers_erp_number",
            "erp_number",
            unique=True,
            postgresql_where=text("erp_number IS NOT NULL"),
        ),
        CheckConstraint("kind IN ('company','person')", name="kind"),
    )


class CustomerName(Base):
    """Who a customer is: read by `who` only.

    Row policies hide every row from whoever has not opened the `wall`. The name is kept once more
    in lower case, the domain is: behind the wall only plain equality finds its index.
    """

    __tablename__ = "customer_names"

    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customers.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str]
    domain: Mapped[str | None] = mapped_column(index=True)
    street: Mapped[str | None]
    postcode: Mapped[str | None]
    note: Mapped[str | None]
    name_key: Mapped[str] = mapped_column(
        Computed("lower(name)", persisted=True), index=True, deferred=True
    )


class AddressKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


class CustomerAddress(Base):
    """An e-mail address or phone number of a customer, and who answers there.

    `key` is what it is looked up by: lower case, or E.164. Behind the same wall.
    """

    __tablename__ = "customer_addresses"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    kind: Mapped[str]
    shown: Mapped[str]
    key: Mapped[str] = mapped_column(index=True)
    person: Mapped[str | None]
    added_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "key"),
        CheckConstraint("kind IN ('email','phone')", name="kind"),
    )


class CustomerLead(Base):
    """Whose a lead is. `by_win`: the win of the lead found or made it, and taking it back ends it.

    `made`: it was this lead that the customer was made of.
    """

    __tablename__ = "customer_leads"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    linked_at: Mapped[datetime]
    linked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    by_win: Mapped[bool] = mapped_column(default=False)
    made: Mapped[bool] = mapped_column(default=False)


class CustomerPolicy(Base):
    """What the programme wants of customers; one row, none before anybody chose.

    `from_wins`: a won lead finds or makes its customer, who then has this classification and credit
    rating. `number_demanded`: nothing goes to operations without a number in the ERP system.
    `from_qualified`: a qualified lead is the customer's who is surely the same. `support_id` gets a
    task for each customer that a lead made; nobody where none is named.
    """

    __tablename__ = "customer_policy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_wins: Mapped[bool] = mapped_column(default=False)
    number_demanded: Mapped[bool] = mapped_column(default=False)
    from_qualified: Mapped[bool] = mapped_column(default=False, server_default=false())
    classification_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    credit_rating_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    support_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (CheckConstraint("id = 1", name="single"),)
