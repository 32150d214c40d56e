"""The table of firms that ask to become partners."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class SignUpRequest(Base):
    """A firm that asks to become a partner. It counts from `confirmed_at` on.

    `secret_hash` is the fingerprint of the secret in its mail. `organisation_id` is the firm that
    became of it.
    """

    __tablename__ = "sign_up_requests"

    id: Mapped[Id]
    company: Mapped[str]
    country: Mapped[str]
    name: Mapped[str]
    email: Mapped[str] = mapped_column(CITEXT, index=True)
    phone: Mapped[str | None]
    website: Mapped[str | None]
    message: Mapped[str | None]
    locale: Mapped[str]
    created_at: Mapped[datetime]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    outcome: Mapped[str | None]
    answer: Mapped[str | None]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))

    __table_args__ = (
        Index(
            "ix_sign_up_requests_open",
            "confirmed_at",
            postgresql_where=text("confirmed_at IS NOT NULL AND decided_at IS NULL"),
        ),
        CheckConstraint("outcome IN ('accepted','declined')", name="outcome"),
        CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="decided"),
    )
