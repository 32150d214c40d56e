"""Tables of imports: the file on its way in, and the rows of it that could not come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class LeadImport(Base):
    """One file of leads on its way in. `report` holds the counts once it ran."""

    __tablename__ = "lead_imports"

    id: Mapped[Id]
    file_name: Mapped[str]
    path: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mapping: Mapped[dict[str, Any]]
    state: Mapped[str]
    dry_run: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    bytes_done: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]]
    error: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('uploaded','mapped','queued','running','done','failed')",
            name="state",
        ),
    )


class RefusedRow(Base):
    """A row of a file that could not come in, with the reasons."""

    __tablename__ = "lead_import_refusals"

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(ForeignKey("lead_imports.id"), index=True)
    row_number: Mapped[int]
    raw: Mapped[dict[str, Any]]
    reasons: Mapped[dict[str, Any]]
