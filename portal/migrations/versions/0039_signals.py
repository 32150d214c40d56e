"""what those whom leads are about do by themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "lead_signals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('visit','download','reply','inquiry')", name=op.f("ck_lead_signals_kind")
        ),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_lead_signals_weight")),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_signals_lead_id_leads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_signals")),
    )
    op.create_index("ix_lead_signals_lead_id_at", "lead_signals", ["lead_id", "at"])


def downgrade() -> None:
    op.drop_table("lead_signals")
