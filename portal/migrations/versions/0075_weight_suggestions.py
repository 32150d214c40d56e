"""weights that outcomes suggest"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0075"
down_revision = "0074"


def upgrade() -> None:
    op.create_table(
        "weight_suggestions",
        sa.Column("rule_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("won", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("advice", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_weight_suggestions")),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["distribution_rules.id"],
            name=op.f("fk_weight_suggestions_rule_id_distribution_rules"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("weight_suggestions")
