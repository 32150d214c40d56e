"""The table of letters to customers; what they say stands in the timeline, behind its wall."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Letter(Base):
    """A mail that somebody sent from the dossier to whom a lead is about; nothing personal.

    `once` is the mark of its form and words, so that a second press sends nothing. `came_back_at`
    is when it was noticed that it did not arrive.
    """

    __tablename__ = "letters"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    at: Mapped[datetime]
    once: Mapped[str] = mapped_column(unique=True)
    came_back_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_letters_lead", "lead_id", "at"),
        Index("ix_letters_author", "author_id", "at"),
    )

    @property
    def mail_key(self) -> str:
        """Return the key of its mail in the queue."""
        return f"letter:{self.id}"
