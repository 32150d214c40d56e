"""a programme goes on a dry run: what would have been offered is noted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0084"
down_revision = "0083"


def upgrade() -> None:
    op.create_table(
        "dry_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dry_runs"),
        sa.ForeignKeyConstraint(
            ["began_by_id"], ["users.id"], name="fk_dry_runs_began_by_id_users"
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["users.id"], name="fk_dry_runs_ended_by_id_users"
        ),
    )
    op.create_index(
        "uq_dry_runs_open",
        "dry_runs",
        [sa.text("(ended_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "rehearsals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offers", JSONB(), nullable=False),
        sa.Column("excluded", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rehearsals"),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name="fk_rehearsals_lead_id_leads",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["distribution_rules.id"],
            name="fk_rehearsals_rule_id_distribution_rules",
            ondelete="SET NULL",
        ),
    )


def downgrade() -> None:
    op.drop_table("rehearsals")
    op.drop_table("dry_runs")
