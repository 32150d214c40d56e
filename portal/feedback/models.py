"""The table of feedback."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Feedback(Base):
    """One answer about a lead: of its holder, or of the vendor who closes it himself.

    `pickup_id` is empty where nobody held it. `value` is the order value, `lost_value` what was
    lost, both in the programme's currency; `product_ids` are what was bought, `also` what else,
    `why` what decided for it. `waiting_since` is since when the customer is waited for. `before` is
    what pickup and lead said until then; an answer that was taken back keeps its row and counts no
    more.
    """

    __tablename__ = "feedback"

    id: Mapped[Id]
    pickup_id: Mapped[int | None] = mapped_column(ForeignKey("pickups.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    channel: Mapped[str]
    status: Mapped[str]
    note: Mapped[str | None]
    next_step: Mapped[str | None]
    next_step_on: Mapped[date | None]
    waiting_since: Mapped[date | None]
    value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    decision_maker: Mapped[str | None]
    product_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default=list, server_default="{}"
    )
    also: Mapped[str | None]
    why: Mapped[str | None]
    lost_value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    competitor_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    late_seconds: Mapped[int] = mapped_column(default=0)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    taken_back_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "pickup_id", "at"),
        Index(None, "lead_id", "at"),
        CheckConstraint(
            "status IN ('not_contacted','waiting','proposal','won','lost','cancelled')",
            name="status",
        ),
        CheckConstraint(
            "pickup_id IS NOT NULL OR status IN ('won','lost','cancelled')", name="held_or_ended"
        ),
        CheckConstraint("status <> 'won' OR value IS NOT NULL", name="won_has_value"),
        CheckConstraint("status <> 'lost' OR reason_id IS NOT NULL", name="lost_has_reason"),
        CheckConstraint(
            "status <> 'cancelled' OR reason_id IS NOT NULL", name="cancelled_has_reason"
        ),
    )
