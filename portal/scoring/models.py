"""Tables of the rules, of what they gave each lead, and of what people made of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id

TEMPERATURES = "('hot','warm','cold')"


class ScoreRules(Base):
    """A version of the rules; what it says never changes. `content` is a `definition.Rules`."""

    __tablename__ = "score_rules"

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(unique=True)
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    replaced_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_score_rules_newest",
            text("(replaced_at IS NULL)"),
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )


class LeadScore(Base):
    """What the rules gave a lead when something about it last changed.

    `parts` are `{"rule": key, "points": n, "count": n}` and sum up to the points; together with
    the version of the rules they say why. `behaviour` is the part of signals in it.
    """

    __tablename__ = "lead_scores"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    rules_id: Mapped[int] = mapped_column(ForeignKey("score_rules.id"))
    points: Mapped[int]
    behaviour: Mapped[int]
    proposed: Mapped[str]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint(f"proposed IN {TEMPERATURES}", name="proposed"),)


class TemperatureChoice(Base):
    """The temperature under which somebody released a lead, beside what was proposed to him."""

    __tablename__ = "temperature_choices"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    rules_id: Mapped[int] = mapped_column(ForeignKey("score_rules.id"))
    points: Mapped[int]
    proposed: Mapped[str]
    chosen: Mapped[str]

    __table_args__ = (
        UniqueConstraint("lead_id", "at"),
        Index("ix_temperature_choices_at", "at"),
        CheckConstraint(f"proposed IN {TEMPERATURES}", name="proposed"),
        CheckConstraint(f"chosen IN {TEMPERATURES}", name="chosen"),
    )


class LeadCooling(Base):
    """A lead was marked a step colder because nobody had heard of it since `alive_at`."""

    __tablename__ = "lead_coolings"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    alive_at: Mapped[datetime]
    was: Mapped[str]
    now: Mapped[str]

    __table_args__ = (
        Index("ix_lead_coolings_lead_id_at", "lead_id", "at"),
        CheckConstraint("was IN ('hot','warm')", name="was"),
        CheckConstraint("now IN ('warm','cold')", name="now"),
    )


class LeadComplaint(Base):
    """A firm gave a lead back, or declined it, for a reason that counts against the vendor."""

    __tablename__ = "lead_complaints"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    reason_id: Mapped[int] = mapped_column(ForeignKey("catalog_entries.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))

    __table_args__ = (UniqueConstraint("lead_id", "at", "reason_id"),)


class SourceRecord(Base):
    """What became of a year's leads of one source and temperature, as counted at `at`.

    `came` to `complained` count leads that came in during the year, `closed` and `won` those that
    ended in it. `unreal` were put aside for a reason that counts against the vendor.
    """

    __tablename__ = "source_records"

    id: Mapped[Id]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    temperature: Mapped[str | None]
    came: Mapped[int]
    qualified: Mapped[int]
    aside: Mapped[int]
    unreal: Mapped[int]
    picked: Mapped[int]
    complained: Mapped[int]
    closed: Mapped[int]
    won: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_source_records_source_id_temperature",
            "source_id",
            "temperature",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            f"temperature IS NULL OR temperature IN {TEMPERATURES}", name="temperature"
        ),
    )
