"""rules that route inquiries, steps of qualification, who works on what, who was tried"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"

WHEN = sa.DateTime(timezone=True)
NUMBERS = postgresql.ARRAY(sa.BigInteger())
KINDS = "('end_customer','partner_recruit')"


def to(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{of}.id"],
        name=op.f(f"fk_{table}_{column}_{of}"),
        ondelete="CASCADE" if of == "leads" else None,
    )


def number() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.add_column("leads", sa.Column("unit_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_leads_unit_id_units"), "leads", "units", ["unit_id"], ["id"])
    op.create_index(
        "ix_leads_unit_to_qualify",
        "leads",
        ["unit_id"],
        postgresql_where=sa.text("state IN ('captured','qualifying')"),
    )
    op.create_table(
        "inquiry_routes",
        number(),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("size_band_ids", NUMBERS, nullable=True),
        sa.Column("product_ids", NUMBERS, nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (user_id IS NULL)", name=op.f("ck_inquiry_routes_to_one")
        ),
        sa.CheckConstraint(f"kind IS NULL OR kind IN {KINDS}", name=op.f("ck_inquiry_routes_kind")),
        to("inquiry_routes", "unit_id", "units"),
        to("inquiry_routes", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_routes")),
    )
    op.create_table(
        "qualification_steps",
        number(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("briefing", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "key IN ('profiling','bant','recruit')", name=op.f("ck_qualification_steps_key")
        ),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_qualification_steps_kind")),
        to("qualification_steps", "unit_id", "units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification_steps")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_qualification_steps_kind_key")),
    )
    op.create_table(
        "desk_work",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("locked_by", sa.BigInteger(), nullable=True),
        sa.Column("locked_until", WHEN, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("last_attempt_at", WHEN, nullable=True),
        sa.Column("reached_at", WHEN, nullable=True),
        sa.Column("call_back_at", WHEN, nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        to("desk_work", "lead_id", "leads"),
        to("desk_work", "locked_by", "users"),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_desk_work")),
    )
    op.create_index(
        "ix_desk_work_call_back_at",
        "desk_work",
        ["call_back_at"],
        postgresql_where=sa.text("call_back_at IS NOT NULL"),
    )
    op.create_table(
        "contact_attempts",
        number(),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("call_back_at", WHEN, nullable=True),
        sa.CheckConstraint(
            "outcome IN ('reached','voicemail','no_answer','wrong_number','call_back')",
            name=op.f("ck_contact_attempts_outcome"),
        ),
        to("contact_attempts", "lead_id", "leads"),
        to("contact_attempts", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attempts")),
    )
    op.create_index(op.f("ix_contact_attempts_lead_id"), "contact_attempts", ["lead_id"])


def downgrade() -> None:
    for table in ("contact_attempts", "desk_work", "qualification_steps", "inquiry_routes"):
        op.drop_table(table)
    op.drop_index("ix_leads_unit_to_qualify", table_name="leads")
    op.drop_column("leads", "unit_id")
