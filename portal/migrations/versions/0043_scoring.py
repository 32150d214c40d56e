"""rules that give leads points, what they gave, what people decided, leads that cool, sources"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"

WHEN = sa.DateTime(timezone=True)
TEMPERATURES = "('hot','warm','cold')"


def identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def key(table: str, column: str, other: str, ondelete: str | None = None) -> Any:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def of_lead(table: str) -> Any:
    return key(table, "lead_id", "leads", ondelete="CASCADE")


def number(name: str, *, null: bool = False, kind: Any = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "score_rules",
        identity(),
        number("version"),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        number("created_by", null=True, kind=sa.BigInteger),
        sa.Column("replaced_at", WHEN, nullable=True),
        key("score_rules", "created_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_rules")),
        sa.UniqueConstraint("version", name=op.f("uq_score_rules_version")),
    )
    op.create_index(
        "uq_score_rules_newest",
        "score_rules",
        [sa.text("(replaced_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "lead_scores",
        number("lead_id", kind=sa.BigInteger),
        number("rules_id", kind=sa.BigInteger),
        number("points"),
        number("behaviour"),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.CheckConstraint(f"proposed IN {TEMPERATURES}", name=op.f("ck_lead_scores_proposed")),
        of_lead("lead_scores"),
        key("lead_scores", "rules_id", "score_rules"),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_lead_scores")),
    )
    op.create_table(
        "temperature_choices",
        identity(),
        number("lead_id", kind=sa.BigInteger),
        sa.Column("at", WHEN, nullable=False),
        number("user_id", null=True, kind=sa.BigInteger),
        number("rules_id", kind=sa.BigInteger),
        number("points"),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.CheckConstraint(
            f"proposed IN {TEMPERATURES}", name=op.f("ck_temperature_choices_proposed")
        ),
        sa.CheckConstraint(f"chosen IN {TEMPERATURES}", name=op.f("ck_temperature_choices_chosen")),
        of_lead("temperature_choices"),
        key("temperature_choices", "user_id", "users"),
        key("temperature_choices", "rules_id", "score_rules"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_temperature_choices")),
        sa.UniqueConstraint("lead_id", "at", name=op.f("uq_temperature_choices_lead_id_at")),
    )
    op.create_index("ix_temperature_choices_at", "temperature_choices", ["at"])
    op.create_table(
        "lead_coolings",
        identity(),
        number("lead_id", kind=sa.BigInteger),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("alive_at", WHEN, nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("now", sa.Text(), nullable=False),
        sa.CheckConstraint("was IN ('hot','warm')", name=op.f("ck_lead_coolings_was")),
        sa.CheckConstraint("now IN ('warm','cold')", name=op.f("ck_lead_coolings_now")),
        of_lead("lead_coolings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_coolings")),
    )
    op.create_index("ix_lead_coolings_lead_id_at", "lead_coolings", ["lead_id", "at"])
    op.create_table(
        "lead_complaints",
        identity(),
        number("lead_id", kind=sa.BigInteger),
        sa.Column("at", WHEN, nullable=False),
        number("reason_id", kind=sa.BigInteger),
        number("organisation_id", null=True, kind=sa.BigInteger),
        of_lead("lead_complaints"),
        key("lead_complaints", "reason_id", "catalog_entries"),
        key("lead_complaints", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_complaints")),
        sa.UniqueConstraint(
            "lead_id", "at", "reason_id", name=op.f("uq_lead_complaints_lead_id_at_reason_id")
        ),
    )
    op.create_table(
        "source_records",
        identity(),
        number("source_id", null=True, kind=sa.BigInteger),
        sa.Column("temperature", sa.Text(), nullable=True),
        *(
            number(name)
            for name in (
                *("came", "qualified", "aside", "unreal"),
                *("picked", "complained", "closed", "won"),
            )
        ),
        sa.Column("at", WHEN, nullable=False),
        sa.CheckConstraint(
            f"temperature IS NULL OR temperature IN {TEMPERATURES}",
            name=op.f("ck_source_records_temperature"),
        ),
        key("source_records", "source_id", "catalog_entries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_records")),
    )
    op.create_index(
        "uq_source_records_source_id_temperature",
        "source_records",
        ["source_id", "temperature"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    for name in (
        *("source_records", "lead_complaints", "lead_coolings", "temperature_choices"),
        *("lead_scores", "score_rules"),
    ):
        op.drop_table(name)
