"""The table of what should never be."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Broken(StrEnum):
    """What should never be, the worst first."""

    HELD_BY_NOBODY = "held_by_nobody"
    OFFERED_TO_NOBODY = "offered_to_nobody"
    WITHOUT_OWNER = "without_owner"
    WITHOUT_CLOCK = "without_clock"
    STRAY_CLOCK = "stray_clock"
    STRAY_STEP = "stray_step"


class BrokenInvariant(Base):
    """A lead of which something holds that should never be, since `found_at`, until `gone_at`.

    `clock_id` is the clock that is meant where one is.
    """

    __tablename__ = "broken_invariants"

    id: Mapped[Id]
    kind: Mapped[str]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    clock_id: Mapped[int | None] = mapped_column(BigInteger)
    found_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_broken_invariants_open",
            "lead_id",
            "kind",
            text("coalesce(clock_id, 0)"),
            unique=True,
            postgresql_where=text("gone_at IS NULL"),
        ),
        CheckConstraint(
            "kind IN ('held_by_nobody','offered_to_nobody','without_owner','without_clock',"
            "'stray_clock','stray_step')",
            name="kind",
        ),
    )
