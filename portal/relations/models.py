"""The tables of whom partners know, and of which partner knows the customer of which lead."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class KnownBy(StrEnum):
    """How it is known that a partner knows a customer."""

    LIST = "list"
    CLAIM = "claim"
    CUSTOMER = "customer"


class MarkKind(StrEnum):
    """What a customer is recognised by."""

    DOMAIN = "domain"
    PHONE = "phone"
    EMAIL = "email"


class RelationKey(Base):
    """The key under which a partner's customers are kept, sealed; without it they mean nothing."""

    __tablename__ = "relation_keys"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("partners.organisation_id"), primary_key=True, autoincrement=False
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class KnownCustomer(Base):
    """A customer that a partner knows: the HMAC of a domain, phone or e-mail under its own key.

    Nobody can read it. It counts for leads that came in after `noted_at`. Behind a wall: see
    `relations.wall`.
    """

    __tablename__ = "known_customers"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("relation_keys.organisation_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str]
    noted_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("kind IN ('domain','phone','email')", name="kind"),)


class RelationHit(Base):
    """A partner knows the customer of a lead: by its own list, a granted claim, or a deal won."""

    __tablename__ = "relation_hits"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False, index=True
    )
    at: Mapped[datetime]
    by: Mapped[str]

    __table_args__ = (CheckConstraint("by IN ('list','claim','customer')", name="by"),)


class How(StrEnum):
    """From what a firm says it knows a customer."""

    CUSTOMER = "customer"
    QUOTE = "quote"
    CONTACT = "contact"


class KnowledgeClaim(Base):
    """A firm says that it knew the customer of a lead before the lead came; somebody decides.

    `meets` says whether the web domain, e-mail or phone that it named is the customer's; what it
    named is not kept. None: it was not asked, because it held the lead and saw the contact.
    """

    __tablename__ = "knowledge_claims"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    how: Mapped[str]
    since: Mapped[date]
    meets: Mapped[bool | None]
    granted: Mapped[bool | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        UniqueConstraint("lead_id", "organisation_id"),
        Index("ix_knowledge_claims_waiting", "at", postgresql_where=text("decided_at IS NULL")),
        CheckConstraint("how IN ('customer','quote','contact')", name="how"),
        CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="decided"),
    )
