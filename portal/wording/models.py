"""The tables of the programme's own words: one draft a kind of mail, and every version."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id

Texts = dict[str, dict[str, str]]
"""Per language what stands in which place; what is left out is ours."""


class Origin(StrEnum):
    """How a version came about."""

    WRITTEN = "written"
    RESTORED = "restored"
    RESET = "reset"


class WordingDraft(Base):
    """Words that are being written."""

    __tablename__ = "wording_drafts"

    kind: Mapped[str] = mapped_column(primary_key=True)
    texts: Mapped[dict[str, Any]]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    saved_at: Mapped[datetime]


class WordingVersion(Base):
    """Words that counted from `created_at` on, until the next version; without texts, ours.

    A row is never changed but for `failed_at`: when a mail first went out with our words because
    these could not be written, and `failure`, by which code.
    """

    __tablename__ = "wording_versions"

    id: Mapped[Id]
    kind: Mapped[str]
    number: Mapped[int]
    texts: Mapped[dict[str, Any]]
    origin: Mapped[str]
    restores: Mapped[int | None]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("kind", "number"),
        CheckConstraint("origin IN ('written','restored','reset')", name="origin"),
    )
