"""The tables of the views that people save, and of how leads were shared out month by month."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Float, ForeignKey, Index, text
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


class FairMonth(Base):
    """How leads were shared out in one month of the vendor's calendar, counted at `counted_at`.

    `leads` were offered for the first time, half of them within `half_minutes` after they were
    qualified and nine of ten within `most_minutes`. How evenly offers and picks fell is said by
    Gini; empty where there were none.
    """

    __tablename__ = "fair_months"

    month: Mapped[date] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]
    leads: Mapped[int]
    half_minutes: Mapped[float | None] = mapped_column(Float(53))
    most_minutes: Mapped[float | None] = mapped_column(Float(53))
    gini_offers: Mapped[float | None] = mapped_column(Float(53))
    gini_picks: Mapped[float | None] = mapped_column(Float(53))
    gini_hot: Mapped[float | None] = mapped_column(Float(53))


class FairShare(Base):
    """What fell to one firm in one month, with level, place and size that it had when counted."""

    __tablename__ = "fair_shares"

    month: Mapped[date] = mapped_column(
        ForeignKey("fair_months.month", ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    level_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    country: Mapped[str]
    subdivision: Mapped[str | None]
    people: Mapped[int | None]
    offers: Mapped[int]
    hot_offers: Mapped[int]
    picks: Mapped[int]
    hot_picks: Mapped[int]
