"""The table of which partner knows the customer of which lead."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base


class KnownBy(StrEnum):
    """How it is known that a partner knows a customer."""

    LIST = "list"
    CLAIM = "claim"
    CUSTOMER = "customer"


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
