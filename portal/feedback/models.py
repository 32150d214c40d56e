"""The table of feedback."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Feedback(Base):
    """One answer of a holder. `value` is the order value in the programme's currency.

    `before` is what pickup and lead said until then; an answer that was taken back keeps its row
    and counts no more.
    """

    __tablename__ = "feedback"

    id: Mapped[Id]
    pickup_id: Mapped[int] = mapped_column(ForeignKey("pickups.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    channel: Mapped[str]
    status: Mapped[str]
    note: Mapped[str | None]
    next_step: Mapped[str | None]
    next_step_on: Mapped[date | None]
    value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    decision_maker: Mapped[str | None]
    late_seconds: Mapped[int] = mapped_column(default=0)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    taken_back_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "pickup_id", "at"),
        CheckConstraint(
            "status IN ('not_contacted','waiting','proposal','won','lost')",
            name="status",
        ),
        CheckConstraint("status <> 'won' OR value IS NOT NULL", name="won_has_value"),
        CheckConstraint("status <> 'lost' OR reason_id IS NOT NULL", name="lost_has_reason"),
    )
