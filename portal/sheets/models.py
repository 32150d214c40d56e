"""The tables of feedback sheets: who gets one by mail, and what came back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class SheetReturn(Base):
    """A sheet that somebody gave back, once per content; nothing of what it says.

    `way` is web or mail; how many rows became what is counted.
    """

    __tablename__ = "sheet_returns"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    way: Mapped[str]
    applied: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    conflicts: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("user_id", "digest"),
        Index(None, "at"),
        CheckConstraint("way IN ('web','mail')", name="way"),
    )


class SheetRow(Base):
    """What became of a row of a returned sheet, `said` in the words of its reader.

    What was `typed` is kept, by column, of rows that were not taken. Row policies hide all of it.
    """

    __tablename__ = "sheet_rows"

    return_id: Mapped[int] = mapped_column(
        ForeignKey("sheet_returns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fate: Mapped[str]
    pickup_id: Mapped[int | None] = mapped_column(ForeignKey("pickups.id"))
    feedback_id: Mapped[int | None] = mapped_column(ForeignKey("feedback.id"))
    said: Mapped[str]
    typed: Mapped[dict[str, Any]]

    __table_args__ = (
        CheckConstraint("fate IN ('applied','unchanged','refused','conflict')", name="fate"),
    )
