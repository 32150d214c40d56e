"""The table of the views that people save."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class SavedView(Base):
    """A list of leads as somebody wants to see it again: filters, columns and order, by name.

    `asked` is what stands in the address of the list. Whoever opens a shared one sees her own leads
    in it.
    """

    __tablename__ = "saved_views"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    asked: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    shared: Mapped[bool]
    saved_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_saved_views_name", "user_id", text("lower(name)"), unique=True),
        Index("ix_saved_views_shared", "shared", postgresql_where=text("shared")),
    )
