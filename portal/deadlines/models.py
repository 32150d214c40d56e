"""The table of deadline policies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class DeadlinePolicy(Base):
    """A version of what is expected, and when. What it says never changes once it is written.

    Rhythms are days until the next feedback; `amber_hours` caps the amber span before it is due;
    a debt later than `firm_red_days` stops the whole firm; `offer_hours` is an offer's usual
    length. What is `overdue_hours` late is overdue. Who stood by sees a lead `stand_by_hours`
    before the others; an inquiry that nobody has touched for `draft_days` is a stale draft.

    Versions of one policy share their `key`. One is the newest until it is `replaced_at`; it may
    be retired. Exactly one is the `standard`, for all leads whose type names none.
    """

    __tablename__ = "deadline_policies"

    id: Mapped[Id]
    key: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    name: Mapped[str]
    standard: Mapped[bool] = mapped_column(default=False)
    feedback_days: Mapped[int] = mapped_column(default=7)
    recruit_feedback_days: Mapped[int] = mapped_column(default=2)
    amber_hours: Mapped[int] = mapped_column(default=48)
    firm_red_days: Mapped[int] = mapped_column(default=7)
    offer_hours: Mapped[int] = mapped_column(default=72)
    overdue_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    stand_by_hours: Mapped[int] = mapped_column(default=4, server_default="4")
    draft_days: Mapped[int] = mapped_column(default=3, server_default="3")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    replaced_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("key", "version"),
        Index(
            "uq_deadline_policies_newest",
            "key",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(
            "uq_deadline_policies_standard",
            "standard",
            unique=True,
            postgresql_where=text("standard"),
        ),
        CheckConstraint(
            "NOT standard OR (replaced_at IS NULL AND retired_at IS NULL)", name="standard_in_use"
        ),
    )

    @property
    def in_use(self) -> bool:
        """Say whether it can be named: the newest version of a policy that is not retired."""
        return self.replaced_at is None and self.retired_at is None
