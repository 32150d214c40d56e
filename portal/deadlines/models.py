"""The table of deadline policies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class DeadlinePolicy(Base):
    """What is expected, and when. Exactly one is active.

    Rhythms are days until the next feedback; `amber_hours` caps the amber span before it is due;
    a debt later than `firm_red_days` stops the whole firm; `offer_hours` is a race's usual length.
    What is `overdue_hours` late is overdue. Who stood by sees a lead `stand_by_hours` before the
    others; an inquiry that nobody has touched for `draft_days` is a stale draft.
    """

    __tablename__ = "deadline_policies"

    id: Mapped[Id]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=False)
    feedback_days: Mapped[int] = mapped_column(default=7)
    recruit_feedback_days: Mapped[int] = mapped_column(default=2)
    amber_hours: Mapped[int] = mapped_column(default=48)
    firm_red_days: Mapped[int] = mapped_column(default=7)
    offer_hours: Mapped[int] = mapped_column(default=72)
    overdue_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    stand_by_hours: Mapped[int] = mapped_column(default=4, server_default="4")
    draft_days: Mapped[int] = mapped_column(default=3, server_default="3")
    created_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_deadline_policies_active",
            "active",
            unique=True,
            postgresql_where=text("active"),
        ),
    )
