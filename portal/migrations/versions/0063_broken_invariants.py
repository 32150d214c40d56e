"""what should never be of a lead, since when, and until when"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "broken_invariants",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "lead_id",
            sa.BigInteger(),
            sa.ForeignKey("leads.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("clock_id", sa.BigInteger()),
        sa.Column("found_at", WHEN, nullable=False),
        sa.Column("gone_at", WHEN),
        sa.CheckConstraint(
            "kind IN ('held_by_nobody','offered_to_nobody','without_owner','without_clock',"
            "'stray_clock','stray_step')",
            name="kind",
        ),
    )
    op.create_index(
        "uq_broken_invariants_open",
        "broken_invariants",
        ["lead_id", "kind", sa.text("coalesce(clock_id, 0)")],
        unique=True,
        postgresql_where=sa.text("gone_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("broken_invariants")
