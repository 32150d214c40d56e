"""Tables of imports: the file on its way in, what became of its rows, and what can be undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class LeadImport(Base):
    """One file of leads on its way in. `report` holds the counts once it ran.

    `keeps_rows` says that rows of it are kept, which only an open `wall` would show.
    """

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
    keeps_rows: Mapped[bool] = mapped_column(default=False, server_default="false")

    __table_args__ = (
        CheckConstraint(
            "state IN ('reading','uploaded','mapped','queued','running','paused','cancelled',"
            "'done','failed','undoing','undone')",
            name="state",
        ),
    )


class ImportRow(Base):
    """What became of a row of a file: of the refused ones all, of the others the first.

    `raw` and `reasons` hold contact data: row policies hide every row behind the `wall`. `lead_id`
    is the lead that the row became or meant, `twin_id` another one of the same contact, `twin_row`
    an earlier row of it.
    """

    __tablename__ = "import_rows"

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(ForeignKey("lead_imports.id"))
    row_number: Mapped[int]
    state: Mapped[str]
    raw: Mapped[dict[str, Any]]
    reasons: Mapped[dict[str, Any]]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    twin_id: Mapped[int | None] = mapped_column(BigInteger)
    twin_row: Mapped[int | None]

    __table_args__ = (
        Index("ix_import_rows_import_id_state_row_number", "import_id", "state", "row_number"),
        Index(None, "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
        CheckConstraint(
            "state IN ('new','changed','unchanged','left_alone','repeated','duplicate',"
            "'suppressed','refused')",
            name="state",
        ),
    )


class ImportChange(Base):
    """What a lead was before an import changed it, so that it can be that again."""

    __tablename__ = "import_changes"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("lead_imports.id"), primary_key=True, autoincrement=False
    )
    lead_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    before: Mapped[dict[str, Any]]

    __table_args__ = (Index(None, "lead_id"),)


class KnownMapping(Base):
    """What the columns of a source's lists mean, kept for the next list with the same headers."""

    __tablename__ = "import_mappings"

    id: Mapped[Id]
    source_system: Mapped[str]
    headers_key: Mapped[str]
    columns: Mapped[dict[str, Any]]
    constants: Mapped[dict[str, Any]]
    used_at: Mapped[datetime]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (UniqueConstraint("headers_key", "source_system"),)
